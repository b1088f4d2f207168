//! All cookies of a jar (RFC 6265bis 5.7, 5.8): one bucket for each name that somebody has registered, and a bound for all of them.

use std::collections::HashMap;

use zeroize::Zeroizing;

use super::cookie::Cookie;
use super::scope::Scope;
use super::set_cookie::SetCookie;
use crate::policy::domains;
use crate::reason::CookieRefusal;

/// The cookies of a jar.
#[derive(Default)]
pub(crate) struct Store {
    /// By the registered name: what a server can set for others than itself is in its own bucket.
    sites: HashMap<Box<str>, Vec<Kept>>,
    count: usize,
    /// Counts what happens, to tell what was first and what was used last.
    tick: u64,
}

struct Kept {
    cookie: Cookie,
    /// Which was first of those that were created in one second.
    order: u64,
    used: u64,
}

/// What a `Set-Cookie` field has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Stored,
    /// It says that its time is over.
    Removed,
}

impl Store {
    /// Takes what a server at this place has set.
    pub(crate) fn set(&mut self, scope: &Scope<'_>, line: &[u8], now: i64) -> Result<Change, CookieRefusal> {
        let cookie = received(&SetCookie::parse(line)?, scope, now)?;
        let bucket = self.sites.get(domains::registrable(&cookie.domain));
        if !cookie.secure && !scope.secure {
            let hides = |kept: &Kept| !kept.cookie.is_over(now) && cookie.hides(&kept.cookie);
            if bucket.is_some_and(|bucket| bucket.iter().any(hides)) {
                return Err(CookieRefusal::HidesSecure);
            }
        }
        if cookie.is_over(now) {
            self.remove_if(domains::registrable(&cookie.domain), |kept| cookie.takes_the_place_of(kept));
            return Ok(Change::Removed);
        }
        self.keep(cookie, now);
        Ok(Change::Stored)
    }

    /// Takes a cookie out of a file; one that is over is not kept.
    pub(crate) fn restore(&mut self, mut cookie: Cookie, now: i64) -> Result<(), CookieRefusal> {
        cookie.check()?;
        cookie.expires = cookie.expires.map(|expires| expires.min(now.saturating_add(LONGEST)));
        if !cookie.is_over(now) {
            self.keep(cookie, now);
        }
        Ok(())
    }

    fn keep(&mut self, mut cookie: Cookie, now: i64) {
        self.tick += 1;
        let tick = self.tick;
        let site = domains::registrable(&cookie.domain);
        if !self.sites.contains_key(site) {
            self.sites.insert(site.into(), Vec::new());
        }
        let Some(bucket) = self.sites.get_mut(site) else { return };
        if let Some(same) = bucket.iter_mut().find(|kept| cookie.takes_the_place_of(&kept.cookie)) {
            // The order in which they are sent stays.
            cookie.created = same.cookie.created;
            (same.cookie, same.used) = (cookie, tick);
            return;
        }
        if bucket.len() >= MOST_OF_A_SITE
            && let Some(worst) = (0..bucket.len()).min_by_key(|&at| bucket.get(at).map(|kept| kept.worth(now)))
        {
            bucket.swap_remove(worst);
            self.count -= 1;
        }
        bucket.push(Kept { cookie, order: tick, used: tick });
        self.count += 1;
        if self.count > MOST {
            self.make_room(now);
        }
    }

    /// Several at once, so that who sets cookies without end does not have all of them looked at each time.
    fn make_room(&mut self, now: i64) {
        let mut worths: Vec<_> = self.sites.values().flatten().map(|kept| kept.worth(now)).collect();
        let (_, &mut last, _) = worths.select_nth_unstable(self.count - MOST + ROOM - 1);
        self.retain(|kept| kept.worth(now) > last);
    }

    fn retain(&mut self, mut stays: impl FnMut(&Kept) -> bool) {
        let mut count = 0;
        self.sites.retain(|_, bucket| {
            bucket.retain(&mut stays);
            count += bucket.len();
            !bucket.is_empty()
        });
        self.count = count;
    }

    /// What a request to this place carries, in the order in which it is sent: the longest path first, then the oldest.
    pub(crate) fn find(&mut self, scope: &Scope<'_>, now: i64) -> Vec<&Cookie> {
        let site = domains::registrable(scope.host);
        self.remove_if_over(site, now);
        self.tick += 1;
        let tick = self.tick;
        let bucket = self.sites.get_mut(site).map_or(&mut [][..], Vec::as_mut_slice);
        let mut found: Vec<_> = bucket.iter_mut().filter(|kept| kept.cookie.is_for(scope)).collect();
        found.sort_unstable_by_key(|kept| (std::cmp::Reverse(kept.cookie.path.len()), kept.cookie.created, kept.order));
        let mark = |kept: &'_ mut Kept| kept.used = tick;
        found
            .into_iter()
            .map(|kept| {
                mark(kept);
                &kept.cookie
            })
            .collect()
    }

    /// The value of the `Cookie` field of such a request, after what the caller has set; `None` if there is nothing to add.
    pub(crate) fn field(&mut self, scope: &Scope<'_>, given: &[u8], now: i64) -> Option<Vec<u8>> {
        let mut length = 0;
        let mut sent = self.find(scope, now);
        sent.truncate(MOST_SENT);
        sent.retain(|cookie| {
            let longer = length + cookie.name.len() + "=".len() + cookie.value.len() + "; ".len();
            let fits = longer <= LONGEST_FIELD;
            length = if fits { longer } else { length };
            fits
        });
        let pairs = sent.iter().map(|cookie| [&*cookie.name, b"=", &**cookie.value]);
        let mut field = Vec::with_capacity(given.len() + "; ".len() + length);
        field.extend_from_slice(given);
        for pair in pairs {
            if !field.is_empty() {
                field.extend_from_slice(b"; ");
            }
            pair.iter().for_each(|part| field.extend_from_slice(part));
        }
        (!sent.is_empty()).then_some(field)
    }

