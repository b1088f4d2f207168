//! What a request has to do with proxies: it has them found where they do not stand in a list, and says what one that forwards it
//! wants to hear.

use std::sync::Arc;

use bytes::BytesMut;
use http::HeaderMap;
use http::header::PROXY_AUTHORIZATION;

use super::Request;
use super::journey::Journey;
use super::response::Response;
use crate::clock;
use crate::error::{Result, Stage};
use crate::network::Proxy;
use crate::notification::{NotificationMask as Mask, Status};
use crate::options::{NamedProxies, ProxySettings, SharedOptions};
use crate::protocol::http1::{BodyLength, Misuse, RequestHead};
use crate::transport::{ByProxy, find_routes};
use crate::wire::{Exchange, Failure};

impl Request {
    /// The proxy that the last exchange went through; `None` if it went straight to the server, or before there was one.
    pub fn proxy(&self) -> Option<Proxy> {
        self.inner.shared.facts()?.wire.as_ref()?.proxy.clone()
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
        let before = std::mem::replace(&mut self.stage, Stage::FindProxy);
        self.times.find_proxy_start = Some(clock::now());
        let (target, limit) = (self.target(), self.options.timeouts.resolve);
        let found = find_routes(resolver, target.origin(), target.as_str(), limit).await;
        self.stage = before;
        self.times.find_proxy_end = Some(clock::now());
        let routes = found?;
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
        // They belong to the proxy's settings: from here they would go to whichever comes next.
        if self.outgoing.contains_key(PROXY_AUTHORIZATION) || self.default_fields().contains_key(PROXY_AUTHORIZATION) {
            return Err(Failure::Misuse(Misuse::ProxyAuthorization));
        }
        let mut headers = HeaderMap::clone(&self.outgoing);
        for (name, value) in by.forwards.iter().flatten() {
            headers.try_append(name, value.clone()).map_err(|_| Failure::Misuse(Misuse::TooManyFields))?;
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
