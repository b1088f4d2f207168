//! The client of a simulation over HTTP/2: does what it is told, and writes down what every call gave.

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use hinternet::{
    Connection, HandleId, Method, NotificationMask, Operation, Protocols, Request, RequestOptions, Result, Session,
    SessionOptions, ShutdownReport, SubscriptionId, Timeouts,
};
use integration_tests::simulation::{CLIENT, OTHER, SERVER, SimulatedPeer, Told, Trace, World, pattern};
use tokio::task::{JoinHandle, spawn_local};

use super::exchange::{check_body, conversation, hoard, once, payload, story, whole};
use super::plan::{AMPLE, Command, Form, Plan};
use crate::ending::{Last, all_end, end, nothing_under_way};
use crate::plan::{GOOD, Level};
use crate::told::{self, Handles, in_turn};
use crate::verdict::{Outcomes, Witnesses, note};

/// Does all that the plan says and ends. The error says what was wrong.
pub(crate) async fn run(plan: &Plan, world: World) -> std::result::Result<Trace, String> {
    let mut client = Client::new(plan, world);
    in_turn(&plan.commands, Command::pause, |command| client.perform(command)).await;
    told::repair(&HOSTS);
    client.finish(plan).await
}

struct Client {
    world: World,
    session: Session,
    handles: Handles,
    subscriptions: VecDeque<(Request, SubscriptionId)>,
    calls: Vec<JoinHandle<()>>,
    shutdowns: Vec<JoinHandle<ShutdownReport>>,
    /// What else must end.
    chores: Vec<JoinHandle<()>>,
    outcomes: Rc<RefCell<Outcomes>>,
    witnesses: Witnesses,
    stopped: bool,
    number: u64,
    /// The handle of the youngest call.
    youngest: Option<HandleId>,
}

impl Client {
    fn new(plan: &Plan, world: World) -> Self {
        let weather = plan.weather;
        world.recorder.sending_and_receiving_overlap();
        let mut request = RequestOptions::default();
        request.timeouts = Timeouts::all(Duration::from_millis(300));
        request.timeouts.queue = Some(Duration::from_secs(3));
        // A body that is not ended is waited for.
        request.timeouts.total = Some(Duration::from_secs(20));
        request.dial = world.dial().least_loaded(weather.least_loaded);
        request.expect_continue = weather.expects_continue.then_some(Duration::from_millis(100));
        request.resends = weather.resends;
        request.governor = weather.governor;
        request.protocols = Protocols::RequireHttp2;
        request.http2 = weather.http2;
        let mut options = SessionOptions::default();
        options.request = request;
        options.requests_at_once = weather.at_once;
        options.wires_per_origin = Some(weather.wires);
        options.min_wires = weather.min_wires;
        options.wire_max_age = weather.max_age;
        options.wire_max_requests = weather.max_requests;
        options.idle_timeout = weather.idle;
        options.names.min_ttl = Duration::from_millis(1);
        options.names.negative_ttl = Duration::from_millis(20);
        options.names.stale_for = weather.stale_for;
        let session = world.session(|builder| builder.options(options));
        Self {
            world,
            session,
            handles: Handles::default(),
            subscriptions: VecDeque::new(),
            calls: Vec::new(),
            shutdowns: Vec::new(),
            chores: Vec::new(),
            outcomes: Rc::new(RefCell::new(Outcomes::with_two_sides())),
            witnesses: Witnesses::default(),
            stopped: false,
            number: 0,
            youngest: None,
        }
    }

