//! Why a handshake failed.

use std::io;

use crate::error::{Blame, Error, ErrorCode, Operation, SecureFailureFlags, Stage};

/// Why a handshake failed.
#[derive(Debug)]
pub(crate) struct TlsFailure {
    error: io::Error,
}

impl TlsFailure {
    pub(super) fn of(error: rustls::Error) -> Self {
        Self { error: io::Error::other(error) }
    }

    /// What a subscriber is told; `None` when it was the network that failed.
    pub(crate) fn flags(&self) -> Option<SecureFailureFlags> {
        Some(SecureFailureFlags::SECURITY_CHANNEL_ERROR)
    }

    pub(crate) fn into_error(self, operation: Operation) -> Error {
        let detail = self.error.to_string();
        Error::new(ErrorCode::SecureFailure, operation, Stage::Tls, Blame::Peer, detail).with_source(self.error)
    }
}

impl From<io::Error> for TlsFailure {
    fn from(error: io::Error) -> Self {
        Self { error }
    }
}
