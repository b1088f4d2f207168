//! A request that becomes a WebSocket (RFC 6455 section 4.1, RFC 8441): it is sent as any other, and its wire, or its stream, is handed
//! over.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use actix::{Context, Handler, Message};
use bytes::BytesMut;
use http::{HeaderMap, Method};

use super::actor::RequestActor;
use super::journey::{Active, Journey};
use super::payload::Payload;
use super::showing::Awaits;
use super::state::{Call, State};
use super::{Request, WebSocket};
use crate::chance;
use crate::clock;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::notification::{NotificationMask as Mask, Status};
use crate::options::{Protocols, SharedOptions};
use crate::origin::{Lease, Sought, known_origin};
use crate::protocol::http1::{BodyLength, RequestHead};
use crate::protocol::websocket::deflate::Offer;
use crate::protocol::websocket::handshake::{Asked, agreed_compression, chosen_protocol};
use crate::target::Origin;
use crate::websocket::{Opening, Upgraded};
use crate::wire::{Exchange, Failure};

/// Makes a WebSocket of the request: [`Request::complete_upgrade`] as a message.
///
/// An example is at [`messages`](crate::messages).
#[doc(alias = "WinHttpWebSocketCompleteUpgrade")]
#[derive(Clone, Copy, Debug, Default, Message)]
#[rtype(result = "Result<WebSocket>")]
pub struct CompleteUpgrade {
    /// The context of the WebSocket's notifications.
    pub context: u64,
}

impl Request {
    /// From now on every `send` asks the server to switch to WebSocket (`WINHTTP_OPTION_UPGRADE_TO_WEB_SOCKET`).
    ///
    /// The fields that ask for it are added when the request is sent, with a new key each time. Subprotocols are offered by a
    /// `Sec-WebSocket-Protocol` field of the caller's. If the server consents its answer is a 101, or over HTTP/2 a 2xx, which was
    /// checked by then: [`is_upgraded`](Self::is_upgraded) is true, and [`complete_upgrade`](Self::complete_upgrade) gives the
    /// WebSocket. Any other answer is a response as ever.
    ///
    /// [`Protocols`] says how it is asked:
    /// - `Http1`: over a wire of HTTP/1.1, which is the WebSocket's alone from then on.
    /// - `PreferHttp2`: by a stream of a wire of HTTP/2 (RFC 8441), if there is one to this origin whose server has said that it takes
    ///   WebSockets so, and which has room for one; else over HTTP/1.1. None is dialed for it, and nothing waited for. What is sent
    ///   again, because the stream was refused or the server requires HTTP/1.1 for it, goes over HTTP/1.1.
    /// - `RequireHttp2`: by a stream of HTTP/2, of a wire that is known to take WebSockets if there is one, else of any; one is dialed
    ///   if need be. Its server's first word is waited for, as long as connecting may take; a server that does not take WebSockets so
    ///   fails the `send` with 12190 at `Stage::Upgrade`.
    /// - `Http10`: not at all; the `send` fails with 87.
    ///
    /// # Errors
    /// 87 unless it is a GET, 12019 while the request is under way, 6 when it is closed. A `send` that then has a body, or a field that
    /// is the library's to write, fails with 87.
    #[doc(alias = "WINHTTP_OPTION_UPGRADE_TO_WEB_SOCKET")]
    pub fn upgrade_to_websocket(&self) -> Result<()> {
        let shared = &self.inner.shared;
        shared.check(Call::Upgrade, Operation::SetOption)?;
        if shared.method != Method::GET {
            return Err(Error::parameter(Operation::SetOption, "a WebSocket is asked for by a GET (RFC 6455 4.1)"));
        }
        shared.draft().upgrades = true;
        Ok(())
    }

    /// Has the server consented to an upgrade, and nobody yet taken the WebSocket?
    pub fn is_upgraded(&self) -> bool {
        self.inner.shared.state() == State::Upgraded
    }

