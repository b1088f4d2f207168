//! One turn of the supervisor: whatever can be done without waiting, at the place where it stands.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::actor::{Recipe, SelfHealingActor};
use super::builder::Resumed;
use super::ended::Ended;
use super::figures::HealingState;
use super::inbox::HealingEvent;
use crate::clock;
use crate::error::{Error, Operation, Result, Stage};
use crate::handle::Handle;
use crate::notification::{NotificationMask as Mask, Status};
use crate::options::Overflow;
use crate::websocket::{MessagePart, WebSocket};

/// Where it stands, with what it waits for.
pub(super) enum Stand {
    Pausing {
        until: Instant,
    },
    Connecting {
        work: Work<WebSocket>,
        until: Option<Instant>,
    },
    Resuming {
        websocket: WebSocket,
        hook: Work<()>,
        until: Option<Instant>,
    },
    Live(Live),
    /// The WebSocket is given up; was the message that it was sending taken?
    Parting {
        sending: Work<()>,
        how: Ended,
    },
    Closing {
        work: Work<()>,
    },
    Over,
}

/// A WebSocket with what is under way on it.
pub(super) struct Live {
    websocket: WebSocket,
    receiving: Option<Work<MessagePart>>,
    sending: Option<Work<()>>,
    /// Nothing can be sent any more. What the server has said before may still come, for a while.
    broken: Option<(Error, Option<Instant>)>,
}

type Work<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

impl SelfHealingActor {
    pub(super) fn turn(&mut self, task: &mut Context<'_>) {
        self.shared.supervisor.register(task.waker());
        // What ends by the end of the handle is not to be healed; the close is on its way here.
        if !self.node.is_open() {
            return;
        }
        for _ in 0..MOST_STEPS {
            if !self.step(task) {
                return;
            }
        }
        // Others on this thread are due.
        task.waker().wake_by_ref();
    }

    /// Was there anything to do?
    fn step(&mut self, task: &mut Context<'_>) -> bool {
        if self.is_to_close() {
            return self.close();
        }
        match &mut self.stand {
            Stand::Pausing { until } => match self.alarm.poll(Some(*until), task) {
                Poll::Ready(()) => self.connect(),
                Poll::Pending => false,
            },
            Stand::Connecting { work, until } => {
                let until = *until;
                match work.as_mut().poll(task) {
                    Poll::Ready(Ok(websocket)) => self.resume(websocket),
                    Poll::Ready(Err(error)) => self.lose(Ended::Failed(error)),
                    Poll::Pending if self.alarm.poll(until, task).is_pending() => false,
                    Poll::Pending => {
                        let waited = self.recipe.options.connect_timeout;
                        let detail = format!("there was no WebSocket after {waited:?}");
                        self.lose(Ended::Failed(too_late(waited, detail)))
                    }
                }
            }
            Stand::Resuming { hook, until, .. } => {
                let until = *until;
                match hook.as_mut().poll(task) {
                    Poll::Ready(Ok(())) => self.live(),
                    Poll::Ready(Err(error)) => self.lose(Ended::Refused(error)),
                    Poll::Pending if self.alarm.poll(until, task).is_pending() => false,
                    Poll::Pending => {
                        let waited = self.recipe.options.resume_timeout;
                        self.lose(Ended::Refused(too_late(
                            waited,
                            format!("the resume hook took more than {waited:?}"),
                        )))
                    }
                }
            }
            Stand::Live(_) => self.receive(task) || self.send(task) || self.is_out_of_time(task),
            Stand::Parting { sending, .. } => match sending.as_mut().poll(task) {
                Poll::Ready(sent) => self.part(&sent),
                Poll::Pending => false,
            },
            Stand::Closing { work } => match work.as_mut().poll(task) {
                Poll::Ready(closed) => self.end(HealingEvent::Closed, closed),
                Poll::Pending => false,
            },
            Stand::Over => false,
        }
    }

    fn connect(&mut self) -> bool {
        self.is_now(HealingState::Connecting);
        self.shared.lock().seen.attempts += 1;
        let until = clock::now().checked_add(self.recipe.options.connect_timeout);
        self.stand = Stand::Connecting { work: Box::pin(self.recipe.websocket.clone().connect()), until };
        true
    }

    fn resume(&mut self, websocket: WebSocket) -> bool {
        let last_end = self.shared.lock().seen.last_end.clone();
        let (attempt, fresh) = (self.plan.attempt(), websocket.clone());
        let hook: Work<()> = match &self.recipe.resume {
            Some(resume) => resume(Resumed { websocket: fresh, attempt, last_end }),
            None => Box::pin(std::future::ready(Ok(()))),
        };
        let until = clock::now().checked_add(self.recipe.options.resume_timeout);
        self.stand = Stand::Resuming { websocket, hook, until };
        true
    }

