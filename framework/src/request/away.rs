//! An exchange with an origin whose home is another shard, as the caller's journey sees it.
//!
//! A socket that is polled away from the reactor that made it costs a third more, and the limits of an origin hold where its wires
//! are. So a follow-up that leads there runs there, as an [errand](super::errand), and only what it says comes back.
//!
//! ```text
//!   the caller's journey (Away)                     the other shard (errand)
//!     goes_away        --------- Errand ----------->   wait for leave, send, receive the head, what came with it
//!     head_from_afar   <-- statuses, then Came -----
//!     pull_from_afar   --------- Read ------------->   read; then read one piece ahead
//!                      <-- statuses, then a piece --
//!     drop_response    --------- Drop ------------->   read the rest away, as far as that is worth it
//!     break_off        --------- BreakOff --------->   part with the wire at once
//! ```
//!
//! What happens there is told here, in the handle's name and in order, while a call waits for it; so nothing of it is told once the
//! call has ended, and what becomes of the wire that was told of is always told. A call that is given up leaves what it asked for in
//! `Away`, where the next one finds it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_core::Stream;
use tokio::sync::{mpsc, oneshot};

use super::errand::{Came, Errand, News, Order, Piece};
use super::journey::Journey;
use super::retelling::Retelling;
use super::timings::Sizes;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage, WireState};
use crate::handle::Node;
use crate::notification::{Notifications, Status};
use crate::protocol::http1::ResponseHead;
use crate::reason::CloseReason;

/// An exchange that runs on another shard. It is there until the body has ended.
pub(super) struct Away {
    node: Arc<Node>,
    orders: mpsc::UnboundedSender<Order>,
    told: Notifications,
    /// The head, until it has come.
    head: Option<oneshot::Receiver<Result<Came>>>,
    /// A piece that was asked for and has not come.
    piece: Option<oneshot::Receiver<Result<Piece>>>,
    retelling: Retelling,
    /// Does the wire carry other exchanges too?
    is_shared: Arc<AtomicBool>,
}

impl Away {
    /// Is the head still to come?
    pub(super) fn is_awaited(&self) -> bool {
        self.head.is_some()
    }

    /// Tells what has happened there, in the handle's name.
    fn tell(&mut self, context: &mut Context<'_>) {
        while let Poll::Ready(Some(one)) = Pin::new(&mut self.told).poll_next(context) {
            self.retelling.note(&one.status);
            self.emit(one.status);
        }
    }

    fn emit(&self, status: Status) {
        if let Some(mask) = status.mask() {
            self.node.emit(mask, || status);
        }
    }

    /// Waits for an answer, and tells what happens until it comes.
    async fn hear<T>(&mut self, which: fn(&mut Self) -> Option<&mut oneshot::Receiver<T>>) -> Option<T> {
        poll_fn(|context| {
            let answer = which(self).map_or(Poll::Ready(None), |answer| Pin::new(answer).poll(context).map(Result::ok));
            // What came before the answer is told before.
            self.tell(context);
            answer
        })
        .await
    }

    /// Parts with it at once. What was not told by then is not told any more, but for the end of the wire that was told of.
    pub(super) fn break_off(self, reason: CloseReason) {
        // One that has ended has no wire any more.
        let _ended = self.orders.send(Order::BreakOff(reason));
        match self.retelling.wire() {
            Some((wire, _)) if self.is_shared.load(Ordering::Relaxed) => self.emit(Status::WireReleased { wire }),
            Some((_, is_closing)) => {
                if !is_closing {
                    self.emit(Status::ClosingConnection { reason });
                }
                self.emit(Status::ConnectionClosed);
            }
            None => {}
        }
    }

    /// Has the response dropped there, and waits until that is done.
    pub(super) async fn drop_response(&mut self) {
        let (answer, done) = oneshot::channel();
        if self.orders.send(Order::Drop(answer)).is_ok() {
            let mut done = done;
            poll_fn(|context| {
                // What has crashed has parted with its wire too.
                let over = Pin::new(&mut done).poll(context).map(|_| ());
                self.tell(context);
                over
            })
            .await;
        }
    }

    /// The caller is done with it. A wire that was not given back by then is closed: nothing may be told of it later.
    pub(super) fn leave(mut self) {
        if !self.is_awaited() {
            self.tell(&mut Context::from_waker(Waker::noop()));
        }
        self.break_off(CloseReason::ResponseNotRead);
    }
}

