//! An exchange with an origin whose home is another shard: it runs there, and only what it says comes back.
//!
//! A socket that is polled away from the reactor that made it costs a third more, and the limits of an origin hold where its wires are.
//! So a follow-up that leads there has a journey of its own on that shard, which shares the handle with the caller's: what it meets is
//! told to the same subscribers, in order, as the caller's journey waits meanwhile.
//!
//! ```text
//!   the caller's journey (Away)                     the other shard (serve)
//!     begin  ------------ Errand ----------------->   wait for leave, send, receive the head, what came with it
//!     head   <----------- Came -------------------
//!     pull   ------------ Order::Read ------------>   read; then read one piece ahead
//!            <----------- News -------------------
//!     the response is dropped: Order::Drop, and a word when the wire was parted with
//!     broken off: Order::BreakOff. Dropped: the wire serves again if all of the body has arrived
//! ```
//!
//! A call that is given up leaves what it asked for in `Away`, where the next one finds it: nothing is lost.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_local;

use super::aim::Aim;
use super::fields::Fields;
use super::journey::{Journey, WireFacts};
use super::payload::Payload;
use super::receiving::LARGEST_CHUNK;
use super::shared::Shared;
use super::timings::{Sizes, Timings};
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage, WireState};
use crate::handle::{Hold, Node};
use crate::options::SharedOptions;
use crate::protocol::http1::ResponseHead;
use crate::reason::CloseReason;
use crate::services::{Load, Services};

/// An exchange that runs on another shard, as the caller's journey sees it. It is there until the body has ended.
pub(super) struct Away {
    orders: mpsc::UnboundedSender<Order>,
    /// The head, until it has come.
    head: Option<oneshot::Receiver<Result<Came>>>,
    /// A piece that was asked for and has not come.
    piece: Option<oneshot::Receiver<Result<(Bytes, News)>>>,
}

/// All that the exchange needs to go elsewhere.
struct Errand {
    shared: Arc<Shared>,
    services: Arc<Services>,
    owner: Arc<Node>,
    aim: Aim,
    headers: Fields,
    options: SharedOptions,
    payload: Payload,
    times: Timings,
    attempt: u32,
    /// The handle does not end before the wire is parted with.
    _hold: Hold,
}

/// What comes back first.
struct Came {
    head: ResponseHead,
    /// What of the body came with it.
    early: Bytes,
    news: News,
}

/// What has become of the exchange.
struct News {
    wire: Option<WireFacts>,
    times: Timings,
    sizes: Sizes,
    trailers: Option<Box<HeaderMap>>,
    announced: Option<u64>,
    /// The whole body was read, and the wire parted with.
    has_ended: bool,
}

enum Order {
    Read { max: usize, answer: oneshot::Sender<Result<(Bytes, News)>> },
    Drop(oneshot::Sender<()>),
    BreakOff(CloseReason),
}

impl Away {
    /// Is the head still to come?
    pub(super) fn is_awaited(&self) -> bool {
        self.head.is_some()
    }

    pub(super) fn break_off(self, reason: CloseReason) {
        // One that has ended has no wire any more.
        let _ended = self.orders.send(Order::BreakOff(reason));
    }

    /// Has the response dropped there, and waits until that is done.
    pub(super) async fn drop_response(self) {
        let (answer, done) = oneshot::channel();
        if self.orders.send(Order::Drop(answer)).is_ok() {
            // What has crashed has parted with its wire too.
            let _done = done.await;
        }
    }
}

