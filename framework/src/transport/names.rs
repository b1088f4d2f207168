//! What a session knows of names: one table for all its shards, and one look-up at a time for each name.
//!
//! A look-up is a task of its own on the shard that asked first. It goes on for whoever waits, on any shard, and is given up when
//! nobody does: each waits as long as its own limit lets it, and nobody joins one that hangs. The lock is held for a look in the table alone: no code of the caller's runs under it, not even a destructor.

use std::cell::Cell;
use std::io;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::{Either, select};
use tokio::sync::broadcast;

use super::BlockingResolver;
use crate::clock;
use crate::error::Blame;
use crate::network::{Answer, ByPointer, Resolver};
use crate::options::{DialOptions, NameOptions};
use crate::policy;
use crate::policy::{Found, Kept, Resolution};

/// What a session knows of names.
#[derive(Debug)]
pub(crate) struct Names {
    table: Mutex<Table>,
    renew: bool,
}

type Table = policy::Names<Arc<Name>, Arc<Watched>>;

/// Hears of the outcome, once. Whoever waits is woken in the order of asking.
type Watched = broadcast::Sender<Outcome>;

/// A name, and who is asked for it.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    resolver: Option<ByPointer<dyn Resolver>>,
    host: String,
}

/// The same for all who waited.
#[derive(Clone, Debug)]
enum Outcome {
    Resolved(Resolution),
    Failed(Arc<io::Error>),
    Panicked,
    /// Whoever looked it up is gone, with its thread: somebody else may.
    GivenUp,
}

/// An answer that a dial was made by.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) name: Arc<Name>,
    pub(crate) number: u64,
    pub(crate) runs_out: Instant,
    /// It was not waited for: it is over.
    pub(crate) stale: bool,
}

/// Why there are no addresses.
#[derive(Debug)]
pub(super) enum Unresolved {
    Failed(io::Error),
    Panicked(Blame),
}

impl Name {
    pub(super) fn new(options: &DialOptions, host: &str) -> Arc<Self> {
        Arc::new(Self { resolver: options.resolver.clone(), host: host.to_ascii_lowercase() })
    }

    async fn look_up(&self) -> io::Result<Answer> {
        match &self.resolver {
            Some(resolver) => resolver.answer(&self.host).await,
            None => BlockingResolver::system().answer(&self.host).await,
        }
    }

    fn heard(self: &Arc<Self>, kept: Kept, stale: bool) -> Heard {
        Heard { name: Arc::clone(self), number: kept.number, runs_out: kept.runs_out, stale }
    }
}

impl Names {
    pub(crate) fn new(options: NameOptions) -> Arc<Self> {
        Arc::new(Self { table: Mutex::new(Table::new(options)), renew: options.renew })
    }

    /// Are names looked up again for the wires that there are?
    pub(crate) fn are_renewed(&self) -> bool {
        self.renew
    }

    /// The addresses of a name; and the answer, if it is kept.
    pub(super) async fn resolve(
        self: &Arc<Self>,
        name: &Arc<Name>,
    ) -> Result<(Arc<[IpAddr]>, Option<Heard>), Unresolved> {
        let (resolution, stale) = match self.ask(name, Table::ask) {
            Asked::Known(resolution, stale) => (resolution, stale),
            Asked::Wait(waiting) => (self.wait(name, waiting, Table::ask).await?, false),
        };
        let heard = resolution.kept.map(|kept| name.heard(kept, stale));
        match resolution.found {
            Ok(addresses) => Ok((addresses, heard)),
            Err(reason) => Err(Unresolved::Failed(io::Error::new(io::ErrorKind::NotFound, &*reason))),
        }
    }

    /// A newer answer for one that is over; `None` if there is none.
    pub(crate) async fn renewed(self: &Arc<Self>, name: &Arc<Name>) -> Option<Heard> {
        let resolution = match self.ask(name, Table::renew) {
            Asked::Known(resolution, _) => resolution,
            Asked::Wait(waiting) => self.wait(name, waiting, Table::renew).await.ok()?,
        };
        // That there is no address is kept too, but nothing follows from it for the wires there are.
        resolution.found.ok()?;
        resolution.kept.map(|kept| name.heard(kept, false))
    }

    /// None of the addresses could be connected to.
    pub(super) fn forget(&self, heard: &Heard) {
        self.lock().forget(&heard.name, heard.number);
    }

    /// Nothing that is known holds any more. Who waits already gets the answer; nobody else does.
    pub(crate) fn clear(&self) {
        let cleared = self.lock().clear();
        drop(cleared);
    }

