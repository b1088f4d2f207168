//! Proxies that failed are left until last for a while.

use std::time::{Duration, Instant};

use crate::network::{Proxy, Route};

/// Proxies that failed lately, the one that failed longest ago first.
#[derive(Debug, Default)]
pub(crate) struct BadProxies(Vec<(Proxy, Instant)>);

impl BadProxies {
    /// The proxy failed.
    pub(crate) fn failed(&mut self, proxy: &Proxy, now: Instant) {
        self.worked(proxy);
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push((proxy.clone(), now));
    }

    /// The proxy worked.
    pub(crate) fn worked(&mut self, proxy: &Proxy) {
        self.0.retain(|(bad, _)| bad != proxy);
    }

    /// In their order, but those last that failed lately: when none of the others works, they may by now.
    pub(crate) fn put_last(&mut self, routes: &mut [Route], now: Instant) {
        self.0.retain(|(_, since)| now.saturating_duration_since(*since) < MEMORY);
        let is_bad = |route: &Route| route.proxy().is_some_and(|proxy| self.0.iter().any(|(bad, _)| bad == proxy));
        // Stable.
        routes.sort_by_key(is_bad);
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// As WinHTTP has it.
const MEMORY: Duration = Duration::from_secs(30 * 60);
/// A script may name new ones without end.
const MOST: usize = 64;