impl Journey {
    /// Has the exchange run on the shard of its origin, if that is another one. Was that so?
    pub(super) fn goes_away(&mut self) -> bool {
        let services = Arc::clone(&self.services);
        let place = services.shard_for(self.target().origin());
        if place.is_here() {
            return false;
        }
        let Some(payload) = self.payload.again() else { return false };
        let headers = self.headers_for_afar();
        let errand = Errand {
            shared: Arc::clone(&self.shared),
            services: Arc::clone(&self.services),
            owner: Arc::clone(&self.owner),
            aim: self.aim.clone(),
            headers,
            options: Arc::clone(&self.options),
            payload,
            times: self.times,
            attempt: self.attempt,
            _hold: self.shared.node.hold(),
        };
        let (orders, taken) = mpsc::unbounded_channel();
        let (came, head) = oneshot::channel();
        place.begin(move |load| {
            spawn_local(Box::pin(serve(errand, load, came, taken)));
        });
        self.away = Some(Box::new(Away { orders, head: Some(head), piece: None }));
        // It is not known here how far it has got: nobody shall take it for safe to repeat.
        self.reached = WireState::BodySent;
        true
    }

    /// The head of an exchange that runs elsewhere. Dropped and called again, it goes on waiting.
    #[cold]
    pub(super) fn head_from_afar(&mut self) -> Pin<Box<dyn Future<Output = Result<ResponseHead>> + '_>> {
        Box::pin(async move {
            self.stage = Stage::FirstByte;
            let head = self.away.as_mut().and_then(|away| away.head.as_mut());
            let Some(head) = head else { return Err(self.lost_afar(Operation::Receive)) };
            let came = head.await;
            let Came { head, early, news } = match came {
                Ok(Ok(came)) => came,
                Ok(Err(error)) => {
                    self.away = None;
                    return Err(error.in_operation(Operation::Receive));
                }
                Err(_) => return Err(self.lost_afar(Operation::Receive)),
            };
            if let Some(away) = &mut self.away {
                away.head = None;
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
            let piece = away.piece.get_or_insert_with(|| {
                let (answer, piece) = oneshot::channel();
                // Where nobody is left to take it, the answer is that.
                let _lost = away.orders.send(Order::Read { max, answer });
                piece
            });
            let read = piece.await;
            away.piece = None;
            let (mut piece, news) = match read {
                Ok(Ok(read)) => read,
                Ok(Err(error)) => {
                    self.away = None;
                    return Err(error.in_operation(operation));
                }
                Err(_) => return Err(self.lost_afar(operation)),
            };
            self.is_told(news);
            if piece.len() > max {
                // It was asked for by a call that wanted more.
                self.ahead = piece.split_off(max);
            }
            Ok((!piece.is_empty()).then_some(piece))
        })
    }

    fn is_told(&mut self, news: News) {
        let News { wire, times, sizes, trailers, announced, has_ended } = news;
        (self.wire, self.times, self.sizes, self.trailers) = (wire, times, sizes, trailers);
        self.announced = self.announced.or(announced);
        if has_ended {
            self.away = None;
            self.shared.works_here();
        }
    }

    /// The shard has stopped, or the exchange has crashed there.
    fn lost_afar(&mut self, operation: Operation) -> Error {
        self.away = None;
        let crashed = || {
            let detail = "the exchange on another shard has crashed";
            Error::new(ErrorCode::InternalError, operation, Stage::State, Blame::Library, detail)
        };
        let error = self.services.engine.check(operation).err().unwrap_or_else(crashed);
        self.name(error)
    }

    fn news(&mut self) -> News {
        if let Some(active) = &self.active {
            self.sizes.count_beside(&active.exchange);
        }
        News {
            wire: self.wire.clone(),
            times: self.times,
            sizes: self.sizes,
            trailers: self.trailers.clone(),
            announced: self.active.as_ref().and_then(|active| active.exchange.remaining()).or(self.announced),
            has_ended: self.is_complete(),
        }
    }
}

type Pulling<'a> = Pin<Box<dyn Future<Output = Result<Option<Bytes>>> + 'a>>;

