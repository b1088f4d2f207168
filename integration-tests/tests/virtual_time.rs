//! P9: in a time that is simulated no operation ends later than its deadline and a millisecond, and none earlier with a timeout.

use std::time::Duration;

use hinternet::network::{Lookup, Resolver};
use hinternet::{
    Engine, ErrorCode, Method, Notification, Payload, Request, RequestOptions, Session, Stage, Status, Timeouts,
};
use integration_tests::scripted_peer::Script;
use integration_tests::simulation::{CLIENT, SERVER, Simulation, World};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";

/// Every stage is given other times than the one that is looked at.
const OTHERS: Duration = Duration::from_secs(100);

fn times() -> impl Iterator<Item = Duration> {
    [1, 2, 7, 99, 1_234].into_iter().map(Duration::from_millis)
}

/// Runs the request in a world with this script, and holds what it told against the deadline.
fn ends_on_time(
    stage: Stage,
    script: Script,
    begins: fn(&Status) -> bool,
    set: fn(&mut RequestOptions, Duration),
    go: impl AsyncFn(&World, &Session, Request) -> hinternet::Result<()> + Copy + 'static,
) {
    for limit in times() {
        let script = script.clone();
        let simulation = Simulation::seeded(9).roughness(100).network(|network| {
            network.tcp_capacity(4);
        });
        let log = simulation.peer(80, move |_| script.clone()).run(async move |world| {
            let mut options = RequestOptions::default();
            options.timeouts = Timeouts::all(OTHERS);
            options.dial = world.dial();
            set(&mut options, limit);
            let session = world.session(|builder| builder.request_options(options).wires_per_origin(1));
            let request = session.connect(&world.url(80, "")).unwrap().open_request(Method::POST, "/").unwrap();
            let handle = request.id();
            let error = world.recorder.failure(handle, go(&world, &session, request).await);
            assert_eq!((error.code(), error.stage()), (ErrorCode::Timeout, stage), "{error}");
            let log = world.recorder.of(handle);
            world.recorder.finish(session).await;
            log
        });
        let log = log.unwrap_or_else(|failure| panic!("{stage:?} in {limit:?}: {failure}"));
        let at = |wanted: &dyn Fn(&Status) -> bool| log.iter().find(|one| wanted(&one.status)).map(|one| one.at);
        let began = at(&begins).expect("the stage begins");
        let timed_out = |status: &Status| matches!(status, Status::RequestError { error, .. } if error.is_timeout());
        let ended = at(&timed_out).expect("the stage ends");
        let took = ended.duration_since(began);
        let due = limit..=limit + Duration::from_millis(1);
        assert!(due.contains(&took), "{stage:?} took {took:?} where {limit:?} was given");
    }
}

#[derive(Debug)]
struct Mute;

impl Resolver for Mute {
    fn resolve(&self, _: &str) -> Lookup {
        Box::pin(std::future::pending())
    }
}

#[test]
fn p9_resolving_ends_on_time() {
    let set = |options: &mut RequestOptions, limit| {
        options.timeouts.resolve = Some(limit);
        options.dial = options.dial.clone().resolver(Mute);
    };
    let begins = |status: &Status| matches!(status, Status::ResolvingName(_));
    ends_on_time(Stage::Resolve, Script::new(), begins, set, async |_, _, request| request.send(()).await);
}

#[test]
fn p9_connecting_ends_on_time() {
    let begins = |status: &Status| matches!(status, Status::NameResolved(_));
    let set = |options: &mut RequestOptions, limit| options.timeouts.connect = Some(limit);
    ends_on_time(Stage::Connect, Script::new(), begins, set, async |_, _, request| {
        turmoil::hold(CLIENT, SERVER);
        request.send(()).await
    });
}

#[test]
fn p9_sending_ends_on_time() {
    let set = |options: &mut RequestOptions, limit| options.timeouts.send = Some(limit);
    // The window is full at once, and what went into it took no time.
    let begins = |status: &Status| matches!(status, Status::SendingRequest);
    ends_on_time(Stage::SendHead, Script::new().stop_reading(), begins, set, async |_, _, request| {
        request.send(Payload::bytes(vec![b'x'; 8_000])).await
    });
}

