//! The client of a simulation: does what it is told, and writes down what every call gave.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use actix::Recipient;
use hinternet::{
    Bytes, Handle, HeaderMap, Method, Notification, NotificationMask, Operation, Payload, Request, RequestOptions,
    Result, Session, ShutdownReport, Timeouts,
};
use integration_tests::simulation::{CLIENT, Trace, World};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, timeout};

use crate::ending::{Last, all_end, end, nothing_under_way};
use crate::plan::{BAD, CONTENT, Command, Form, GOOD, Level, Plan, Reading};
use crate::site::shown_to_others;
use crate::told::{self, Handles, in_turn};
use crate::verdict::{Outcomes, Witnesses, note};

/// Does all that the plan says and ends. The error says what was wrong.
pub(crate) async fn run(plan: &Plan, world: World) -> std::result::Result<Trace, String> {
    let mut client = Client::new(plan, world);
    in_turn(&plan.commands, Command::pause, |command| client.perform(command)).await;
    told::repair(client.hosts);
    client.finish(plan).await
}

struct Client {
    world: World,
    session: Session,
    handles: Handles,
    /// How to leave them again.
    subscriptions: VecDeque<Box<dyn FnOnce()>>,
    calls: Vec<JoinHandle<()>>,
    /// Handles that are being closed.
    closes: Vec<JoinHandle<()>>,
    shutdowns: Vec<JoinHandle<ShutdownReport>>,
    outcomes: Rc<RefCell<Outcomes>>,
    witnesses: Witnesses,
    hosts: &'static [&'static str],
    /// A request may take so long.
    total: Option<Duration>,
    stopped: bool,
}

impl Client {
    fn new(plan: &Plan, world: World) -> Self {
        let mut options = RequestOptions::default();
        options.timeouts = Timeouts::all(Duration::from_millis(300));
        options.timeouts.queue = Some(Duration::from_secs(3));
        options.dial = world.dial();
        options.expect_continue = plan.weather.expects_continue.then_some(Duration::from_millis(100));
        options.governor = plan.weather.governor;
        let total = plan.site.and_then(|site| site.total).map(Duration::from_millis);
        options.timeouts.total = total;
        let session = world.session(|builder| {
            let builder = builder.request_options(options).wires_per_origin(plan.weather.wires);
            match plan.site {
                Some(site) => site.equip(builder),
                None => builder,
            }
        });
        Self {
            world,
            session,
            handles: Handles::default(),
            subscriptions: VecDeque::new(),
            calls: Vec::new(),
            closes: Vec::new(),
            shutdowns: Vec::new(),
            outcomes: Rc::default(),
            witnesses: Witnesses::default(),
            hosts: plan.hosts(),
            total,
            stopped: false,
        }
    }

    fn perform(&mut self, command: Command) {
        match command {
            Command::Connect(port) => {
                self.handles.connect(&self.session, &self.world.url(port, ""));
            }
            Command::Open(place, form) => self.open(place, form),
            Command::Send(place, form) => self.call(place, Operation::Send, move |request| send(request, form)),
            Command::Write(place) => self.call(place, Operation::Write, |r| async move { r.write("12345").await }),
            Command::Finish(place) => self.call(place, Operation::Write, told::finish),
            Command::Receive(place) => self.call(place, Operation::Receive, told::receive),
            Command::Query(place) => self.call(place, Operation::QueryDataAvailable, told::query),
            Command::Read(place, amount) => self.call(place, Operation::Read, move |r| told::read(r, amount)),
            Command::Story(place, form, reading) => {
                self.open(place, form);
                if let Some(request) = self.handles.youngest() {
                    let story = story(request, form, reading, self.total, Rc::clone(&self.outcomes));
                    self.calls.push(spawn_local(story));
                }
            }
            Command::Paved(port, form) => self.paved(port, form),
            Command::GiveUp => {
                if let Some(call) = self.calls.last() {
                    call.abort();
                }
            }
            Command::Cancel(level, place) => self.handles.cancel(&self.session, level, place),
            Command::Close(level, place) => {
                match (level, self.handles.connection(place), self.handles.request(place)) {
                    (Level::Session, ..) => self.close(self.session.close()),
                    (Level::Connection, Some(connection), _) => self.close(connection.close()),
                    (Level::Request, _, Some(request)) => self.close(request.close()),
                    _ => {}
                }
            }
            Command::Drop(level, place) => self.handles.drop_one(level, place),
            Command::Subscribe(level, place) => self.subscribe(level, place),
            Command::Unsubscribe => {
                if let Some(leave) = self.subscriptions.pop_front() {
                    leave();
                }
            }
            Command::Shutdown(deadline) => {
                self.shutdowns.push(spawn_local(self.session.shutdown(Duration::from_millis(deadline))));
            }
            Command::StopEngine => {
                self.stopped = true;
                self.world.engine.stop();
            }
            Command::Partition => self.hosts.iter().for_each(|host| turmoil::partition(CLIENT, *host)),
            Command::Hold => self.hosts.iter().for_each(|host| turmoil::hold(CLIENT, *host)),
            Command::Repair => told::repair(self.hosts),
            Command::Pause(_) => {}
        }
    }

