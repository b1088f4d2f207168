//! The cookies that servers set, and which of them a request carries (RFC 6265bis).
//!
//! Values are octets, which nobody decodes. Time is in seconds since 1970, and an argument.
//!
//! Ours and not the crates `cookie` and `cookie_store`: they take text and not octets, read other dates than `Expires` may hold, and
//! bound neither the cookies of a server nor all of them.

mod cookie;
mod date;
pub(crate) mod json;
pub(crate) mod netscape;
mod scope;
mod set_cookie;
mod store;
#[cfg(test)]
mod tests;

pub use cookie::Cookie;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use date::parse as date;
pub(crate) use scope::Scope;
pub use set_cookie::SameSite;
pub(crate) use store::{Change, MOST_SET_AT_ONCE, Store};

/// The name in a `Set-Cookie` field, to tell of it. Never its value.
pub(crate) fn shown_name(line: &[u8]) -> String {
    shown(set_cookie::name_of(line))
}

fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name.get(..LONGEST_SHOWN).unwrap_or(name)).into_owned()
}

/// Octets of a name that are told of.
const LONGEST_SHOWN: usize = 128;
