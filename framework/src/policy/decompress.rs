//! Which content codings a request asks for, and whether a response is decoded (RFC 9110 sections 12.5.3, 8.4 and 15.3.7).

use http::StatusCode;

use crate::options::Decompression;

/// The line of `Accept-Encoding` that asks for these; `None` asks for nothing. Every request has it, so it is there as it is sent.
pub(crate) fn accept_encoding(allowed: Decompression) -> Option<&'static str> {
    match ASKED.get(allowed.bits() as usize) {
        Some(asked) if !asked.is_empty() => Some(asked),
        _ => None,
    }
}

/// What a request for a part asks for: the part is to be one of the content itself, and can be told from a part of what it is coded
/// into by nothing else.
pub(crate) fn accept_encoding_of_a_part(allowed: Decompression) -> Option<&'static str> {
    (!allowed.is_empty()).then_some("accept-encoding: identity\r\n")
}

/// Is the body of such a response decoded? A part of a coded body is not: its beginning may be missing, and its end.
pub(crate) fn may_be_decoded(status: StatusCode) -> bool {
    status != StatusCode::PARTIAL_CONTENT
}

/// By the bits of what is allowed. In the order of how old they are, as everybody sends them.
const ASKED: [&str; 16] = [
    "",
    "accept-encoding: gzip\r\n",
    "accept-encoding: deflate\r\n",
    "accept-encoding: gzip, deflate\r\n",
    "accept-encoding: br\r\n",
    "accept-encoding: gzip, br\r\n",
    "accept-encoding: deflate, br\r\n",
    "accept-encoding: gzip, deflate, br\r\n",
    "accept-encoding: zstd\r\n",
    "accept-encoding: gzip, zstd\r\n",
    "accept-encoding: deflate, zstd\r\n",
    "accept-encoding: gzip, deflate, zstd\r\n",
    "accept-encoding: br, zstd\r\n",
    "accept-encoding: gzip, br, zstd\r\n",
    "accept-encoding: deflate, br, zstd\r\n",
    "accept-encoding: gzip, deflate, br, zstd\r\n",
];

#[cfg(all(test, feature = "brotli", feature = "gzip", feature = "zstd"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_is_asked_for_in_one_order() {
        let names = [
            (Decompression::GZIP, "gzip"),
            (Decompression::DEFLATE, "deflate"),
            (Decompression::BROTLI, "br"),
            (Decompression::ZSTD, "zstd"),
        ];
        for bits in 1..16 {
            let allowed = Decompression::from_bits(bits).unwrap();
            let asked: Vec<&str> =
                names.iter().filter(|(flag, _)| allowed.contains(*flag)).map(|(_, name)| *name).collect();
            assert_eq!(accept_encoding(allowed).unwrap(), format!("accept-encoding: {}\r\n", asked.join(", ")));
        }
        assert_eq!(accept_encoding(Decompression::NONE), None);
    }

    #[test]
    fn a_part_is_asked_for_uncoded_and_read_as_it_came() {
        assert_eq!(accept_encoding_of_a_part(Decompression::ALL), Some("accept-encoding: identity\r\n"));
        assert_eq!(accept_encoding_of_a_part(Decompression::NONE), None);
        assert!(!may_be_decoded(StatusCode::PARTIAL_CONTENT));
        assert!(may_be_decoded(StatusCode::OK) && may_be_decoded(StatusCode::NOT_FOUND));
    }
}
