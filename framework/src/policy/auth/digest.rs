//! Digest (RFC 7616): a proof that the password is known, for one method and one URL, counted.
//!
//! ```text
//! response = KD( H(A1), nonce ":" nc ":" cnonce ":" qop ":" H(A2) )       KD(secret, data) = H( secret ":" data )
//! A1       = user ":" realm ":" password                                  -sess: H(that) ":" nonce ":" cnonce
//! A2       = method ":" uri                                               auth-int: and ":" H(body)
//! ```
//!
//! Without a `qop` it is RFC 2069's: `KD( H(A1), nonce ":" H(A2) )`, for servers that are that old.

use super::challenge::Challenge;
use super::hash::Algorithm;

/// What a server asks for, and what holds until it asks anew: the nonce, and our own half of it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Question {
    pub(super) realm: Vec<u8>,
    pub(super) nonce: Vec<u8>,
    pub(super) opaque: Option<Vec<u8>>,
    pub(super) algorithm: Algorithm,
    /// Without one a server that is old gets an answer that it understands.
    pub(super) names_algorithm: bool,
    pub(super) qop: Qop,
    pub(super) is_stale: bool,
    pub(super) wants_user_hashed: bool,
    pub(super) is_utf8: bool,
    /// The URLs that it counts for (`domain`); empty: all of the server.
    pub(super) domain: Vec<Box<str>>,
}

/// Which qualities of protection are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Qop {
    pub(super) auth: bool,
    pub(super) auth_int: bool,
}

/// What is asked for by the request: the method, the target as the request line has it, and the body if all of it is known.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) method: &'a str,
    pub(crate) uri: &'a str,
    pub(crate) body: Option<&'a [u8]>,
}

/// One use of a nonce.
#[derive(Clone, Copy)]
pub(crate) struct Turn<'a> {
    /// Our half of the nonce, the same as long as that: so the key of a `-sess` is what both readings of RFC 7616 3.4.2 make it.
    pub(crate) cnonce: &'a str,
    /// How often the nonce was used, this use included.
    pub(crate) count: u32,
    /// The nonce that the session began with, where the server has given another since.
    pub(crate) began_with: Option<&'a [u8]>,
}

