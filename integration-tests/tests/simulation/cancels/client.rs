//! The client of a simulation of cancels: begins what it is told to, and cuts it off.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use hinternet::{
    Connection, Handle, HandleId, Method, Notification, Operation, Protocols, Request, RequestOptions, Session, Status,
    Timeouts, WebSocket,
};
use integration_tests::simulation::{SimulatedPeer, Told, Trace, World};
use tokio::task::{JoinHandle, spawn_local, yield_now};
use tokio::time::{Instant, sleep};

use super::plan::{By, Cut, Deed, HTTP1, HTTP2, Plan, WEBSOCKET};
use super::tally::Tally;
use crate::client::{story, whole};
use crate::ending::{Last, all_end, end, nothing_under_way};
use crate::http2::exchange;
use crate::plan::{CONTENT, Form, GOOD, Reading};
use crate::told;
use crate::verdict::{Outcomes, Witnesses};
use crate::websocket::ears::Ears;
use crate::websocket::plan::Manner;
use crate::websocket::story::{Noted, story as talk};

/// Does all that the plan says and ends. The error says what was wrong.
pub(crate) async fn run(plan: &Plan, world: World) -> Result<Trace, String> {
    let client = Rc::new(Client::new(plan, world));
    let cuts: Vec<_> =
        plan.cuts.iter().cloned().enumerate().map(|(n, cut)| spawn_local(Rc::clone(&client).cut(n, cut))).collect();
    let session_ends = plan.session_ends.map(|time| spawn_local(Rc::clone(&client).end_session(time)));
    let mut wrong = all_end(cuts, "a cut").await;
    wrong.extend(all_end(session_ends, "the end of the session").await);
    // Whoever has not ended has it still.
    let Ok(client) = Rc::try_unwrap(client) else { return Err(wrong.join("\n")) };
    client.finish(plan, wrong).await
}

struct Client {
    world: World,
    session: Session,
    connections: RefCell<BTreeMap<(u16, usize), Connection>>,
    /// All that was begun.
    begun: RefCell<Vec<Rc<Begun>>>,
    closes: RefCell<Vec<JoinHandle<()>>>,
    outcomes: Rc<RefCell<Outcomes>>,
    ears: RefCell<BTreeMap<u64, Rc<RefCell<Ears>>>>,
    /// What was waited for when it was cut off.
    owed: RefCell<Vec<(HandleId, Operation, Instant)>>,
    tally: Rc<RefCell<Tally>>,
}

/// Something that was begun.
struct Begun {
    kind: &'static str,
    parent: HandleId,
    request: RefCell<Option<Request>>,
    websocket: RefCell<Option<WebSocket>>,
    task: RefCell<Option<JoinHandle<()>>>,
    is_cut: Cell<bool>,
}

impl Begun {
    /// The one that has something to tell.
    fn handle(&self) -> Option<HandleId> {
        let websocket = self.websocket.borrow().as_ref().map(WebSocket::id);
        websocket.or_else(|| self.request.borrow().as_ref().map(Request::id))
    }

    fn is_under_way(&self) -> bool {
        self.task.borrow().as_ref().is_some_and(|task| !task.is_finished())
    }

    fn give_up(&self) {
        if let Some(task) = &*self.task.borrow() {
            task.abort();
        }
    }
}

impl Client {
    fn new(plan: &Plan, world: World) -> Self {
        world.recorder.sending_and_receiving_overlap();
        world.network.tell(Told { after: Duration::from_millis(plan.weather.resolves_in), ..Told::default() });
        let mut options = RequestOptions::default();
        options.timeouts = Timeouts::all(Duration::from_millis(300));
        options.timeouts.queue = Some(Duration::from_secs(3));
        options.dial = world.dial();
        options.expect_continue = plan.weather.expects_continue.then_some(Duration::from_millis(100));
        options.websocket.close_timeout = Duration::from_millis(500);
        let session = world.session(|builder| builder.request_options(options).wires_per_origin(plan.weather.wires));
        Self {
            world,
            session,
            connections: RefCell::default(),
            begun: RefCell::default(),
            closes: RefCell::default(),
            outcomes: Rc::new(RefCell::new(Outcomes::of_all())),
            ears: RefCell::default(),
            owed: RefCell::default(),
            tally: Rc::clone(&plan.tally),
        }
    }

    /// Begins it, waits, and cuts it off. By then it may have ended.
    async fn cut(self: Rc<Self>, number: usize, cut: Cut) {
        let Cut { begins, deed, asks, connection, by, after, turns } = cut;
        sleep(Duration::from_millis(begins)).await;
        let Some(connection) = self.connection(deed.port(), connection) else { return };
        let Some(begun) = self.begin(number as u64, deed, asks, &connection) else { return };
        sleep(Duration::from_millis(after)).await;
        for _ in 0..turns {
            yield_now().await;
        }
        self.cut_off(&begun, by, &connection);
    }

