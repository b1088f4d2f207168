//! An exchange on the shard of its origin, for a request that is at home on another: see [`away`](super::away).

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_local;

use super::aim::Aim;
use super::credentials::Own;
use super::fields::Fields;
use super::journey::Journey;
use super::payload::Payload;
use super::receiving::LARGEST_CHUNK;
use super::shared::Shared;
use super::timings::{Sizes, Times};
use crate::clock;
use crate::error::{Operation, Result};
use crate::handle::{Hold, Node};
use crate::id::WireId;
use crate::options::SharedOptions;
use crate::origin;
use crate::protocol::http1::ResponseHead;
use crate::reason::CloseReason;
use crate::services::{Load, Services};
use crate::wire::WireFacts;

/// All that an exchange needs to go elsewhere.
pub(super) struct Errand {
    /// What the handle has.
    pub(super) real: Arc<Shared>,
    /// Says what is told in the handle's name.
    pub(super) stand_in: Arc<Node>,
    pub(super) services: Arc<Services>,
    pub(super) aim: Aim,
    pub(super) headers: Fields,
    /// The caller's credentials for the request: a proxy on the way may ask for them.
    pub(super) known: Option<Arc<Own>>,
    pub(super) options: SharedOptions,
    pub(super) payload: Payload,
    pub(super) times: Times,
    pub(super) attempt: u32,
    pub(super) is_shared: Arc<AtomicBool>,
    /// The handle does not end before the wire is parted with.
    pub(super) hold: Hold,
}

/// What comes back first.
pub(super) struct Came {
    pub(super) head: Arc<ResponseHead>,
    /// What of the body came with it.
    pub(super) early: Bytes,
    pub(super) news: News,
}

/// A piece of the body, and what has become of the exchange by then.
pub(super) type Piece = (Bytes, News);

/// What has become of the exchange.
pub(super) struct News {
    /// Which attempt of the request it is by now.
    pub(super) attempt: u32,
    pub(super) wire: Option<Arc<WireFacts>>,
    pub(super) times: Times,
    pub(super) sizes: Sizes,
    pub(super) trailers: Option<Box<HeaderMap>>,
    pub(super) announced: Option<u64>,
    /// The whole body was read, and the wire parted with.
    pub(super) has_ended: bool,
}

/// What it is told to do.
pub(super) enum Order {
    Read { max: usize, answer: oneshot::Sender<Result<Piece>> },
    Drop(oneshot::Sender<()>),
    BreakOff(CloseReason),
}

type Orders = mpsc::UnboundedReceiver<Order>;

impl Errand {
    /// Begins, on the shard of the origin.
    pub(super) fn run(self, load: Option<Box<Load>>, came: oneshot::Sender<Result<Came>>, orders: Orders) {
        spawn_local(Box::pin(self.serve(load, came, orders)));
    }

    async fn serve(self, load: Option<Box<Load>>, came: oneshot::Sender<Result<Came>>, orders: Orders) {
        let Self { real, stand_in, services, aim, headers, known, options, payload, times, .. } = self;
        let (attempt, is_shared, hold) = (self.attempt, self.is_shared, self.hold);
        real.works_here();
        let target = aim.target(&real).clone();
        let by_https = real.by_https;
        let shared = Shared::new(stand_in, services, aim.method(&real).clone(), target, Arc::clone(&options), by_https);
        let seen = Seen { real, shared: Arc::clone(&shared), session: shared.services.session.id(), is_shared };
        let mut line = Line { orders, seen };
        let mut journey = Journey::new(&shared, headers, options, payload, times.started);
        (journey.aim, journey.times, journey.attempt) = (aim, times, attempt);
        journey.authenticates_afar(known);
        journey.run_errand(&mut line, came).await;
        // Parted with the wire before the handle may end.
        drop((journey, load));
        drop(hold);
    }
}

/// What is ordered, and where it can be seen how far it is.
struct Line {
    orders: Orders,
    seen: Seen,
}

struct Seen {
    real: Arc<Shared>,
    shared: Arc<Shared>,
    session: crate::id::HandleId,
    is_shared: Arc<AtomicBool>,
}

impl Line {
    /// Does the work, unless an order comes first, or none can come any more.
    async fn unless_ordered<T>(&mut self, work: impl Future<Output = T>) -> std::result::Result<T, Option<Order>> {
        let mut work = pin!(work);
        poll_fn(|context| {
            if let Poll::Ready(order) = self.orders.poll_recv(context) {
                return Poll::Ready(Err(order));
            }
            let polled = work.as_mut().poll(context);
            self.seen.look();
            polled.map(Ok)
        })
        .await
    }
}

