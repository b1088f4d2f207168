//! `tls-server-end-point` (RFC 5929 section 4): a hash of the server's certificate, which binds what is said inside a stream to the
//! server at its other end.

use aws_lc_rs::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Of a certificate in DER. `None` for one whose signature has not one hash: for those there is no such binding.
pub(crate) fn server_end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let hash = hash_of(&parsed.signature_algorithm.algorithm.to_id_string())?;
    Some(digest(hash, certificate).as_ref().to_vec())
}

/// MD5 and SHA-1 are replaced by SHA-256 (RFC 5929 4.1).
fn hash_of(signature: &str) -> Option<&'static Algorithm> {
    Some(match signature {
        "1.2.840.113549.1.1.4" | "1.2.840.113549.1.1.5" | "1.2.840.113549.1.1.11" => &SHA256,
        "1.2.840.113549.1.1.12" => &SHA384,
        "1.2.840.113549.1.1.13" => &SHA512,
        "1.2.840.10045.4.1" | "1.2.840.10045.4.3.2" => &SHA256,
        "1.2.840.10045.4.3.3" => &SHA384,
        "1.2.840.10045.4.3.4" => &SHA512,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc5929_4_1_the_hash_is_that_of_the_signature_and_sha_256_for_weak_ones() {
        let length = |oid| hash_of(oid).map(|hash| hash.output_len);
        assert_eq!(length("1.2.840.113549.1.1.5"), Some(32), "SHA-1 with RSA");
        assert_eq!(length("1.2.840.10045.4.3.3"), Some(48), "ECDSA with SHA-384");
        assert_eq!(length("1.3.101.112"), None, "Ed25519 has none");
        assert_eq!(server_end_point(b"no certificate"), None);
    }
}
