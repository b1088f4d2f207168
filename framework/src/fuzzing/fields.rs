//! Small fields: each is read, and what was read is written and read again.

use std::time::SystemTime;

use http::header::{CONTENT_ENCODING, ETAG, HeaderName, RETRY_AFTER, SEC_WEBSOCKET_EXTENSIONS};
use http::{HeaderMap, HeaderValue};

use crate::options::{Decompression, WebSocketOptions};
use crate::policy::governor::retry_after;
use crate::policy::hsts;
use crate::protocol::byte_ranges::{Asked, Said, Validator, boundary_of};
use crate::protocol::coding::{Listed, listed};
use crate::protocol::websocket::deflate::Offer;

/// Every field takes the same octets.
pub fn fields(octets: &[u8]) {
    if let Some(Said::These(range)) = Said::parse(octets) {
        assert!(range.first <= range.last && range.complete_length.is_none_or(|length| range.last < length));
        assert_eq!(Said::parse(range.to_string().as_bytes()), Some(Said::These(range)));
    }
    if let Some(asked) = Asked::all_in(octets) {
        let written: Vec<_> = asked.iter().map(Asked::to_string).collect();
        assert_eq!(Asked::all_in(format!("bytes={}", written.join(",")).as_bytes()), Some(asked));
    }
    if let Some(boundary) = boundary_of(octets) {
        let written = format!("multipart/byteranges; boundary=\"{boundary}\"");
        assert_eq!(boundary_of(written.as_bytes()), Some(boundary));
    }
    if let Some(wish) = hsts::Wish::parse(octets) {
        let below = if wish.include_subdomains { "; includeSubDomains" } else { "" };
        let written = format!("max-age=\"{}\"{below}", wish.max_age);
        assert_eq!(hsts::Wish::parse(written.as_bytes()), Some(wish));
    }
    if let Ok(entries) = hsts::read(octets) {
        assert_eq!(hsts::read(&hsts::write(&entries)).as_ref(), Ok(&entries));
    }
    let Ok(value) = HeaderValue::from_bytes(octets) else { return };
    let only = |name: HeaderName| HeaderMap::from_iter([(name, value.clone())]);
    if let Ok(Listed::Coded(codings)) = listed(&only(CONTENT_ENCODING), Decompression::all()) {
        assert!((1..=5).contains(&codings.len()));
    }
    let _pause = retry_after(&only(RETRY_AFTER), SystemTime::UNIX_EPOCH);
    if let Some(validator) = Validator::of(&only(ETAG)) {
        assert_eq!(Validator::from_value(validator.value().as_bytes()), Some(validator));
    }
    if let Some(offer) = Offer::of(&WebSocketOptions::default()) {
        let _agreed = offer.agreed(&only(SEC_WEBSOCKET_EXTENSIONS));
    }
}
