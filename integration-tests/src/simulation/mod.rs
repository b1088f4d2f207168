//! A client, a scripted server and the network between them: on one thread, in a time of their own, decided by one seed.
//!
//! ```
//! use integration_tests::scripted_peer::Script;
//! use integration_tests::simulation::Simulation;
//!
//! let answer = Script::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi");
//! let text = Simulation::seeded(1).peer(80, move |_| answer.clone()).run(async |world| {
//!     let session = world.session(|builder| builder);
//!     let text = session.get(world.url(80, "/")).unwrap().send().await.unwrap().text().await.unwrap();
//!     world.recorder.finish(session).await;
//!     text
//! });
//! assert_eq!(text.unwrap(), "hi");
//! ```
//!
//! Nothing sleeps: when nobody has anything to do, the time is that of the next who has. What the client has by chance, its pauses,
//! nonces and masks, it has from the seed too. The same seed is the same run, in every process, which [`Trace`] shows.

mod disturbance;
mod http2;
mod network;
mod peer;
#[cfg(test)]
mod tests;
mod trace;
mod websocket;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hinternet::{DialOptions, Engine, Session, SessionBuilder};

use crate::origin::Reply;
use crate::recorder::Recorder;
use crate::request::Request;
use crate::scripted_peer::Script;
use peer::Speaks;

pub use disturbance::{Call, Disturbance};
pub use http2::{Answer, AnswerBody, AnswerEnd, Conduct, Opening, Parting, pattern};
pub use network::{Remains, SimulatedNetwork, Told};
pub use peer::SimulatedPeer;
pub use trace::Trace;
pub use websocket::{Heard, Talk, TalkOpening, TalkParting, read_words, words};

/// What is to be simulated.
pub struct Simulation {
    seed: u64,
    builder: turmoil::Builder,
    peers: Vec<SimulatedPeer>,
    roughness: usize,
    twice: bool,
}

/// What a simulated client has at hand.
#[derive(Debug)]
pub struct World {
    /// On the client's own thread. The recorder has another one there, and hears of the end of this.
    pub engine: Engine,
    /// Watches the sessions that [`session`](Self::session) opens.
    pub recorder: Recorder,
    /// How names are resolved and streams opened, and how many are open.
    pub network: SimulatedNetwork,
    /// What the server does, and has seen.
    pub server: Rc<Vec<SimulatedPeer>>,
    /// When the client began.
    pub began: tokio::time::Instant,
}

impl Simulation {
    /// An undisturbed network with a latency of 1 to 5 ms. All chance comes from this seed.
    pub fn seeded(seed: u64) -> Self {
        let mut builder = turmoil::Builder::new();
        builder
            .rng_seed(seed)
            .simulation_duration(LONGEST)
            .min_message_latency(Duration::from_millis(1))
            .max_message_latency(Duration::from_millis(5));
        Self { seed, builder, peers: Vec::new(), roughness: 0, twice: false }
    }

    /// Changes the network: latency, loss, capacity.
    pub fn network(mut self, change: impl FnOnce(&mut turmoil::Builder)) -> Self {
        change(&mut self.builder);
        self
    }

    /// The client's streams take and give less than they could, in so many cases of a hundred.
    pub fn roughness(mut self, percent: usize) -> Self {
        self.roughness = percent;
        self
    }

    /// The server listens on this port, and the n-th connection (from 0) gets this script.
    pub fn peer(mut self, port: u16, scripts: impl Fn(usize) -> Script + 'static) -> Self {
        self.peers.push(SimulatedPeer::new(port, Speaks::Script(Box::new(scripts))));
        self
    }

    /// The server listens on this port and answers each request so, as an honest [`Origin`](crate::origin::Origin).
    pub fn site(mut self, port: u16, handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        self.peers.push(SimulatedPeer::new(port, Speaks::Site(Arc::new(handler))));
        self
    }

    /// The server listens on this port and speaks HTTP/2 by prior knowledge; the n-th connection (from 0) behaves so.
    pub fn http2_peer(mut self, port: u16, conducts: impl Fn(usize) -> Conduct + 'static) -> Self {
        self.peers.push(SimulatedPeer::new(port, Speaks::Http2(Box::new(conducts))));
        self
    }

    /// The server listens on this port for WebSockets, whose paths are numbers; the n-th connection (from 0) goes so.
    pub fn websocket_peer(mut self, port: u16, talks: impl Fn(usize) -> Talk + 'static) -> Self {
        self.peers.push(SimulatedPeer::new(port, Speaks::WebSocket(Box::new(talks))));
        self
    }

    /// The same server listens at a second address, that of [`OTHER`], too.
    pub fn at_two_addresses(mut self) -> Self {
        self.twice = true;
        self
    }

    /// Runs the client to its end, and gives what it gave; or why it, the server or the simulation failed.
    ///
    /// # Errors
    /// What a task panicked with, or that the time was over.
    pub fn run<T: 'static>(self, client: impl AsyncFnOnce(World) -> T + 'static) -> Result<T, String> {
        let Self { seed, builder, peers, roughness, twice } = self;
        let _chances = hinternet::seeded(seed);
        let mut simulation = builder.build();
        let server = Rc::new(peers);
        for host in [SERVER, OTHER].into_iter().take(if twice { 2 } else { 1 }) {
            let peers = Rc::clone(&server);
            simulation.host(host, move || {
                let peers = Rc::clone(&peers);
                async move {
                    peer::serve(&peers).await;
                    Ok(())
                }
            });
        }
        let outcome = Rc::new(RefCell::new(None));
        let result = Rc::clone(&outcome);
        simulation.client(CLIENT, async move {
            let engine = Engine::on_current_thread()?;
            let recorder = Recorder::on(&Engine::on_current_thread()?);
            let network = SimulatedNetwork::new(seed, roughness);
            let world = World { engine, recorder, network, server, began: tokio::time::Instant::now() };
            *result.borrow_mut() = Some(client(world).await);
            Ok(())
        });
        simulation.run().map_err(|error| error.to_string())?;
        let outcome = outcome.borrow_mut().take();
        outcome.ok_or_else(|| "the client did not end".to_owned())
    }
}

impl World {
    /// Opens a session with the recorder in its slot, on this thread and this network.
    ///
    /// # Panics
    /// When the session does not open.
    pub fn session(&self, build: impl FnOnce(SessionBuilder) -> SessionBuilder) -> Session {
        let builder = Session::builder().engine(self.engine.clone()).dial(self.dial());
        self.recorder.session(build(builder))
    }

    /// The simulated network as an option.
    pub fn dial(&self) -> DialOptions {
        DialOptions::default().resolver(self.network.clone()).dialer(self.network.clone())
    }

    /// A URL on the server.
    pub fn url(&self, port: u16, path: &str) -> String {
        format!("http://{SERVER}:{port}{path}")
    }

    /// How long the client has run, in its own time.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

impl std::fmt::Debug for Simulation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulation").field("seed", &self.seed).finish_non_exhaustive()
    }
}

/// The name of the host that serves.
pub const SERVER: &str = "server";
/// The name of the host that serves too, if there are two.
pub const OTHER: &str = "other";
/// The name of the host that the client runs on.
pub const CLIENT: &str = "client";

/// A simulation that runs so long, in its own time, hangs.
const LONGEST: Duration = Duration::from_secs(600);
