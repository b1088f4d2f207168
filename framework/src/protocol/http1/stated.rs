//! What the fields of a request say that bears on how it is written.

use super::encode::RequestHead;
use super::fields::CRLF;
use super::said::{ConnectionOptions, asks_for_gzip};

/// What the fields of a request say that has to be heeded, gathered in one pass.
#[derive(Debug, Default)]
pub(super) struct Stated<'a> {
    pub(super) host: Given<'a>,
    pub(super) length: Given<'a>,
    pub(super) coding: Given<'a>,
    pub(super) connection: ConnectionOptions,
    pub(super) has_connection: bool,
    pub(super) expects_continue: bool,
    /// By a TE field, the coding is among those that can be undone.
    pub(super) asks_for_gzip: bool,
    pub(super) authorizes_proxy: bool,
    /// Octets of the lines of all that have no fixed place.
    pub(super) octets: usize,
}

/// The values under one name.
#[derive(Debug, Default)]
pub(super) enum Given<'a> {
    #[default]
    Not,
    Once(&'a [u8]),
    Repeatedly,
}

impl<'a> Given<'a> {
    fn add(&mut self, value: &'a [u8]) {
        *self = if matches!(self, Self::Not) { Self::Once(value) } else { Self::Repeatedly };
    }
}

impl<'a> Stated<'a> {
    pub(super) fn by(head: &RequestHead<'a>) -> Self {
        let mut stated = Self::default();
        for (name, value) in head.fields() {
            let (name, value) = (name.as_str(), value.as_bytes());
            match name {
                "host" => stated.host.add(value),
                "content-length" => stated.length.add(value),
                _ => {
                    stated.octets += name.len() + ": ".len() + value.len() + CRLF.len();
                    stated.heed(name, value);
                }
            }
        }
        stated
    }

    fn heed(&mut self, name: &str, value: &'a [u8]) {
        match name {
            "transfer-encoding" => self.coding.add(value),
            "connection" => {
                self.has_connection = true;
                self.connection.add(value);
            }
            "te" => self.asks_for_gzip |= cfg!(feature = "gzip") && asks_for_gzip(value),
            "proxy-authorization" => self.authorizes_proxy = true,
            "expect" => self.expects_continue |= value.eq_ignore_ascii_case(b"100-continue"),
            _ => {}
        }
    }
}
