//! The client of a simulation of WebSockets: does what it is told, and writes down what every call gave.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use actix::Recipient;
use hinternet::{
    Connection, ErrorCode, Handle, Method, Notification, NotificationMask, Request, RequestOptions, Result, Session,
    ShutdownReport, Timeouts, WebSocket, WebSocketOptions,
};
use integration_tests::simulation::{CLIENT, SERVER, SimulatedPeer, Trace, World, words};
use tokio::task::{JoinHandle, spawn_local};

use super::ears::Ears;
use super::plan::{AMPLE, Command, Level, Plan};
use super::story::{Noted, parts, story};
use crate::ending::{Last, all_end, end, nothing_under_way};
use crate::plan::GOOD;
use crate::told::{at, in_turn, repair};
use crate::verdict::{Outcomes, Witnesses};

/// Does all that the plan says and ends. The error says what was wrong.
pub(crate) async fn run(plan: &Plan, world: World) -> std::result::Result<Trace, String> {
    let mut client = Client::new(plan, world);
    in_turn(&plan.commands, Command::pause, |command| client.perform(command)).await;
    repair(&[SERVER]);
    client.finish(plan).await
}

/// A WebSocket that is being made, was made, or was dropped. With its number, and the number of its next message.
struct Place {
    websocket: Rc<RefCell<Option<WebSocket>>>,
    number: u64,
    next: u64,
}

struct Client {
    world: World,
    session: Session,
    connections: Vec<Option<Connection>>,
    requests: Rc<RefCell<Vec<Option<Request>>>>,
    places: Vec<Place>,
    /// Of stories, which nobody else speaks or listens on.
    tellers: Rc<RefCell<Vec<WebSocket>>>,
    /// What ends by itself.
    chores: Vec<JoinHandle<()>>,
    /// What ends with its WebSocket at last.
    calls: Vec<JoinHandle<()>>,
    shutdowns: Vec<JoinHandle<ShutdownReport>>,
    outcomes: Rc<RefCell<Outcomes>>,
    ears: BTreeMap<u64, Rc<RefCell<Ears>>>,
    witnesses: Witnesses,
    stopped: bool,
}

impl Client {
    fn new(plan: &Plan, world: World) -> Self {
        let weather = plan.weather;
        let mut options = RequestOptions::default();
        options.timeouts = Timeouts::all(Duration::from_millis(300));
        options.timeouts.queue = Some(Duration::from_secs(3));
        options.dial = world.dial();
        let mut websocket = WebSocketOptions::default();
        (websocket.ping_every, websocket.ping_timeout) = (weather.ping_every, Duration::from_millis(300));
        websocket.close_timeout = weather.close_timeout;
        options.websocket = websocket;
        let session = world.session(|builder| builder.request_options(options).wires_per_origin(weather.wires));
        Self {
            world,
            session,
            connections: Vec::new(),
            requests: Rc::default(),
            places: Vec::new(),
            tellers: Rc::default(),
            chores: Vec::new(),
            calls: Vec::new(),
            shutdowns: Vec::new(),
            outcomes: Rc::new(RefCell::new(Outcomes::of_websockets())),
            ears: BTreeMap::new(),
            witnesses: Witnesses::default(),
            stopped: false,
        }
    }

