//! Challenges: what schemes ask.

use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue};

use crate::options::{AuthSchemes, AuthTarget};
use crate::policy::auth::{Asked, Challenge, Offers, next_nonce};

/// Challenges that were read are few, and the same when they are written in their plainest form and read again.
pub fn challenge(octets: &[u8]) {
    let mut fields = HeaderMap::new();
    for line in octets.split(|octet| *octet == b'\n').take(8) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            fields.append(WWW_AUTHENTICATE, value);
        }
    }
    let read = Challenge::all(&fields, &WWW_AUTHENTICATE);
    assert!(read.len() <= 32);
    let written: Vec<_> = read.iter().map(written).collect();
    let again = HeaderMap::from_iter([(
        WWW_AUTHENTICATE,
        HeaderValue::from_bytes(&written.join(&b", "[..])).expect("of values"),
    )]);
    assert_eq!(Challenge::all(&again, &WWW_AUTHENTICATE), read);
    let offers = Offers::of(&fields, AuthTarget::Server);
    let strongest = offers.strongest(AuthSchemes::all(), false);
    assert!(strongest.is_none_or(|offer| offers.schemes().has(offer.scheme)));
    if let Ok(value) = HeaderValue::from_bytes(octets) {
        let fields = HeaderMap::from_iter([(http::HeaderName::from_static("authentication-info"), value)]);
        assert!(next_nonce(&fields, AuthTarget::Server).is_none_or(|nonce| nonce.len() <= octets.len()));
    }
}

fn written(challenge: &Challenge<'_>) -> Vec<u8> {
    let mut out = challenge.scheme.to_vec();
    match &challenge.asked {
        Asked::Token68(token68) => {
            out.push(b' ');
            out.extend_from_slice(token68);
        }
        Asked::Parameters(parameters) => {
            assert!(parameters.len() <= 32);
            for (at, (name, value)) in parameters.iter().enumerate() {
                out.extend_from_slice(if at == 0 { b" " } else { b", " });
                out.extend_from_slice(name);
                out.extend_from_slice(b"=\"");
                for octet in value {
                    if matches!(octet, b'"' | b'\\') {
                        out.push(b'\\');
                    }
                    out.push(*octet);
                }
                out.push(b'"');
            }
        }
    }
    out
}