#[test]
fn p9_waiting_for_the_response_ends_on_time() {
    let begins = |status: &Status| matches!(status, Status::RequestSent(_));
    let set = |options: &mut RequestOptions, limit| options.timeouts.receive_response = Some(limit);
    ends_on_time(Stage::FirstByte, Script::new().keep(), begins, set, async |_, _, request| {
        request.send(()).await?;
        request.receive_response().await.map(drop)
    });
}

#[test]
fn p9_reading_ends_on_time() {
    let begins = |status: &Status| matches!(status, Status::HeadersAvailable);
    let set = |options: &mut RequestOptions, limit| options.timeouts.receive = Some(limit);
    ends_on_time(Stage::Body, Script::answering(HEAD), begins, set, async |_, _, request| {
        request.send(()).await?;
        request.receive_response().await?;
        request.read().await.map(drop)
    });
}

#[test]
fn p9_reading_ends_on_time_also_when_the_call_is_given_up_and_made_again() {
    let begins = |status: &Status| matches!(status, Status::HeadersAvailable);
    let set = |options: &mut RequestOptions, limit| options.timeouts.receive = Some(limit);
    ends_on_time(Stage::Body, Script::answering(HEAD), begins, set, async |_, _, request| {
        request.send(()).await?;
        request.receive_response().await?;
        loop {
            // As a loop does that selects between a read and a ticker.
            let patience = Duration::from_micros(1_700);
            if let Ok(read) = tokio::time::timeout(patience, request.read()).await {
                return read.map(drop);
            }
        }
    });
}

#[test]
fn p9_waiting_in_line_ends_on_time() {
    let begins = |status: &Status| matches!(status, Status::Queued { .. });
    let set = |options: &mut RequestOptions, limit| options.timeouts.queue = Some(limit);
    ends_on_time(Stage::Queue, Script::new().keep(), begins, set, async |world, session, request| {
        let first = session.connect(&world.url(80, "")).unwrap().open_request(Method::GET, "/").unwrap();
        let mut patient = first.options();
        patient.timeouts.queue = None;
        first.set_options(patient)?;
        first.send(()).await?;
        request.send(()).await
    });
}

#[test]
fn p9_an_idle_wire_is_closed_within_a_tick_of_its_time() {
    for idle in [2, 5, 9].map(Duration::from_secs) {
        let answer = Script::answering(format!("{HEAD}hello"));
        let log = Simulation::seeded(9).peer(80, move |_| answer.clone()).run(async move |world| {
            let session = world.session(|builder| builder.idle_timeout(idle));
            session.get(world.url(80, "/")).unwrap().send().await.unwrap().text().await.unwrap();
            tokio::time::sleep(idle + Duration::from_secs(2)).await;
            let log = world.recorder.log();
            world.recorder.finish(session).await;
            log
        });
        let log = log.unwrap();
        let at = |name: &str| log.iter().find(|one: &&Notification| one.name() == name).map(|one| one.at).unwrap();
        let rested = at("ConnectionClosed").duration_since(at("WireReleased"));
        assert!((idle..=idle + Duration::from_secs(1)).contains(&rested), "{rested:?} where {idle:?} was given");
    }
}

#[test]
fn idle_wires_are_watched_also_when_another_engine_on_the_thread_has_stopped() {
    let answer = Script::answering(format!("{HEAD}hello"));
    let open = Simulation::seeded(9).peer(80, move |_| answer.clone()).run(async move |world| {
        let idle = Duration::from_secs(3);
        let get = async |session: &Session| {
            session.get(world.url(80, "/")).unwrap().send().await.unwrap().text().await.unwrap();
        };
        let first = world.session(|builder| builder.idle_timeout(idle));
        get(&first).await;
        let engine = Engine::on_current_thread().unwrap();
        let second = world.session(|builder| builder.idle_timeout(idle).engine(engine));
        get(&second).await;
        world.engine.stop();
        tokio::time::sleep(idle + Duration::from_secs(2)).await;
        let open = world.network.open_streams();
        drop(first);
        world.recorder.finish(second).await;
        open
    });
    assert_eq!(open.unwrap(), 0);
}
