//! Through which proxies a server is reached, in which order they are tried, and how one is gone through.

mod budget;
mod bypass;
mod environment;
mod memory;
mod plan;
#[cfg(test)]
mod tests;

use crate::network::Route;
use crate::options::NamedProxies;
use crate::target::Origin;

pub(crate) use budget::Budget;
pub(crate) use environment::text_of;
pub(crate) use memory::BadProxies;
pub(crate) use plan::{Leg, Plan, Reach};

/// The routes to a server, in order. Never empty.
pub(crate) fn routes(named: &NamedProxies, origin: &Origin) -> Vec<Route> {
    let routes = named.routes(origin.is_secure());
    if routes.is_empty() || named.exceptions().covers(origin) { vec![Route::Direct] } else { routes.to_vec() }
}

/// What follows from a failed dial by one route, if there are others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The proxy is at fault: the next one is tried, and this one is left until last for a while.
    Bad,
    /// The proxy works, but did not get there: the next one may.
    NotThere,
    /// No other would fare better: the caller has to mend something, or the server itself failed.
    Final,
}
