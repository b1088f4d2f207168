//! What follows the final head of an exchange: it is delivered, or the request is sent again in its place.
//!
//! ```text
//!   head --> take note --> can anything follow? --no--> deliver
//!                             | yes: it is held back
//!                             v
//!            Judging:     authenticate -> redirect -> retry --none of them--> deliver
//!                             | Again(Next)
//!                             v
//!            Dropping:    tell of it, read the body away
//!                             v
//!            Waiting:     aimed anew, until it may go
//!                             v
//!                         sent, and the next head is waited for
//! ```
//!
//! All of it happens inside a receive, which may be given up at any await and made again: how far it has come is kept in the journey.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::aim::{Aim, Moved};
#[cfg(feature = "cache")]
use super::caching::Instead;
use super::fields::Fields;
use super::history::PriorResponse;
use super::journey::{Active, Journey};
use super::payload::Payload;
use super::showing::Awaits;
use super::timings::{Sizes, Times};
use crate::clock;
use crate::error::{Operation, Result, Stage, WireState};
use crate::notification::Status;
use crate::options::SharedOptions;
use crate::protocol::http1::ResponseHead;
use crate::reason::CloseReason;

/// What becomes of a response whose head has come.
pub(super) enum FollowUp {
    Deliver,
    Again(Box<Next>),
    /// What is stored takes its place.
    #[cfg(feature = "cache")]
    Stored(Arc<ResponseHead>),
}

/// The exchange that follows in place of a response.
#[derive(Default)]
pub(super) struct Next {
    /// What is told of it before.
    pub(super) told: Option<Status>,
    /// Where it goes instead, and as what; `None`: the same once more.
    pub(super) moved: Option<Moved>,
    /// The caller's fields from here on, if some of them are dropped or changed.
    pub(super) headers: Option<Fields>,
    /// What wires are to be from here on, if that is otherwise.
    pub(super) options: Option<SharedOptions>,
    /// From here on there is no body.
    pub(super) drops_body: bool,
    /// How long is waited before it.
    pub(super) after: Option<Duration>,
}

/// How far a follow-up has come.
pub(super) enum Following {
    /// A head is held back, and it is being judged what follows.
    Judging(Arc<ResponseHead>),
    /// Its response is not delivered: the body is being read away.
    Dropping(Box<Next>),
    /// Its response is not delivered: this one, which is stored, is judged in its place.
    #[cfg(feature = "cache")]
    DroppingFor(Arc<ResponseHead>),
    /// What follows may not go yet.
    Waiting { not_before: Option<Instant> },
}

/// The head that is delivered; `None`: another exchange has begun.
type Followed<'a> = Pin<Box<dyn Future<Output = Result<Option<Arc<ResponseHead>>>> + 'a>>;

impl Journey {
    /// Is it on the way to another exchange?
    pub(super) fn is_sent_again(&self) -> bool {
        self.resending.is_some() || self.follow_up.is_some() || self.away.as_ref().is_some_and(|away| away.is_awaited())
    }

    /// A final head has come: gives it back if it is to be delivered. On every one, so it has to be quick.
    #[inline]
    pub(super) fn hears(&mut self, head: Arc<ResponseHead>) -> Option<Arc<ResponseHead>> {
        self.take_note(&head);
        if !self.may_be_followed(&head) {
            return Some(head);
        }
        self.follow_up = Some(Box::new(Following::Judging(head)));
        None
    }

    /// Takes note of what a final response says, whatever becomes of it.
    #[inline]
    fn take_note(&mut self, head: &ResponseHead) {
        if self.turns.is_some() {
            self.was_answered(head);
        }
        #[cfg(feature = "cache")]
        if self.caching.is_some() {
            self.tells_cache(head);
        }
        self.remember(head);
        if self.auth.is_some() {
            self.note_credentials(head);
        }
    }

    /// Is there anything in a response of this status that could make another exchange follow?
    #[inline]
    fn may_be_followed(&self, head: &ResponseHead) -> bool {
        #[cfg(feature = "cache")]
        if self.caching.as_ref().is_some_and(|caching| caching.is_better_than(head)) {
            return true;
        }
        #[cfg(feature = "negotiate")]
        if self.auth.is_some() && self.is_mid_handshake() {
            return true;
        }
        let status = head.status();
        status.is_redirection() && self.upgrade.is_none()
            || status.is_client_error() && self.may_authenticate(head)
            || self.may_be_retried(head)
    }

    /// What becomes of a response. In this order: credentials for whom asks for them, another place, another time.
    async fn judge(&mut self, head: &Arc<ResponseHead>) -> Result<FollowUp> {
        #[cfg(feature = "cache")]
        match self.stored_instead_of(head) {
            Instead::Nothing => {}
            Instead::Stored(head) => return Ok(FollowUp::Stored(head)),
            Instead::AskAgain => {
                return Ok(FollowUp::Again(Box::new(Next { told: Some(Status::CacheMiss), ..Next::default() })));
            }
        }
        #[cfg(feature = "negotiate")]
        if let Some(next) = self.check_proof(head).await? {
            return Ok(FollowUp::Again(next));
        }
        if let Some(next) = self.authenticate(head).await? {
            return Ok(FollowUp::Again(next));
        }
        if let Some(next) = self.redirect(head).await? {
            return Ok(FollowUp::Again(next));
        }
        Ok(if self.may_be_retried(head) { self.retries_after(head) } else { FollowUp::Deliver })
    }