    fn perform(&mut self, command: Command) {
        match command {
            Command::Connect(port) => {
                let connected = self.session.connect(&self.world.url(port, ""));
                self.connections.push(connected.ok());
            }
            Command::Dial(port) => self.dial(port),
            Command::Upgrade(place, keeps) => self.upgrade(place, keeps),
            Command::Send(place, octets) => {
                let Some(at) = self.at(place) else { return };
                let number = self.places[at].next;
                self.places[at].next += 1;
                let part = parts(number, octets, 1).remove(0);
                self.call(at, async move |noted, websocket| noted.send(&websocket, number, part).await);
            }
            Command::Receive(place, most) => {
                let Some(at) = self.at(place) else { return };
                self.call(at, async move |noted, websocket| noted.receive(&websocket, most).await);
            }
            Command::Shutdown(place) => {
                let Some(at) = self.at(place) else { return };
                self.call(at, async move |noted, websocket| noted.shut_down(&websocket).await);
            }
            Command::End(place) => {
                let Some(at) = self.at(place) else { return };
                self.call(at, async move |noted, websocket| noted.close(&websocket).await);
            }
            Command::Story(port, sizes, pieces, manner) => {
                let (number, noted) = self.noted();
                let Ok(builder) = self.session.websocket(&self.url(port, number)) else { return };
                let (tellers, outcomes) = (Rc::clone(&self.tellers), Rc::clone(&self.outcomes));
                self.chores.push(spawn_local(async move {
                    match builder.connect().await {
                        Ok(websocket) => {
                            tellers.borrow_mut().push(websocket.clone());
                            story(websocket, sizes, pieces, manner, noted).await;
                        }
                        Err(error) => outcomes.borrow_mut().check_error(&error),
                    }
                }));
            }
            Command::GiveUp => {
                if let Some(call) = self.calls.last() {
                    call.abort();
                }
            }
            Command::Cancel(level, place) => self.of(level, place, |handle| handle.cancel()),
            Command::Close(level, place) => self.of(level, place, |handle| handle.close()),
            Command::Drop(level, place) => self.drop_one(level, place),
            Command::Subscribe(level, place) => {
                let subscriber = self.world.engine.subscriber(self.witnesses.one());
                self.of(level, place, |handle| handle.subscribe(subscriber));
            }
            Command::Look => {
                let session = self.session.clone();
                self.chores.push(spawn_local(async move {
                    session.snapshot().await;
                }));
            }
            Command::StopSession(deadline) => {
                self.shutdowns.push(spawn_local(self.session.shutdown(Duration::from_millis(deadline))));
            }
            Command::StopEngine => {
                self.stopped = true;
                self.world.engine.stop();
            }
            Command::Partition => turmoil::partition(CLIENT, SERVER),
            Command::Hold => turmoil::hold(CLIENT, SERVER),
            Command::Repair => repair(&[SERVER]),
            Command::Pause(_) => {}
        }
    }

    fn url(&self, port: u16, number: u64) -> String {
        self.world.url(port, &format!("/{number}")).replacen("http", "ws", 1)
    }

    /// What is written down of the next WebSocket.
    fn noted(&mut self) -> (u64, Noted) {
        let (number, ears) = (self.ears.len() as u64, Rc::<RefCell<Ears>>::default());
        self.ears.insert(number, Rc::clone(&ears));
        (number, Noted { outcomes: Rc::clone(&self.outcomes), ears })
    }

    fn place(&mut self, number: u64) -> Rc<RefCell<Option<WebSocket>>> {
        let websocket = Rc::<RefCell<Option<WebSocket>>>::default();
        self.places.push(Place { websocket: Rc::clone(&websocket), number, next: 0 });
        websocket
    }

    fn dial(&mut self, port: u16) {
        let (number, noted) = self.noted();
        let Ok(builder) = self.session.websocket(&self.url(port, number)) else { return };
        let place = self.place(number);
        self.calls.push(spawn_local(async move {
            match builder.connect().await {
                Ok(websocket) => *place.borrow_mut() = Some(websocket),
                Err(error) => noted.outcomes.borrow_mut().check_error(&error),
            }
        }));
    }

    fn upgrade(&mut self, connection: usize, keeps: bool) {
        let (number, noted) = self.noted();
        let connection = at(&self.connections, connection);
        let Some(connection) = connection else { return };
        let place = self.place(number);
        let requests = Rc::clone(&self.requests);
        self.calls.push(spawn_local(async move {
            let steps = async {
                let request = connection.open_request(Method::GET, &format!("/{number}"))?;
                if keeps {
                    requests.borrow_mut().push(Some(request.clone()));
                }
                request.upgrade_to_websocket()?;
                request.send(()).await?;
                request.receive_response().await?;
                request.complete_upgrade(number).await
            };
            match steps.await {
                Ok(websocket) => *place.borrow_mut() = Some(websocket),
                Err(error) => noted.outcomes.borrow_mut().check_error(&error),
            }
        }));
    }

    fn at(&self, place: usize) -> Option<usize> {
        (!self.places.is_empty()).then(|| place % self.places.len())
    }

    /// Begins a call beside all else, if there is such a WebSocket.
    fn call(&mut self, at: usize, call: impl AsyncFnOnce(Noted, WebSocket) -> Result<()> + 'static) {
        let place = &self.places[at];
        let Some(websocket) = place.websocket.borrow().clone() else { return };
        let noted = Noted { outcomes: Rc::clone(&self.outcomes), ears: Rc::clone(&self.ears[&place.number]) };
        self.calls.push(spawn_local(async move {
            call(noted, websocket).await.ok();
        }));
    }

