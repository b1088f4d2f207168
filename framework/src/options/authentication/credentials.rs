//! A secret that shows who asks: kept once, wiped when nobody has it any more, and never printed.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::{AuthScheme, AuthSchemes};

/// A user with a password, or a token.
///
/// A clone shares the secret, which is overwritten in memory when the last clone is gone; `Debug` shows nothing of it, not even
/// the user. What is sent is made from it for each request, and lives as long as that.
///
/// ```
/// use hinternet::Credentials;
///
/// let credentials = Credentials::from(("aladdin", "open sesame"));
/// assert_eq!(format!("{credentials:?}"), "Credentials(..)");
/// ```
#[derive(Clone)]
pub struct Credentials(Arc<Secret>);

#[derive(PartialEq, Eq)]
enum Secret {
    Password { user: Zeroizing<String>, password: Zeroizing<String> },
    Token(Zeroizing<String>),
}

/// What a scheme may make of credentials.
#[derive(Clone, Copy)]
pub(crate) enum Shown<'a> {
    Password { user: &'a str, password: &'a str },
    Token(&'a str),
}

impl Credentials {
    /// A user and a password, for Basic and Digest. Either may be empty.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        let (user, password) = (Zeroizing::new(user.into()), Zeroizing::new(password.into()));
        Self(Arc::new(Secret::Password { user, password }))
    }

    /// A token, for Bearer.
    pub fn bearer(token: impl Into<String>) -> Self {
        Self(Arc::new(Secret::Token(Zeroizing::new(token.into()))))
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }

    pub(crate) fn shown(&self) -> Shown<'_> {
        match &*self.0 {
            Secret::Password { user, password } => Shown::Password { user, password },
            Secret::Token(token) => Shown::Token(token),
        }
    }

    /// The schemes that can be answered by them.
    pub(crate) fn schemes(&self) -> AuthSchemes {
        match self.shown() {
            // A colon would end the user's name (RFC 7617 section 2).
            Shown::Password { user, .. } if user.contains(':') => {
                AuthSchemes::all() - AuthSchemes::BEARER - AuthSchemes::BASIC
            }
            Shown::Password { .. } => AuthSchemes::all() - AuthSchemes::BEARER,
            Shown::Token(_) => AuthSchemes::BEARER,
        }
    }

    /// Why they can never be sent, if that is so. The reason names nothing of them.
    pub(crate) fn fault(&self, schemes: AuthSchemes) -> Option<&'static str> {
        match self.shown() {
            Shown::Password { user, password } if has_control(user) || has_control(password) => {
                Some("a user name or a password holds a control character")
            }
            Shown::Token(token) if token.is_empty() || !token.bytes().all(|octet| octet.is_ascii_graphic()) => {
                Some("a token is visible ASCII, without blanks")
            }
            Shown::Password { user, .. } if schemes == AuthScheme::Basic.into() && user.contains(':') => {
                Some("a user name with a colon cannot be told by Basic (RFC 7617 section 2)")
            }
            _ if (schemes & self.schemes()).is_empty() => {
                Some("the scheme has no use for them: Bearer takes a token, the others a user and a password")
            }
            _ => None,
        }
    }
}

/// RFC 7617 section 2, and what no field value may hold.
fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

impl<U: Into<String>, P: Into<String>> From<(U, P)> for Credentials {
    fn from((user, password): (U, P)) -> Self {
        Self::new(user, password)
    }
}

/// Nothing: who reads a log need not know the user either.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}
