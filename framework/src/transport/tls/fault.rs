//! What can be wrong with a server's certificate, its flag, and the danger that accepts it (pure).

use rustls::CertificateError;

use crate::error::SecureFailureFlags as Flags;
use crate::options::tls::Dangers;

/// One thing that is wrong with a certificate.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) kind: FaultKind,
    /// What was found by whom: for people.
    pub(super) found: String,
}

/// What can be wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum FaultKind {
    /// It, or an authority above it, breaks a rule or cannot be read.
    Invalid,
    Revoked,
    /// Whether it was revoked could not be found out.
    RevocationUnknown,
    /// Nobody trusted vouches for it.
    Authority,
    Name,
    Date,
    Usage,
    /// Its key is not one of those pinned.
    Pin,
}

impl Fault {
    pub(super) fn new(kind: FaultKind, found: impl std::fmt::Display) -> Self {
        Self { kind, found: found.to_string() }
    }

    pub(super) fn is_about_revocation(&self) -> bool {
        matches!(self.kind, FaultKind::Revoked | FaultKind::RevocationUnknown)
    }

    /// What it says of revocation, where all else was found good by another: who met what is not sound on the way to the lists has
    /// not asked them.
    pub(super) fn of_lists(self) -> Option<Self> {
        match self.kind {
            FaultKind::Revoked | FaultKind::RevocationUnknown => Some(self),
            FaultKind::Invalid => Some(Self { kind: FaultKind::RevocationUnknown, ..self }),
            FaultKind::Authority | FaultKind::Name | FaultKind::Date | FaultKind::Usage | FaultKind::Pin => None,
        }
    }

    /// The verdict of a verifier that is not ours, as the system's own.
    pub(super) fn of_verdict(verdict: &rustls::Error) -> Self {
        use CertificateError as E;
        let kind = match verdict {
            rustls::Error::InvalidCertificate(error) => match error {
                E::Expired | E::ExpiredContext { .. } | E::NotValidYet | E::NotValidYetContext { .. } => {
                    FaultKind::Date
                }
                E::Revoked => FaultKind::Revoked,
                E::UnknownRevocationStatus | E::ExpiredRevocationList | E::ExpiredRevocationListContext { .. } => {
                    FaultKind::RevocationUnknown
                }
                E::UnknownIssuer => FaultKind::Authority,
                E::NotValidForName | E::NotValidForNameContext { .. } => FaultKind::Name,
                E::InvalidPurpose | E::InvalidPurposeContext { .. } => FaultKind::Usage,
                _ => FaultKind::Invalid,
            },
            _ => FaultKind::Invalid,
        };
        Self::new(kind, verdict)
    }
}

impl FaultKind {
    pub(super) fn flag(self) -> Flags {
        match self {
            Self::Invalid | Self::Pin => Flags::INVALID_CERT,
            Self::Revoked => Flags::CERT_REVOKED,
            Self::RevocationUnknown => Flags::CERT_REV_FAILED,
            Self::Authority => Flags::INVALID_CA,
            Self::Name => Flags::CERT_CN_INVALID,
            Self::Date => Flags::CERT_DATE_INVALID,
            Self::Usage => Flags::CERT_WRONG_USAGE,
        }
    }

    /// The danger that accepts it.
    pub(super) fn danger(self) -> Dangers {
        match self {
            Self::Pin => Dangers::empty(),
            Self::Invalid | Self::Revoked | Self::RevocationUnknown => Dangers::ANYTHING,
            Self::Authority => Dangers::UNKNOWN_AUTHORITY | Dangers::ANYTHING,
            Self::Name => Dangers::NAME | Dangers::ANYTHING,
            Self::Date => Dangers::DATE | Dangers::ANYTHING,
            Self::Usage => Dangers::USAGE | Dangers::ANYTHING,
        }
    }

    /// What rustls is told, which decides the alert that the server is sent.
    pub(super) fn verdict(self) -> CertificateError {
        match self {
            Self::Invalid => CertificateError::BadEncoding,
            Self::Revoked => CertificateError::Revoked,
            Self::RevocationUnknown => CertificateError::UnknownRevocationStatus,
            Self::Authority => CertificateError::UnknownIssuer,
            Self::Name => CertificateError::NotValidForName,
            Self::Date => CertificateError::Expired,
            Self::Usage => CertificateError::InvalidPurpose,
            Self::Pin => CertificateError::ApplicationVerificationFailure,
        }
    }
}
