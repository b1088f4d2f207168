//! The n-th call to the network is disturbed, for every n of every scenario: a failure is told once and with its own code, a delay
//! changes nothing, and either way nothing is left and the session goes on.

mod downloads;
mod events;
mod exchanges;
mod features;
mod http2;
mod logins;
mod secure;
mod stored;
mod websockets;

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;

use hinternet::{
    Blame, Error, ErrorCode, HandleId, Method, Operation, Request, RequestOptions, Result, Session, SessionBuilder,
    Stage, Status, Timeouts,
};
use integration_tests::patiently;
use integration_tests::scene::read_all;
use integration_tests::scripted_peer::Script;
use integration_tests::simulation::{Call, Disturbance, Simulation, World};

/// A server, a session, and what a program does with it: given the server's origin, it gives what was read, which is [`CONTENT`].
struct Torture<F> {
    serves: Box<dyn Fn(Simulation) -> Simulation>,
    plan: Rc<Plan<F>>,
}

struct Plan<F> {
    scenario: F,
    session: Box<dyn Fn(SessionBuilder) -> SessionBuilder>,
    stages: &'static [Stage],
    unseen: &'static [Call],
    at_once: usize,
    breaks: RangeInclusive<usize>,
}

const CONTENT: &str = "hello";
const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
const ALL: [Call; 5] = [Call::Resolve, Call::Dial, Call::Write, Call::Flush, Call::Read];

/// Where the server does what this script says on each connection.
fn torture<F>(script: Script, scenario: F, at_least: &[Call])
where
    F: AsyncFn(Session, String) -> Result<Vec<u8>> + 'static,
{
    Torture::of(script, scenario).run(at_least);
}

impl<F: AsyncFn(Session, String) -> Result<Vec<u8>> + 'static> Torture<F> {
    fn of(script: Script, scenario: F) -> Self {
        Self::at(
            move |simulation| {
                let script = script.clone();
                simulation.peer(80, move |_| script.clone())
            },
            scenario,
        )
    }

    /// At the server of its own that each run is given by this.
    fn at(serves: impl Fn(Simulation) -> Simulation + 'static, scenario: F) -> Self {
        let session = Box::new(|builder| builder);
        let plan = Plan { scenario, session, stages: &[], unseen: &[Call::Look], at_once: 1, breaks: 0..=0 };
        Self { serves: Box::new(serves), plan: Rc::new(plan) }
    }

    /// In sessions of this kind.
    fn session(self, session: impl Fn(SessionBuilder) -> SessionBuilder + 'static) -> Self {
        self.but(|plan| plan.session = Box::new(session))
    }

    /// A call may fail at these stages beside where every exchange has it.
    fn stages(self, stages: &'static [Stage]) -> Self {
        self.but(|plan| plan.stages = stages)
    }

    /// These may fail when nobody waits for them, beside a look at a wire.
    fn unseen(self, unseen: &'static [Call]) -> Self {
        self.but(|plan| plan.unseen = unseen)
    }

    /// So many operations are under way together, and each is told of what breaks.
    fn at_once(self, at_once: usize) -> Self {
        self.but(|plan| plan.at_once = at_once)
    }

    /// The server breaks off so often by itself, and is asked again.
    fn breaks(self, breaks: RangeInclusive<usize>) -> Self {
        self.but(|plan| plan.breaks = breaks)
    }

    fn but(mut self, change: impl FnOnce(&mut Plan<F>)) -> Self {
        change(Rc::get_mut(&mut self.plan).expect("nothing runs yet"));
        self
    }

    /// All disturbances; and these calls, at least, were disturbed, and their failures seen.
    fn run(self, at_least: &[Call]) {
        for how in [Disturbance::Fails, Disturbance::Waits, Disturbance::MovesOne] {
            let disturbed = self.for_every_call(how);
            let missed: Vec<_> = at_least.iter().filter(|call| !disturbed.contains(call)).collect();
            assert!(missed.is_empty(), "{how:?}: no {missed:?} among {disturbed:?}");
        }
    }

    /// Runs the scenario with the n-th call disturbed, for n from 0 until the scenario has no n-th call.
    fn for_every_call(&self, how: Disturbance) -> BTreeSet<Call> {
        let mut disturbed = BTreeSet::new();
        for n in 0.. {
            // Coarse ticks: nothing here is about time.
            let simulation = (self.serves)(Simulation::seeded(n as u64)).network(|network| {
                network.tick_duration(Duration::from_millis(10));
            });
            let plan = Rc::clone(&self.plan);
            let call = simulation.run(async move |world| plan.disturbed_at(n, world, how).await);
            match call.unwrap_or_else(|failure| panic!("{how:?} at {n}: {failure}")) {
                Some((call, is_seen)) if is_seen || call == Call::Look => _ = disturbed.insert(call),
                Some(_) => {}
                None => break,
            }
        }
        disturbed
    }
}

