//! An engine among the tasks of the calling thread's `LocalSet`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hinternet::{Engine, ErrorCode, NotificationMask, Session, Status};
use integration_tests::patiently;
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use tokio::task::LocalSet;

use crate::{SAID, World, block_on, program};

fn current_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn on_the_current_thread_of_any_runtime() {
    for runtime in [current_thread(), tokio::runtime::Runtime::new().unwrap()] {
        let world = World::new();
        let said =
            LocalSet::new().block_on(&runtime, async { world.program(Session::builder().on_current_thread()).await });
        assert_eq!(said.unwrap(), SAID);
        world.end();
    }
}

#[test]
fn on_the_current_thread_subscribers_too() {
    let (runtime, here) = (current_thread(), std::thread::current().id());
    let world = World::new();
    let said = LocalSet::new().block_on(&runtime, async {
        let engine = Engine::on_current_thread().unwrap();
        assert_eq!(engine.shards(), 1);
        let heard = Arc::new(AtomicUsize::new(0));
        let hears = Arc::clone(&heard);
        let subscriber = engine.subscriber(move |_| {
            assert_eq!(std::thread::current().id(), here);
            hears.fetch_add(1, Ordering::Relaxed);
        });
        let recorder = Recorder::on(&engine);
        let session = recorder.session(Session::builder().engine(engine));
        session.subscribe(subscriber, NotificationMask::EVERYTHING).unwrap();
        let said = program(session, world.origin.origin()).await;
        assert!(heard.load(Ordering::Relaxed) > 20);
        recorder.settle().await;
        said
    });
    assert_eq!(said.unwrap(), SAID);
    world.end();
}

#[test]
fn on_the_current_thread_called_from_another() {
    let world = World::new();
    let (runtime, set) = (current_thread(), LocalSet::new());
    let (lend, lent) = std::sync::mpsc::channel();
    let (say, said) = tokio::sync::oneshot::channel();
    let origin = world.origin.origin();
    let other = std::thread::spawn(move || {
        let session: Session = lent.recv().unwrap();
        say.send(block_on(program(session, origin))).unwrap();
    });
    let said = set.block_on(&runtime, async {
        lend.send(world.recorder.session(Session::builder().on_current_thread())).unwrap();
        patiently("the other thread", said).await.unwrap()
    });
    other.join().unwrap();
    assert_eq!(said.unwrap(), SAID);
    world.end();
}

#[tokio::test]
async fn on_the_current_thread_needs_a_local_set() {
    let refused = || Session::builder().on_current_thread().open().map(drop).unwrap_err().code();
    assert_eq!(refused(), ErrorCode::InvalidParameter, "a task that may move");
    assert_eq!(std::thread::spawn(refused).join().unwrap(), ErrorCode::InvalidParameter, "no runtime");
    let own = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build_local(Default::default()).unwrap();
        runtime.block_on(async { refused() })
    });
    assert_eq!(own.join().unwrap(), ErrorCode::InvalidParameter, "a LocalRuntime");
    LocalSet::new().run_until(async { Engine::on_current_thread().map(drop).unwrap() }).await;
}

#[test]
fn an_engine_on_the_current_thread_stops_alone_or_with_its_local_set() {
    for alone in [true, false] {
        let world = World::new();
        let answering = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
        let origin = world.server.block_on(ScriptedPeer::always(Script::answering(answering)));
        let silent = world.server.block_on(ScriptedPeer::always(Script::new().read_request().keep()));
        let (runtime, set) = (current_thread(), LocalSet::new());
        let (engine, session, pending) = set.block_on(&runtime, async {
            let engine = Engine::on_current_thread().unwrap();
            let session = world.recorder.session(Session::builder().engine(engine.clone()));
            // An idle wire, and one in use.
            session.get(origin.url("/get")).unwrap().send().await.unwrap().text().await.unwrap();
            let sending = session.get(silent.url("/")).unwrap();
            let pending = tokio::spawn(async move { sending.send().await.map(drop) });
            patiently("the request", silent.wait_for_requests(1)).await;
            (engine, session, pending)
        });
        let failed = if alone {
            engine.stop();
            set.block_on(&runtime, async { patiently("the end", pending).await })
        } else {
            drop(set);
            runtime.block_on(async { patiently("the end", pending).await })
        };
        assert_eq!(failed.unwrap().unwrap_err().code(), ErrorCode::Shutdown, "alone: {alone}");
        assert_eq!(session.get(origin.url("/")).unwrap_err().code(), ErrorCode::Shutdown);
        assert_eq!(session.connect(&origin.origin()).unwrap_err().code(), ErrorCode::Shutdown);
        let refused = Session::builder().engine(engine.clone()).open().map(drop);
        assert_eq!(refused.unwrap_err().code(), ErrorCode::Shutdown);
        // Both wires went with it.
        world.server.block_on(origin.wait_for_end(0));
        world.server.block_on(silent.wait_for_end(0));
        world.end();
    }
}

#[test]
fn engines_on_one_thread_keep_their_origins_apart() {
    let (runtime, world) = (current_thread(), World::new());
    let open = || world.recorder.session(Session::builder().on_current_thread());
    let get = async |session: &Session| session.get(world.origin.url("/")).unwrap().send().await.unwrap().text().await;
    let (first, second) = (LocalSet::new(), LocalSet::new());
    let ends = first.block_on(&runtime, async {
        let session = open();
        get(&session).await.unwrap();
        session
    });
    let lives = second.block_on(&runtime, async {
        let session = open();
        get(&session).await.unwrap();
        session
    });
    drop(first);
    second.block_on(&runtime, async {
        get(&lives).await.unwrap();
        let reused = |status: &Status| matches!(status, Status::WireAcquired { reused: true, .. });
        lives.close().await.unwrap();
        patiently("the last words", lives.closed()).await;
        assert_eq!(world.recorder.count(reused), 1, "its idle wire outlived the other engine");
    });
    drop(ends);
    world.end();
}
