//! The n-th call to the network is disturbed, for every n of every scenario: a failure is told once and with its own code, a delay
//! changes nothing, and either way nothing is left and the session goes on.

mod features;

use std::collections::BTreeSet;
use std::pin::Pin;
use std::time::Duration;

use hinternet::{
    Blame, Error, ErrorCode, HandleId, HeaderMap, Method, Payload, Request, RequestOptions, Result, Session, Stage,
    Status, Timeouts, WebSocket,
};
use integration_tests::patiently;
use integration_tests::scene::read_all;
use integration_tests::scripted_peer::Script;
use integration_tests::simulation::{Call, Disturbance, Simulation, World};
use integration_tests::websocket::{SWITCHING, close, frame};

/// What a program does with a session, given the server's origin. It gives what was read.
type Scenario = fn(Session, String) -> Pin<Box<dyn Future<Output = Result<Vec<u8>>>>>;

/// Where a call to the network may fail beside where every exchange has it.
type Stages = &'static [Stage];

const CONTENT: &str = "hello";
const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

async fn open(session: &Session, origin: &str, method: Method) -> Result<Request> {
    session.connect(origin)?.open_request(method, "/")
}

async fn answered(request: &Request) -> Result<Vec<u8>> {
    request.receive_response().await?;
    read_all(request).await
}

/// Runs the scenario with the n-th call disturbed, for n from 0 until the scenario has no n-th call.
fn for_every_call(more: Stages, script: Script, scenario: Scenario, how: Disturbance) -> BTreeSet<Call> {
    let mut disturbed = BTreeSet::new();
    for n in 0.. {
        let script = script.clone();
        // Coarse ticks: nothing here is about time.
        let simulation = Simulation::seeded(n as u64).peer(80, move |_| script.clone()).network(|network| {
            network.tick_duration(Duration::from_millis(10));
        });
        let call = simulation.run(async move |world| disturbed_at(n, world, more, scenario, how).await);
        match call.unwrap_or_else(|failure| panic!("{how:?} at {n}: {failure}")) {
            Some(call) => disturbed.insert(call),
            None => break,
        };
    }
    disturbed
}

async fn disturbed_at(n: usize, world: World, more: Stages, scenario: Scenario, how: Disturbance) -> Option<Call> {
    let mut options = RequestOptions::default();
    options.timeouts = Timeouts::all(Duration::from_secs(5));
    options.timeouts.queue = Some(Duration::from_secs(20));
    options.expect_continue = Some(Duration::from_secs(1));
    options.dial = world.dial();
    let session = world.session(|builder| builder.request_options(options).wires_per_origin(1));
    world.network.disturb(n, how);
    let result = scenario(session.clone(), world.url(80, "")).await;
    let call = world.network.disturbed();
    match (result, call) {
        (Ok(content), None) => assert_eq!(content, CONTENT.as_bytes()),
        (Ok(content), Some(call)) => {
            assert_eq!(content, CONTENT.as_bytes(), "{call:?}");
            let told = world.recorder.count(|status| matches!(status, Status::Retrying { .. }));
            let mended = how != Disturbance::Fails || call == Call::Look || told == 1;
            assert!(mended, "a failed {call:?} went unnoticed");
        }
        (Err(error), Some(call)) if how == Disturbance::Fails => is_the_failure_of(call, &error, more, &world),
        (Err(error), call) => panic!("{error} after {call:?}"),
    }
    // There is one place in the pool: it is free.
    let again = scenario(session.clone(), world.url(80, "")).await;
    assert_eq!(again.expect("the session goes on"), CONTENT.as_bytes());
    nothing_is_left(world, session).await;
    call
}

