//! What is kept beside an unfinished file (pure): of which URL and which version its octets are.
//!
//! ```text
//! hinternet download 1
//! url sha-256 9f86d081884c7d65...
//! validator "a1b2"
//! length 1048576
//! ```
//!
//! Of the URL a hash is kept: its query may hold a secret.

use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};

use crate::protocol::byte_ranges::Validator;

/// A record that fits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    pub(super) validator: Validator,
    pub(super) length: Option<u64>,
}

impl Record {
    pub(super) fn to_octets(&self, url: &str) -> Vec<u8> {
        let length = self.length.map_or_else(|| "-".to_owned(), |length| length.to_string());
        let before = format!("{FIRST}\nurl sha-256 {}\nvalidator ", hash(url));
        [before.as_bytes(), self.validator.value().as_bytes(), format!("\nlength {length}\n").as_bytes()].concat()
    }

    /// `None`: it is no record, or one of another URL.
    pub(super) fn parse(octets: &[u8], url: &str) -> Option<Self> {
        let mut lines = octets.strip_suffix(b"\n")?.split(|octet| *octet == b'\n');
        if lines.next()? != FIRST.as_bytes() || lines.next()?.strip_prefix(b"url sha-256 ")? != hash(url).as_bytes() {
            return None;
        }
        let validator = Validator::from_value(lines.next()?.strip_prefix(b"validator ")?)?;
        let length = match lines.next()?.strip_prefix(b"length ")? {
            b"-" => None,
            length => Some(std::str::from_utf8(length).ok()?.parse().ok()?),
        };
        lines.next().is_none().then_some(Self { validator, length })
    }
}

fn hash(url: &str) -> String {
    digest(&SHA256, url.as_bytes()).as_ref().iter().fold(String::new(), |mut text, octet| {
        // Writing to a string does not fail.
        let _written = write!(text, "{octet:02x}");
        text
    })
}

const FIRST: &str = "hinternet download 1";

#[cfg(test)]
mod tests {
    use super::*;

    fn record(length: Option<u64>) -> Record {
        Record { validator: Validator::from_value(b"\"a=\xe9 \"").unwrap_or_else(tag), length }
    }

    fn tag() -> Validator {
        Validator::from_value(b"\"a=\xe9\"").unwrap()
    }

    #[test]
    fn what_was_written_is_read_back_and_only_for_its_url() {
        for length in [None, Some(0), Some(u64::MAX)] {
            let octets = record(length).to_octets("http://a/?token=secret");
            assert_eq!(Record::parse(&octets, "http://a/?token=secret"), Some(record(length)));
            assert_eq!(Record::parse(&octets, "http://a/?token=other"), None);
            assert!(!String::from_utf8_lossy(&octets).contains("secret"));
        }
    }

    #[test]
    fn what_is_cut_or_changed_anywhere_is_none() {
        let octets = record(Some(1234)).to_octets("http://a/");
        for end in 0..octets.len() {
            assert_eq!(Record::parse(&octets[..end], "http://a/"), None, "cut at {end}");
        }
        assert_eq!(Record::parse(&[&octets[..], b"more\n"].concat(), "http://a/"), None);
        assert_eq!(Record::parse(b"\n\n\n\n", "http://a/"), None);
        let weak = String::from_utf8_lossy(&octets).replace("validator \"", "validator W/\"");
        assert_eq!(Record::parse(weak.as_bytes(), "http://a/"), None);
    }
}
