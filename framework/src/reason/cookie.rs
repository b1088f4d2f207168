//! Why a cookie is not kept.

use std::fmt;

/// Why a cookie is not kept.
///
/// An example is at [`NotificationMask`](crate::NotificationMask).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum CookieRefusal {
    /// It has no name (RFC 6265 5.2).
    NoName,
    /// It holds a control character (RFC 6265bis 5.6).
    ControlCharacter,
    /// Name and value are more than 4,096 octets.
    TooLarge,
    /// Its domain is not that of the server, nor above it.
    NotItsDomain,
    /// Its domain is one under which anybody has names: `com`, `co.uk`, `github.io`.
    PublicSuffix,
    /// It is `Secure` and was set over http.
    SetOverHttp,
    /// It was set over http, and would hide or replace a `Secure` cookie of that name.
    HidesSecure,
    /// Its name begins with `__Secure-`, `__Host-`, `__Http-` or `__Host-Http-`, and it is not what that promises.
    BrokenPrefix,
    /// Its path can be that of no URL.
    BadPath,
    /// The response had set 50 cookies before it.
    TooMany,
}

impl fmt::Display for CookieRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoName => "the cookie has no name",
            Self::ControlCharacter => "the cookie holds a control character",
            Self::TooLarge => "name and value of the cookie are more than 4,096 octets",
            Self::NotItsDomain => "the domain of the cookie is not that of the server, nor above it",
            Self::PublicSuffix => "the domain of the cookie is one under which anybody has names",
            Self::SetOverHttp => "the cookie is Secure and was set over http",
            Self::HidesSecure => "the cookie was set over http and would hide a Secure one of that name",
            Self::BrokenPrefix => "the name of the cookie promises what the cookie is not",
            Self::BadPath => "the path of the cookie can be that of no URL",
            Self::TooMany => "the response sets too many cookies",
        })
    }
}