    /// Does this with the handle, if there is one.
    fn of(&self, level: Level, place: usize, deed: impl FnOnce(&dyn AnyLevel)) {
        match level {
            Level::Session => deed(&self.session),
            Level::Connection => {
                if let Some(connection) = at(&self.connections, place) {
                    deed(&connection);
                }
            }
            Level::Request => {
                let request = at(&self.requests.borrow(), place);
                if let Some(request) = request {
                    deed(&request);
                }
            }
            Level::WebSocket => {
                let mut all: Vec<_> = self.tellers.borrow().clone();
                all.extend(self.places.iter().filter_map(|place| place.websocket.borrow().clone()));
                if let Some(websocket) = all.get(place % all.len().max(1)) {
                    deed(websocket);
                }
            }
        }
    }

    fn drop_one(&mut self, level: Level, place: usize) {
        let mut requests = self.requests.borrow_mut();
        let (connections, requests_made) = (self.connections.len(), requests.len());
        match level {
            Level::Connection if connections > 0 => self.connections[place % connections] = None,
            Level::Request if requests_made > 0 => requests[place % requests_made] = None,
            Level::WebSocket if !self.places.is_empty() => {
                let at = place % self.places.len();
                self.places[at].websocket.borrow_mut().take();
            }
            _ => {}
        }
    }

    /// Ends everything, and looks whether anything is wrong or left.
    async fn finish(mut self, plan: &Plan) -> std::result::Result<Trace, String> {
        let mut wrong = all_end(self.chores.drain(..), "a chore").await;
        self.tellers.borrow_mut().clear();
        // Somebody may wait for a place that another has; somebody else to hear what is never said.
        self.session.cancel();
        for place in &self.places {
            if let Some(websocket) = place.websocket.borrow_mut().take() {
                drop(Handle::close(&websocket));
            }
        }
        wrong.extend(all_end(self.calls.drain(..), "a call").await);
        self.places.clear();
        if plan.weather.loss == 0 {
            wrong.extend(self.good_talk().await.err());
        }
        wrong.extend(all_end(self.shutdowns.drain(..), "a shutdown").await);
        self.requests.borrow_mut().clear();
        self.connections.clear();
        if !self.stopped {
            wrong.extend(nothing_under_way(&self.session).await.err());
        }
        let Self { world, session, outcomes, witnesses, ears, .. } = self;
        let last = Last {
            world,
            session,
            outcomes,
            witnesses,
            tells_the_server: plan.tells_the_server_of_every_end(),
            blocked: plan.weather.capacity < AMPLE,
            drops: plan.seed.is_multiple_of(3),
        };
        let look = |world: &World| {
            let heard: BTreeMap<_, _> = world.server.iter().flat_map(SimulatedPeer::heard).collect();
            let check = |(number, ears): (&u64, &Rc<RefCell<Ears>>)| {
                ears.borrow().check(*number, heard.get(number), plan.is_calm())
            };
            ears.iter().flat_map(check).collect()
        };
        end(last, wrong, look).await
    }

    /// Whatever has happened, the pool of the good origin has a place, and the session works.
    async fn good_talk(&mut self) -> std::result::Result<(), String> {
        let (number, _) = self.noted();
        let Ok(builder) = self.session.websocket(&self.url(GOOD, number)) else { return Ok(()) };
        let said = words('c', 0, 50);
        let builder = builder.options(WebSocketOptions::default());
        let talk = async {
            let websocket = builder.connect().await?;
            websocket.send(&*said).await?;
            let heard = websocket.receive().await?;
            websocket.close(1000, "").await?;
            Ok::<_, hinternet::Error>(heard)
        };
        match talk.await {
            Ok(heard) if heard.as_text() == Some(&said) => Ok(()),
            Ok(heard) => Err(format!("the last WebSocket gave {heard:?}")),
            Err(_) if !self.session.is_open() => Ok(()),
            Err(error) if error.code() == ErrorCode::Shutdown => Ok(()),
            Err(error) => Err(format!("the last WebSocket fails: {error}")),
        }
    }
}

/// A handle of any level.
trait AnyLevel {
    fn cancel(&self);
    fn close(&self);
    fn subscribe(&self, subscriber: Recipient<Notification>);
}

impl<H: Handle> AnyLevel for H {
    fn cancel(&self) {
        Handle::cancel(self);
    }

    fn close(&self) {
        drop(Handle::close(self));
    }

    fn subscribe(&self, subscriber: Recipient<Notification>) {
        drop(Handle::subscribe(self, subscriber, NotificationMask::EVERYTHING));
    }
}
