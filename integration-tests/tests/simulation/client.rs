//! The client of a simulation: does what it is told, and writes down what every call gave.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use hinternet::{
    Bytes, Connection, HeaderMap, Method, NotificationMask, Operation, Payload, Request, RequestOptions, Result,
    Session, ShutdownReport, SubscriptionId, Timeouts,
};
use integration_tests::simulation::{CLIENT, SERVER, SimulatedPeer, Trace, World};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::timeout;

use crate::plan::{Amount, CONTENT, Command, Form, GOOD, Level, Plan, Reading};
use crate::verdict::{Outcomes, Witnesses, note};

/// Does all that the plan says and ends. The error says what was wrong.
pub(crate) async fn run(plan: &Plan, world: World) -> std::result::Result<Trace, String> {
    let mut client = Client::new(plan, world);
    for command in &plan.commands {
        client.perform(*command);
        // Gives what was begun a turn, so that not everything happens at once.
        tokio::time::sleep(Duration::from_millis(1)).await;
        if let Command::Pause(time) = command {
            tokio::time::sleep(Duration::from_millis(*time)).await;
        }
    }
    turmoil::repair(CLIENT, SERVER);
    turmoil::release(CLIENT, SERVER);
    client.finish(plan).await
}

struct Client {
    world: World,
    session: Session,
    connections: Vec<Option<Connection>>,
    requests: Vec<Option<Request>>,
    subscriptions: VecDeque<(Request, SubscriptionId)>,
    calls: Vec<JoinHandle<()>>,
    shutdowns: Vec<JoinHandle<ShutdownReport>>,
    outcomes: Rc<RefCell<Outcomes>>,
    witnesses: Witnesses,
}

impl Client {
    fn new(plan: &Plan, world: World) -> Self {
        let mut options = RequestOptions::default();
        options.timeouts = Timeouts::all(Duration::from_millis(300));
        options.timeouts.queue = Some(Duration::from_secs(3));
        options.dial = world.dial();
        options.expect_continue = plan.weather.expects_continue.then_some(Duration::from_millis(100));
        options.governor = plan.weather.governor;
        let session = world.session(|builder| builder.request_options(options).wires_per_origin(plan.weather.wires));
        let (connections, requests, calls) = (Vec::new(), Vec::new(), Vec::new());
        let (subscriptions, shutdowns, outcomes) = (VecDeque::new(), Vec::new(), Rc::default());
        let witnesses = Witnesses::default();
        Self { world, session, connections, requests, subscriptions, calls, shutdowns, outcomes, witnesses }
    }

    fn perform(&mut self, command: Command) {
        match command {
            Command::Connect(port) => {
                let connected = self.session.connect(&self.world.url(port, ""));
                self.connections.push(connected.ok());
            }
            Command::Open(place, form) => self.open(place, form),
            Command::Send(place, form) => self.call(place, Operation::Send, move |request| send(request, form)),
            Command::Write(place) => self.call(place, Operation::Write, |r| async move { r.write("12345").await }),
            Command::Finish(place) => {
                self.call(place, Operation::Write, |r| async move { r.finish(HeaderMap::new()).await });
            }
            Command::Receive(place) => {
                self.call(place, Operation::Receive, |r| async move { r.receive_response().await.map(drop) });
            }
            Command::Query(place) => {
                self.call(
                    place,
                    Operation::QueryDataAvailable,
                    |r| async move { r.query_data_available().await.map(drop) },
                )
            }
            Command::Read(place, amount) => self.call(place, Operation::Read, move |r| async move {
                match amount {
                    Amount::Available => r.read().await,
                    Amount::AtMost => r.read_at_most(7).await,
                    Amount::Exactly => r.read_exact(5).await,
                }
                .map(drop)
            }),
            Command::Story(place, form, reading) => {
                self.open(place, form);
                if let Some(Some(request)) = self.requests.last() {
                    let story = story(request.clone(), form, reading, Rc::clone(&self.outcomes));
                    self.calls.push(spawn_local(story));
                }
            }
            Command::Paved(port, form) => self.paved(port, form),
            Command::GiveUp => {
                if let Some(call) = self.calls.last() {
                    call.abort();
                }
            }
            Command::Cancel(level, place) => match (level, self.connection(place), self.request(place)) {
                (Level::Session, ..) => self.session.cancel(),
                (Level::Connection, Some(connection), _) => connection.cancel(),
                (Level::Request, _, Some(request)) => request.cancel(),
                _ => {}
            },
            Command::Close(level, place) => match (level, self.connection(place), self.request(place)) {
                (Level::Session, ..) => drop(self.session.close()),
                (Level::Connection, Some(connection), _) => drop(connection.close()),
                (Level::Request, _, Some(request)) => drop(request.close()),
                _ => {}
            },
            Command::Drop(level, place) => {
                let (connections, requests) = (self.connections.len(), self.requests.len());
                if level == Level::Connection && connections > 0 {
                    self.connections[place % connections] = None;
                } else if requests > 0 {
                    self.requests[place % requests] = None;
                }
            }
            Command::Subscribe(level, place) => self.subscribe(level, place),
            Command::Unsubscribe => {
                if let Some((request, subscription)) = self.subscriptions.pop_front() {
                    drop(request.unsubscribe(subscription));
                }
            }
            Command::Shutdown(deadline) => {
                self.shutdowns.push(spawn_local(self.session.shutdown(Duration::from_millis(deadline))));
            }
            Command::StopEngine => self.world.engine.stop(),
            Command::Partition => turmoil::partition(CLIENT, SERVER),
            Command::Hold => turmoil::hold(CLIENT, SERVER),
            Command::Repair => {
                turmoil::repair(CLIENT, SERVER);
                turmoil::release(CLIENT, SERVER);
            }
            Command::Pause(_) => {}
        }
    }

