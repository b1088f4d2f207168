//! The tokens of a handshake, as they stand in fields (RFC 4559 section 4, MS-NTHT 2.2): `Negotiate <base64>`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use zeroize::Zeroizing;

use super::plain::secret;
use crate::options::AuthScheme;

/// What a peer sends; `None` for what is no base64, and for what is longer than any token.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() > MOST / 3 * 4 + 4 {
        return None;
    }
    BASE64_STANDARD.decode(text).ok()
}

/// SPNEGO's `reject` (RFC 4178 section 4.2.2, `negState` 2): a refusal, which goes on with nothing.
pub(crate) fn is_rejection(token: &[u8]) -> bool {
    let Some((0xa1, rest)) = token.split_first() else { return false };
    // The lengths of the two wrappers come before the state, which is the first field; their octets may be any.
    rest.windows(REJECTED.len()).take(10).any(|octets| octets == REJECTED)
}

/// The field that carries ours.
pub(crate) fn encode(scheme: AuthScheme, token: &[u8]) -> Option<HeaderValue> {
    let mut value = Zeroizing::new([scheme.name(), " "].concat());
    BASE64_STANDARD.encode_string(token, &mut value);
    secret(value.as_bytes())
}

/// Octets: Windows has no longer ones (the default of `MaxTokenSize`).
const MOST: usize = 48_000;
const REJECTED: &[u8] = &[0xa0, 0x03, 0x0a, 0x01, 0x02];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_base64_and_no_longer_than_any() {
        assert_eq!(decode(b"TlRMTVNTUAA="), Some(b"NTLMSSP\0".to_vec()));
        for bad in [&b"TlRM TVN"[..], b"a", b"===="] {
            assert_eq!(decode(bad), None, "{bad:?}");
        }
        let (longest, longer) = (BASE64_STANDARD.encode(vec![0; MOST]), BASE64_STANDARD.encode(vec![0; MOST + 4]));
        assert_eq!(decode(longest.as_bytes()).map(|token| token.len()), Some(MOST));
        assert_eq!(decode(longer.as_bytes()), None);
    }

    #[test]
    fn rfc4178_4_2_2_a_rejection_is_told_from_what_goes_on() {
        assert!(is_rejection(&[0xa1, 0x07, 0x30, 0x05, 0xa0, 0x03, 0x0a, 0x01, 0x02]));
        let long = [&[0xa1, 0x81, 0xa0, 0x30, 0x81, 0x9d][..], REJECTED, &[0; 152]].concat();
        assert!(is_rejection(&long), "whatever its length");
        for other in
            [&[0xa1, 0x07, 0x30, 0x05, 0xa0, 0x03, 0x0a, 0x01, 0x00][..], b"NTLMSSP\0", b"", b"\xa1", b"\xa1\xa0"]
        {
            assert!(!is_rejection(other), "{other:02x?}");
        }
    }

    #[test]
    fn p7_the_field_of_a_token_is_sensitive() {
        let field = encode(AuthScheme::Ntlm, b"NTLMSSP\0").unwrap();
        assert!(field.is_sensitive());
        assert_eq!(field.to_str().unwrap(), "NTLM TlRMTVNTUAA=");
    }
}
