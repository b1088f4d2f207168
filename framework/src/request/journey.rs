//! One exchange of a request with all it needs: held by the actor between operations, and by the operation while it runs.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::LocalKey;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;

use super::aim::Aim;
use super::authenticating::Authenticating;
use super::away::Away;
use super::beside::Beside;
#[cfg(feature = "cache")]
use super::caching::Caching;
use super::fields::Fields;
use super::follow_up::Following;
use super::headers::add_all;
use super::operation::stopped_by_caller;
use super::payload::{Payload, Source};
use super::shared::Shared;
use super::state::State;
use super::timings::{Sizes, Times};
use super::upgrade::{Upgrade, ask};
use crate::clock;
use crate::error::{Error, Operation, Result, Stage, WireState};
use crate::handle::StopReason;
use crate::notification::{NotificationMask as Mask, Status};
use crate::options::SharedOptions;
use crate::origin::{Asking, Lease, OwnOrigin, Turns};
use crate::protocol::coding::Decoder;
use crate::protocol::http1::{ResponseHead, Settled};
use crate::reason::CloseReason;
use crate::reused::{Reusable, Reused, Stock};
use crate::wire::{Exchange, Failure, Pace, WireFacts};

/// One exchange of a request, from the acceptance of `send` to the end of the response.
pub(super) struct Journey {
    pub(super) shared: Arc<Shared>,
    /// What the present exchange asks for, and of whom.
    pub(super) aim: Aim,
    /// The caller's, less what a follow-up has dropped.
    pub(super) headers: Fields,
    /// Those of the present exchange.
    pub(super) outgoing: Fields,
    pub(super) options: SharedOptions,
    pub(super) payload: Payload,
    pub(super) active: Option<Active>,
    /// An exchange that runs on another shard.
    pub(super) away: Option<Box<Away>>,
    pub(super) resends_left: u32,
    /// How often the peer may still say that it has not processed the request, and be asked again.
    pub(super) refusals_left: u32,
    pub(super) attempt: u32,
    /// A piece of the body that was decoded and not yet read.
    pub(super) ahead: Bytes,
    /// Why reading ahead has failed, which nobody was told yet.
    pub(super) failed_ahead: Option<Failure>,
    /// What an exact read has gathered; a read that was given up leaves it here.
    pub(super) gathered: BytesMut,
    /// How much at the front of `gathered` was read before, by a call that was given up, and told of then.
    pub(super) put_back: usize,
    /// How much of what the last read gave was told of before.
    pub(super) told_before: usize,
    pub(super) times: Times,
    /// When it looked at the clock last, as long as nothing was waited for since then.
    pub(super) looked: Option<Instant>,
    pub(super) sizes: Sizes,
    pub(super) head_deadline: Option<Instant>,
    /// It is on the paved path, of one operation.
    pub(super) flies: bool,
    /// A head that was not shown yet.
    pub(super) unshown: Option<Arc<ResponseHead>>,
    /// The length of the response body, if it was announced.
    pub(super) announced: Option<u64>,
    /// What undoes the codings of the response body, if it has any. Boxed: many have none.
    pub(super) decoding: Option<Box<Decoder>>,
    /// The caller was told that there is no more: until then a read loop is work in flight.
    pub(super) end_told: bool,
    /// How far the request has ever got, on this wire or on one that is gone.
    pub(super) reached: WireState,
    /// Its rounds with who asks for credentials, if it has any or was asked for some.
    pub(super) auth: Option<Box<Authenticating>>,
    /// How far a follow-up has come, inside a receive that may be given up and made again.
    pub(super) follow_up: Option<Box<Following>>,
    /// The request is being sent again inside a receive, which may be given up and made again. Over a fresh wire only?
    pub(super) resending: Option<bool>,
    /// Until when that may wait for a wire: calls that are given up and made again do not wait anew.
    pub(super) resend_until: Option<Instant>,
    /// Boxed: few responses have any.
    pub(super) trailers: Option<Box<HeaderMap>>,
    /// The operation in flight; the paved path goes through several.
    pub(super) operation: Operation,
    /// What it waits for, but for what [`stage`](Self::stage) sees better.
    pub(super) stage: Stage,
    /// While a wire is waited for: how far that has come.
    pub(super) asking: Option<Rc<Asking>>,
    /// Of the wire that carries it, or has carried it last.
    pub(super) wire: Option<Arc<WireFacts>>,
    /// What it was let go by; `None` for one that needs nobody's leave.
    pub(super) turns: Option<Box<Turns>>,
    /// Its head may be sent as it is composed now, over whatever wire it gets.
    pub(super) settled: Option<Settled>,
    /// What is to be sent beside the response.
    pub(super) source: Option<Box<Source>>,
    /// What sends it, until an actor has it.
    pub(super) beside: Option<Box<Beside>>,
    /// What it has to do with the cache of its session; `None` where that has none.
    #[cfg(feature = "cache")]
    pub(super) caching: Option<Box<Caching>>,
    /// The upgrade it asks for.
    pub(super) upgrade: Option<Box<Upgrade>>,
    /// Where its wires are, if nobody else may have them. Dropped last: it has parted with them by then.
    pub(super) own_origin: Option<OwnOrigin>,
}