    /// All that are not over, the oldest first.
    pub(crate) fn all(&self, now: i64) -> Vec<Cookie> {
        let mut all: Vec<_> = self.sites.values().flatten().filter(|kept| !kept.cookie.is_over(now)).collect();
        all.sort_unstable_by_key(|kept| (kept.cookie.created, kept.order));
        all.into_iter().map(|kept| kept.cookie.clone()).collect()
    }

    /// How many there are, with those that are over and were not asked for since.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Removes those of this name, domain and path; how many there were.
    pub(crate) fn remove(&mut self, domain: &str, path: &str, name: &[u8]) -> usize {
        self.remove_if(domains::registrable(domain), |cookie| {
            (&*cookie.domain, &*cookie.path, &*cookie.name) == (domain, path, name)
        })
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Removes those that end with the session.
    pub(crate) fn end_session(&mut self) {
        self.retain(|kept| kept.cookie.expires.is_some());
    }

    fn remove_if_over(&mut self, site: &str, now: i64) {
        self.remove_if(site, |cookie| cookie.is_over(now));
    }

    fn remove_if(&mut self, site: &str, is_meant: impl Fn(&Cookie) -> bool) -> usize {
        let Some(bucket) = self.sites.get_mut(site) else { return 0 };
        let before = bucket.len();
        bucket.retain(|kept| !is_meant(&kept.cookie));
        let removed = before - bucket.len();
        if bucket.is_empty() {
            self.sites.remove(site);
        }
        self.count -= removed;
        removed
    }
}

impl Kept {
    /// Who is least goes first (RFC 6265bis 5.7): what is over, what is not for https only, what was used longest ago.
    fn worth(&self, now: i64) -> (bool, bool, u64) {
        (!self.cookie.is_over(now), self.cookie.secure, self.used)
    }
}

/// The cookie that a server at this place has set (RFC 6265bis 5.7).
fn received(said: &SetCookie<'_>, scope: &Scope<'_>, now: i64) -> Result<Cookie, CookieRefusal> {
    let domain = match said.domain {
        None => None,
        Some(domain) => {
            let domain = domains::canonical(domain).ok_or(CookieRefusal::NotItsDomain)?;
            if !domains::is_within(scope.host, &domain) {
                let is_suffix = domains::is_public_suffix(domains::of_url(&domain));
                return Err(if is_suffix { CookieRefusal::PublicSuffix } else { CookieRefusal::NotItsDomain });
            }
            // Of `a.b.c.kobe.jp` somebody has `b.c.kobe.jp`: above that nothing is one's own, though `kobe.jp` is no suffix.
            if !domains::is_within(&domain, domains::registrable(scope.host)) {
                return Err(CookieRefusal::PublicSuffix);
            }
            // An address has no domain, and a server that is a public suffix itself may set one for itself.
            let is_own = domains::is_address(scope.host) || domains::is_public_suffix(&domain);
            if is_own && domain != scope.host {
                return Err(CookieRefusal::PublicSuffix);
            }
            (!is_own).then_some(domain)
        }
    };
    let lifetime = |seconds: i64| now.saturating_add(seconds.min(LONGEST));
    let expires = match (said.max_age, said.expires) {
        (Some(..=0), _) => Some(i64::MIN),
        (Some(age), _) => Some(lifetime(age)),
        (None, expires) => expires.map(|expires| expires.min(lifetime(LONGEST))),
    };
    let path = match said.path {
        Some(path) => std::str::from_utf8(path).map_err(|_| CookieRefusal::BadPath)?,
        None => scope.default_path(),
    };
    let cookie = Cookie {
        name: said.name.into(),
        value: Zeroizing::new(said.value.into()),
        host_only: domain.is_none(),
        domain: domain.as_deref().unwrap_or(scope.host).into(),
        path: path.into(),
        secure: said.secure,
        http_only: said.http_only,
        same_site: said.same_site,
        expires,
        created: now,
    };
    if cookie.secure && !scope.secure {
        return Err(CookieRefusal::SetOverHttp);
    }
    if cookie.is_promised_to_host() && (said.path.is_none() || said.domain.is_some()) {
        return Err(CookieRefusal::BrokenPrefix);
    }
    cookie.check()?;
    Ok(cookie)
}

/// Cookies that one response may set, as curl has it.
pub(crate) const MOST_SET_AT_ONCE: usize = 50;
/// Seconds: 400 days (RFC 6265bis 5.5).
const LONGEST: i64 = 400 * 24 * 60 * 60;
/// Cookies of one registered name, as Chromium has it; the standard asks for 50 at least.
const MOST_OF_A_SITE: usize = 180;
/// Cookies in all; the standard asks for 3,000 at least.
const MOST: usize = 4096;
/// For how many more room is made when it is made.
const ROOM: usize = 128;
/// Cookies that one request carries, and octets of them, as curl has it: many servers refuse more.
const MOST_SENT: usize = 150;
const LONGEST_FIELD: usize = 8190;