    fn live(&mut self) -> bool {
        let Stand::Resuming { websocket, .. } = std::mem::replace(&mut self.stand, Stand::Over) else { return false };
        let (now, attempt, id) = (clock::now(), self.plan.attempt(), websocket.id());
        let outage = now.saturating_duration_since(self.without_since);
        self.plan.connected(now);
        self.alarm = clock::Alarm::default();
        {
            let mut state = self.shared.lock();
            let untold = state.inbox.put(HealingEvent::Connected { attempt, websocket: id, outage });
            state.seen.connected += 1;
            state.websocket = Some(websocket.clone());
            drop(state);
            drop(untold);
        }
        self.is_now(HealingState::Live);
        self.node.emit(Mask::HEALING, || Status::Healed { attempt, websocket: id, outage });
        self.stand = Stand::Live(Live { websocket, receiving: None, sending: None, broken: None });
        true
    }

    fn receive(&mut self, task: &mut Context<'_>) -> bool {
        let Stand::Live(live) = &mut self.stand else { return false };
        let mut receiving = match live.receiving.take() {
            Some(receiving) => receiving,
            None if self.shared.lock().inbox.is_empty() => {
                let websocket = live.websocket.clone();
                Box::pin(async move { websocket.receive().await })
            }
            None => return false,
        };
        match receiving.as_mut().poll(task) {
            Poll::Pending => {
                live.receiving = Some(receiving);
                false
            }
            Poll::Ready(Ok(part)) if part.is_close() => match live.websocket.close_status() {
                Ok(status) => self.lose(Ended::Closed(status)),
                Err(error) => self.lose(Ended::Failed(error)),
            },
            Poll::Ready(Ok(part)) => {
                let mut state = self.shared.lock();
                state.seen.received += 1;
                let untold = state.inbox.put(HealingEvent::Message(part));
                drop(state);
                drop(untold);
                self.shared.changed.notify_waiters();
                true
            }
            // `cancel` reached it, and it is as it was.
            Poll::Ready(Err(error)) if error.is_cancelled() && live.websocket.is_open() => true,
            Poll::Ready(Err(error)) => {
                let error = live.broken.take().map_or(error, |(first, _)| first);
                self.lose(Ended::Failed(error))
            }
        }
    }

    fn send(&mut self, task: &mut Context<'_>) -> bool {
        let Stand::Live(live) = &mut self.stand else { return false };
        let mut sending = match live.sending.take() {
            Some(sending) => sending,
            None if live.broken.is_some() => return false,
            None => {
                let (message, overflow) = {
                    let mut state = self.shared.lock();
                    (state.outbox.begin(), state.outbox.overflow())
                };
                let Some(message) = message else { return false };
                if overflow == Overflow::Wait {
                    // There is room.
                    self.shared.changed.notify_waiters();
                }
                let websocket = live.websocket.clone();
                Box::pin(async move { websocket.send(message).await })
            }
        };
        let Poll::Ready(sent) = sending.as_mut().poll(task) else {
            live.sending = Some(sending);
            return false;
        };
        let mut state = self.shared.lock();
        let done = match sent {
            Ok(()) => {
                state.seen.sent += 1;
                state.outbox.sent()
            }
            // A part of it may be out, and the rest then follows: sent again it might come twice.
            Err(error) if error.is_cancelled() => state.outbox.given_up(),
            Err(error) => {
                state.outbox.not_sent();
                live.broken = Some((error, clock::now().checked_add(LAST_WORDS)));
                None
            }
        };
        drop(state);
        drop(done);
        self.shared.changed.notify_waiters();
        true
    }

    /// A WebSocket that can send nothing any more is waited for only so long. When the server has closed it, nothing comes that has
    /// not come.
    fn is_out_of_time(&mut self, task: &mut Context<'_>) -> bool {
        let Stand::Live(Live { websocket, receiving, broken: Some((error, until)), .. }) = &mut self.stand else {
            return false;
        };
        let is_done = receiving.is_none() && websocket.close_status().is_ok();
        if !is_done && self.alarm.poll(*until, task).is_pending() {
            return false;
        }
        let error = error.clone();
        self.lose(Ended::Failed(error))
    }

    /// There is no WebSocket any more. A send that is under way on it is waited for: its message may have been taken, and must not
    /// come twice; and what can be taken no more is not.
    fn lose(&mut self, how: Ended) -> bool {
        match std::mem::replace(&mut self.stand, Stand::Over) {
            Stand::Live(Live { websocket, sending, .. }) => {
                let how = ended(&websocket, how);
                give_up(&websocket);
                match sending {
                    Some(sending) => {
                        self.stand = Stand::Parting { sending, how };
                        true
                    }
                    None => self.heal(how, true),
                }
            }
            Stand::Resuming { websocket, .. } => {
                give_up(&websocket);
                self.heal(how, false)
            }
            _ => self.heal(how, false),
        }
    }