impl Reusable for Journey {
    fn stock() -> &'static LocalKey<Stock<Self>> {
        thread_local! {
            static STOCK: Stock<Journey> = const { RefCell::new(Vec::new()) };
        }
        &STOCK
    }
}

/// A wire and the exchange on it.
pub(super) struct Active {
    pub(super) lease: Lease,
    pub(super) exchange: Exchange,
    pub(super) sending: Pace,
    pub(super) receiving: Pace,
}

impl Journey {
    /// What has to be wrong is found before anything happens: the head is settled now, and written when there is a wire for it.
    #[inline]
    pub(super) fn begin(shared: &Arc<Shared>, extra: HeaderMap, payload: Payload) -> Result<Reused<Self>> {
        let now = clock::now();
        let (mut headers, mut options, upgrades, aim, own) = {
            let mut draft = shared.draft();
            draft.begun = Some(now);
            let aim = draft.aim.clone();
            (draft.headers.clone(), Arc::clone(&draft.options), draft.upgrades, aim, draft.credentials.clone())
        };
        if !extra.is_empty() {
            // WinHttpSendRequest adds its headers with ADD and REPLACE.
            let headers = headers.change();
            for name in extra.keys() {
                headers.remove(name);
            }
            add_all(headers, extra).map_err(|error| error.in_operation(Operation::Send))?;
        }
        if let Some(moved) = aim.moved() {
            moved.strip(&mut headers, &mut options, &shared.target, &shared.services);
        }
        let upgrade =
            if upgrades { Some(ask(shared.target.origin(), headers.change(), &mut options, &payload)?) } else { None };
        let mut journey = Self::new(shared, headers, options, payload, now);
        (journey.aim, journey.upgrade) = (aim, upgrade);
        #[cfg(feature = "cache")]
        if journey.upgrade.is_none() {
            journey.caching = Caching::of(&shared.services, &journey.options);
        }
        if let Some(own) = own {
            journey.begin_authenticating(own)?;
        }
        journey.settled = journey.settle_first()?;
        if shared.by_https && journey.aim.moved().is_none() {
            journey.tell_of_https(&shared.target);
        }
        Ok(journey)
    }

    /// One of which nothing has happened.
    #[inline(always)]
    pub(super) fn new(
        shared: &Arc<Shared>,
        headers: Fields,
        options: SharedOptions,
        payload: Payload,
        started: Instant,
    ) -> Reused<Self> {
        Reused::new(|| Self {
            shared: Arc::clone(shared),
            aim: Aim::default(),
            headers,
            outgoing: Fields::default(),
            resends_left: options.resends,
            refusals_left: MOST_REFUSALS,
            options,
            payload,
            active: None,
            away: None,
            attempt: 1,
            ahead: Bytes::new(),
            failed_ahead: None,
            gathered: BytesMut::new(),
            put_back: 0,
            told_before: 0,
            times: Times::new(started),
            looked: None,
            sizes: Sizes::default(),
            head_deadline: None,
            flies: false,
            unshown: None,
            announced: None,
            decoding: None,
            end_told: false,
            reached: WireState::NotSent,
            follow_up: None,
            auth: None,
            resending: None,
            resend_until: None,
            trailers: None,
            operation: Operation::Send,
            stage: Stage::Queue,
            asking: None,
            wire: None,
            turns: None,
            settled: None,
            source: None,
            beside: None,
            #[cfg(feature = "cache")]
            caching: None,
            upgrade: None,
            own_origin: None,
        })
    }

