//! By which proxies a URL is reached (`WinHttpGetProxyForUrl`).

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{Either, select};
use tokio::sync::oneshot;

use super::Session;
use crate::clock;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::handle::Node;
use crate::network::Route;
use crate::notification::{NotificationMask as Mask, Status};
use crate::options::{MOST_ROUTES, NamedProxies, ProxySettings, SharedOptions};
use crate::policy::proxy::{routes, text_of};
use crate::target::{IntoTarget, Origin, Target};

impl Session {
    /// The ways by which a request of this session to this URL would go, in the order in which they are tried; which of them is bad
    /// at the moment is not looked at. Where they are found by a resolver, as by a script, that is asked, and the session tells of
    /// it: `DetectingProxy`, then `ProxyFound` or `RequestError`.
    ///
    /// # Errors
    /// What the resolver fails with, for a script 12166, 12167, 12177, 12178 or 12180; 12002 when it takes longer than a look-up may
    /// ([`Timeouts::resolve`](crate::Timeouts::resolve)); 12005 and 12006 for the URL, 87 for an environment that cannot be read; 6
    /// when the session is closed, 12017 when it is closed meanwhile.
    #[doc(alias("WinHttpGetProxyForUrlEx2", "WinHttpGetProxyResult", "WinHttpGetProxyResultEx"))]
    #[doc(alias = "WinHttpGetProxyForUrl")]
    #[doc(alias = "WinHttpGetProxyForUrlEx")]
    pub async fn proxy_for_url(&self, url: impl IntoTarget) -> Result<Vec<Route>> {
        let operation = Operation::ProxyForUrl;
        let target = url.into_target().map_err(|error| error.in_operation(operation))?;
        self.inner.node.check_open(operation)?;
        let options = self.options_for(target.origin());
        match &options.dial.proxy {
            ProxySettings::Named(named) => Ok(routes(named, target.origin())),
            ProxySettings::FromEnvironment | ProxySettings::System => from_environment(target.origin()),
            ProxySettings::Automatic(_) => self.detect(target, options).await,
            ProxySettings::Direct => Ok(vec![Route::Direct]),
        }
    }

    /// Asks the resolver, on a shard: its search need not be able to leave the thread it began on.
    async fn detect(&self, target: Target, options: SharedOptions) -> Result<Vec<Route>> {
        let services = &self.inner.services;
        let (node, (say, said)) = (Arc::clone(&self.inner.node), oneshot::channel());
        let begun = services.engine.next_shard().run(move || {
            tokio::task::spawn_local(async move {
                let hold = node.hold();
                let found = detect_here(&node, &target, &options).await;
                drop(hold);
                // Whoever asked may have lost interest.
                let _left = say.send(found);
            });
        });
        let stopped = || self.inner.node.gone(Operation::ProxyForUrl);
        if !begun {
            services.engine.check(Operation::ProxyForUrl)?;
        }
        said.await.map_err(|_| stopped())?
    }
}

async fn detect_here(node: &Arc<Node>, target: &Target, options: &SharedOptions) -> Result<Vec<Route>> {
    node.emit(Mask::DETECTING_PROXY, || Status::DetectingProxy);
    let finding = pin!(find(target, options));
    let found = match select(finding, pin!(node.begun_to_close())).await {
        Either::Left((found, _)) => found,
        Either::Right(_) => Err(node.interrupted(Operation::ProxyForUrl)),
    };
    match &found {
        Ok(routes) => node.emit(Mask::GETPROXYFORURL_COMPLETE, || Status::ProxyFound(routes.clone())),
        Err(error) => node.emit(Mask::REQUEST_ERROR, || Status::RequestError {
            operation: Operation::ProxyForUrl,
            error: error.clone(),
        }),
    }
    found
}

async fn find(target: &Target, options: &SharedOptions) -> Result<Vec<Route>> {
    let Some(resolver) = options.dial.proxy.resolver() else { return Ok(vec![Route::Direct]) };
    // As a script may see it.
    let origin = target.origin();
    let url = if origin.is_secure() { format!("{origin}/") } else { target.url() };
    let failed = |code, blame, detail: String| {
        Error::new(code, Operation::ProxyForUrl, Stage::FindProxy, blame, detail).with_url(&target.url())
    };
    // It may be the caller's: a panic in it is the end of this search, and of nothing else.
    let finding = AssertUnwindSafe(async { resolver.find(&url).await }).catch_unwind();
    let limit = options.timeouts.resolve;
    let Ok(found) = clock::within(limit, pin!(finding)).await else {
        let waited = limit.unwrap_or_default();
        return Err(Error::timeout(Operation::ProxyForUrl, Stage::FindProxy, waited).with_url(&target.url()));
    };
    match found {
        Ok(Ok(mut routes)) => {
            routes.truncate(MOST_ROUTES);
            Ok(if routes.is_empty() { vec![Route::Direct] } else { routes })
        }
        Ok(Err(error)) => Err(match error.downcast::<Error>() {
            Ok(ours) => ours.in_operation(Operation::ProxyForUrl),
            Err(other) => {
                let detail = format!("the proxies for the URL were not found: {other}");
                failed(ErrorCode::AutoProxyServiceError, Blame::Caller, detail).with_source(other)
            }
        }),
        Err(_) => Err(failed(
            ErrorCode::InternalError,
            Blame::Caller,
            "a resolver of proxies of the caller's panicked".to_owned(),
        )),
    }
}

fn from_environment(origin: &Origin) -> Result<Vec<Route>> {
    let settings = ProxySettings::from_variables(|name| text_of(std::env::var(name)))
        .map_err(|error| error.in_operation(Operation::ProxyForUrl))?;
    let named: NamedProxies = match settings {
        ProxySettings::Named(named) => named,
        _ => return Ok(vec![Route::Direct]),
    };
    Ok(routes(&named, origin))
}