    fn part(&mut self, sent: &Result<()>) -> bool {
        let Stand::Parting { how, .. } = std::mem::replace(&mut self.stand, Stand::Over) else { return false };
        if sent.is_ok() {
            let mut state = self.shared.lock();
            state.seen.sent += 1;
            let done = state.outbox.sent();
            drop(state);
            drop(done);
        }
        self.heal(how, true)
    }

    /// Is there to be another?
    fn heal(&mut self, how: Ended, had_one: bool) -> bool {
        // It was, by the end of the handle: that is not told.
        if !self.node.is_open() {
            return false;
        }
        let now = clock::now();
        let (closing, before) = {
            let mut state = self.shared.lock();
            state.outbox.not_sent();
            let before = (state.seen.last_end.replace(how.clone()), state.websocket.take());
            (state.close.is_some(), before)
        };
        drop(before);
        if had_one {
            self.without_since = now;
        }
        let Recipe { options, is_final, .. } = &self.recipe;
        let is_final = is_final.as_ref().map_or_else(|| how.is_final(), |decides| decides(&how));
        let error = how.to_error();
        if closing {
            return self.end(HealingEvent::Closed, Err(error.in_operation(Operation::WebSocketClose)));
        }
        let asked_for = error.retry_after();
        let pause = if is_final { None } else { self.plan.ended(now, asked_for, options, &mut self.chances) };
        let Some(pause) = pause else {
            self.node.emit(Mask::HEALING, || Status::GaveUp { error });
            return self.end(HealingEvent::GaveUp(how), Ok(()));
        };
        if had_one {
            let untold = self.shared.lock().inbox.put(HealingEvent::Disconnected(how));
            drop(untold);
        }
        let attempt = self.plan.attempt();
        self.node.emit(Mask::HEALING, || Status::Healing { attempt, pause, error });
        self.stand = Stand::Pausing { until: now + pause };
        self.is_now(HealingState::Pausing);
        true
    }

    /// Was `close` called, and is it time to do it?
    fn is_to_close(&self) -> bool {
        let state = self.shared.lock();
        state.close.is_some()
            && match &self.stand {
                Stand::Live(live) => live.broken.is_some() || (live.sending.is_none() && state.outbox.is_empty()),
                Stand::Pausing { .. } | Stand::Connecting { .. } | Stand::Resuming { .. } => true,
                Stand::Parting { .. } | Stand::Closing { .. } | Stand::Over => false,
            }
    }

    fn close(&mut self) -> bool {
        let Some((code, reason)) = self.shared.lock().close.clone() else { return false };
        match std::mem::replace(&mut self.stand, Stand::Over) {
            Stand::Live(Live { websocket, broken: None, .. }) => {
                let work = Box::pin(async move { websocket.close(code, &reason).await });
                self.stand = Stand::Closing { work };
                true
            }
            Stand::Live(Live { websocket, broken: Some((error, _)), .. }) => {
                let error = ended(&websocket, Ended::Failed(error)).to_error();
                self.end(HealingEvent::Closed, Err(error.in_operation(Operation::WebSocketClose)))
            }
            Stand::Resuming { websocket, .. } => {
                give_up(&websocket);
                self.end(HealingEvent::Closed, Ok(()))
            }
            _ => self.end(HealingEvent::Closed, Ok(())),
        }
    }

    /// The last that happens.
    fn end(&mut self, event: HealingEvent, closed: Result<()>) -> bool {
        (self.stand, self.alarm) = (Stand::Over, clock::Alarm::default());
        let leavings = self.shared.lock().end(event, closed);
        leavings.websocket.iter().for_each(give_up);
        self.shared.changed.notify_waiters();
        true
    }

    fn is_now(&self, state: HealingState) {
        self.shared.lock().seen.state = state;
        self.shared.changed.notify_waiters();
    }
}

/// How it ended: as the server has said, if it has.
fn ended(websocket: &WebSocket, how: Ended) -> Ended {
    websocket.close_status().map_or(how, Ended::Closed)
}

/// Whoever has a clone keeps nothing open by it: neither its wire nor its place. The end need not be waited for, and a send that is
/// under way is told.
fn give_up(websocket: &WebSocket) {
    drop(Handle::close(websocket));
}

fn too_late(waited: Duration, detail: String) -> Error {
    Error::too_late(Operation::CompleteUpgrade, Stage::Upgrade, waited, detail)
}

/// How much one turn does before others get theirs.
const MOST_STEPS: usize = 64;
/// How long a server that takes nothing any more may still say something.
const LAST_WORDS: Duration = Duration::from_secs(1);