    /// After the server's consent: the WebSocket that the wire, or a stream of it, has become (`WinHttpWebSocketCompleteUpgrade`),
    /// with this context.
    ///
    /// Its parent is that of the request, whose subscribers it has, and it lives on when the request closes. The request is then
    /// complete, and can be sent again. Dropping the future before it is ready closes the WebSocket.
    ///
    /// # Errors
    /// 12019 unless the server has consented and the wire is still here; 6 when the request or a handle above it is closed.
    #[doc(alias = "WinHttpWebSocketCompleteUpgrade")]
    pub async fn complete_upgrade(&self, context: u64) -> Result<WebSocket> {
        let operation = Operation::CompleteUpgrade;
        self.inner.shared.node.check_open(operation)?;
        let answer = self.inner.addr().send(CompleteUpgrade { context }).await;
        answer.unwrap_or_else(|_| Err(self.lost(operation)))
    }
}

impl Handler<CompleteUpgrade> for RequestActor {
    type Result = Result<WebSocket>;

    fn handle(&mut self, message: CompleteUpgrade, _: &mut Context<Self>) -> Result<WebSocket> {
        let mut journey = self.resume(Call::CompleteUpgrade, Operation::CompleteUpgrade)?;
        let upgraded = self.hand_over(&mut journey, message.context);
        self.journey = Some(journey);
        upgraded
    }
}

impl RequestActor {
    fn hand_over(&mut self, journey: &mut Journey, context: u64) -> Result<WebSocket> {
        let operation = Operation::CompleteUpgrade;
        // First what may be refused, while the wire is still the request's.
        let opening = Opening::under(self.shared.owner(), context)?;
        let Some(Active { lease, exchange, .. }) = journey.active.take() else {
            let detail = "the wire of the upgrade is missing";
            return Err(Error::new(ErrorCode::InternalError, operation, Stage::State, Blame::Library, detail));
        };
        self.shared.is_on(None);
        let wire = lease.id();
        journey.emit(Mask::WIRES, || Status::WireReleased { wire });
        journey.end_told = true;
        self.shared.enter(State::Done);
        self.load = None;
        // What lives on is no request, and takes nobody's turn.
        journey.turns = None;
        let (head, offer) = (self.shared.head(), Offer::of(&journey.options.websocket));
        // It was checked when it came.
        let agreed = head.as_ref().and_then(|head| agreed_compression(offer.as_ref(), head.headers()).ok()?);
        Ok(opening.start(Upgraded {
            tunnel: exchange.into_tunnel().map(Box::new),
            lease,
            options: journey.options.websocket,
            send_timeout: journey.options.timeouts.send,
            queue_timeout: journey.options.timeouts.queue,
            protocol: head.and_then(|head| chosen_protocol(head.headers())),
            agreed,
            url: self.shared.url(),
            work: self.work.take().map(|end| self.shared.services.work.guard(end)),
        }))
    }
}

impl Journey {
    /// Does what follows on its wire belong to a WebSocket?
    pub(super) fn has_switched(&self) -> bool {
        self.upgrade.is_some() && self.active.as_ref().is_some_and(|active| active.exchange.has_switched())
    }

    /// The head for one attempt, with a key that no other has.
    pub(super) fn prepare_upgrade(
        &self,
        upgrade: &Upgrade,
        body: BodyLength,
    ) -> std::result::Result<(Exchange, BytesMut), Failure> {
        let mut headers = self.outgoing.clone();
        let nonce = chance::octets().map_err(|none| Failure::Io(Stage::Upgrade, io::Error::other(none)))?;
        let asked = upgrade.asked.clone().with_key(nonce, headers.change());
        let head = RequestHead { headers: &headers, ..self.head(body) };
        let (mut exchange, octets) = Exchange::prepare(&head, self.head_limits())?;
        exchange.expect_upgrade(Box::new(asked));
        Ok((exchange, octets))
    }