impl Journey {
    /// Has the exchange run on the shard of its origin, if that is another one. Was that so?
    ///
    /// Of several lanes any is good that is here: the request has its place in it, and its wire rests there.
    pub(super) fn goes_away(&mut self) -> bool {
        let services = Arc::clone(&self.shared.services);
        if services.serves_here(self.target().origin()) {
            return false;
        }
        // The wires of a handshake are where the request is.
        if self.options.dial.bound.is_some() {
            return false;
        }
        let place = services.shard_for(self.target().origin());
        let Some(payload) = self.payload.again() else { return false };
        let (stand_in, told) = self.shared.node.stand_in();
        let (orders, taken) = mpsc::unbounded_channel();
        let (came, head) = oneshot::channel();
        let is_shared = Arc::new(AtomicBool::new(false));
        let headers = self.headers_for_afar();
        let errand = Errand {
            real: Arc::clone(&self.shared),
            stand_in,
            services: Arc::clone(&self.shared.services),
            aim: self.aim.clone(),
            headers,
            known: self.credentials_for_afar(),
            options: Arc::clone(&self.options),
            payload,
            times: self.times,
            attempt: self.attempt,
            is_shared: Arc::clone(&is_shared),
            hold: self.shared.node.hold(),
        };
        place.begin(move |load, _| errand.run(load, came, taken));
        let node = Arc::clone(&self.shared.node);
        let away =
            Away { node, orders, told, head: Some(head), piece: None, retelling: Retelling::default(), is_shared };
        self.away = Some(Box::new(away));
        // It is not known here how far it has got: nobody shall take it for safe to repeat.
        self.reached = WireState::BodySent;
        true
    }

    /// The head of an exchange that runs elsewhere. Dropped and called again, it goes on waiting.
    #[cold]
    pub(super) fn head_from_afar(&mut self) -> Pin<Box<dyn Future<Output = Result<Arc<ResponseHead>>> + '_>> {
        Box::pin(async move {
            let came = match &mut self.away {
                Some(away) => {
                    let again = away.retelling.resumed();
                    again.into_iter().for_each(|status| away.emit(status));
                    away.hear(|away| away.head.as_mut()).await
                }
                None => None,
            };
            let Came { head, early, news } = self.answered_afar(came, Operation::Receive)?;
            if let Some(away) = &mut self.away {
                away.head = None;
                if !away.retelling.has_told_of_answer() {
                    away.emit(Status::ResponseReceived(head.raw_length() as u64));
                }
            }
            self.reached = WireState::ResponseStarted;
            self.ahead = early;
            self.is_told(news);
            Ok(head)
        })
    }

    /// The next piece of a body that is read elsewhere. Dropped and called again, it goes on waiting for the same.
    #[cold]
    pub(super) fn pull_from_afar(&mut self, max: usize, operation: Operation) -> Pulling<'_> {
        Box::pin(async move {
            let Some(away) = &mut self.away else { return Ok(None) };
            if away.piece.is_none() {
                let (answer, piece) = oneshot::channel();
                // Where nobody is left to take it, that is the answer.
                let _lost = away.orders.send(Order::Read { max, answer });
                away.piece = Some(piece);
            }
            let read = away.hear(|away| away.piece.as_mut()).await;
            away.piece = None;
            let (mut piece, news) = self.answered_afar(read, operation)?;
            #[cfg(feature = "cache")]
            self.record(&piece);
            self.is_told(news);
            #[cfg(feature = "cache")]
            if self.away.is_none() {
                self.store_recorded();
            }
            if piece.len() > max {
                // It was asked for by a call that wanted more.
                self.ahead = piece.split_off(max);
            }
            Ok((!piece.is_empty()).then_some(piece))
        })
    }

    fn answered_afar<T>(&mut self, answer: Option<Result<T>>, operation: Operation) -> Result<T> {
        let error = match answer {
            Some(Ok(answer)) => return Ok(answer),
            Some(Err(error)) => error.in_operation(operation),
            None => self.lost_afar(operation),
        };
        self.away = None;
        self.shared.is_on(None);
        Err(error)
    }

    fn is_told(&mut self, news: News) {
        let News { attempt, wire, times, sizes, trailers, announced, has_ended } = news;
        self.attempt = attempt;
        // It is decoded here, where it is read.
        let sizes = Sizes { decoded_body: self.sizes.decoded_body, ..sizes };
        (self.wire, self.times, self.sizes, self.trailers) = (wire, times, sizes, trailers);
        if self.decoding.is_none() {
            self.announced = self.announced.or(announced);
        }
        if has_ended {
            self.away = None;
            self.shared.is_on(None);
        }
    }

    /// The shard has stopped, or the exchange has crashed there.
    fn lost_afar(&mut self, operation: Operation) -> Error {
        let crashed = || {
            let detail = "the exchange on another shard has crashed";
            Error::new(ErrorCode::InternalError, operation, Stage::State, Blame::Library, detail)
        };
        let error = self.shared.services.engine.check(operation).err().unwrap_or_else(crashed);
        let error = self.name(error);
        self.break_off(CloseReason::Cancelled);
        error
    }
}

type Pulling<'a> = Pin<Box<dyn Future<Output = Result<Option<Bytes>>> + 'a>>;
