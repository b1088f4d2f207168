//! Why a stream could not be secured, or broke afterwards, and how that is told.

use std::fmt;
use std::io;

use rustls::{AlertDescription, Error as TlsError};

use super::sentence;
use super::witness::Witness;
use crate::error::{
    Blame, Error, ErrorCode, Operation, SecureFailureFlags as Flags, Stage, TlsAlert, TlsFailureDetails,
};

/// Why a stream could not be secured, or broke afterwards.
#[derive(Debug)]
pub(crate) struct TlsFailure {
    code: ErrorCode,
    blame: Blame,
    sentence: String,
    /// What `SecureFailure` tells; `None` where it was the network, or is the caller's to mend.
    told: Option<Flags>,
    details: Option<Box<TlsFailureDetails>>,
    source: Option<io::Error>,
}

impl TlsFailure {
    /// Will none of the protocols that were offered do for the server (RFC 7301 3.2)?
    pub(crate) fn is_about_protocols(&self) -> bool {
        let alert = self.details.as_ref().and_then(|details| details.alert);
        alert == Some(TlsAlert::Received(NO_APPLICATION_PROTOCOL))
    }

    /// Did the network, or whoever closed the stream, end the handshake without a word?
    pub(crate) fn is_of_network(&self) -> bool {
        (self.code, self.blame) == (ErrorCode::ConnectionError, Blame::Network)
    }

    /// The same, told to another whom it concerns.
    pub(crate) fn again(&self) -> Self {
        let Self { code, blame, sentence, told, details, source: _ } = self;
        let (sentence, details) = (sentence.clone(), details.clone());
        Self { code: *code, blame: *blame, sentence, told: *told, details, source: None }
    }

    /// The caller's options cannot be used.
    pub(super) fn unusable(sentence: impl Into<String>) -> Self {
        Self::of_caller(ErrorCode::SecureFailure, sentence.into())
    }

    /// The identity we should show cannot be used.
    pub(super) fn identity(sentence: String) -> Self {
        Self::of_caller(ErrorCode::ClientCertNoPrivateKey, sentence)
    }

    fn of_caller(code: ErrorCode, sentence: String) -> Self {
        Self { code, blame: Blame::Caller, sentence, told: None, details: None, source: None }
    }

    /// The handshake ended so.
    pub(super) fn of_handshake(error: io::Error, witness: &mut Witness, host: &str) -> Self {
        if let Some(reason) = witness.unusable.take() {
            return Self::identity(reason);
        }
        match error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()).cloned() {
            Some(tls) => Self::of_tls(tls, witness, host).with_source(error),
            None => Self::of_network(error),
        }
    }

    fn of_network(error: io::Error) -> Self {
        let sentence = if error.kind() == io::ErrorKind::UnexpectedEof {
            "the connection ended in the middle of the TLS handshake".to_owned()
        } else {
            format!("the connection broke in the middle of the TLS handshake: {error}")
        };
        let code = ErrorCode::ConnectionError;
        Self { code, blame: Blame::Network, sentence, told: None, details: None, source: None }.with_source(error)
    }

    fn of_tls(error: TlsError, witness: &Witness, host: &str) -> Self {
        if let Some(needed) = Self::certificate_needed(&error, witness) {
            return needed;
        }
        let flags: Flags = witness.faults.iter().map(|fault| fault.kind.flag()).collect();
        let (flags, sentence) = if flags.is_empty() {
            (Flags::SECURITY_CHANNEL_ERROR, sentence::of_channel(&error))
        } else {
            (flags, sentence::of_certificate(witness, host))
        };
        let details = Self::details(flags, alert(&error), witness);
        Self {
            code: ErrorCode::SecureFailure,
            blame: Blame::Peer,
            sentence,
            told: Some(flags),
            details: Some(details),
            source: None,
        }
    }

    /// The server asked who we are, was not told, and will not go on.
    fn certificate_needed(error: &TlsError, witness: &Witness) -> Option<Self> {
        let TlsError::AlertReceived(received) = error else { return None };
        if !MEANS_NO_CERTIFICATE.contains(received) {
            return None;
        }
        let authorities = witness.asked.as_ref().filter(|_| witness.owes_certificate())?;
        let details = Self::details(Flags::empty(), alert(error), witness);
        Some(Self {
            code: ErrorCode::ClientAuthCertNeeded,
            blame: Blame::Caller,
            sentence: sentence::of_need(authorities),
            told: None,
            details: Some(details),
            source: None,
        })
    }

    /// A secure wire broke after its handshake.
    pub(super) fn of_wire(error: TlsError, witness: &Witness) -> Self {
        if let Some(needed) = Self::certificate_needed(&error, witness) {
            return needed;
        }
        let (blame, sentence) = match &error {
            TlsError::AlertReceived(_) => (Blame::Peer, sentence::of_channel(&error)),
            TlsError::DecryptError => {
                (Blame::Network, "what arrived is not what the server sealed: it was changed on the way".to_owned())
            }
            other => (Blame::Peer, format!("the server broke the rules of TLS: {other}")),
        };
        let details = Some(Self::details(Flags::empty(), alert(&error), witness));
        Self { code: ErrorCode::ConnectionError, blame, sentence, told: None, details, source: None }
            .with_source(io::Error::other(error))
    }

    fn details(flags: Flags, alert: Option<TlsAlert>, witness: &Witness) -> Box<TlsFailureDetails> {
        let certificates = witness.certificates.clone();
        let acceptable_authorities = witness.asked.clone().unwrap_or_default();
        Box::new(TlsFailureDetails { flags, certificates, alert, acceptable_authorities })
    }

    fn with_source(mut self, source: io::Error) -> Self {
        self.source = Some(source);
        self
    }

    /// What a subscriber is told; `None` when it was not the server's doing.
    pub(crate) fn flags(&self) -> Option<Flags> {
        self.told
    }

    pub(crate) fn into_error(self, operation: Operation, stage: Stage) -> Error {
        let mut error = Error::new(self.code, operation, stage, self.blame, self.sentence);
        if let Some(details) = self.details {
            error = error.with_tls(*details);
        }
        match self.source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for TlsFailure {}

/// The alert that came, or the one that rustls sends for this.
fn alert(error: &TlsError) -> Option<TlsAlert> {
    let sent = match error {
        TlsError::AlertReceived(alert) => return Some(TlsAlert::Received(u8::from(*alert))),
        TlsError::InvalidCertificate(verdict) => AlertDescription::from(verdict.clone()),
        TlsError::InvalidMessage(_) => AlertDescription::DecodeError,
        TlsError::DecryptError => AlertDescription::BadRecordMac,
        TlsError::NoApplicationProtocol => AlertDescription::NoApplicationProtocol,
        _ => return None,
    };
    Some(TlsAlert::Sent(u8::from(sent)))
}

/// The alert (RFC 7301 3.2).
const NO_APPLICATION_PROTOCOL: u8 = 120;

/// How servers say that they miss a client certificate: TLS 1.3 has an alert for it, before that each had its own way.
const MEANS_NO_CERTIFICATE: [AlertDescription; 8] = [
    AlertDescription::CertificateRequired,
    AlertDescription::HandshakeFailure,
    AlertDescription::NoCertificate,
    AlertDescription::BadCertificate,
    AlertDescription::UnsupportedCertificate,
    AlertDescription::CertificateUnknown,
    AlertDescription::UnknownCA,
    AlertDescription::AccessDenied,
];