    /// A share of a wire that takes WebSockets, where one is preferred or required, and there is one.
    ///
    /// What has failed by a stream is asked for over HTTP/1.1 (`fresh`), unless a stream is required.
    pub(super) fn lend_to_upgrade(&self, fresh: bool) -> Option<Lease> {
        let options = match &self.upgrade.as_ref()?.shares {
            Some(options) if !fresh => options,
            None if self.options.protocols == Protocols::RequireHttp2 => &self.options,
            _ => return None,
        };
        let sought = Sought::new(self.shared.services.session.id(), self.target().origin(), options);
        known_origin(&sought)?.lend_to_websocket(&self.shared.node)
    }

    /// Does the server want the upgrade to be asked for over HTTP/1.1 (RFC 9113 section 7), where that may be done?
    pub(super) fn is_sent_to_http1(&self, failure: &Failure) -> bool {
        failure.requires_http1() && self.upgrade.as_ref().is_some_and(|upgrade| upgrade.shares.is_some())
    }

    /// Has the exchange ask by a stream, once it is known that the server takes that (RFC 8441 section 3). An error is the end of the
    /// operation, and not of the wire.
    pub(super) async fn ask_by_stream(&mut self, lease: &Lease, exchange: &mut Exchange) -> Result<()> {
        let (Some(upgrade), Some(wire)) = (&self.upgrade, lease.multiplexed()) else { return Ok(()) };
        self.stage = Stage::Upgrade;
        self.shared.now_awaits(Awaits::Server);
        let limit = self.options.timeouts.connect;
        let greeted = pin!(wire.comes_to_take_websockets());
        let error = match clock::within(limit, greeted).await {
            Ok(true) => {
                exchange.expect_upgrade(Box::new(upgrade.asked.clone()));
                return Ok(());
            }
            Ok(false) => {
                let detail = "HTTP/2 is required, and the server takes no WebSocket by a stream of it (RFC 8441)";
                let (code, operation) = (ErrorCode::HttpProtocolMismatch, Operation::Send);
                Error::new(code, operation, Stage::Upgrade, Blame::Peer, detail)
            }
            Err(_) => Error::timeout(Operation::Send, Stage::Upgrade, limit.unwrap_or_default()),
        };
        Err(error)
    }
}

/// An upgrade that a request asks for.
pub(super) struct Upgrade {
    asked: Asked,
    /// By a stream of a wire that is found under these options, if there is one.
    shares: Option<SharedOptions>,
}

/// Adds what asks for an upgrade to the fields of one exchange. What HTTP/1.1 alone may carry is left out where it goes by a stream.
pub(super) fn ask(
    origin: &Origin,
    headers: &mut HeaderMap,
    options: &mut SharedOptions,
    payload: &Payload,
) -> Result<Box<Upgrade>> {
    let refuse = |detail: String| Error::parameter(Operation::Send, detail);
    if !matches!(payload.0.length(), Some(BodyLength::None | BodyLength::Length(0))) {
        return Err(refuse("a request that asks for a WebSocket has no body".to_owned()));
    }
    if options.protocols == Protocols::Http10 {
        return Err(refuse("HTTP/1.0 knows no WebSocket: it has no upgrades".to_owned()));
    }
    let shares = (options.protocols == Protocols::PreferHttp2).then(|| Arc::clone(options));
    if shares.is_some() {
        // A wire that is dialed for it must not turn out to speak HTTP/2, by a server that may take no WebSocket over it.
        Arc::make_mut(options).protocols = Protocols::Http1;
    }
    if !origin.is_secure() && !options.dial.proxy.is_direct() {
        // A proxy that forwards requests knows nothing of what follows a 101.
        Arc::make_mut(options).dial.always_tunnel = true;
    }
    let nonce = chance::octets().map_err(|none| {
        Error::new(ErrorCode::InternalError, Operation::Send, Stage::Upgrade, Blame::Library, none.to_string())
    })?;
    let asked = Asked::with(nonce, headers).map_err(|misuse| refuse(misuse.to_string()))?;
    let asked = asked.offering(Offer::of(&options.websocket), headers);
    Ok(Box::new(Upgrade { asked, shares }))
}