    fn perform(&mut self, command: Command) {
        match command {
            Command::Connect(port) => {
                self.handles.connect(&self.session, &self.world.url(port, ""));
            }
            Command::Open(place, form) => self.open(place, form),
            Command::Send(place, form) => {
                self.call(place, Operation::Send, move |r| async move { r.send(payload(form)).await });
            }
            Command::Write(place, octets) => {
                self.call(place, Operation::Write, move |r| async move { r.write(pattern(octets)).await });
            }
            Command::Finish(place) => self.call(place, Operation::Write, told::finish),
            Command::Receive(place) => self.call(place, Operation::Receive, told::receive),
            Command::Query(place) => self.call(place, Operation::QueryDataAvailable, told::query),
            Command::Read(place, amount) => self.call(place, Operation::Read, move |r| told::read(r, amount)),
            Command::Story(place, form, reading) => {
                self.on_new(place, form, |request, number, noted| story(request, form, reading, number, noted));
            }
            Command::Conversation(place, sizes, pace, reading) => {
                self.on_new(place, Form::Duplex, |request, number, noted| {
                    conversation(request, sizes, pace, reading, number, noted)
                });
            }
            Command::Hoard(place) => self.on_new(place, Form::Empty, |request, _, noted| hoard(request, noted)),
            Command::Paved(port, form) => self.paved(port, form, usize::MAX),
            Command::Sip(port, form) => self.paved(port, form, 1),
            Command::GiveUp => {
                if let Some(call) = self.calls.last() {
                    call.abort();
                    self.youngest.into_iter().for_each(|handle| self.outcomes.borrow_mut().meddle_with(handle));
                }
            }
            Command::Cancel(..) | Command::Close(..) | Command::Drop(..) => self.end(&command),
            Command::Subscribe(level, place) => self.subscribe(level, place),
            Command::Unsubscribe => {
                if let Some((request, subscription)) = self.subscriptions.pop_front() {
                    drop(request.unsubscribe(subscription));
                }
            }
            Command::StopEngine => {
                self.stopped = true;
                self.world.engine.stop();
            }
            Command::Partition => HOSTS.into_iter().for_each(|host| turmoil::partition(CLIENT, host)),
            Command::Hold => HOSTS.into_iter().for_each(|host| turmoil::hold(CLIENT, host)),
            Command::Repair => told::repair(&HOSTS),
            Command::Pause(_) => {}
            command => self.steer(command),
        }
    }

    /// What ends handles, or what is in flight on them.
    fn end(&mut self, command: &Command) {
        match *command {
            Command::Cancel(level, place) => self.handles.cancel(&self.session, level, place),
            Command::Close(level, place) => {
                match (level, self.handles.connection(place), self.handles.request(place)) {
                    (Level::Session, ..) => drop(self.session.close()),
                    (Level::Connection, Some(connection), _) => drop(connection.close()),
                    (Level::Request, _, Some(request)) => drop(request.close()),
                    _ => {}
                }
            }
            Command::Drop(level, place) => self.handles.drop_one(level, place),
            _ => {}
        }
    }

    /// What is asked of connections and sessions.
    fn steer(&mut self, command: Command) {
        let session = self.session.clone();
        match command {
            Command::Expire(place) => self.chore(place, |connection| async move {
                connection.expire().await;
            }),
            Command::Drain(place, deadline) => self.chore(place, move |connection| async move {
                connection.drain(Duration::from_millis(deadline)).await;
            }),
            Command::Prewarm(place, wires) => self.chore(place, move |connection| async move {
                connection.prewarm(wires).await.ok();
            }),
            Command::EvictIdle => self.chores.push(spawn_local(async move {
                session.evict_idle().await;
            })),
            Command::NetworkChanged => self.chores.push(spawn_local(async move {
                session.network_changed().await;
            })),
            Command::Look => self.chores.push(spawn_local(async move {
                session.snapshot().await;
            })),
            Command::Shutdown(deadline) => {
                self.shutdowns.push(spawn_local(session.shutdown(Duration::from_millis(deadline))));
            }
            Command::Tell(told) => self.world.network.tell(told),
            _ => {}
        }
    }

    fn open(&mut self, place: usize, form: Form) {
        let method = if form == Form::Empty { Method::GET } else { Method::POST };
        self.handles.open(place, method, "/");
    }