impl Seen {
    /// The handle shows what its exchange waits for, wherever that is.
    fn look(&self) {
        let Self { real, shared, session, is_shared } = self;
        real.awaits.store(shared.awaits.load(Ordering::Relaxed), Ordering::Relaxed);
        let wire = shared.wire.load(Ordering::Relaxed);
        if real.wire.swap(wire, Ordering::Relaxed) != wire
            && let Some(wire) = WireId::known(wire).and_then(|wire| origin::wire(*session, wire, clock::now()))
        {
            is_shared.store(wire.http2.is_some(), Ordering::Relaxed);
        }
    }
}

impl Journey {
    async fn run_errand(&mut self, line: &mut Line, came: oneshot::Sender<Result<Came>>) {
        let performed = match line.unless_ordered(self.perform()).await {
            Ok(performed) => performed,
            Err(order) => return self.parts_by(order).await,
        };
        let arrived = performed.and_then(|head| Ok((head, self.arrived()?)));
        let (head, early) = match arrived {
            Ok(arrived) => arrived,
            Err(error) => {
                self.came_to(Some(&error));
                // Whoever asked may have left.
                let _left = came.send(Err(error));
                return;
            }
        };
        let news = self.news();
        let has_ended = news.has_ended;
        if came.send(Ok(Came { head, early, news })).is_err() {
            return self.leave();
        }
        if !has_ended {
            self.obey(line).await;
        }
    }

    /// The whole exchange up to its head, as it is inside a receive. Who stands on the way is answered here.
    async fn perform(&mut self) -> Result<Arc<ResponseHead>> {
        loop {
            self.enter(Operation::Receive);
            self.resend_until = self.queue_end();
            self.wait_for_leave(self.resend_until).await?;
            self.send_again(false).await?;
            let head = self.next_head(Operation::Receive).await?;
            self.was_answered(&head);
            let Some(next) = self.authenticate_to_proxy(&head).await? else { return Ok(head) };
            self.drop_response().await;
            self.aim_at(*next);
        }
    }

    /// What of the body came with the head.
    fn arrived(&mut self) -> Result<Bytes> {
        let now = clock::now();
        self.times.head_received = Some(now);
        self.times.receive_start.get_or_insert(now);
        self.announced = self.active.as_ref().and_then(|active| active.exchange.remaining());
        let early = self.read_arrived()?;
        self.settle_if_read(self.times.head_received);
        Ok(early)
    }

    /// Reads as it is told, and one piece ahead, until the end.
    async fn obey(&mut self, line: &mut Line) {
        loop {
            let order = match line.unless_ordered(self.read_ahead_or_wait()).await {
                Err(order) => order,
                Ok(never) => match never {},
            };
            let Some(Order::Read { max, answer }) = order else { return self.parts_by(order).await };
            self.enter(Operation::Read);
            let read = match line.unless_ordered(self.next_piece(max)).await {
                Ok(read) => read,
                Err(order) => return self.parts_by(order).await,
            };
            let is_over = read.is_err() || self.is_complete();
            if let Err(error) = &read {
                self.came_to(Some(error));
            }
            let read = read.map(|piece| (piece, self.news()));
            // Whoever gave it up has left altogether.
            if answer.send(read).is_err() {
                return self.leave();
            }
            if is_over {
                return;
            }
        }
    }

    async fn next_piece(&mut self, max: usize) -> Result<Bytes> {
        let piece = self.read_some(max.min(LARGEST_CHUNK)).await?;
        self.settle_if_read(None);
        Ok(piece)
    }

    async fn read_ahead_or_wait(&mut self) -> Infallible {
        if self.may_read_ahead() {
            self.read_ahead().await;
        }
        pending().await
    }

    async fn parts_by(&mut self, order: Option<Order>) {
        match order {
            Some(Order::BreakOff(reason)) => self.break_off(reason),
            Some(Order::Drop(answer)) => {
                self.drop_response().await;
                let _left = answer.send(());
            }
            Some(Order::Read { .. }) | None
                if self.active.as_ref().is_some_and(|active| active.exchange.has_head()) =>
            {
                self.leave();
            }
            _ => self.break_off(CloseReason::Cancelled),
        }
    }

    fn news(&mut self) -> News {
        if let Some(active) = &self.active {
            self.sizes.count_beside(&active.exchange);
        }
        News {
            attempt: self.attempt,
            wire: self.wire.clone(),
            times: self.times,
            sizes: self.sizes,
            trailers: self.trailers.clone(),
            announced: self.announced,
            has_ended: self.is_complete(),
        }
    }
}