impl Question {
    /// `None`: it cannot be answered; for its algorithm or its quality of protection, or because something is missing or too long.
    pub(crate) fn read(challenge: &Challenge<'_>) -> Option<Self> {
        let value = |name: &str| challenge.parameter(name);
        let short = |value: &[u8]| (value.len() <= LONGEST).then(|| value.to_vec());
        let algorithm = match value("algorithm") {
            Some(name) => Algorithm::named(name)?,
            None => Algorithm::MD5,
        };
        let offered = value("qop").map(|list| {
            let offers = |name: &str| {
                list.split(|octet| *octet == b',').any(|one| one.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
            };
            Qop { auth: offers("auth"), auth_int: offers("auth-int") }
        });
        let qop = match offered {
            Some(Qop { auth: false, auth_int: false }) => return None,
            Some(qop) => qop,
            // Its key needs the client's half, which cannot be told without a `qop`.
            None if algorithm.is_session => return None,
            None => Qop { auth: false, auth_int: false },
        };
        let is =
            |name: &str, wanted: &str| value(name).is_some_and(|value| value.eq_ignore_ascii_case(wanted.as_bytes()));
        Some(Self {
            realm: short(value("realm").unwrap_or_default())?,
            nonce: short(value("nonce")?)?,
            opaque: match value("opaque") {
                Some(opaque) => Some(short(opaque)?),
                None => None,
            },
            algorithm,
            names_algorithm: value("algorithm").is_some(),
            qop,
            is_stale: is("stale", "true"),
            wants_user_hashed: is("userhash", "true"),
            is_utf8: is("charset", "utf-8"),
            domain: domain(value("domain").unwrap_or_default()),
        })
    }

    /// The value of the field; `None` if only the body as a whole is a proof, and that is not known.
    pub(crate) fn answer(&self, user: &str, password: &str, line: &Line<'_>, turn: &Turn<'_>) -> Option<Vec<u8>> {
        let hash = |parts: &[&[u8]]| self.algorithm.hash(parts);
        let qop = match self.qop {
            Qop { auth: true, .. } => Some("auth"),
            Qop { auth_int: true, .. } => Some("auth-int"),
            Qop { .. } => None,
        };
        let method_and_uri = [line.method.as_bytes(), b":", line.uri.as_bytes()].concat();
        let a2 = match qop {
            Some("auth-int") => hash(&[&method_and_uri, hash(&[line.body?]).as_bytes()]),
            _ => hash(&[&method_and_uri]),
        };
        let mut a1 = hash(&[user.as_bytes(), &self.realm, password.as_bytes()]);
        if self.algorithm.is_session {
            let nonce = turn.began_with.unwrap_or(&self.nonce);
            a1 = hash(&[a1.as_bytes(), nonce, turn.cnonce.as_bytes()]);
        }
        let count = format!("{:08x}", turn.count);
        let response = match qop {
            Some(qop) => hash(&[
                a1.as_bytes(),
                &self.nonce,
                count.as_bytes(),
                turn.cnonce.as_bytes(),
                qop.as_bytes(),
                a2.as_bytes(),
            ]),
            None => hash(&[a1.as_bytes(), &self.nonce, a2.as_bytes()]),
        };
        let mut value = b"Digest ".to_vec();
        self.write_user(&mut value, user);
        quoted(&mut value, ", realm", &self.realm);
        quoted(&mut value, ", nonce", &self.nonce);
        quoted(&mut value, ", uri", line.uri.as_bytes());
        if let Some(qop) = qop {
            quoted(&mut value, ", cnonce", turn.cnonce.as_bytes());
            value.extend_from_slice(format!(", nc={count}, qop={qop}").as_bytes());
        }
        quoted(&mut value, ", response", response.as_bytes());
        if let Some(opaque) = &self.opaque {
            quoted(&mut value, ", opaque", opaque);
        }
        if self.names_algorithm {
            value.extend_from_slice(format!(", algorithm={}", self.algorithm.name()).as_bytes());
        }
        if self.wants_user_hashed {
            value.extend_from_slice(b", userhash=true");
        }
        Some(value)
    }

    /// RFC 7616 3.4: hashed if the server wants that, by `username*` where it is not ASCII and the server knows of UTF-8.
    fn write_user(&self, value: &mut Vec<u8>, user: &str) {
        if self.wants_user_hashed {
            quoted(value, "username", self.algorithm.hash(&[user.as_bytes(), &self.realm]).as_bytes());
        } else if self.is_utf8 && !user.is_ascii() {
            value.extend_from_slice(b"username*=UTF-8''");
            let encoded = percent_encoding::utf8_percent_encode(user, NOT_IN_EXT_VALUE);
            value.extend(encoded.flat_map(str::bytes));
        } else {
            quoted(value, "username", user.as_bytes());
        }
    }

    /// The next nonce, which the server gave beside an answer (RFC 7616 3.5).
    pub(super) fn with_nonce(&self, nonce: &[u8]) -> Option<Self> {
        (!nonce.is_empty() && nonce.len() <= LONGEST).then(|| Self {
            nonce: nonce.to_vec(),
            is_stale: false,
            ..self.clone()
        })
    }
}

fn quoted(value: &mut Vec<u8>, name: &str, text: &[u8]) {
    value.extend_from_slice(name.as_bytes());
    value.extend_from_slice(b"=\"");
    for octet in text {
        if matches!(octet, b'"' | b'\\') {
            value.push(b'\\');
        }
        value.push(*octet);
    }
    value.push(b'"');
}

/// Paths and URLs, parted by blanks.
fn domain(value: &[u8]) -> Vec<Box<str>> {
    let text = std::str::from_utf8(value).unwrap_or_default();
    if text.len() > LONGEST {
        Vec::new()
    } else {
        text.split_ascii_whitespace().take(MOST_OF_DOMAIN).map(Box::from).collect()
    }
}

/// A realm, a nonce or an opaque may have so many octets: they are remembered, and sent with each request.
pub(super) const LONGEST: usize = 4_096;
const MOST_OF_DOMAIN: usize = 32;
/// All but `attr-char` of RFC 8187 section 3.2.1.
const NOT_IN_EXT_VALUE: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

#[cfg(test)]
mod tests;
