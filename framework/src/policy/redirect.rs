//! What a redirect asks for, and whether it is followed (pure; RFC 9110 sections 10.2.2 and 15.4).

mod location;

use http::header::{
    AUTHORIZATION, COOKIE, EXPECT, HOST, HeaderName, LOCATION, PROXY_AUTHORIZATION, REFERER, TRAILER, TRANSFER_ENCODING,
};
use http::{HeaderMap, Method, StatusCode};

use crate::error::{Blame, Error, ErrorCode, Operation, Stage};
use crate::options::{RedirectOptions, RedirectPolicy};
use crate::target::Target;
use location::{Unfit, the_one};

/// What is known of the exchange that was answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answered<'a> {
    pub(crate) method: &'a Method,
    pub(crate) target: &'a Target,
    pub(crate) status: StatusCode,
    pub(crate) headers: &'a HeaderMap,
    /// How many redirects were followed before it.
    pub(crate) hops: u32,
}

/// What becomes of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is no redirect, or none that is followed.
    Deliver,
    Follow(Hop),
    Refuse(Refusal),
}

/// Where a redirect leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) method: Method,
    pub(crate) target: Target,
    /// The body is not sent again, nor the fields that speak of one.
    pub(crate) drops_body: bool,
}

/// Why a redirect is not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    TooMany {
        limit: u32,
    },
    FromHttpsToHttp,
    /// A scheme that is not spoken.
    Scheme(String),
    /// A `Location` that is no URL.
    NoUrl(String),
    /// Several `Location` fields that do not say the same.
    Ambiguous,
    /// The caller's decider says no.
    Vetoed,
    /// The caller's decider has failed.
    DeciderFailed,
}

/// May a status be a redirect that is followed?
pub(crate) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// What becomes of it. In this order: no redirect at all; none that leads anywhere; none that may be followed.
///
/// `by_https` gives the target that is asked in place of one whose host wants to be asked by https.
pub(crate) fn judge(
    answered: &Answered<'_>,
    options: &RedirectOptions,
    by_https: impl FnOnce(&Target) -> Option<Target>,
) -> Verdict {
    let Answered { method, target, status, headers, hops } = *answered;
    if options.policy == RedirectPolicy::Never || !is_redirect(status) {
        return Verdict::Deliver;
    }
    let location = match the_one(headers.get_all(LOCATION)) {
        Ok(Some(location)) => location,
        Ok(None) => return Verdict::Deliver,
        Err(refusal) => return Verdict::Refuse(refusal.into()),
    };
    if hops >= options.limit {
        return Verdict::Refuse(Refusal::TooMany { limit: options.limit });
    }
    let next = match location.from(target) {
        // It is no way back to http if nobody goes there (RFC 6797 8.3).
        Ok(next) => by_https(&next).unwrap_or(next),
        Err(unfit) => return Verdict::Refuse(unfit.into()),
    };
    if options.policy == RedirectPolicy::DisallowHttpsToHttp && is_downgrade(target, &next) {
        return Verdict::Refuse(Refusal::FromHttpsToHttp);
    }
    Verdict::Follow(hop(method, status, next))
}

/// Does it lead from a secure wire to one that is not?
pub(crate) fn is_downgrade(from: &Target, to: &Target) -> bool {
    from.origin().is_secure() && !to.origin().is_secure()
}

/// RFC 9110 15.4: what was posted is not posted again after a 301 or a 302, as everybody does; a 303 asks for something to look at.
fn hop(method: &Method, status: StatusCode, target: Target) -> Hop {
    let becomes_get = match status.as_u16() {
        303 => true,
        301 | 302 => method == Method::POST,
        _ => false,
    };
    let method = if becomes_get && method != Method::HEAD { Method::GET } else { method.clone() };
    Hop { method, target, drops_body: becomes_get }
}

/// Takes away the fields that speak of a body which is not sent: those.
pub(crate) fn without_body(headers: &mut HeaderMap) -> HeaderMap {
    let of_a_body = |name: &HeaderName| {
        name.as_str().starts_with("content-")
            || [TRANSFER_ENCODING, EXPECT, TRAILER].contains(name)
            || matches!(name.as_str(), "digest" | "repr-digest")
    };
    let taken = headers.iter().filter(|(name, _)| of_a_body(name)).map(|(name, value)| (name.clone(), value.clone()));
    let taken = taken.collect();
    remove(headers, of_a_body);
    taken
}

/// Takes away what is for one origin only, when a redirect leads to another. Were there credentials or other secrets among it?
pub(crate) fn without_secrets(headers: &mut HeaderMap, from: &Target, to: &Target, options: &RedirectOptions) -> bool {
    remove(headers, |name| *name == HOST);
    if is_downgrade(from, to) {
        remove(headers, |name| *name == REFERER);
    }
    if options.danger_keep_credentials {
        return false;
    }
    let marked: Vec<_> =
        headers.iter().filter(|(_, value)| value.is_sensitive()).map(|(name, _)| name.clone()).collect();
    remove(headers, |name| {
        [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(name)
            || name.as_str() == "cookie2"
            || options.sensitive.contains(name)
            || marked.contains(name)
    })
}

fn remove(headers: &mut HeaderMap, unwanted: impl Fn(&HeaderName) -> bool) -> bool {
    let unwanted: Vec<_> = headers.keys().filter(|name| unwanted(name)).cloned().collect();
    for name in &unwanted {
        headers.remove(name);
    }
    !unwanted.is_empty()
}

impl From<Unfit> for Refusal {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Scheme(scheme) => Self::Scheme(scheme),
            Unfit::NoUrl(reason) => Self::NoUrl(reason),
            Unfit::Ambiguous => Self::Ambiguous,
        }
    }
}

impl Refusal {
    /// The error of the call that would have followed it.
    pub(crate) fn into_error(self) -> Error {
        let (code, blame, detail) = match self {
            Self::TooMany { limit } => (
                ErrorCode::RedirectFailed,
                Blame::Peer,
                format!("the server redirects more than {limit} times in a row"),
            ),
            Self::FromHttpsToHttp => (
                ErrorCode::RedirectFailed,
                Blame::Peer,
                "the server redirects from https to http, which the policy forbids".to_owned(),
            ),
            Self::Scheme(scheme) => (
                ErrorCode::UnrecognizedScheme,
                Blame::Peer,
                format!("the server redirects to a URL of the scheme {scheme:?}; http and https are spoken here"),
            ),
            Self::NoUrl(reason) => (
                ErrorCode::InvalidServerResponse,
                Blame::Peer,
                format!("the server redirects to what is no URL: {reason}"),
            ),
            Self::Ambiguous => (
                ErrorCode::InvalidServerResponse,
                Blame::Peer,
                "the server redirects to several places at once".to_owned(),
            ),
            Self::Vetoed => (
                ErrorCode::RedirectFailed,
                Blame::Caller,
                "the redirect was refused by the caller's decider".to_owned(),
            ),
            Self::DeciderFailed => (
                ErrorCode::RedirectFailed,
                Blame::Caller,
                "the caller's decider about redirects is gone, or has panicked".to_owned(),
            ),
        };
        Error::new(code, Operation::Receive, Stage::Redirect, blame, detail)
    }
}

#[cfg(test)]
mod tests;
