//! `--location-trusted` with credentials that are shown when they are asked for: to whoever asks.

use std::fmt;

use hinternet::{CredentialProvider, Credentials, CredentialsAsked, Providing};

/// Has the same credentials for everybody.
pub(crate) struct Trusting {
    pub(crate) user: String,
    pub(crate) password: String,
}

impl CredentialProvider for Trusting {
    fn credentials(&self, _asked: &CredentialsAsked) -> Providing {
        let credentials = Credentials::new(self.user.as_str(), self.password.as_str());
        Box::pin(async { Some(credentials) })
    }
}

impl fmt::Debug for Trusting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trusting")
    }
}
