//! Which content codings a request asks for, and whether a response is decoded (RFC 9110 sections 12.5.3, 8.4 and 15.3.7).

use http::{HeaderValue, StatusCode};

use crate::options::Decompression;

/// The value of `Accept-Encoding` that asks for these; `None` asks for nothing.
pub(crate) fn accept_encoding(allowed: Decompression) -> Option<HeaderValue> {
    let names: Vec<&str> = NAMES.iter().filter(|(flag, _)| allowed.contains(*flag)).map(|(_, name)| *name).collect();
    if names.is_empty() { None } else { HeaderValue::from_str(&names.join(", ")).ok() }
}

/// What a request for a part asks for: the part is to be one of the content itself, and can be told from a part of what it is coded
/// into by nothing else.
pub(crate) fn accept_encoding_of_a_part(allowed: Decompression) -> Option<HeaderValue> {
    (!allowed.is_empty()).then(|| HeaderValue::from_static("identity"))
}

/// Is the body of such a response decoded? A part of a coded body is not: its beginning may be missing, and its end.
pub(crate) fn may_be_decoded(status: StatusCode) -> bool {
    status != StatusCode::PARTIAL_CONTENT
}

/// In the order of how old they are, as everybody sends them.
const NAMES: &[(Decompression, &str)] = &[
    #[cfg(feature = "gzip")]
    (Decompression::GZIP, "gzip"),
    #[cfg(feature = "gzip")]
    (Decompression::DEFLATE, "deflate"),
    #[cfg(feature = "brotli")]
    (Decompression::BROTLI, "br"),
    #[cfg(feature = "zstd")]
    (Decompression::ZSTD, "zstd"),
];

#[cfg(all(test, feature = "brotli", feature = "gzip", feature = "zstd"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_is_asked_for_in_one_order() {
        let asked = |allowed| accept_encoding(allowed).map(|value| value.to_str().unwrap_or_default().to_owned());
        assert_eq!(asked(Decompression::ALL).as_deref(), Some("gzip, deflate, br, zstd"));
        assert_eq!(asked(Decompression::ZSTD | Decompression::GZIP).as_deref(), Some("gzip, zstd"));
        assert_eq!(asked(Decompression::NONE), None);
    }

    #[test]
    fn a_part_is_asked_for_uncoded_and_read_as_it_came() {
        assert_eq!(accept_encoding_of_a_part(Decompression::ALL), Some(HeaderValue::from_static("identity")));
        assert_eq!(accept_encoding_of_a_part(Decompression::NONE), None);
        assert!(!may_be_decoded(StatusCode::PARTIAL_CONTENT));
        assert!(may_be_decoded(StatusCode::OK) && may_be_decoded(StatusCode::NOT_FOUND));
    }
}
