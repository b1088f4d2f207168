//! The URL that a request goes on to, as a notification tells it.

use std::fmt;
use std::ops::Deref;

use crate::shown;

/// The URL that a request goes on to: it derefs to, and displays as, the whole text.
///
/// `Debug` leaves out query and fragment, which may be a code or a token that the server hands over.
///
/// An example is at [`RedirectPolicy`](crate::RedirectPolicy).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct NextUrl(String);

impl From<String> for NextUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl From<NextUrl> for String {
    fn from(url: NextUrl) -> Self {
        url.0
    }
}

impl Deref for NextUrl {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<String> for NextUrl {
    fn eq(&self, other: &String) -> bool {
        self.0 == *other
    }
}

impl PartialEq<str> for NextUrl {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl fmt::Display for NextUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for NextUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(shown::url(&self.0), f)
    }
}
