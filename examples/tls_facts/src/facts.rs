//! The facts, as lines for people.

use std::fmt::Write;

use hinternet::Bytes;
use hinternet::tls::{CertificateInfo, SecurityInfo, TlsFailureDetails};
use hinternet::{Error, ErrorCode, SecureFailureFlags};

/// What is known of a handshake that succeeded.
pub(crate) fn of(security: &SecurityInfo) -> String {
    let mut lines = String::new();
    let protocol = security.application_protocol.as_deref().unwrap_or("none agreed on");
    line(&mut lines, "protocol", security.protocol);
    line(&mut lines, "cipher", security.cipher_suite);
    line(&mut lines, "ALPN", protocol);
    line(&mut lines, "resumed", if security.resumed { "yes" } else { "no" });
    lines + &chain(&security.certificates)
}

// ANCHOR: of_failure
/// What is known of one that failed.
pub(crate) fn of_failure(failure: &TlsFailureDetails) -> String {
    let mut lines = String::new();
    if !failure.flags.is_empty() {
        let flags: Vec<_> = failure.flags.iter_names().map(|(name, _)| name).collect();
        line(&mut lines, "flags", &flags.join(", "));
    }
    if let Some(alert) = failure.alert {
        line(&mut lines, "alert", &alert.to_string());
    }
    lines + &chain(&failure.certificates)
}
// ANCHOR_END: of_failure

/// What can be done about it.
pub(crate) fn advice(error: &Error) -> Option<&'static str> {
    let flags = error.tls()?.flags;
    if error.code() == ErrorCode::ClientAuthCertNeeded {
        return Some("give it one with --client-certificate and --client-key");
    }
    flags.contains(SecureFailureFlags::INVALID_CA).then_some("if you know its authority, name it with --trust FILE")
}

fn chain(certificates: &[Bytes]) -> String {
    let mut lines = String::new();
    for (n, der) in certificates.iter().enumerate() {
        let Some(info) = CertificateInfo::read(der) else {
            line(&mut lines, &format!("certificate {n}"), "cannot be read");
            continue;
        };
        line(&mut lines, &format!("certificate {n}"), &info.subject);
        line(&mut lines, "  issuer", &info.issuer);
        if !info.names.is_empty() {
            line(&mut lines, "  names", &info.names.join(", "));
        }
        line(&mut lines, "  valid from", &httpdate::fmt_http_date(info.valid_from));
        line(&mut lines, "  valid to", &httpdate::fmt_http_date(info.valid_to));
        line(&mut lines, "  key SHA-256", &hex(&info.key_sha256));
    }
    lines
}

fn line(lines: &mut String, name: &str, value: &str) {
    // Writing into a `String` cannot fail.
    let _written = writeln!(lines, "{name:<15}{value}");
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
