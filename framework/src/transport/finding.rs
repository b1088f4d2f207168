//! A search for the routes to a URL, by whoever finds them.

use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;

use crate::clock;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::network::{ProxyResolver, Route};
use crate::options::MOST_ROUTES;
use crate::target::Origin;

/// The routes to this URL, for as long as a look-up may take. Never empty.
pub(crate) async fn find_routes(
    resolver: &dyn ProxyResolver,
    origin: &Origin,
    url: &str,
    limit: Option<Duration>,
) -> Result<Vec<Route>> {
    // Of a secure URL it need not know more than the server will show the network.
    let shown = if origin.is_secure() { format!("{origin}/") } else { url.to_owned() };
    // It is the caller's: a panic in it is the end of what it was asked for, and of nothing else.
    let finding = AssertUnwindSafe(async { resolver.find(&shown).await }).catch_unwind();
    let mut routes = match clock::within(limit, pin!(finding)).await {
        Ok(Ok(Ok(routes))) => routes,
        Ok(Ok(Err(error))) => return Err(not_found(error)),
        Ok(Err(_)) => {
            let detail = "a resolver of proxies of the caller's panicked";
            return Err(Error::new(ErrorCode::InternalError, Operation::Send, Stage::Resolve, Blame::Caller, detail));
        }
        Err(_) => return Err(Error::timeout(Operation::Send, Stage::Resolve, limit.unwrap_or_default())),
    };
    routes.truncate(MOST_ROUTES);
    if routes.is_empty() {
        routes.push(Route::Direct);
    }
    Ok(routes)
}

fn not_found(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => ours.in_operation(Operation::Send),
        Err(other) => {
            let detail = format!("the proxies for the URL were not found: {other}");
            let code = ErrorCode::AutoProxyServiceError;
            Error::new(code, Operation::Send, Stage::Resolve, Blame::Caller, detail).with_source(other)
        }
    }
}