    fn cut_off(&self, begun: &Rc<Begun>, by: By, parent: &Connection) {
        if matches!(by, By::CloseOfParent | By::CancelOfParent) {
            let of_it: Vec<_> = self.begun.borrow().iter().filter(|one| one.parent == parent.id()).cloned().collect();
            of_it.iter().for_each(|one| self.note_cut(one, &format!("{by:?}")));
        } else {
            self.note_cut(begun, &format!("{by:?}"));
        }
        let (request, websocket) = (begun.request.borrow().clone(), begun.websocket.borrow().clone());
        match (by, websocket, request) {
            (By::Close, Some(websocket), _) => self.closes(Handle::close(&websocket)),
            (By::Close, None, Some(request)) => self.closes(request.close()),
            (By::Cancel, Some(websocket), _) => websocket.cancel(),
            (By::Cancel, None, Some(request)) => request.cancel(),
            (By::CloseOfParent, ..) => self.closes(parent.close()),
            (By::CancelOfParent, ..) => parent.cancel(),
            (By::GiveUp, ..) => begun.give_up(),
            // What has no handle yet can only be dropped.
            _ => {
                begun.give_up();
                begun.request.borrow_mut().take();
                begun.websocket.borrow_mut().take();
            }
        }
    }

    async fn end_session(self: Rc<Self>, time: u64) {
        sleep(Duration::from_millis(time)).await;
        let all = self.begun.borrow().clone();
        all.iter().for_each(|one| self.note_cut(one, Tally::BY_SESSION));
        self.closes(self.session.close());
    }

    /// It is about to be cut off, if it is under way: what is waited for has to end, and to be told of once.
    fn note_cut(&self, begun: &Begun, how: &str) {
        if !begun.is_under_way() || begun.is_cut.replace(true) {
            return;
        }
        let (now, handle) = (Instant::now(), begun.handle());
        let told = handle.and_then(|handle| self.world.recorder.of(handle).last().map(Notification::name));
        let how = if handle.is_none() && ["Close", "Cancel", "GiveUp"].contains(&how) { "Drop" } else { how };
        let mut tally = self.tally.borrow_mut();
        tally.cut(begun.kind, how.to_owned(), told);
        for (operation, since) in handle.map(|handle| self.outcomes.borrow().pending(handle)).into_iter().flatten() {
            // A call that was made just now may be refused.
            if since + A_WHILE < now {
                tally.calls += 1;
                self.owed.borrow_mut().extend(handle.map(|handle| (handle, operation, now)));
            }
        }
    }

    fn closes(&self, close: impl Future<Output = hinternet::Result<()>> + 'static) {
        let outcomes = Rc::clone(&self.outcomes);
        self.closes.borrow_mut().push(spawn_local(async move {
            let began = Instant::now();
            let closed = close.await;
            let took = began.elapsed();
            let mut outcomes = outcomes.borrow_mut();
            outcomes.expect(closed.is_ok(), "a close failed");
            outcomes.expect(took <= Duration::from_millis(100), &format!("N9: a close took {took:?}"));
        }));
    }

    /// The handle of this place; another one, if it was closed.
    fn connection(&self, port: u16, place: usize) -> Option<Connection> {
        let mut connections = self.connections.borrow_mut();
        if let Some(connection) = connections.get(&(port, place)).filter(|connection| connection.is_open()) {
            return Some(connection.clone());
        }
        let connection = self.session.connect(&self.world.url(port, "")).ok()?;
        if port == HTTP2 {
            let mut options = connection.options();
            options.request.protocols = Protocols::RequireHttp2;
            connection.set_options(options).ok()?;
        }
        connections.insert((port, place), connection.clone());
        Some(connection)
    }

    fn begin(&self, number: u64, deed: Deed, asks: bool, connection: &Connection) -> Option<Rc<Begun>> {
        let begun = Rc::new(Begun {
            kind: deed.name(),
            parent: connection.id(),
            request: RefCell::default(),
            websocket: RefCell::default(),
            task: RefCell::default(),
            is_cut: Cell::new(false),
        });
        let (outcomes, reading) = (Rc::clone(&self.outcomes), Reading { patience: None, asks });
        let open = |method, path: &str| {
            let request = connection.open_request(method, path).ok();
            begun.request.borrow_mut().clone_from(&request);
            request
        };
        let task = match deed {
            Deed::Exchange(form) => {
                let method = if form == Form::Empty { Method::GET } else { Method::POST };
                spawn_local(story(open(method, "/")?, form, reading, None, outcomes))
            }
            Deed::Stream(form) => {
                spawn_local(exchange::story(open(Method::POST, "/")?, form, reading, number, outcomes))
            }
            Deed::Conversation(sizes) => {
                let request = open(Method::POST, "/")?;
                spawn_local(exchange::conversation(request, sizes, 5, reading, number, outcomes))
            }
            Deed::Paved(form) => {
                let builder = connection.post("/paved").ok()?.body(whole(form));
                spawn_local(async move {
                    match async { builder.send().await?.bytes().await }.await {
                        Ok(octets) => outcomes.borrow_mut().check_content(&octets),
                        Err(error) => outcomes.borrow_mut().check_error(&error),
                    }
                })
            }
            Deed::WebSocket(sizes) | Deed::WebSocketByStream(sizes) => {
                let ears = Rc::<RefCell<Ears>>::default();
                self.ears.borrow_mut().insert(number, Rc::clone(&ears));
                let request = open(Method::GET, &format!("/{number}"))?;
                spawn_local(upgrade(Rc::clone(&begun), request, sizes, Noted { outcomes, ears }))
            }
        };
        begun.task.borrow_mut().replace(task);
        self.begun.borrow_mut().push(Rc::clone(&begun));
        Some(begun)
    }

