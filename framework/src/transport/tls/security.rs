//! What the handshake agreed on, as it is told.

use bytes::Bytes;
use rustls::{CipherSuite, ClientConnection, HandshakeKind, ProtocolVersion};

use super::witness::Witness;
use crate::network::{Exported, SecurityInfo};

pub(super) fn of(tls: &ClientConnection, witness: &Witness) -> SecurityInfo {
    // Not shown again when a session is taken up.
    let kept = tls.peer_certificates().unwrap_or_default();
    let certificates = if witness.certificates.is_empty() {
        kept.iter().map(|one| Bytes::copy_from_slice(one)).collect()
    } else {
        witness.certificates.clone()
    };
    SecurityInfo {
        protocol: match tls.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
            _ => "TLS 1.3",
        },
        cipher_suite: tls.negotiated_cipher_suite().map_or("", |suite| iana(suite.suite())),
        application_protocol: tls.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        resumed: tls.handshake_kind() == Some(HandshakeKind::Resumed),
        certificates,
    }
}

/// `tls-exporter` (RFC 9266). Of TLS 1.3 only: before that it binds nothing unless the handshake had an extended master secret, of which
/// rustls does not tell.
pub(super) fn exported(tls: &ClientConnection) -> Option<Exported> {
    if tls.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
        return None;
    }
    tls.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(&[])).ok().map(Exported)
}

/// rustls names the suites of TLS 1.3 in its own way.
fn iana(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        other => other.as_str().unwrap_or(""),
    }
}