/// Runs the exchange, on the shard of its origin, until its response is read or nobody wants it any more.
async fn serve(
    errand: Errand,
    _load: Option<Load>,
    came: oneshot::Sender<Result<Came>>,
    mut orders: mpsc::UnboundedReceiver<Order>,
) {
    let Errand { shared, services, owner, aim, headers, options, payload, times, attempt, _hold } = errand;
    shared.works_here();
    let mut journey = Journey::new(&shared, &services, &owner, headers, options, payload, times);
    (journey.aim, journey.attempt) = (aim, attempt);
    let performed = unless_left(&mut orders, journey.perform()).await;
    let head = match performed {
        Ok(Ok(head)) => head,
        Ok(Err(error)) => {
            journey.came_to(Some(&error));
            // Whoever asked may have left.
            let _left = came.send(Err(error));
            return;
        }
        Err(order) => return journey.parts_by(order).await,
    };
    match journey.arrived() {
        Ok(early) => {
            let news = journey.news();
            let has_ended = news.has_ended;
            if came.send(Ok(Came { head, early, news })).is_ok() && !has_ended {
                journey.obey(orders).await;
            }
        }
        Err(error) => drop(came.send(Err(error))),
    }
    journey.leave();
}

/// Does the work, unless an order comes first, or none can come any more.
async fn unless_left<T>(
    orders: &mut mpsc::UnboundedReceiver<Order>,
    work: impl Future<Output = T>,
) -> std::result::Result<T, Option<Order>> {
    let mut work = pin!(work);
    poll_fn(|context| {
        if let Poll::Ready(order) = orders.poll_recv(context) {
            return Poll::Ready(Err(order));
        }
        work.as_mut().poll(context).map(Ok)
    })
    .await
}

impl Journey {
    /// The whole exchange up to its head, as the first is inside a receive.
    async fn perform(&mut self) -> Result<ResponseHead> {
        self.enter(Operation::Receive);
        self.resend_until = self.queue_end();
        self.wait_for_leave(self.resend_until).await?;
        self.send_again(false).await?;
        self.next_head(Operation::Receive).await
    }

    /// What of the body came with the head.
    fn arrived(&mut self) -> Result<Bytes> {
        self.times.head_received = Some(crate::clock::now());
        self.announced = self.active.as_ref().and_then(|active| active.exchange.remaining());
        let early = self.read_arrived()?;
        self.settle_if_read(self.times.head_received);
        Ok(early)
    }

    /// Reads as it is told, and one piece ahead, until the end.
    async fn obey(&mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        loop {
            let order = match unless_left(&mut orders, self.read_ahead_or_wait()).await {
                Err(order) => order,
                Ok(never) => match never {},
            };
            let Some(Order::Read { max, answer }) = order else { return self.parts_by(order).await };
            self.enter(Operation::Read);
            let read = match unless_left(&mut orders, self.next_piece(max)).await {
                Ok(read) => read,
                Err(order) => return self.parts_by(order).await,
            };
            let is_over = read.is_err() || self.is_complete();
            let read = read.map(|piece| {
                let news = self.news();
                (piece, news)
            });
            // Whoever gave it up has left altogether.
            if answer.send(read).is_err() || is_over {
                return;
            }
        }
    }

    async fn next_piece(&mut self, max: usize) -> Result<Bytes> {
        let piece = self.read_some(max.min(LARGEST_CHUNK)).await?;
        self.settle_if_read(None);
        Ok(piece)
    }

    async fn read_ahead_or_wait(&mut self) -> std::convert::Infallible {
        if self.may_read_ahead() {
            self.read_ahead().await;
        }
        std::future::pending().await
    }

    async fn parts_by(&mut self, order: Option<Order>) {
        match order {
            Some(Order::BreakOff(reason)) => self.break_off(reason),
            Some(Order::Drop(answer)) => {
                self.drop_response().await;
                let _left = answer.send(());
            }
            _ if self.active.as_ref().is_some_and(|active| active.exchange.has_head()) => self.leave(),
            _ => self.break_off(CloseReason::Cancelled),
        }
    }
}