    fn chore<F: Future<Output = ()> + 'static>(&mut self, place: usize, chore: impl FnOnce(Connection) -> F) {
        if let Some(connection) = self.handles.connection(place) {
            self.chores.push(spawn_local(chore(connection)));
        }
    }

    /// Begins a call beside all else, if there is such a request.
    fn call<F>(&mut self, place: usize, operation: Operation, call: impl FnOnce(Request) -> F + 'static)
    where
        F: Future<Output = Result<()>> + 'static,
    {
        let Some(request) = self.handles.request(place) else { return };
        let outcomes = Rc::clone(&self.outcomes);
        self.youngest = Some(request.id());
        if matches!(operation, Operation::Send | Operation::Write) {
            outcomes.borrow_mut().meddle_with(request.id());
        }
        self.calls.push(spawn_local(async move {
            let handle = request.id();
            note(&outcomes, handle, operation, call(request)).await.ok();
        }));
    }

    /// Opens a request and begins this with it, its number and what notes what it gives.
    fn on_new<F: Future<Output = ()> + 'static>(
        &mut self,
        place: usize,
        form: Form,
        begin: impl FnOnce(Request, u64, Rc<RefCell<Outcomes>>) -> F,
    ) {
        self.open(place, form);
        self.number += 1;
        if let Some(request) = self.handles.youngest() {
            self.youngest = Some(request.id());
            self.calls.push(spawn_local(begin(request, self.number, Rc::clone(&self.outcomes))));
        }
    }

    /// A whole exchange, of whose response at most so many pieces are taken.
    fn paved(&mut self, port: u16, form: Form, most: usize) {
        let url = self.world.url(port, "/paved");
        self.number += 1;
        let Ok(builder) = self.session.post(url) else { return };
        self.youngest = None;
        let builder = builder.headers(once(self.number)).body(whole(form));
        let outcomes = Rc::clone(&self.outcomes);
        self.calls.push(spawn_local(async move {
            let gone = async {
                let mut response = builder.send().await?;
                let mut body = Vec::new();
                for _ in 0..most {
                    match response.chunk().await? {
                        Some(octets) => body.extend_from_slice(&octets),
                        // What was sent is not known here: a stream may be cut off by the end of the response.
                        None => {
                            check_body(response.head(), &body, None, &response.trailers(), &outcomes);
                            break;
                        }
                    }
                }
                Ok::<_, hinternet::Error>(())
            };
            if let Err(error) = gone.await {
                outcomes.borrow_mut().check_error(&error);
            }
        }));
    }

    /// A subscriber that checks what N1 and C.7 say of its own subscription.
    fn subscribe(&mut self, level: Level, place: usize) {
        let subscriber = self.world.engine.subscriber(self.witnesses.one());
        let mask = NotificationMask::EVERYTHING;
        match (level, self.handles.connection(place), self.handles.request(place)) {
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
        let mut wrong = all_end(self.calls.drain(..), "a call").await;
        wrong.extend(all_end(self.chores.drain(..), "a chore").await);
        self.world.network.tell(Told::default());
        self.session.network_changed().await;
        if plan.weather.loss == 0 {
            wrong.extend(told::good_request(&self.session, &self.world.url(GOOD, "/last"), &pattern(31)).await.err());
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
            blocked: plan.weather.capacity < AMPLE,
            drops: plan.seed.is_multiple_of(3),
        };
        end(last, wrong, |world| world.server.iter().filter_map(looked_at_twice).collect()).await
    }
}

/// A request of which the server may have done what it asks.
fn looked_at_twice(peer: &SimulatedPeer) -> Option<String> {
    let mut once = BTreeSet::new();
    let twice = peer.looked_at().into_iter().find(|number| !once.insert(number.clone()));
    twice.map(|number| format!("request {number} was looked at twice"))
}

const HOSTS: [&str; 2] = [SERVER, OTHER];
