//! Tokens that can be found wherever they come out, and to whom each may be shown.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use integration_tests::Seeded;

/// Who may see something: a set of origins and proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parties(pub(crate) u16);

impl Parties {
    pub(crate) const NOBODY: Self = Self(0);

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn is_nobody(self) -> bool {
        self.0 == 0
    }
}

/// One planted token.
#[derive(Clone, Debug)]
pub(crate) struct Secret {
    /// What it was planted as.
    pub(crate) what: String,
    pub(crate) allowed: Parties,
    /// A redirect that keeps the body takes it along, by its definition (RFC 9110 15.4.8).
    pub(crate) goes_along: bool,
    token: String,
}

/// All that were planted in one session.
#[derive(Debug, Default)]
pub(crate) struct Secrets(Vec<Secret>);

impl Secrets {
    pub(crate) fn plant(&mut self, chance: &mut Seeded, what: impl Into<String>, allowed: Parties) -> String {
        let random = (chance.below(1 << 16) << 16) | chance.below(1 << 16);
        let token = format!("{MARK}{:06x}{random:08x}", self.0.len());
        self.0.push(Secret { what: what.into(), allowed, goes_along: false, token: token.clone() });
        token
    }

    /// The one that was planted last goes wherever a redirect takes the body.
    pub(crate) fn goes_along(&mut self) {
        self.0.last_mut().expect("something was planted").goes_along = true;
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get_mut(&mut self, n: usize) -> &mut Secret {
        &mut self.0[n]
    }

    /// Those that these octets show: as they are, within Base64, or as `Debug` writes octets.
    pub(crate) fn shown_in(&self, octets: &[u8]) -> Vec<usize> {
        let needles = &*NEEDLES;
        let mut found = Vec::new();
        for (at, octet) in octets.iter().enumerate() {
            if !needles.first[usize::from(*octet)] {
                continue;
            }
            let here = &octets[at..];
            if here.starts_with(MARK.as_bytes()) {
                found.extend(self.known(here));
            } else if needles.coded.iter().any(|needle| here.starts_with(needle)) {
                found.extend(self.decoded(octets, at));
            } else if here.starts_with(&needles.listed) {
                found.extend(self.listed(here));
            }
        }
        found
    }

    /// The one whose token is at the beginning of this.
    fn known(&self, octets: &[u8]) -> Option<usize> {
        self.0.iter().position(|secret| octets.starts_with(secret.token.as_bytes()))
    }

    /// Those in the Base64 around this place.
    fn decoded(&self, octets: &[u8], at: usize) -> Vec<usize> {
        let is_coded = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/');
        let begin = octets[..at].iter().rposition(|octet| !is_coded(octet)).map_or(0, |before| before + 1);
        let run: Vec<u8> = octets[begin..].iter().copied().take_while(is_coded).collect();
        let all = (0..4.min(run.len())).flat_map(|skipped| {
            let whole = (run.len() - skipped) / 4 * 4;
            let first = STANDARD.decode(&run[skipped..skipped + whole]).unwrap_or_default();
            let rest = &run[skipped + whole..];
            let last = base64::engine::general_purpose::STANDARD_NO_PAD.decode(rest).unwrap_or_default();
            [first, last].concat()
        });
        // Split where the runs meet, which no token spans.
        let all: Vec<u8> = all.collect();
        (0..all.len()).filter_map(|at| self.known(&all[at..])).collect()
    }

    fn listed(&self, octets: &[u8]) -> Option<usize> {
        let text = String::from_utf8_lossy(&octets[..octets.len().min(8 * TOKEN)]).into_owned();
        let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty());
        let token: Vec<u8> = numbers.map_while(|number| number.parse().ok()).take(TOKEN).collect();
        self.known(&token)
    }
}

/// What every token begins with.
const MARK: &str = "Zq7KxWv";
const TOKEN: usize = MARK.len() + 6 + 8;

struct Needles {
    /// Octets that one of them begins with.
    first: [bool; 256],
    /// What becomes of the mark in Base64, by where it stands.
    coded: [Vec<u8>; 3],
    /// What `Debug` makes of it as a list of octets.
    listed: Vec<u8>,
}

static NEEDLES: LazyLock<Needles> = LazyLock::new(|| {
    let coded = [0, 1, 2].map(|before: usize| {
        let coded = STANDARD.encode([&vec![0; before], MARK.as_bytes()].concat());
        // Only the characters that are made of nothing but the mark.
        coded.as_bytes()[(8 * before).div_ceil(6)..8 * (before + MARK.len()) / 6].to_vec()
    });
    let listed = format!("{:?}", MARK.as_bytes()).trim_matches(['[', ']']).as_bytes().to_vec();
    let mut first = [false; 256];
    for needle in coded.iter().chain([&listed]) {
        first[usize::from(needle[0])] = true;
    }
    first[usize::from(MARK.as_bytes()[0])] = true;
    Needles { first, coded, listed }
});

#[test]
fn a_token_is_found_however_it_is_written() {
    let (mut chance, mut secrets) = (Seeded::new(1), Secrets::default());
    let token = secrets.plant(&mut chance, "a", Parties::NOBODY);
    let other = secrets.plant(&mut chance, "b", Parties::NOBODY);
    assert_eq!(secrets.shown_in(format!("x{token}{other}y").as_bytes()), [0, 1]);
    for before in ["", "u", "us", "use", "user"] {
        for after in ["", ":", ":p", ":pw"] {
            let coded = STANDARD.encode(format!("{before}{other}{after}"));
            assert_eq!(secrets.shown_in(format!("Basic {coded}\r\n").as_bytes()), [1], "{before:?} {after:?}");
        }
    }
    assert_eq!(secrets.shown_in(format!("{:?}", token.as_bytes()).as_bytes()), [0]);
    assert_eq!(secrets.shown_in(b"Basic dXNlcjpwYXNz Zq7KxWv000000"), [0; 0]);
}
