//! The hash functions of Digest (RFC 7616 section 3.3, and 6.1 for their names).

use aws_lc_rs::digest::{Context, SHA256, SHA512_256};
use md5::{Digest as _, Md5};

/// What `algorithm` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Algorithm {
    function: Function,
    pub(super) is_session: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    /// Broken as a hash, and what most servers still ask for.
    Md5,
    Sha256,
    Sha512Of256,
}

/// A hash, as it is written.
pub(super) struct Hex(Vec<u8>);

impl Algorithm {
    /// What is meant where none is named.
    pub(super) const MD5: Self = Self { function: Function::Md5, is_session: false };

    const NAMES: [(&'static str, Function, bool); 6] = [
        ("MD5", Function::Md5, false),
        ("MD5-sess", Function::Md5, true),
        ("SHA-256", Function::Sha256, false),
        ("SHA-256-sess", Function::Sha256, true),
        ("SHA-512-256", Function::Sha512Of256, false),
        ("SHA-512-256-sess", Function::Sha512Of256, true),
    ];

    pub(super) fn named(name: &[u8]) -> Option<Self> {
        let is_it = |(known, ..): &&(&str, Function, bool)| known.as_bytes().eq_ignore_ascii_case(name);
        Self::NAMES
            .iter()
            .find(is_it)
            .map(|(_, function, is_session)| Self { function: *function, is_session: *is_session })
    }

    pub(super) fn name(self) -> &'static str {
        let is_it = |(_, function, is_session): &&(&str, Function, bool)| {
            (*function, *is_session) == (self.function, self.is_session)
        };
        Self::NAMES.iter().find(is_it).map_or("MD5", |(name, ..)| name)
    }

    /// Which of two is rather used, the greater one.
    pub(super) fn strength(self) -> u8 {
        match self.function {
            Function::Md5 => 0,
            Function::Sha256 | Function::Sha512Of256 => 1,
        }
    }

    /// Of the parts with a colon between each two, in lower-case hexadecimal.
    pub(super) fn hash(self, parts: &[&[u8]]) -> Hex {
        match self.function {
            Function::Md5 => {
                let mut md5 = Md5::new();
                joined(parts, |octets| md5.update(octets));
                Hex::of(&md5.finalize())
            }
            Function::Sha256 => Self::sha(Context::new(&SHA256), parts),
            Function::Sha512Of256 => Self::sha(Context::new(&SHA512_256), parts),
        }
    }

    fn sha(mut context: Context, parts: &[&[u8]]) -> Hex {
        joined(parts, |octets| context.update(octets));
        Hex::of(context.finish().as_ref())
    }
}

fn joined(parts: &[&[u8]], mut update: impl FnMut(&[u8])) {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            update(b":");
        }
        update(part);
    }
}

impl Hex {
    pub(super) fn of(octets: &[u8]) -> Self {
        let digit = |nibble: u8| b"0123456789abcdef".get(usize::from(nibble & 15)).copied().unwrap_or_default();
        Self(octets.iter().flat_map(|octet| [digit(octet >> 4), digit(*octet)]).collect())
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Hex {
    /// That of user and password is as good as the password.
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hashes_of_abc_are_those_of_rfc1321_and_fips_180_4() {
        for (name, hash) in [
            ("md5", "900150983cd24fb0d6963f7d28e17f72"),
            ("SHA-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            ("sha-512-256", "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"),
        ] {
            let hashed = Algorithm::named(name.as_bytes()).unwrap().hash(&[b"abc"]);
            assert_eq!(std::str::from_utf8(hashed.as_bytes()), Ok(hash), "{name}");
        }
    }

    #[test]
    fn an_algorithm_is_called_what_it_was_named_by() {
        for (name, ..) in Algorithm::NAMES {
            assert_eq!(Algorithm::named(name.to_ascii_lowercase().as_bytes()).map(Algorithm::name), Some(name));
        }
        for unknown in ["", "MD4", "SHA-1", "SHA-512", "token", "MD5 "] {
            assert_eq!(Algorithm::named(unknown.as_bytes()), None, "{unknown}");
        }
    }
}
