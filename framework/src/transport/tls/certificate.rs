//! What a certificate says, for sentences and for checks that webpki does not offer (pure).
//!
//! All of it was written by whoever made the certificate: what is shown to people is freed of controls and cut.

use std::time::Duration;

use rustls::pki_types::UnixTime;
use x509_parser::prelude::{ASN1Time, FromDer, GeneralName, X509Certificate, X509Name};

/// When it begins to be valid.
pub(super) fn begin(der: &[u8]) -> Option<UnixTime> {
    let begin = parse(der)?.validity().not_before.timestamp();
    Some(UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(begin).unwrap_or_default())))
}

/// From when to when it is valid, in seconds since 1970.
pub(super) fn validity(der: &[u8]) -> Option<(i64, i64)> {
    let parsed = parse(der)?;
    let validity = parsed.validity();
    Some((validity.not_before.timestamp(), validity.not_after.timestamp()))
}

/// Does it name itself as its issuer?
pub(super) fn is_self_issued(der: &[u8]) -> bool {
    parse(der).is_some_and(|parsed| parsed.subject().as_raw() == parsed.issuer().as_raw())
}

/// Is it for servers, or not restricted?
pub(super) fn may_serve(der: &[u8]) -> bool {
    let Some(parsed) = parse(der) else { return false };
    match parsed.extended_key_usage() {
        Ok(Some(usage)) => usage.value.server_auth,
        Ok(None) => true,
        Err(_) => false,
    }
}

/// Its `SubjectPublicKeyInfo`.
pub(super) fn public_key_info(der: &[u8]) -> Option<&[u8]> {
    parse(der).map(|parsed| parsed.tbs_certificate.subject_pki.raw)
}

/// Each name and address it is for.
pub(super) fn all_names(der: &[u8]) -> Vec<String> {
    let Some(parsed) = parse(der) else { return Vec::new() };
    let Ok(Some(names)) = parsed.subject_alternative_name() else { return Vec::new() };
    names.value.general_names.iter().filter_map(name).map(|name| printable(&name)).collect()
}

/// What it is for, as in `example.com, www.example.com`.
pub(super) fn names(der: &[u8]) -> String {
    let Some(parsed) = parse(der) else { return "nothing that can be read".to_owned() };
    let Ok(Some(names)) = parsed.subject_alternative_name() else { return "no name at all".to_owned() };
    let mut shown: Vec<String> = names.value.general_names.iter().filter_map(name).collect();
    let more = shown.len().saturating_sub(NAMES_SHOWN);
    shown.truncate(NAMES_SHOWN);
    let shown = printable(&shown.join(", "));
    match (shown.is_empty(), more) {
        (true, _) => "no name at all".to_owned(),
        (_, 0) => shown,
        (_, more) => format!("{shown} and {more} others"),
    }
}

/// Who it is about.
pub(super) fn subject(der: &[u8]) -> String {
    parse(der).map_or_else(|| "somebody".to_owned(), |parsed| distinguished(parsed.subject()))
}

/// Who made it.
pub(super) fn issuer(der: &[u8]) -> String {
    parse(der).map_or_else(|| "somebody".to_owned(), |parsed| distinguished(parsed.issuer()))
}

/// What it may be used for, as in `client authentication`.
pub(super) fn usages(der: &[u8]) -> String {
    let parsed = parse(der);
    let usage = parsed.as_ref().and_then(|parsed| parsed.extended_key_usage().ok().flatten());
    let Some(usage) = usage.map(|usage| usage.value) else { return "nothing that can be read".to_owned() };
    let all = [
        (usage.client_auth, "client authentication"),
        (usage.code_signing, "code signing"),
        (usage.email_protection, "e-mail"),
        (usage.time_stamping, "time stamping"),
        (usage.ocsp_signing, "OCSP"),
    ];
    let named: Vec<_> = all.iter().filter(|(may, _)| *may).map(|(_, name)| *name).collect();
    if named.is_empty() { "something else".to_owned() } else { named.join(", ") }
}

/// Why it is not valid at this moment, as in `expired on 2026-01-31`; `None` when it is.
pub(super) fn date_fault(der: &[u8], now: UnixTime) -> Option<String> {
    let parsed = parse(der)?;
    let (validity, now) = (parsed.validity(), i64::try_from(now.as_secs()).ok()?);
    if validity.not_after.timestamp() < now {
        return Some(format!("expired on {}", day(validity.not_after)));
    }
    (validity.not_before.timestamp() > now).then(|| format!("is not valid before {}", day(validity.not_before)))
}

/// A distinguished name in DER, as people read it.
pub(super) fn distinguished_name(der: &[u8]) -> String {
    X509Name::from_der(der).map_or_else(|_| "somebody".to_owned(), |(_, name)| distinguished(&name))
}

fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    X509Certificate::from_der(der).ok().map(|(_, parsed)| parsed)
}

fn distinguished(name: &X509Name<'_>) -> String {
    let shown = printable(&name.to_string());
    if shown.is_empty() { "somebody without a name".to_owned() } else { shown }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(octets) => {
            let v4 = <[u8; 4]>::try_from(*octets).map(|octets| std::net::Ipv4Addr::from(octets).to_string());
            let v6 = <[u8; 16]>::try_from(*octets).map(|octets| std::net::Ipv6Addr::from(octets).to_string());
            v4.or(v6).ok()
        }
        _ => None,
    }
}

fn day(time: ASN1Time) -> String {
    let date = time.to_datetime();
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

fn printable(text: &str) -> String {
    text.chars().filter(|one| !one.is_control()).take(LONGEST_SHOWN).collect()
}

const NAMES_SHOWN: usize = 5;
const LONGEST_SHOWN: usize = 200;