    /// Ends everything, and looks whether anything is wrong or left.
    async fn finish(self, plan: &Plan, mut wrong: Vec<String>) -> Result<Trace, String> {
        let Self { world, session, connections, begun, closes, outcomes, ears, owed, .. } = self;
        wrong.extend(all_end(closes.into_inner(), "a close").await);
        let tasks: Vec<_> = begun.borrow().iter().filter_map(|one| one.task.borrow_mut().take()).collect();
        wrong.extend(all_end(tasks, "what was begun").await);
        wrong.extend(told::good_request(&session, &world.url(GOOD, "/last"), CONTENT.as_bytes()).await.err());
        drop((begun, connections));
        wrong.extend(nothing_under_way(&session).await.err());
        let last = Last {
            world,
            session,
            outcomes,
            witnesses: Witnesses::default(),
            tells_the_server: true,
            blocked: false,
            drops: plan.seed.is_multiple_of(3),
        };
        let look = |world: &World| {
            let heard: BTreeMap<_, _> = world.server.iter().flat_map(SimulatedPeer::heard).collect();
            let ears = ears.borrow();
            let misheard =
                ears.iter().flat_map(|(number, ears)| ears.borrow().check(*number, heard.get(number), false));
            misheard.chain(terminals(&world.recorder.log(), &owed.borrow())).collect()
        };
        end(last, wrong, look).await
    }
}

/// A WebSocket in two steps, and all that is said and heard on it.
async fn upgrade(begun: Rc<Begun>, request: Request, sizes: Vec<usize>, noted: Noted) {
    let (outcomes, handle) = (Rc::clone(&noted.outcomes), request.id());
    let steps = async {
        request.upgrade_to_websocket()?;
        crate::verdict::note(&outcomes, handle, Operation::Send, request.send(())).await?;
        crate::verdict::note(&outcomes, handle, Operation::Receive, request.receive_response()).await?;
        request.complete_upgrade(7).await
    };
    match steps.await {
        Ok(websocket) => {
            begun.websocket.borrow_mut().replace(websocket.clone());
            drop((request, begun.request.borrow_mut().take()));
            talk(websocket, sizes, 2, Manner { patience: None, at_most: None, pace: 3, closes: false }, noted).await;
        }
        Err(error) => outcomes.borrow_mut().check_error(&error),
    }
}

/// What every handle and every call that was waited for were told at their end.
fn terminals(log: &[Notification], owed: &[(HandleId, Operation, Instant)]) -> Vec<String> {
    let mut closings: BTreeMap<HandleId, usize> = log.iter().map(|one| (one.handle, 0)).collect();
    for one in log.iter().filter(|one| matches!(one.status, Status::HandleClosing)) {
        *closings.entry(one.handle).or_default() += 1;
    }
    let not_once = closings.into_iter().filter(|(_, times)| *times != 1);
    let unclosed = not_once.map(|(handle, times)| format!("N1: {handle} was closed {times} times"));
    let ends = |handle, operation, from: Instant| {
        let of_it = log.iter().filter(move |one| one.handle == handle && one.at >= from.into_std());
        of_it
            .filter_map(|one| one.status.completion())
            .filter(move |completion| completion.operation == operation)
            .count()
    };
    let untold = owed.iter().filter_map(|(handle, operation, cut)| {
        let times = ends(*handle, *operation, *cut);
        (times != 1).then(|| format!("N2: {operation:?} of {handle} was cut off, and was told of {times} times"))
    });
    unclosed.chain(untold).collect()
}

impl Deed {
    fn port(&self) -> u16 {
        match self {
            Self::Exchange(_) | Self::Paved(_) => HTTP1,
            Self::Stream(_) | Self::Conversation(_) | Self::WebSocketByStream(_) => HTTP2,
            Self::WebSocket(_) => WEBSOCKET,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Exchange(_) => "Exchange",
            Self::Paved(_) => "Paved",
            Self::Stream(_) => "Stream",
            Self::Conversation(_) => "Conversation",
            Self::WebSocket(_) => "WebSocket",
            Self::WebSocketByStream(_) => "WebSocketByStream",
        }
    }
}

/// Longer than a call takes to be refused.
const A_WHILE: Duration = Duration::from_millis(1);