/// The error says what has failed, and its one notification is there.
fn is_the_failure_of(call: Call, error: &Error, more: Stages, world: &World) {
    let (code, stages): (_, &[Stage]) = match call {
        Call::Resolve => (ErrorCode::NameNotResolved, &[Stage::Resolve]),
        Call::Dial => (ErrorCode::CannotConnect, &[Stage::Connect]),
        Call::Write | Call::Flush => (ErrorCode::ConnectionError, &[Stage::SendHead, Stage::SendBody, Stage::Messages]),
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
    assert_eq!((error.code(), error.blame()), (code, Blame::Network), "{error} after {call:?}");
    let is_more = matches!(call, Call::Write | Call::Flush | Call::Read) && more.contains(&error.stage());
    assert!(is_more || stages.contains(&error.stage()), "{error} after {call:?}");
    let told: Vec<HandleId> =
        world.recorder.log().iter().filter(|one| one.name() == "RequestError").map(|one| one.handle).collect();
    let [handle] = told[..] else { panic!("{error} was told {} times", told.len()) };
    world.recorder.failure(handle, Result::<()>::Err(error.clone()));
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

/// All disturbances; and these calls, at least, were disturbed.
fn torture(script: Script, scenario: Scenario, at_least: &[Call]) {
    torture_at(&[], script, scenario, at_least);
}

/// The same of what has these stages too.
fn torture_at(more: Stages, script: Script, scenario: Scenario, at_least: &[Call]) {
    for how in [Disturbance::Fails, Disturbance::Waits, Disturbance::MovesOne] {
        let disturbed = for_every_call(more, script.clone(), scenario, how);
        let missed: Vec<_> = at_least.iter().filter(|call| !disturbed.contains(call)).collect();
        assert!(missed.is_empty(), "{how:?}: no {missed:?} among {disturbed:?}");
    }
}

const ALL: [Call; 5] = [Call::Resolve, Call::Dial, Call::Write, Call::Flush, Call::Read];

#[test]
fn two_gets_on_one_wire() {
    let scenario: Scenario = |session, origin| {
        Box::pin(async move {
            let first = open(&session, &origin, Method::GET).await?;
            first.send(()).await?;
            answered(&first).await?;
            drop(first);
            let second = open(&session, &origin, Method::GET).await?;
            second.send(()).await?;
            answered(&second).await
        })
    };
    torture(Script::answering(ANSWER), scenario, &[&ALL[..], &[Call::Look]].concat());
}

#[test]
fn a_chunked_upload() {
    let scenario: Scenario = |session, origin| {
        Box::pin(async move {
            let request = open(&session, &origin, Method::POST).await?;
            let mut options = request.options();
            options.expect_continue = None;
            request.set_options(options)?;
            request.send(Payload::chunked()).await?;
            request.write("once").await?;
            request.write("upon a time").await?;
            request.finish(HeaderMap::new()).await?;
            answered(&request).await
        })
    };
    torture(Script::answering(ANSWER), scenario, &ALL);
}

#[test]
fn an_announced_upload() {
    let scenario: Scenario = |session, origin| {
        Box::pin(async move {
            let request = open(&session, &origin, Method::POST).await?;
            let mut options = request.options();
            options.expect_continue = None;
            request.set_options(options)?;
            request.send(Payload::begin("once ", 16)).await?;
            request.write("upon ").await?;
            request.write("a time").await?;
            answered(&request).await
        })
    };
    torture(Script::answering(ANSWER), scenario, &ALL);
}

#[test]
fn the_paved_path() {
    let scenario: Scenario =
        |session, origin| Box::pin(async move { Ok(session.get(origin)?.send().await?.bytes().await?.to_vec()) });
    torture(Script::answering(ANSWER), scenario, &ALL);
}

#[test]
fn an_upload_that_waits_for_100_continue() {
    let script = Script::new().read_head().send("HTTP/1.1 100 Continue\r\n\r\n").read_exactly(5).send(ANSWER).again();
    let scenario: Scenario = |session, origin| {
        Box::pin(async move {
            let request = open(&session, &origin, Method::POST).await?;
            request.send("12345").await?;
            answered(&request).await
        })
    };
    torture(script, scenario, &ALL);
}

#[test]
fn a_body_that_ends_with_the_connection() {
    let script = Script::answering_once("HTTP/1.1 200 OK\r\n\r\nhello");
    let scenario: Scenario = |session, origin| {
        Box::pin(async move {
            let request = open(&session, &origin, Method::GET).await?;
            request.send(()).await?;
            answered(&request).await
        })
    };
    torture(script, scenario, &ALL);
}

/// Consents to the upgrade, takes "hi", says hello, takes a close frame and answers it.
fn websocket() -> Script {
    let script = Script::new().read_head().send_accepting(SWITCHING).read_exactly(8).send(frame(0x81, CONTENT));
    script.read_exactly(8).send(close(1000, "")).close()
}

/// Says hi: what is answered.
async fn says_hi(websocket: &WebSocket) -> Result<Vec<u8>> {
    websocket.send("hi").await?;
    Ok(websocket.receive().await?.octets().to_vec())
}

#[test]
fn a_websocket_that_is_closed() {
    let scenario: Scenario = |session, origin| {
        Box::pin(async move {
            let websocket = session.websocket(&origin.replace("http", "ws"))?.connect().await?;
            let heard = says_hi(&websocket).await?;
            websocket.close(1000, "").await?;
            Ok(heard)
        })
    };
    torture(websocket(), scenario, &ALL);
}

#[test]
fn an_upgrade_in_two_steps_and_a_shutdown() {
    let scenario: Scenario = |session, origin| {
        Box::pin(async move {
            let request = open(&session, &origin, Method::GET).await?;
            request.upgrade_to_websocket()?;
            request.send(()).await?;
            request.receive_response().await?;
            let websocket = request.complete_upgrade(0).await?;
            drop(request);
            let heard = says_hi(&websocket).await?;
            websocket.shutdown(1000, "").await?;
            assert!(websocket.receive().await?.is_close());
            Ok(heard)
        })
    };
    torture(websocket(), scenario, &ALL);
}