    /// Where the request stands when no operation is in flight and none has failed.
    pub(super) fn state(&self) -> State {
        match &self.active {
            _ if self.is_sent_again() => State::Sent,
            // The request may still be under way beside it.
            Some(active) if active.exchange.has_head() && active.exchange.is_body_open() => {
                if self.is_read(active) {
                    State::Done
                } else {
                    State::Body
                }
            }
            Some(active) if !active.exchange.body_is_complete() => State::Uploading,
            // Its caller need not know yet, and may go on writing into the void.
            Some(active) if active.exchange.is_refused() && self.times.send_end.is_none() => State::Uploading,
            Some(active) if !active.exchange.has_head() => State::Sent,
            None if self.is_complete() => State::Done,
            _ if self.has_switched() => State::Upgraded,
            _ => State::Body,
        }
    }

    /// What an operation came to, and whether the exchange is over with it.
    pub(super) fn outcome<T>(&mut self, stopped: std::result::Result<Result<T>, StopReason>) -> (Result<T>, bool) {
        match stopped {
            Ok(result) => {
                let over = result.is_err();
                (result, over)
            }
            Err(reason) => {
                let (error, over) = self.stopped(reason);
                (Err(error), over)
            }
        }
    }

    /// An operation was stopped: its error, and whether the exchange is over with it.
    #[cold]
    fn stopped(&mut self, reason: StopReason) -> (Error, bool) {
        let operation = self.operation;
        let receiving = matches!(operation, Operation::Receive | Operation::QueryDataAvailable | Operation::Read);
        let (error, close_reason) = match (reason, self.shared.broken_by()) {
            (_, Some((error, close_reason))) => (error.in_operation(operation), close_reason),
            (StopReason::Closing, None) => return (self.close_error(operation), true),
            (StopReason::Overdue, None) => return (self.overdue(), true),
            (reason, None) => (self.name(stopped_by_caller(operation, reason)), CloseReason::Cancelled),
        };
        let over = reason != StopReason::Abandoned || !receiving;
        if over {
            self.break_off(close_reason);
        }
        (error, over)
    }

    #[cold]
    fn close_error(&mut self, operation: Operation) -> Error {
        let error = self.name(self.shared.node.interrupted(operation));
        self.break_off(CloseReason::Cancelled);
        error
    }

    /// Has all of the response been read?
    pub(super) fn is_read(&self, active: &Active) -> bool {
        active.exchange.is_ended() && self.ahead.is_empty() && self.gathered.is_empty() && self.is_decoded()
    }

    /// Is there nothing left to read?
    pub(super) fn is_complete(&self) -> bool {
        #[cfg(feature = "cache")]
        if self.given_left() > 0 {
            return false;
        }
        let is_read = self.ahead.is_empty() && self.gathered.is_empty() && self.is_decoded();
        is_read && self.active.is_none() && self.away.is_none()
    }

    /// An error of this request, with its URL and how far it had got.
    #[cold]
    pub(super) fn error(&self, failure: Failure, operation: Operation) -> Error {
        self.name(failure.into_error(operation))
    }

    #[cold]
    pub(super) fn name(&self, error: Error) -> Error {
        let state = self.wire_state();
        error.with_url(&self.target().url()).with_wire_state(state)
    }

    pub(super) fn wire_state(&self) -> WireState {
        let now = self.active.as_ref().map_or(WireState::NotSent, |active| active.exchange.wire_state());
        self.reached.max(now)
    }

    #[inline]
    pub(super) fn emit(&self, mask: Mask, status: impl FnOnce() -> Status) {
        self.shared.node.emit(mask, status);
    }
}

/// How often a request is sent again that the peer says it has not processed: a resend that counts as none.
const MOST_REFUSALS: u32 = 5;
