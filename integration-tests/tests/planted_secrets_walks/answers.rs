//! What the peers answer, by chance: redirects to anywhere, challenges, cookies, content, and an end.

use std::fmt::Write;

use integration_tests::Seeded;
use integration_tests::coded::Coded;

use crate::graph::{SITES, Site, of_site, of_sites};
use crate::secrets::{Parties, Secrets};
use crate::world::{State, World};

/// An answer, as it goes on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) octets: Vec<u8>,
    /// Where it redirects to.
    pub(crate) leads_to: Option<usize>,
    pub(crate) closes: bool,
    pub(crate) status: u16,
}

impl Answer {
    pub(crate) fn nothing() -> Self {
        Self { octets: Vec::new(), leads_to: None, closes: false, status: 0 }
    }

    pub(crate) fn plain(status: u16, fields: String, method: &str) -> Self {
        Self::new(status, fields, b"no", method)
    }

    fn new(status: u16, fields: String, content: &[u8], method: &str) -> Self {
        let length = if status == 204 { String::new() } else { format!("content-length: {}\r\n", content.len()) };
        let mut octets = format!("HTTP/1.1 {status} Said\r\n{length}{fields}\r\n").into_bytes();
        if method != "HEAD" && status != 204 {
            octets.extend(content);
        }
        Self { octets, status, ..Self::nothing() }
    }

    /// Does a request by this method take its body along (RFC 9110 15.4)?
    pub(crate) fn keeps_body(&self, method: &str) -> bool {
        matches!((self.status, method), (307 | 308, _)) || matches!(self.status, 301 | 302) && method != "POST"
    }
}

/// What an origin says to this.
pub(crate) fn answer(world: &World, n: usize, method: &str) -> Answer {
    let kind = world.below(100);
    let mut fields = String::new();
    if kind < 96 {
        for _ in 0..world.below(3) {
            if world.percent(60) {
                set_cookie(&mut world.state(), n, &mut fields);
            }
        }
    }
    let closes = kind < 96 && world.percent(8);
    if closes {
        fields.push_str("connection: close\r\n");
    }
    let answer = match kind {
        0..46 => redirect(world, n, fields, method),
        46..64 => Answer::plain(401, challenge(world, "www-authenticate") + &fields, method),
        // No proxy at all may say so.
        64..68 => Answer::plain(407, challenge(world, "proxy-authenticate") + &fields, method),
        68..73 => Answer::new(204, fields, b"", method),
        73..96 => {
            let content = world.plant("the content of a response", Parties::NOBODY);
            match world.percent(50) {
                true => Answer::new(200, fields, content.as_bytes(), method),
                false => {
                    let content = Coded::Gzip.code(content.as_bytes());
                    Answer::new(200, fields + "content-encoding: gzip\r\n", &content, method)
                }
            }
        }
        _ => Answer::nothing(),
    };
    Answer { closes: closes || kind >= 96, ..answer }
}

fn redirect(world: &World, n: usize, fields: String, method: &str) -> Answer {
    let state = &mut *world.state();
    let State { chance, secrets, .. } = state;
    let to = chance.below(SITES.len());
    let (there, here) = (SITES[to], SITES[n]);
    let mut location = match chance.below(8) {
        0 if to == n => String::new(),
        1 if there.scheme() == here.scheme() => format!("//{}", there.authority()),
        2 | 3 => {
            let mut part = |what| secrets.plant(chance, what, Parties::NOBODY);
            let (user, password) = (part("a user in a Location"), part("a password in a Location"));
            format!("{}://{user}:{password}@{}", there.scheme(), there.authority())
        }
        _ => there.origin(),
    };
    write!(location, "/p{}", chance.below(4)).expect("a string takes all");
    if chance.percent(20) {
        let code = secrets.plant(chance, format!("a query of a Location, for origin {to}"), of_site(to));
        write!(location, "?code={code}").expect("a string takes all");
    }
    if chance.percent(20) {
        let fragment = secrets.plant(chance, "a fragment of a Location", Parties::NOBODY);
        write!(location, "#{fragment}").expect("a string takes all");
    }
    let status = *chance.pick(&[301, 302, 303, 307, 308]);
    let answer = Answer::new(status, format!("location: {location}\r\n{fields}"), b"moved", method);
    Answer { leads_to: Some(to), ..answer }
}

/// One or more, in any order.
pub(crate) fn challenge(world: &World, name: &str) -> String {
    let mut fields = String::new();
    let nonce = world.below(1 << 30);
    let algorithm = if world.percent(50) { "MD5" } else { "SHA-256" };
    let userhash = if world.percent(20) { ", userhash=true" } else { "" };
    let stale = if world.percent(20) { ", stale=true" } else { "" };
    let digest =
        format!("Digest realm=\"r\", nonce=\"{nonce:x}\", qop=\"auth\", algorithm={algorithm}{userhash}{stale}");
    let schemes = ["Basic realm=\"r\"".to_owned(), "Bearer realm=\"r\"".to_owned(), digest];
    let first = world.below(schemes.len());
    for k in 0..=world.below(schemes.len()) {
        write!(fields, "{name}: {}\r\n", schemes[(first + k) % schemes.len()]).expect("a string takes all");
    }
    fields
}

/// A cookie that this origin sets, and who may be sent it (RFC 6265bis 5.7).
fn set_cookie(state: &mut State, n: usize, fields: &mut String) {
    let State { chance, secrets, .. } = state;
    let line = cookie(chance, secrets, n);
    write!(fields, "set-cookie: {line}\r\n").expect("a string takes all");
}

pub(crate) fn cookie(chance: &mut Seeded, secrets: &mut Secrets, n: usize) -> String {
    let Site { host, is_secure, .. } = SITES[n];
    let domain = *chance.pick(&["", "", "", host, "walk.example", "a.walk.example", "other.example", "example"]);
    let promises_tls = chance.percent(30);
    let is_below = |host: &str| host == domain || host.ends_with(&format!(".{domain}"));
    let allowed = of_sites(|site| {
        let is_meant = match domain {
            "" => site.host == host,
            // Nobody sets a cookie for a public suffix.
            "example" => false,
            _ => is_below(host) && is_below(site.host),
        };
        is_meant && (!promises_tls || is_secure && site.is_secure)
    });
    let what = format!("a cookie of origin {n}, domain {domain:?}, secure {promises_tls}");
    let value = secrets.plant(chance, what, allowed);
    let mut line = format!("c{}={value}", chance.below(6));
    if !domain.is_empty() {
        write!(line, "; Domain={domain}").expect("a string takes all");
    }
    if promises_tls {
        line.push_str("; Secure");
    }
    if chance.percent(50) {
        line.push_str("; Path=/");
    }
    line
}
