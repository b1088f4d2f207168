//! Where a WebSocket is: on the thread of its wire, where its actor works on it, and its halves do when they are polled there.
//!
//! Nobody's code is run while somebody is inside: tasks are woken when it is left again. Code of others may run all the same, by the drop
//! of octets that the program owns or by a waker that does more than to wake; it finds the door closed, and waits or sends a message.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};

use super::socket::Socket;
use super::waiting::Woken;
use crate::handle::{Ending, Node};

/// A WebSocket, and who waits to get at it.
pub(super) struct Local {
    node: Arc<Node>,
    whereabouts: Cell<Whereabouts>,
    socket: RefCell<Socket>,
    /// The actor's task. It is what the wire wakes, whoever has polled it: it does what nobody else is there for.
    actor: RefCell<Option<Waker>>,
    /// Who found the door closed.
    turned_away: RefCell<Vec<Waker>>,
}

/// Where to look for a WebSocket, from any thread.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Whereabouts {
    /// 0 is no thread.
    thread: u64,
    place: usize,
}

impl Local {
    pub(super) fn new(node: &Arc<Node>, socket: Socket) -> Rc<Self> {
        let local = Rc::new(Self {
            node: Arc::clone(node),
            whereabouts: Cell::default(),
            socket: RefCell::new(socket),
            actor: RefCell::default(),
            turned_away: RefCell::default(),
        });
        local.whereabouts.set(HERE.with_borrow_mut(|here| here.add(&local)));
        local
    }

    pub(super) fn whereabouts(&self) -> Whereabouts {
        self.whereabouts.get()
    }

    /// If it is on this thread and its actor lives.
    pub(super) fn here(whereabouts: Whereabouts, node: &Arc<Node>) -> Option<Rc<Self>> {
        let found = HERE.try_with(|here| here.borrow().find(whereabouts)).ok().flatten()?;
        Arc::ptr_eq(&found.node, node).then_some(found)
    }

    /// For the actor, beside whom there is nobody.
    pub(super) fn work<R>(&self, work: impl FnOnce(&mut Socket) -> R) -> R {
        let mut socket = self.socket.borrow_mut();
        let done = work(&mut socket);
        let woken = socket.take_woken();
        drop(socket);
        self.leave(woken);
        done
    }

    /// A turn of the actor, by its task.
    pub(super) fn turn(&self, task: &mut Context<'_>) {
        {
            let mut actor = self.actor.borrow_mut();
            if !actor.as_ref().is_some_and(|waker| waker.will_wake(task.waker())) {
                *actor = Some(task.waker().clone());
            }
        }
        self.work(|socket| socket.turn(task));
    }

    /// For a half: what it polls of the wire wakes the actor. `None`: it cannot get in now, and is woken when it can.
    pub(super) fn enter<R>(
        &self,
        half: &mut Context<'_>,
        work: impl FnOnce(&mut Socket, &mut Context<'_>, &Waker) -> R,
    ) -> Option<R> {
        let actor = self.actor.borrow();
        let (Some(actor), Ok(mut socket)) = (actor.as_ref(), self.socket.try_borrow_mut()) else {
            self.turned_away.borrow_mut().push(half.waker().clone());
            return None;
        };
        let crash = Crash(&self.node);
        let done = work(&mut socket, &mut Context::from_waker(actor), half.waker());
        std::mem::forget(crash);
        let (woken, wants_a_turn) = (socket.take_woken(), socket.wants_a_turn());
        drop(socket);
        if wants_a_turn {
            actor.wake_by_ref();
        }
        self.leave(woken);
        Some(done)
    }

    /// For a half that cannot wait; `None`: it cannot get in now, and has its argument back.
    pub(super) fn enter_with<A, R>(&self, argument: A, work: impl FnOnce(&mut Socket, A) -> R) -> Result<R, A> {
        let Ok(mut socket) = self.socket.try_borrow_mut() else { return Err(argument) };
        let crash = Crash(&self.node);
        let done = work(&mut socket, argument);
        std::mem::forget(crash);
        let woken = socket.take_woken();
        drop(socket);
        self.leave(woken);
        Ok(done)
    }

    /// The actor has a turn.
    pub(super) fn nudge(&self) {
        if let Ok(actor) = self.actor.try_borrow()
            && let Some(actor) = actor.as_ref()
        {
            actor.wake_by_ref();
        }
    }

    /// Its actor is gone, and nobody finds it any more.
    pub(super) fn abandon(&self) {
        // It is gone with its thread, otherwise.
        let _gone = HERE.try_with(|here| here.borrow_mut().remove(self.whereabouts.get()));
        if let Ok(mut socket) = self.socket.try_borrow_mut() {
            socket.fall();
            let woken = socket.take_woken();
            drop(socket);
            self.leave(woken);
        }
    }

    fn leave(&self, woken: Woken) {
        woken.wake();
        if !self.turned_away.borrow().is_empty() {
            self.turned_away.take().into_iter().for_each(Waker::wake);
        }
    }
}

/// A panic in a half's task is a crash of the actor, whose work it did.
struct Crash<'a>(&'a Arc<Node>);

impl Drop for Crash<'_> {
    fn drop(&mut self) {
        self.0.close(Ending::Crashed);
    }
}

/// The WebSockets of one thread.
#[derive(Default)]
struct Here {
    thread: u64,
    places: Vec<Option<Rc<Local>>>,
    free: Vec<usize>,
}

impl Here {
    fn add(&mut self, local: &Rc<Local>) -> Whereabouts {
        static THREADS: AtomicU64 = AtomicU64::new(1);
        if self.thread == 0 {
            self.thread = THREADS.fetch_add(1, Ordering::Relaxed);
        }
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        self.places[place] = Some(Rc::clone(local));
        Whereabouts { thread: self.thread, place }
    }

    fn find(&self, whereabouts: Whereabouts) -> Option<Rc<Local>> {
        if self.thread != whereabouts.thread {
            return None;
        }
        self.places.get(whereabouts.place)?.clone()
    }

    /// The last one that goes leaves nothing behind.
    fn remove(&mut self, whereabouts: Whereabouts) {
        if let Some(place) = self.places.get_mut(whereabouts.place) {
            *place = None;
            self.free.push(whereabouts.place);
        }
        if self.free.len() == self.places.len() {
            (self.places, self.free) = (Vec::new(), Vec::new());
        }
    }
}

thread_local! {
    static HERE: RefCell<Here> = RefCell::default();
}