    /// Beside all else. It ends at once, whatever the peer does (N9).
    fn close(&mut self, close: impl Future<Output = Result<()>> + 'static) {
        let outcomes = Rc::clone(&self.outcomes);
        self.closes.push(spawn_local(async move {
            let began = Instant::now();
            let closed = close.await;
            let took = began.elapsed();
            let mut outcomes = outcomes.borrow_mut();
            outcomes.expect(closed.is_ok(), "a close failed");
            outcomes.expect(took <= Duration::from_millis(100), &format!("N9: a close took {took:?}"));
        }));
    }

    fn open(&mut self, place: usize, form: Form) {
        // Apart, so that not all that is kept is taken back by the next POST.
        let (method, path) = if form == Form::Empty { (Method::GET, "/kept") } else { (Method::POST, "/") };
        self.handles.open(place, method, path);
    }

    /// Begins a call beside all else, if there is such a request.
    fn call<F>(&mut self, place: usize, operation: Operation, call: impl FnOnce(Request) -> F + 'static)
    where
        F: Future<Output = Result<()>> + 'static,
    {
        let Some(request) = self.handles.request(place) else { return };
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
        match (level, self.handles.connection(place), self.handles.request(place)) {
            (Level::Session, ..) => self.join(self.session.clone(), subscriber),
            (Level::Connection, Some(connection), _) => self.join(connection, subscriber),
            (Level::Request, _, Some(request)) => self.join(request, subscriber),
            _ => {}
        }
    }

    fn join(&mut self, handle: impl Handle, subscriber: Recipient<Notification>) {
        if let Ok(subscription) = handle.subscribe(subscriber, NotificationMask::EVERYTHING) {
            self.subscriptions.push_back(Box::new(move || drop(handle.unsubscribe(subscription))));
        }
    }

    /// Ends everything, and looks whether anything is wrong or left.
    async fn finish(mut self, plan: &Plan) -> std::result::Result<Trace, String> {
        let mut wrong = all_end(self.calls.drain(..), "a call").await;
        wrong.extend(all_end(self.closes.drain(..), "a close").await);
        if plan.weather.loss == 0 {
            wrong.extend(
                told::good_request(&self.session, &self.world.url(GOOD, "/last"), CONTENT.as_bytes()).await.err(),
            );
        }
        wrong.extend(all_end(self.shutdowns.drain(..), "a shutdown").await);
        self.handles.drop_all();
        self.subscriptions.clear();
        if !self.stopped {
            wrong.extend(nothing_under_way(&self.session).await.err());
        }
        let Self { world, session, outcomes, witnesses, .. } = self;
        let last = Last {
            world,
            session,
            outcomes,
            witnesses,
            tells_the_server: plan.tells_the_server_of_every_end(),
            blocked: plan.is_deaf(),
            drops: plan.seed.is_multiple_of(3),
        };
        let look = |world: &World| {
            let mut wrong: Vec<_> = world.server.iter().flat_map(shown_to_others).collect();
            for port in [GOOD, BAD] {
                let most = world.network.most_streams_to(port);
                let over = most > plan.weather.wires;
                wrong.extend(over.then(|| format!("P5: there were {most} wires to port {port}")));
            }
            wrong
        };
        end(last, wrong, look).await
    }
}

async fn send(request: Request, form: Form) -> Result<()> {
    request.send(payload(form)).await
}

/// A whole exchange, as far as it goes.
pub(crate) async fn story(
    request: Request,
    form: Form,
    reading: Reading,
    total: Option<Duration>,
    outcomes: Rc<RefCell<Outcomes>>,
) {
    let Reading { patience, asks } = reading;
    let (handle, began) = (request.id(), Instant::now());
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
    let told = told.await;
    let took = began.elapsed();
    let mut outcomes = outcomes.borrow_mut();
    let in_time = total.is_none_or(|total| took <= total + TICK);
    outcomes.expect(in_time, &format!("P9: {handle} took {took:?}, and may take {total:?}"));
    if let Ok(body) = told {
        outcomes.check_content(&body);
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

pub(crate) fn whole(form: Form) -> Payload {
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

/// Of the simulation's time, and one of the timer's.
const TICK: Duration = Duration::from_millis(3);