impl<F: AsyncFn(Session, String) -> Result<Vec<u8>>> Plan<F> {
    /// Which call was disturbed, and whether somebody was told of it, if it has failed.
    async fn disturbed_at(&self, n: usize, world: World, how: Disturbance) -> Option<(Call, bool)> {
        let mut options = RequestOptions::default();
        options.timeouts = Timeouts::all(Duration::from_secs(5));
        options.timeouts.queue = Some(Duration::from_secs(20));
        options.expect_continue = Some(Duration::from_secs(1));
        options.dial = world.dial();
        let session = world.session(|builder| (self.session)(builder.request_options(options).wires_per_origin(1)));
        world.network.disturb(n, how);
        let result = (self.scenario)(session.clone(), world.url(80, "")).await;
        let call = world.network.disturbed();
        let mut is_seen = true;
        match (result, call) {
            (Ok(content), None) => assert_eq!(content, CONTENT.as_bytes()),
            (Ok(content), Some(call)) => {
                assert_eq!(content, CONTENT.as_bytes(), "{call:?}");
                let told = world.recorder.count(|status| matches!(status, Status::Retrying { .. }));
                is_seen = how != Disturbance::Fails || self.is_mended_by(told);
                assert!(is_seen || self.unseen.contains(&call), "a failed {call:?} was told {told} times");
            }
            (Err(error), Some(call)) if how == Disturbance::Fails => self.is_the_failure_of(call, &error, &world),
            (Err(error), call) => panic!("{error} after {call:?}"),
        }
        // There is one place in the pool: it is free.
        let again = (self.scenario)(session.clone(), world.url(80, "")).await;
        assert_eq!(again.expect("the session goes on"), CONTENT.as_bytes());
        nothing_is_left(world, session).await;
        call.map(|call| (call, is_seen))
    }

    /// What breaks may do so in place of what the server breaks off.
    fn is_mended_by(&self, retries: usize) -> bool {
        let (least, most) = (*self.breaks.start(), *self.breaks.end());
        (least.max(1)..=most + self.at_once).contains(&retries)
    }

    /// The error says what has failed, and its one notification is there.
    fn is_the_failure_of(&self, call: Call, error: &Error, world: &World) {
        let (code, stages): (_, &[Stage]) = match call {
            Call::Resolve => (ErrorCode::NameNotResolved, &[Stage::Resolve]),
            Call::Dial => (ErrorCode::CannotConnect, &[Stage::Connect]),
            Call::Write | Call::Flush => {
                (ErrorCode::ConnectionError, &[Stage::SendHead, Stage::SendBody, Stage::Messages])
            }
            // Behind the head, while it is flushed and while the body is sent, an answer may come.
            Call::Read => (
                ErrorCode::ConnectionError,
                &[
                    Stage::SendHead,
                    Stage::SendBody,
                    Stage::Continue,
                    Stage::FirstByte,
                    Stage::Head,
                    Stage::Body,
                    Stage::Messages,
                ],
            ),
            Call::Look | Call::Shutdown => panic!("{error} of what nobody waits for"),
        };
        let is_more = matches!(call, Call::Write | Call::Flush | Call::Read) && self.stages.contains(&error.stage());
        // Before a word of HTTP/2 was said nothing is connected.
        let code = if is_more && error.stage() == Stage::Connect { ErrorCode::CannotConnect } else { code };
        assert_eq!((error.code(), error.blame()), (code, Blame::Network), "{error} after {call:?}");
        assert!(is_more || stages.contains(&error.stage()), "{error} after {call:?}");
        let log = world.recorder.log();
        let told = log.iter().filter_map(|one| match &one.status {
            Status::RequestError { operation, error } => Some((one.handle, *operation, error.code())),
            _ => None,
        });
        let told: Vec<_> = told.collect();
        let most = self.at_once + self.breaks.end();
        assert!((1..=most).contains(&told.len()), "{error} was told {} times", told.len());
        let once: BTreeSet<(HandleId, _)> = told.iter().map(|(handle, of, _)| (*handle, of.to_string())).collect();
        assert_eq!(once.len(), told.len(), "{error} was told twice of one operation: {told:?}");
        // A download fails with what the last of its requests was told of.
        let is_of = |of: Operation| of == error.operation() || error.operation() == Operation::Download;
        let of_it = told.iter().find(|(_, of, code)| is_of(*of) && *code == error.code());
        let (handle, of, _) = of_it.unwrap_or_else(|| panic!("{error} was not told: {told:?}"));
        if *of == error.operation() {
            world.recorder.failure(*handle, Result::<()>::Err(error.clone()));
        }
    }
}

async fn nothing_is_left(world: World, session: Session) {
    let World { engine, recorder, network, .. } = world;
    recorder.finish(session).await;
    assert_eq!(network.open_streams(), 0, "streams are open");
    let remains = network.remains();
    drop((engine, network));
    let gone = async {
        while remains.holders() > 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    patiently("the last session, pool and dial to go", gone).await;
}

async fn open(session: &Session, origin: &str, method: Method) -> Result<Request> {
    session.connect(origin)?.open_request(method, "/")
}

async fn answered(request: &Request) -> Result<Vec<u8>> {
    request.receive_response().await?;
    read_all(request).await
}

async fn sent(request: Request) -> Result<Vec<u8>> {
    request.send(()).await?;
    answered(&request).await
}
