//! What a request takes from what its session remembers of servers, and what of its response is remembered: cookies, and HSTS.

#[cfg(feature = "cookies")]
use http::StatusCode;
use http::header::STRICT_TRANSPORT_SECURITY;
#[cfg(feature = "cookies")]
use http::header::{COOKIE, SET_COOKIE};

use super::fields::Fields;
use super::journey::Journey;
use crate::notification::{NotificationMask as Mask, Status};
#[cfg(feature = "cookies")]
use crate::policy::cookies::{Change, MOST_SET_AT_ONCE, shown_name};
use crate::protocol::http1::ResponseHead;
#[cfg(feature = "cookies")]
use crate::reason::CookieRefusal;
use crate::target::Target;

impl Journey {
    /// Adds the cookies that the jar has for the present target.
    ///
    /// They stand behind those that the caller has set, in one field: WinHTTP does so, same names included, and to a server the first one
    /// counts. Without any of the jar's the caller's fields are as they were.
    #[cfg_attr(not(feature = "cookies"), expect(clippy::unused_self, reason = "there are no cookies"))]
    #[inline]
    pub(super) fn add_cookies(&self, fields: &mut Fields) {
        #[cfg(feature = "cookies")]
        if self.options.cookies && !self.shared.services.cookies.is_empty() {
            self.add_those_of_the_jar(fields);
        }
        #[cfg(not(feature = "cookies"))]
        let _none = fields;
    }

    #[cfg(feature = "cookies")]
    #[cold]
    fn add_those_of_the_jar(&self, fields: &mut Fields) {
        let given = || {
            let all = fields.get_all(COOKIE).iter().map(|value| value.as_bytes());
            let own: Vec<_> = all.collect();
            if !own.is_empty() {
                return own.join(&b"; "[..]);
            }
            let defaults = self.default_fields().get_all(COOKIE).iter().map(|value| value.as_bytes());
            defaults.collect::<Vec<_>>().join(&b"; "[..])
        };
        if let Some(field) = self.shared.services.cookies.field(self.target(), given) {
            fields.change().insert(COOKIE, field);
        }
    }

    /// Remembers what a final response says. On every one, so it has to be quick.
    #[inline]
    pub(super) fn remember(&self, head: &ResponseHead) {
        #[cfg(feature = "cookies")]
        if self.options.cookies && head.sets_cookies() {
            self.take_cookies(head);
        }
        if head.wants_https() && self.shared.services.hsts.is_some() {
            self.take_wish(head);
        }
    }

    #[cfg(feature = "cookies")]
    #[cold]
    fn take_cookies(&self, head: &ResponseHead) {
        // What a proxy on the way asks for it asks in its own name (RFC 9110 15.5.8): it is no cookie of the server's.
        let is_of_a_proxy = self.wire.as_ref().is_some_and(|wire| wire.proxy.is_some());
        if head.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED && is_of_a_proxy {
            return;
        }
        for (at, line) in head.headers().get_all(SET_COOKIE).iter().enumerate() {
            let line = line.as_bytes();
            let taken = if at < MOST_SET_AT_ONCE {
                self.shared.services.cookies.take(self.target(), line)
            } else {
                Err(CookieRefusal::TooMany)
            };
            self.emit(Mask::COOKIES, || {
                let name = shown_name(line);
                match taken {
                    Ok(Change::Stored) => Status::CookieStored { name },
                    Ok(Change::Removed) => Status::CookieRemoved { name },
                    Err(reason) => Status::CookieRefused { name, reason },
                }
            });
        }
    }

    /// The first field counts (RFC 6797 8.1), and it is not believed over a wire of which something is wrong.
    #[cold]
    fn take_wish(&self, head: &ResponseHead) {
        let field = head.headers().get(STRICT_TRANSPORT_SECURITY);
        let (Some(hsts), Some(field), true) = (&self.shared.services.hsts, field, self.options.tls.checks_all()) else {
            return;
        };
        if let Some((max_age, include_subdomains)) = hsts.take(self.target(), field.as_bytes()) {
            self.emit(Mask::HSTS, || Status::HttpsWanted { max_age, include_subdomains });
        }
    }

    /// The same by https, if the host of the target wants that.
    pub(super) fn by_https(&self, target: &Target) -> Option<Target> {
        self.shared.services.hsts.as_ref()?.by_https(target)
    }

    #[cold]
    pub(super) fn tell_of_https(&self, target: &Target) {
        self.emit(Mask::HSTS, || Status::MovedToHttps(target.url().into()));
    }
}
