//! What the head of an exchange is made of: the caller's fields, less what a follow-up dropped, and what the policies add.

use bytes::BytesMut;
use http::header::{CONTENT_TYPE, EXPECT, HeaderValue};
use http::{HeaderMap, Version};

use super::fields::Fields;
use super::journey::Journey;
use super::payload::Kind;
use crate::error::{Error, Operation, Result};
use crate::options::Protocols;
use crate::origin::Lease;
use crate::protocol::http1::{BodyLength, HeadLimits, RequestHead, Settled};
use crate::wire::{Exchange, Failure};

impl Journey {
    /// The fields of the exchange that is about to begin: composed once for each, be it the first, a resend or a follow-up.
    ///
    /// [`Journey::headers`] are the caller's, without what was dropped on the way. What a policy adds is added to the copy, and never
    /// stays for the next exchange.
    #[expect(clippy::unnecessary_wraps, reason = "a policy may have to refuse")]
    #[inline]
    pub(super) fn outgoing(&mut self) -> Result<Fields> {
        let mut fields = self.headers.clone();
        let may_expect = self.options.expect_continue.is_some() && self.options.protocols != Protocols::Http10;
        if may_expect && !fields.contains_key(EXPECT) {
            let has_body = !matches!(self.payload.0.length(), Some(BodyLength::None | BodyLength::Length(0)));
            if has_body {
                fields.change().insert(EXPECT, HeaderValue::from_static("100-continue"));
            }
        }
        self.add_cookies(&mut fields);
        if self.auth.is_some() || self.shared.services.terms.keyring.is_used() {
            self.show_credentials(&mut fields);
        }
        if let Kind::Form(form) = &self.payload.0
            && !fields.contains_key(CONTENT_TYPE)
            && let Ok(content_type) = HeaderValue::try_from(form.content_type_of_all())
        {
            fields.change().insert(CONTENT_TYPE, content_type);
        }
        #[cfg(feature = "cache")]
        if self.caching.is_some() {
            self.asks_by_validators(fields.change());
        }
        Ok(fields)
    }

    /// What is found out about the head of the first attempt; `None` where the length of the body is not known before its source is
    /// opened.
    pub(super) fn settle_first(&mut self) -> Result<Option<Settled>> {
        let Some(length) = self.payload.0.length() else { return Ok(None) };
        if let BodyLength::Length(total) = length {
            let first = self.payload.0.first().len() as u64;
            if first > total {
                let detail = format!("the first data of {first} octets is longer than the announced total of {total}");
                return Err(Error::parameter(Operation::Send, detail));
            }
        }
        self.outgoing = self.outgoing()?;
        let head = self.head(length);
        let settled = match self.shared.services.plain_octets.filter(|_| self.is_plain()) {
            Some(octets) => head.settle_plain(octets),
            None => head.settle_lines(),
        };
        let settled = settled.map_err(Failure::Misuse);
        settled.map(Some).map_err(|failure| failure.into_error(Operation::Send).with_url(&self.target().url()))
    }

    /// The exchange in the protocol of its wire, and what HTTP/1.1 is to write of it.
    #[inline]
    pub(super) fn begin_exchange(
        &mut self,
        lease: &Lease,
        settled: Option<Settled>,
        body: BodyLength,
    ) -> std::result::Result<(Exchange, BytesMut), Failure> {
        let wire = lease.multiplexed();
        if let Some(by) = lease.by().filter(|by| by.forwards.is_some() && wire.is_none()) {
            return self.prepare_forwarded(by, body);
        }
        if let Some(asked) = self.upgrade.as_ref().filter(|_| wire.is_none()) {
            return self.prepare_upgrade(asked, body);
        }
        let (head, limits) = (self.head(body), self.head_limits());
        let settled = settled.map_or_else(|| head.settle_lines(), Ok).map_err(Failure::Misuse)?;
        let Some(wire) = wire else { return Ok(Exchange::http1(&head, &settled, limits)) };
        let secure = self.target().origin().is_secure();
        let plain = self.is_plain().then_some(&*self.shared.services.plain_fields);
        Exchange::http2(wire, &head, &settled, secure, plain, limits).map(|stream| (stream, BytesMut::new()))
    }

    #[inline]
    pub(super) fn head(&self, body: BodyLength) -> RequestHead<'_> {
        let target = self.target();
        RequestHead {
            version: if self.options.protocols == Protocols::Http10 { Version::HTTP_10 } else { Version::HTTP_11 },
            method: self.method(),
            target: target.path_and_query(),
            host: target.origin().authority(),
            headers: &self.outgoing,
            defaults: self.default_fields(),
            accept_encoding: self.codings_asked_for(),
            body,
        }
    }

    /// Does it add nothing to the fields of its session?
    #[inline]
    fn is_plain(&self) -> bool {
        self.outgoing.is_empty() && self.aim.moved().is_none()
    }

    /// The session's fields, less what was dropped on the way.
    pub(super) fn default_fields(&self) -> &HeaderMap {
        self.aim.moved().and_then(|moved| moved.defaults.as_deref()).unwrap_or(&self.shared.services.default_headers)
    }

    pub(super) fn head_limits(&self) -> HeadLimits {
        let limits = &self.options.limits;
        HeadLimits {
            head_octets: limits.response_head,
            header_fields: limits.header_fields,
            interim_responses: limits.interim_responses,
            leniency: self.options.leniency,
            ..HeadLimits::default()
        }
    }
}