    fn connection(&self, place: usize) -> Option<Connection> {
        self.connections.get(place % self.connections.len().max(1)).cloned().flatten()
    }

    fn request(&self, place: usize) -> Option<Request> {
        self.requests.get(place % self.requests.len().max(1)).cloned().flatten()
    }

    fn open(&mut self, place: usize, form: Form) {
        let method = if form == Form::Empty { Method::GET } else { Method::POST };
        let opened = self.connection(place).and_then(|connection| connection.open_request(method, "/").ok());
        self.requests.push(opened);
    }

    /// Begins a call beside all else, if there is such a request.
    fn call<F>(&mut self, place: usize, operation: Operation, call: impl FnOnce(Request) -> F + 'static)
    where
        F: Future<Output = Result<()>> + 'static,
    {
        let Some(request) = self.request(place) else { return };
        let outcomes = Rc::clone(&self.outcomes);
        self.calls.push(spawn_local(async move {
            let handle = request.id();
            note(&outcomes, handle, operation, call(request)).await.ok();
        }));
    }

    fn paved(&mut self, port: u16, form: Form) {
        let url = self.world.url(port, "/paved");
        let Ok(builder) = self.session.post(url) else { return };
        let outcomes = Rc::clone(&self.outcomes);
        self.calls.push(spawn_local(async move {
            let text = async { builder.body(whole(form)).send().await?.text().await };
            match text.await {
                Ok(text) => outcomes.borrow_mut().check_content(text.as_bytes()),
                Err(error) => outcomes.borrow_mut().check_error(&error),
            }
        }));
    }

    /// A subscriber that checks what N1 and C.7 say of its own subscription.
    fn subscribe(&mut self, level: Level, place: usize) {
        let subscriber = self.world.engine.subscriber(self.witnesses.one());
        let mask = NotificationMask::EVERYTHING;
        match (level, self.connection(place), self.request(place)) {
            (Level::Session, ..) => drop(self.session.subscribe(subscriber, mask)),
            (Level::Connection, Some(connection), _) => drop(connection.subscribe(subscriber, mask)),
            (Level::Request, _, Some(request)) => {
                if let Ok(subscription) = request.subscribe(subscriber, mask) {
                    self.subscriptions.push_back((request, subscription));
                }
            }
            _ => {}
        }
    }

    /// Ends everything, and looks whether anything is wrong or left.
    async fn finish(mut self, plan: &Plan) -> std::result::Result<Trace, String> {
        let mut wrong = Vec::new();
        for call in self.calls.drain(..) {
            match timeout(PATIENCE, call).await {
                Ok(Err(ended)) if ended.is_panic() => wrong.push(ended.to_string()),
                Ok(_) => {}
                Err(_) => wrong.push("a call did not end".to_owned()),
            }
        }
        if plan.weather.loss == 0 {
            wrong.extend(self.good_request().await.err());
        }
        for shutdown in self.shutdowns.drain(..) {
            if timeout(PATIENCE, shutdown).await.is_err() {
                wrong.push("a shutdown did not end".to_owned());
            }
        }
        let Self { world, session, connections, requests, subscriptions, outcomes, witnesses, .. } = self;
        session.close().await.map_err(|error| error.to_string())?;
        if timeout(PATIENCE, session.closed()).await.is_err() {
            wrong.push("the last words were not handled".to_owned());
        }
        drop((session, connections, requests, subscriptions));
        let World { engine, recorder, network, server, began } = world;
        let log = recorder.log();
        recorder.settle().await;
        wrong.extend(outcomes.borrow().check(&log));
        wrong.extend(witnesses.complaints());
        if network.open_streams() > 0 {
            wrong.push(format!("{} streams are open", network.open_streams()));
        }
        if plan.tells_the_server_of_every_end() {
            let ended = async {
                while server.iter().any(|peer| !peer.open_connections().is_empty()) {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            if timeout(PATIENCE, ended).await.is_err() {
                let open: Vec<_> = server.iter().map(SimulatedPeer::open_connections).collect();
                wrong.push(format!("connections are open on the server's side: {open:?}"));
            }
        }
        // Sessions, requests, pools and dials hold the network; when none of them is left, nobody does.
        let remains = network.remains();
        drop((engine, network));
        let gone = async {
            while remains.holders() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if timeout(PATIENCE, gone).await.is_err() {
            wrong.push(format!("{} still hold the network", remains.holders()));
        }
        let trace = Trace::of(&log, began);
        if wrong.is_empty() { Ok(trace) } else { Err(format!("{}\n{trace:?}", wrong.join("\n"))) }
    }

    /// Whatever has happened, the pool of the good origin has a place, and the session works. Wires that lost octets have to
    /// be used up first.
    async fn good_request(&self) -> std::result::Result<(), String> {
        self.session.cancel();
        let mut failed = None;
        for _ in 0..=MOST_WIRES {
            let Ok(builder) = self.session.get(self.world.url(GOOD, "/last")) else { return Ok(()) };
            match async { builder.send().await?.text().await }.await {
                Ok(text) if text == CONTENT => return Ok(()),
                Ok(text) => return Err(format!("the last request gave {text:?}")),
                Err(_) if !self.session.is_open() => return Ok(()),
                Err(error) => failed = Some(error),
            }
        }
        Err(format!("the last requests fail: {failed:?}"))
    }
}

async fn send(request: Request, form: Form) -> Result<()> {
    request.send(payload(form)).await
}

/// A whole exchange, as far as it goes.
async fn story(request: Request, form: Form, reading: Reading, outcomes: Rc<RefCell<Outcomes>>) {
    let Reading { patience, asks } = reading;
    let handle = request.id();
    let told = async {
        note(&outcomes, handle, Operation::Send, request.send(payload(form))).await?;
        if matches!(form, Form::Announced | Form::Chunked) {
            note(&outcomes, handle, Operation::Write, request.write("67890")).await?;
        }
        if form == Form::Chunked {
            note(&outcomes, handle, Operation::Write, request.finish(HeaderMap::new())).await?;
        }
        patiently(patience, || note(&outcomes, handle, Operation::Receive, request.receive_response())).await?;
        let mut body = Vec::new();
        loop {
            let query = || note(&outcomes, handle, Operation::QueryDataAvailable, request.query_data_available());
            let announced = if asks { Some(patiently(patience, query).await?) } else { None };
            let octets = patiently(patience, || note(&outcomes, handle, Operation::Read, request.read())).await?;
            let kept = announced.is_none_or(|announced| announced == octets.len() as u64);
            outcomes.borrow_mut().expect(kept, "a read gave other than was announced");
            if octets.is_empty() {
                return Ok::<_, hinternet::Error>(body);
            }
            body.extend_from_slice(&octets);
        }
    };
    if let Ok(body) = told.await {
        outcomes.borrow_mut().check_content(&body);
    }
}

/// A receiving call that is given up and made again loses nothing (contract B.7).
pub(crate) async fn patiently<T, F: Future<Output = Result<T>>>(
    patience: Option<u64>,
    call: impl Fn() -> F,
) -> Result<T> {
    loop {
        let Some(patience) = patience else { return call().await };
        if let Ok(result) = timeout(Duration::from_millis(patience), call()).await {
            return result;
        }
    }
}

/// For a handle that `write` follows: ten octets, the first five at once.
fn payload(form: Form) -> Payload {
    match form {
        Form::Announced => Payload::begin("12345", 10),
        Form::Chunked => Payload::chunked(),
        form => whole(form),
    }
}

fn whole(form: Form) -> Payload {
    match form {
        Form::Empty => Payload::empty(),
        Form::Octets | Form::Announced | Form::Chunked => Payload::bytes(vec![b'x'; 100]),
        Form::Large => Payload::bytes(vec![b'x'; 10_000]),
        Form::Stream => {
            let pieces = ["once", "upon", "a", "time"].map(|piece| Ok(Bytes::from_static(piece.as_bytes())));
            Payload::stream(futures_util::stream::iter(pieces))
        }
    }
}

/// In the simulation's time: longer than any call may take.
const PATIENCE: Duration = Duration::from_secs(30);
const MOST_WIRES: usize = 3;
