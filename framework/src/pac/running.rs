//! A run of a script on a thread of its own, which is told what it asks of the network by whoever waits for it.
//!
//! A script that spins holds up no wire. The engine ends it at its limits; where one of its own loops asks for no interrupt,
//! whoever waits gives up a little later and leaves the thread behind, with its place among the few that a resolver may have. So
//! does a run whose memory could not be freed.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::{Either, select};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc as tasks, oneshot};

use super::engine::{Bounds, Fault, Question, World, evaluate};
use crate::clock;
use crate::network::Route;
use crate::options::DialOptions;
use crate::transport::{Names, known_addresses};

/// What a run needs beside the script.
#[derive(Clone, Debug)]
pub(super) struct Runs {
    pub(super) bounds: Bounds,
    pub(super) look_up: Duration,
    pub(super) dial: DialOptions,
    pub(super) names: Arc<Names>,
    pub(super) places: Places,
}

/// A place for each thread.
#[derive(Clone, Debug)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    /// So many runs have given theirs back.
    given_back: Arc<AtomicUsize>,
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(most)), given_back: Arc::default() }
    }

    /// Waits in line for as long as runs end: `None` when none has within this time.
    async fn take(&self, patience: Duration) -> Option<OwnedSemaphorePermit> {
        let mut taking = pin!(Arc::clone(&self.free).acquire_owned());
        loop {
            let before = self.given_back.load(Ordering::Relaxed);
            match clock::within(Some(patience), taking.as_mut()).await {
                Ok(taken) => return taken.ok(),
                Err(_) if self.given_back.load(Ordering::Relaxed) == before => return None,
                Err(_) => {}
            }
        }
    }
}

/// How a run ended without an answer.
#[derive(Debug)]
pub(super) enum Ended {
    By(Fault),
    /// It does not end: its thread was left behind.
    Hangs(Duration),
    /// All places are taken by runs that do not end.
    NoPlace,
    /// There is no thread for it, or it crashed.
    Crashed(String),
}

/// One question to one script.
pub(super) struct Run {
    pub(super) script: Arc<str>,
    pub(super) url: String,
    pub(super) host: String,
    pub(super) time_of_day: SystemTime,
}

impl Runs {
    pub(super) async fn run(&self, run: Run) -> Result<Vec<Route>, Ended> {
        let patience = self.bounds.time + GRACE;
        let Some(place) = self.places.take(patience).await else { return Err(Ended::NoPlace) };
        let given_back = Arc::clone(&self.places.given_back);
        let (asks, asked) = tasks::unbounded_channel();
        let (say, said) = oneshot::channel();
        let bounds = self.bounds;
        let own = self.dial.local_address;
        let work = move || {
            let answer = catch_unwind(AssertUnwindSafe(|| answer(&run, bounds, Asking { asks, own })));
            let answer = answer.unwrap_or_else(|_| Err(Ended::Crashed("its engine panicked".to_owned())));
            match answer {
                // Its place is lost with its memory.
                Err(Ended::By(Fault::Leaves(_))) => place.forget(),
                _ => {
                    given_back.fetch_add(1, Ordering::Relaxed);
                    drop(place);
                }
            }
            // Whoever waited may have gone.
            let _gone = say.send(answer);
        };
        thread::Builder::new()
            .name("hinternet-pac".to_owned())
            .stack_size(STACK)
            .spawn(work)
            .map_err(|error| Ended::Crashed(format!("it has no thread: {error}")))?;
        let waiting = pin!(self.until_said(said, asked));
        clock::within(Some(patience), waiting).await.unwrap_or(Err(Ended::Hangs(bounds.time)))
    }

    /// Looks names up for the script until it has an answer. It asks for one at a time.
    async fn until_said(
        &self,
        mut said: oneshot::Receiver<Result<Vec<Route>, Ended>>,
        mut asked: tasks::UnboundedReceiver<Ask>,
    ) -> Result<Vec<Route>, Ended> {
        loop {
            let ask = match select(&mut said, pin!(asked.recv())).await {
                Either::Left((said, _)) => {
                    return said.unwrap_or_else(|_| Err(Ended::Crashed("it vanished".to_owned())));
                }
                Either::Right((Some(ask), _)) => ask,
                Either::Right((None, _)) => {
                    return said.await.unwrap_or_else(|_| Err(Ended::Crashed("it vanished".to_owned())));
                }
            };
            let addresses = known_addresses(&self.dial, &self.names, &ask.host, Some(self.look_up)).await;
            // It may have run out of time meanwhile.
            let _late = ask.answer.send(addresses);
        }
    }
}

fn answer(run: &Run, bounds: Bounds, asking: Asking) -> Result<Vec<Route>, Ended> {
    let Run { script, url, host, time_of_day } = run;
    let question = Question { script, url, host, time_of_day: *time_of_day };
    evaluate(&question, bounds, asking).map_err(Ended::By)
}

/// A name that a script wants looked up.
struct Ask {
    host: String,
    answer: mpsc::SyncSender<Vec<IpAddr>>,
}

/// The world as a script sees it: its thread waits for what it asks.
struct Asking {
    asks: tasks::UnboundedSender<Ask>,
    own: Option<IpAddr>,
}

impl World for Asking {
    fn addresses(&mut self, host: &str, until: Instant) -> Vec<IpAddr> {
        let (answer, answered) = mpsc::sync_channel(1);
        let ask = Ask { host: host.to_owned(), answer };
        if self.asks.send(ask).is_err() {
            return Vec::new();
        }
        answered.recv_timeout(until.saturating_duration_since(clock::now())).unwrap_or_default()
    }

    /// The address that this machine has on its way out. Nothing is sent: a socket is only aimed.
    fn own_addresses(&mut self) -> Vec<IpAddr> {
        let aimed = || {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
            socket.connect((BEYOND, 9))?;
            socket.local_addr()
        };
        let own = self.own.or_else(|| aimed().ok().map(|address| address.ip()));
        vec![own.filter(|own| !own.is_unspecified()).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))]
    }
}

/// An address that is nobody's (RFC 5737), and on the default route.
const BEYOND: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
/// The engine ends a run by itself at its limit of time; after that much more nobody waits for it. Long enough that a script is
/// not condemned because the machine is busy.
const GRACE: Duration = Duration::from_secs(2);
/// The engine's own limit lies well within.
const STACK: usize = 2 * 1024 * 1024;
