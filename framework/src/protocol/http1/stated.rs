//! What the fields of a request say that bears on how it is written.

use http::{HeaderMap, HeaderName, HeaderValue};

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
        Self::of(head.fields())
    }

    /// By fields that say nothing which has to be heeded, in lines of so many octets.
    pub(super) fn plain(octets: usize) -> Self {
        Self { octets, ..Self::default() }
    }

    fn of(fields: impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)>) -> Self {
        let mut stated = Self::default();
        for (name, value) in fields {
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

    /// Do the fields say nothing that has to be heeded?
    fn is_plain(&self) -> bool {
        let Self { host, length, coding, has_connection, expects_continue, asks_for_gzip, authorizes_proxy, .. } = self;
        let is_unsaid = [host, length, coding].iter().all(|given| matches!(given, Given::Not));
        is_unsaid && ![has_connection, expects_continue, asks_for_gzip, authorizes_proxy].into_iter().any(|said| *said)
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

/// How many octets the lines of these take, if none of them says anything that has to be heeded.
pub(crate) fn plain_octets(fields: &HeaderMap) -> Option<usize> {
    let stated = Stated::of(fields.iter());
    stated.is_plain().then_some(stated.octets)
}

#[cfg(test)]
mod tests {
    use http::header::{
        CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, USER_AGENT,
    };

    use super::*;

    #[test]
    fn fields_are_plain_as_long_as_none_has_to_be_heeded() {
        let mut fields = HeaderMap::new();
        assert_eq!(plain_octets(&fields), Some(0));
        fields.insert(USER_AGENT, HeaderValue::from_static("me"));
        assert_eq!(plain_octets(&fields), Some("user-agent: me\r\n".len()));
        for (name, value) in [
            (HOST, "b"),
            (CONTENT_LENGTH, "1"),
            (TRANSFER_ENCODING, "chunked"),
            (CONNECTION, "close"),
            (EXPECT, "100-continue"),
            (PROXY_AUTHORIZATION, "Basic YTpi"),
            #[cfg(feature = "gzip")]
            (TE, "gzip"),
        ] {
            let mut fields = fields.clone();
            fields.insert(&name, HeaderValue::from_static(value));
            assert_eq!(plain_octets(&fields), None, "{name}");
        }
        fields.insert(TE, HeaderValue::from_static("trailers"));
        assert_eq!(plain_octets(&fields), Some("user-agent: me\r\nte: trailers\r\n".len()));
    }
}
