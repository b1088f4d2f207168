//! What a request has to do with proxies: it has them found where they do not stand in a list, and says what one that forwards it
//! wants to hear.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

use bytes::BytesMut;
use futures_util::FutureExt;
use http::HeaderMap;
use http::header::PROXY_AUTHORIZATION;

use super::Request;
use super::journey::Journey;
use super::response::Response;
use crate::clock;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::network::{Proxy, Route};
use crate::notification::{NotificationMask as Mask, Status};
use crate::options::{MOST_ROUTES, NamedProxies, ProxySettings, SharedOptions};
use crate::protocol::http1::{BodyLength, RequestHead};
use crate::target::Target;
use crate::transport::ByProxy;
use crate::wire::{Exchange, Failure};

impl Request {
    /// The proxy that the last exchange went through; `None` if it went straight to the server, or before there was one.
    pub fn proxy(&self) -> Option<Proxy> {
        self.inner.shared.facts()?.proxy.clone()
    }
}

impl Response {
    /// The proxy that it came through; `None` if it came straight from the server.
    pub fn proxy(&self) -> Option<Proxy> {
        self.handle().proxy()
    }
}

impl Journey {
    /// The options with the routes to the target in the place of who finds them; `None` where they are known, as nearly always.
    pub(super) async fn find_routes(&mut self) -> Result<Option<SharedOptions>> {
        let Some(resolver) = self.options.dial.proxy.resolver() else { return Ok(None) };
        self.emit(Mask::DETECTING_PROXY, || Status::DetectingProxy);
        let url = url_to_show(self.target());
        let limit = self.options.timeouts.resolve;
        // It is the caller's: a panic in it is the end of this request, and of no other.
        let finding = AssertUnwindSafe(async { resolver.find(&url).await }).catch_unwind();
        let mut routes = match clock::within(limit, pin!(finding)).await {
            Ok(Ok(Ok(routes))) => routes,
            Ok(Ok(Err(error))) => return Err(not_found(error)),
            Ok(Err(_)) => {
                let detail = "a resolver of proxies of the caller's panicked";
                let code = ErrorCode::InternalError;
                return Err(Error::new(code, Operation::Send, Stage::Resolve, Blame::Caller, detail));
            }
            Err(_) => return Err(Error::timeout(Operation::Send, Stage::Resolve, limit.unwrap_or_default())),
        };
        routes.truncate(MOST_ROUTES);
        if routes.is_empty() {
            routes.push(Route::Direct);
        }
        self.emit(Mask::GETPROXYFORURL_COMPLETE, || Status::ProxyFound(routes.clone()));
        let mut found = Arc::clone(&self.options);
        Arc::make_mut(&mut found).dial.proxy = ProxySettings::Named(NamedProxies::new(routes));
        Ok(Some(found))
    }

    /// The head for a proxy that forwards it: the whole URL, and what belongs to the proxy (RFC 9112 section 3.2.2).
    pub(super) fn prepare_forwarded(
        &mut self,
        by: &ByProxy,
        body: BodyLength,
    ) -> std::result::Result<(Exchange, BytesMut), Failure> {
        let mut headers = HeaderMap::clone(&self.outgoing);
        for (name, value) in by.forwards.iter().flatten() {
            headers.append(name, value.clone());
        }
        if self.may_show_to_proxy(by)
            && let Some(shown) = self.show_to_proxy(by)
        {
            headers.insert(PROXY_AUTHORIZATION, shown);
        }
        let head = RequestHead { target: self.target().as_str(), headers: &headers, ..self.head(body) };
        Exchange::prepare(&head, self.head_limits())
    }
}

/// What a resolver is told of a URL: of a secure one it need not know more than the server will show the network.
fn url_to_show(target: &Target) -> String {
    if target.origin().is_secure() { format!("{}/", target.origin()) } else { target.url() }
}

fn not_found(error: std::io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => ours.in_operation(Operation::Send),
        Err(other) => {
            let detail = format!("the proxies for the URL were not found: {other}");
            let code = ErrorCode::AutoProxyServiceError;
            Error::new(code, Operation::Send, Stage::Resolve, Blame::Caller, detail).with_source(other)
        }
    }
}