    /// Goes on with a follow-up that was begun. Gives the head back if it is to be delivered; if not, what follows has been sent.
    #[cold]
    pub(super) fn follow(&mut self) -> Followed<'_> {
        Box::pin(async move {
            loop {
                match self.follow_up.as_deref_mut() {
                    None => return Ok(None),
                    Some(Following::Judging(head)) => {
                        let head = Arc::clone(head);
                        match self.judge(&head).await {
                            Ok(FollowUp::Deliver) => {
                                self.follow_up = None;
                                return Ok(Some(head));
                            }
                            #[cfg(feature = "cache")]
                            Ok(FollowUp::Stored(head)) => {
                                self.follow_up = Some(Box::new(Following::DroppingFor(head)));
                            }
                            Ok(FollowUp::Again(mut next)) => {
                                self.shared.is_prior(PriorResponse::new(self.target().clone(), head));
                                if let Some((mask, status)) =
                                    next.told.take().and_then(|told| Some((told.mask()?, told)))
                                {
                                    self.emit(mask, || status);
                                }
                                self.follow_up = Some(Box::new(Following::Dropping(next)));
                            }
                            Err(error) => {
                                self.follow_up = None;
                                let error = self.name(error).in_operation(Operation::Receive);
                                self.leave();
                                return Err(error);
                            }
                        }
                    }
                    Some(Following::Dropping(_)) => {
                        self.drop_response().await;
                        if let Some(Following::Dropping(next)) = self.follow_up.take().map(|following| *following) {
                            let not_before = next.after.and_then(|after| clock::now().checked_add(after));
                            self.aim_at(*next);
                            self.follow_up = Some(Box::new(Following::Waiting { not_before }));
                        }
                    }
                    #[cfg(feature = "cache")]
                    Some(Following::DroppingFor(head)) => {
                        let head = Arc::clone(head);
                        self.drop_response().await;
                        self.follow_up = Some(Box::new(Following::Judging(head)));
                    }
                    Some(Following::Waiting { not_before }) => {
                        let not_before = *not_before;
                        #[cfg(feature = "cache")]
                        if self.caching.is_some()
                            && self.look_in_cache().await.map_err(|error| error.in_operation(Operation::Receive))?
                        {
                            continue;
                        }
                        self.waits_until(not_before).await;
                        self.wait_in_line().await.map_err(|error| error.in_operation(Operation::Receive))?;
                        if self.goes_away() {
                            self.follow_up = None;
                            return Ok(None);
                        }
                        self.resend_until = self.queue_end();
                        let leave = self.wait_for_leave(self.resend_until).await;
                        leave.map_err(|error| error.in_operation(Operation::Receive))?;
                        self.follow_up = None;
                        self.resend_in(Operation::Receive, false).await?;
                    }
                }
            }
        })
    }

    /// The body of a response that is not delivered is read away, as it is, so that its wire serves again: up to a bound, and not
    /// for long.
    pub(super) async fn drop_response(&mut self) {
        self.stage = Stage::Body;
        self.shared.now_awaits(Awaits::Server);
        self.ahead.clear();
        if let Some(away) = &mut self.away {
            away.drop_response().await;
            self.away = None;
            return;
        }
        let Some(Active { lease, exchange, .. }) = &mut self.active else { return };
        let limit = self.options.limits.response_drain;
        let is_worth_it = lease.multiplexed().is_none() && exchange.remaining().is_none_or(|left| left <= limit);
        if !exchange.is_ended() && is_worth_it {
            let drained = async {
                let mut left = limit;
                while let Ok(Some(piece)) = exchange.read(lease, PIECE).await {
                    left = left.saturating_sub(piece.len() as u64);
                    #[cfg(feature = "cache")]
                    if let Some(caching) = &mut self.caching {
                        caching.record(&piece);
                    }
                    if left == 0 {
                        break;
                    }
                }
            };
            let _late = clock::within(Some(DRAIN_PATIENCE), pin!(drained)).await;
        }
        if exchange.is_ended() {
            self.settle(clock::now());
        } else {
            self.break_off(CloseReason::ResponseNotRead);
        }
    }

    /// What was known of the last exchange is over, but for when all of it began.
    pub(super) fn aim_at(&mut self, next: Next) {
        let Next { moved, headers, options, drops_body, .. } = next;
        if let Some(moved) = moved {
            self.shared.moved_to(&moved.target);
            self.aim = Aim::at(moved);
        }
        if let Some(headers) = headers {
            self.headers = headers;
        }
        if let Some(options) = options {
            self.options = options;
        }
        if drops_body {
            self.payload = Payload::empty();
        }
        // Composed for a hop that went to another shard, which composes its own, it is not for the next one.
        self.settled = None;
        self.turns = None;
        self.times = Times::new(self.times.started);
        self.sizes = Sizes::default();
        self.reached = WireState::NotSent;
        self.resends_left = self.options.resends;
        (self.head_deadline, self.announced, self.trailers) = (None, None, None);
    }

    /// Waits until it may be sent again after a failure, if that is not at once.
    pub(super) async fn wait_to_go(&mut self) -> Result<()> {
        if let Some(Following::Waiting { not_before }) = self.follow_up.as_deref() {
            let not_before = *not_before;
            Box::pin(async {
                self.waits_until(not_before).await;
                self.resend_until = self.queue_end();
                self.wait_for_leave(self.resend_until).await
            })
            .await?;
            self.follow_up = None;
        }
        Ok(())
    }

    async fn waits_until(&mut self, not_before: Option<Instant>) {
        if not_before.is_some() {
            self.stage = Stage::Queue;
            let _time_has_come = clock::until(not_before, pin!(std::future::pending::<()>())).await;
        }
    }
}

/// How long the rest of a response that nobody wants is waited for.
const DRAIN_PATIENCE: Duration = Duration::from_secs(1);
/// How much of it is read at once.
const PIECE: usize = 64 * 1024;
