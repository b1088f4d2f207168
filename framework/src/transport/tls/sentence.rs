//! A failed handshake in the words that a person needs to mend it (pure).

use bytes::Bytes;
use rustls::{AlertDescription, Error as TlsError, InvalidMessage, PeerIncompatible};

use super::certificate;
use super::fault::{Fault, FaultKind};
use super::witness::Witness;
use crate::error::TlsAlert;

/// What is wrong with the certificates.
pub(super) fn of_certificate(witness: &Witness, host: &str) -> String {
    let leaf = witness.certificates.first().map(Bytes::as_ref).unwrap_or_default();
    let said: Vec<_> = witness.faults.iter().map(|fault| of_fault(fault, leaf, witness, host)).collect();
    said.join("; ")
}

fn of_fault(fault: &Fault, leaf: &[u8], witness: &Witness, host: &str) -> String {
    match fault.kind {
        FaultKind::Date => {
            let mut dated = witness.certificates.iter().enumerate().filter_map(|(place, one)| {
                let fault = certificate::date_fault(one, witness.judged_at?)?;
                Some(if place == 0 {
                    format!("the certificate of {host} {fault}")
                } else {
                    format!("the certificate of the authority {} {fault}", certificate::subject(one))
                })
            });
            dated.next().unwrap_or_else(|| format!("the certificate of {host} is not valid now: {}", fault.found))
        }
        FaultKind::Name => format!("the certificate is for {}, not for {host}", certificate::names(leaf)),
        FaultKind::Authority if certificate::is_self_issued(leaf) => {
            format!("no trusted authority vouches for the certificate of {host}: it signed itself")
        }
        FaultKind::Authority => {
            let last = witness.certificates.last().map(Bytes::as_ref).unwrap_or_default();
            let issuer = certificate::issuer(last);
            format!("no trusted authority vouches for the certificate of {host}: its issuer is {issuer}")
        }
        FaultKind::Usage => {
            format!("the certificate of {host} was not made for servers but for {}", certificate::usages(leaf))
        }
        FaultKind::Revoked => format!("the certificate of {host} was revoked"),
        FaultKind::RevocationUnknown => {
            format!("whether the certificate of {host} was revoked cannot be told: {}", fault.found)
        }
        FaultKind::Invalid => {
            format!("the certificate of {host}, or one that vouches for it, is not sound: {}", fault.found)
        }
        FaultKind::Pin => format!("the key of the certificate of {host} is none of those that are pinned"),
    }
}

/// What went wrong when it was not the certificate.
pub(super) fn of_channel(error: &TlsError) -> String {
    match error {
        TlsError::AlertReceived(alert) => of_alert(*alert),
        TlsError::InvalidMessage(
            InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge
            | InvalidMessage::InvalidEmptyPayload,
        ) => "the server does not speak TLS".to_owned(),
        TlsError::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled,
        ) => "the server speaks none of the TLS versions that are offered".to_owned(),
        TlsError::PeerIncompatible(other) => {
            format!("the server and this client have no way of TLS in common: {other:?}")
        }
        TlsError::NoCertificatesPresented => "the server showed no certificate".to_owned(),
        TlsError::InvalidCertificate(_) => {
            "the server does not hold the key of the certificate that it shows".to_owned()
        }
        TlsError::NoApplicationProtocol => "the server speaks none of the protocols that are offered".to_owned(),
        TlsError::PeerMisbehaved(how) => format!("the server broke the rules of TLS: {how:?}"),
        other => format!("the TLS handshake failed: {other}"),
    }
}

fn of_alert(alert: AlertDescription) -> String {
    let named = TlsAlert::Received(u8::from(alert));
    let meaning = match alert {
        AlertDescription::ProtocolVersion => "it speaks none of the TLS versions that are offered",
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            "it finds no version, cipher or certificate that suits both sides"
        }
        AlertDescription::UnrecognisedName => "it knows no host of this name",
        AlertDescription::NoApplicationProtocol => "it speaks none of the protocols that are offered",
        AlertDescription::CertificateRequired => "it wants a client certificate",
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => "it does not accept our certificate",
        _ => return format!("the server ended it with the TLS alert {named}"),
    };
    format!("the server ended it with the TLS alert {named}: {meaning}")
}

/// A client certificate is needed.
pub(super) fn of_need(authorities: &[Bytes]) -> String {
    let names: Vec<_> = authorities.iter().take(SHOWN).map(|name| certificate::distinguished_name(name)).collect();
    let of_whom = match (names.is_empty(), authorities.len().saturating_sub(SHOWN)) {
        (true, _) => String::new(),
        (_, 0) => format!(" of {}", names.join(" or ")),
        (_, more) => format!(" of {} or one of {more} others", names.join(" or ")),
    };
    format!("the server wants a client certificate{of_whom}, and none was shown")
}

const SHOWN: usize = 5;
