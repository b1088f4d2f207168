//! All kinds of exchanges, and how often each comes.

use std::pin::Pin;
use std::sync::Arc;

use integration_tests::Seeded;

use super::verdict::Verdict;
use super::world::World;
use super::{closing, exchanges, spoiled, streams};

/// An exchange: the world, what it chooses by, and its number.
pub(super) type Perform = fn(Arc<World>, Seeded, u64) -> Pin<Box<dyn Future<Output = Verdict> + Send>>;

macro_rules! kinds {
    ($($often:literal $name:literal $module:ident :: $function:ident,)*) => {
        /// How often, its name, and what it does.
        pub(super) const KINDS: &[(usize, &str, Perform)] = &[
            $(($often, $name, |world, chance, number| Box::pin(async move { $module::$function(&world, chance, number).await })),)*
        ];
    };
}

kinds! {
    10 "HTTP/1.1" exchanges::http1,
    8 "HTTP/1.1 call for call" exchanges::call_for_call,
    4 "uploads" exchanges::upload,
    10 "HTTP/2" exchanges::http2,
    3 "HTTP/2 refused or reset" exchanges::http2_refusals,
    6 "TLS" exchanges::secure,
    2 "TLS of another's name" exchanges::wrong_name,
    4 "redirects" exchanges::redirects,
    4 "authentication" exchanges::authentication,
    3 "cookies" exchanges::cookies,
    4 "codings" exchanges::codings,
    1 "bombs" exchanges::bombs,
    4 "cache" exchanges::cache,
    4 "proxies" exchanges::proxies,
    3 "nobody there" exchanges::nobody,
    3 "malformed responses" exchanges::malformed,
    2 "silence" exchanges::silence,
    5 "WebSockets" streams::websocket,
    3 "WebSockets over HTTP/2" streams::websocket_over_http2,
    2 "WebSockets, compressed" streams::compressed,
    2 "event sources" streams::events,
    2 "downloads" streams::download,
    5 "spoiled HTTP/1.1" spoiled::http1,
    4 "spoiled TLS" spoiled::secure,
    4 "spoiled HTTP/2" spoiled::http2,
    3 "spoiled WebSockets" spoiled::websocket,
    2 "spoiled downloads" spoiled::download,
    5 "given up" closing::given_up,
    4 "cancelled" closing::cancelled,
    3 "closed at any level" closing::closed,
}

/// One of them.
pub(super) fn pick(chance: &mut Seeded) -> (&'static str, Perform) {
    let mut at = chance.below(KINDS.iter().map(|kind| kind.0).sum());
    for (often, name, perform) in KINDS {
        match at.checked_sub(*often) {
            None => return (name, *perform),
            Some(rest) => at = rest,
        }
    }
    (KINDS[0].1, KINDS[0].2)
}
