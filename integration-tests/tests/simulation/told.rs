//! What the clients of all simulations do alike: one command after the other, the handles that commands name by their place, and the
//! calls that have no form.

use std::time::Duration;

use hinternet::{Connection, HeaderMap, Method, Request, Result, Session};
use integration_tests::simulation::{CLIENT, Simulation};
use tokio::time::sleep;

use crate::plan::{Amount, Level};

/// Does one command after the other; of a pause it is told how many milliseconds it lasts.
pub(crate) async fn in_turn<C: Clone>(commands: &[C], pause: impl Fn(&C) -> Option<u64>, mut perform: impl FnMut(C)) {
    for command in commands {
        perform(command.clone());
        // Gives what was begun a turn, so that not everything happens at once.
        sleep(Duration::from_millis(1)).await;
        if let Some(time) = pause(command) {
            sleep(Duration::from_millis(time)).await;
        }
    }
}

/// A network by this seed. The latency of messages is at most so many milliseconds, of ten thousand of them so many break the link, and a
/// connection holds so many.
pub(crate) fn network(seed: u64, latency: u64, loss: u32, roughness: usize, capacity: usize) -> Simulation {
    Simulation::seeded(seed).roughness(roughness).network(|network| {
        network
            .tick_duration(Duration::from_millis(2))
            .tcp_capacity(capacity)
            .max_message_latency(Duration::from_millis(latency))
            .fail_rate(f64::from(loss) / 10_000.0)
            .repair_rate(0.1);
    })
}

/// Between the client and these hosts all is well again.
pub(crate) fn repair(hosts: &[&'static str]) {
    for host in hosts {
        turmoil::repair(CLIENT, *host);
        turmoil::release(CLIENT, *host);
    }
}

/// What has this place among all that were made, if it is still there.
pub(crate) fn at<T: Clone>(all: &[Option<T>], place: usize) -> Option<T> {
    all.get(place % all.len().max(1)).cloned().flatten()
}

/// The handles below a session's.
#[derive(Default)]
pub(crate) struct Handles {
    connections: Vec<Option<Connection>>,
    requests: Vec<Option<Request>>,
}

impl Handles {
    pub(crate) fn connect(&mut self, session: &Session, origin: &str) {
        self.connections.push(session.connect(origin).ok());
    }

    pub(crate) fn open(&mut self, connection: usize, method: Method, path: &str) {
        let opened = self.connection(connection).and_then(|connection| connection.open_request(method, path).ok());
        self.requests.push(opened);
    }

    pub(crate) fn connection(&self, place: usize) -> Option<Connection> {
        at(&self.connections, place)
    }

    pub(crate) fn request(&self, place: usize) -> Option<Request> {
        at(&self.requests, place)
    }

    /// The request that was opened last, if it was.
    pub(crate) fn youngest(&self) -> Option<Request> {
        self.requests.last().cloned().flatten()
    }

    pub(crate) fn cancel(&self, session: &Session, level: Level, place: usize) {
        match (level, self.connection(place), self.request(place)) {
            (Level::Session, ..) => session.cancel(),
            (Level::Connection, Some(connection), _) => connection.cancel(),
            (Level::Request, _, Some(request)) => request.cancel(),
            _ => {}
        }
    }

    pub(crate) fn drop_one(&mut self, level: Level, place: usize) {
        let (connections, requests) = (self.connections.len(), self.requests.len());
        if level == Level::Connection && connections > 0 {
            self.connections[place % connections] = None;
        } else if requests > 0 {
            self.requests[place % requests] = None;
        }
    }

    pub(crate) fn drop_all(&mut self) {
        self.requests.clear();
        self.connections.clear();
    }
}

pub(crate) async fn finish(request: Request) -> Result<()> {
    request.finish(HeaderMap::new()).await
}

pub(crate) async fn receive(request: Request) -> Result<()> {
    request.receive_response().await.map(drop)
}

pub(crate) async fn query(request: Request) -> Result<()> {
    request.query_data_available().await.map(drop)
}

pub(crate) async fn read(request: Request, amount: Amount) -> Result<()> {
    match amount {
        Amount::Available => request.read().await,
        Amount::AtMost => request.read_at_most(7).await,
        Amount::Exactly => request.read_exact(5).await,
    }
    .map(drop)
}

/// Whatever has happened, the pool of the good origin has a place, and the session works: this is answered with that. Wires that lost
/// octets have to be used up first.
pub(crate) async fn good_request(session: &Session, url: &str, answer: &[u8]) -> std::result::Result<(), String> {
    session.cancel();
    let mut failed = None;
    for _ in 0..=MOST_WIRES {
        let Ok(builder) = session.get(url) else { return Ok(()) };
        match async { builder.send().await?.bytes().await }.await {
            Ok(octets) if octets == answer => return Ok(()),
            Ok(octets) => return Err(format!("the last request gave {octets:?}")),
            Err(_) if !session.is_open() => return Ok(()),
            Err(error) => failed = Some(error),
        }
    }
    Err(format!("the last requests fail: {failed:?}"))
}

const MOST_WIRES: usize = 3;