    /// Which of these addresses the name had, and has no more.
    pub(crate) fn left(&self, name: &Arc<Name>, addresses: impl IntoIterator<Item = IpAddr>) -> Vec<IpAddr> {
        self.lock().left(name, addresses)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(self: &Arc<Self>, name: &Arc<Name>, how: How) -> Asked {
        let now = clock::now();
        // Subscribed to under the lock, where a look-up that nobody waits for is given up.
        let (waiting, begin) = match how(&mut self.lock(), name, now, || Arc::new(Watched::new(1))) {
            Found::Fresh(resolution) => return Asked::Known(resolution, false),
            Found::Stale(resolution) => return Asked::Known(resolution, true),
            Found::Join(watched) => (watched.subscribe(), None),
            Found::LookUp(watched) => (watched.subscribe(), Some(watched)),
        };
        if let Some(watched) = begin {
            let (names, name) = (Arc::clone(self), Arc::clone(name));
            let under_way = UnderWay { names, name, watched, is_told: Cell::new(false) };
            actix_rt::spawn(under_way.look_up());
        }
        Asked::Wait(waiting)
    }

    async fn wait(
        self: &Arc<Self>,
        name: &Arc<Name>,
        mut waiting: broadcast::Receiver<Outcome>,
        how: How,
    ) -> Result<Resolution, Unresolved> {
        loop {
            match waiting.recv().await {
                Ok(Outcome::Resolved(resolution)) => return Ok(resolution),
                Ok(Outcome::Failed(error)) => return Err(Unresolved::Failed(io::Error::new(error.kind(), error))),
                Ok(Outcome::Panicked) => {
                    let blame = if name.resolver.is_some() { Blame::Caller } else { Blame::Library };
                    return Err(Unresolved::Panicked(blame));
                }
                Ok(Outcome::GivenUp) | Err(_) => match self.ask(name, how) {
                    Asked::Known(resolution, _) => return Ok(resolution),
                    Asked::Wait(again) => waiting = again,
                },
            }
        }
    }
}

/// For addresses, or for newer ones.
type How = fn(&mut Table, &Arc<Name>, Instant, fn() -> Arc<Watched>) -> Found<Arc<Watched>>;

/// What is to be had at once.
enum Asked {
    /// And whether it is stale.
    Known(Resolution, bool),
    Wait(broadcast::Receiver<Outcome>),
}

/// A look-up under way. However it ends, the table knows of it no more, and whoever waits hears of it.
struct UnderWay {
    names: Arc<Names>,
    name: Arc<Name>,
    watched: Arc<Watched>,
    is_told: Cell<bool>,
}

impl UnderWay {
    async fn look_up(self) {
        let looked_up = {
            // The resolver may be the caller's own: a panic in it is the end of this look-up, not a wait without end.
            let looking = pin!(AssertUnwindSafe(self.name.look_up()).catch_unwind());
            match select(looking, pin!(self.abandoned())).await {
                Either::Left((looked_up, _)) => looked_up,
                Either::Right(_) => return,
            }
        };
        let outcome = match looked_up {
            Ok(Ok(answer)) => Outcome::Resolved(self.finish(answer)),
            Ok(Err(error)) => {
                if error.kind() == io::ErrorKind::NotFound {
                    self.finish(Answer::none(error.to_string()));
                }
                Outcome::Failed(Arc::new(error))
            }
            Err(_) => Outcome::Panicked,
        };
        self.is_over(outcome);
    }

    /// Resolves when nobody waits for it any more; then it is not in the table either.
    async fn abandoned(&self) {
        loop {
            self.watched.closed().await;
            let given_up = {
                let mut table = self.names.lock();
                let nobody_waits = self.watched.receiver_count() == 0;
                nobody_waits.then(|| table.give_up(&self.name, |watched| self.is_watched_by(watched)))
            };
            if given_up.is_some() {
                return;
            }
        }
    }

    fn finish(&self, answer: Answer) -> Resolution {
        let (resolution, _dropped_after_the_lock) = {
            let now = clock::now();
            self.names.lock().finish(&self.name, |watched| self.is_watched_by(watched), answer, now)
        };
        resolution
    }

    /// Is this the look-up with that watch?
    fn is_watched_by(&self, watched: &Arc<Watched>) -> bool {
        Arc::ptr_eq(watched, &self.watched)
    }

    fn is_over(&self, outcome: Outcome) {
        let given_up = self.names.lock().give_up(&self.name, |watched| self.is_watched_by(watched));
        drop(given_up);
        if !self.is_told.replace(true) {
            // An error is that nobody waits.
            let _nobody = self.watched.send(outcome);
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.is_over(Outcome::GivenUp);
    }
}
