//! The engine stops under requests that are under way, or were not begun yet (contract B, architecture 2).

use std::future::pending;
use std::io;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::Poll;

use bytes::Bytes;
use futures_util::stream;
use hinternet::{Engine, ErrorCode, Payload, Response, Session};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::ScriptedPeer;
use integration_tests::{patiently, poll_once};
use tokio::task::LocalSet;

use super::silent;

const MANY: usize = 20;

type Send = Pin<Box<dyn Future<Output = hinternet::Result<Response>> + std::marker::Send>>;

fn send(session: &Session, url: &str) -> Send {
    Box::pin(session.get(url).unwrap().send())
}

/// A body that does not end.
fn endless(session: &Session, url: &str) -> Send {
    Box::pin(session.post(url).unwrap().body(Payload::stream(stream::once(pending()))).send())
}

async fn all_end_with_12012(sends: impl IntoIterator<Item = Send>) {
    for (n, send) in sends.into_iter().enumerate() {
        let error = patiently("a send", send).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::Shutdown, "send {n}: {error}");
    }
}

#[tokio::test]
async fn b9_stopped_while_they_are_under_way_all_end_with_12012() {
    let (recorder, peer) = (Recorder::start(), ScriptedPeer::always(silent()).await);
    let engine = Engine::builder().shards(2).start().unwrap();
    let session = recorder.session(Session::builder().engine(engine.clone()));
    let mut sends = Vec::new();
    for n in 0..MANY {
        sends.push(send(&session, &peer.url("/")));
        sends.push(endless(&session, &format!("http://localhost:{}/{n}", peer.address().port())));
    }
    for send in &mut sends {
        assert!(poll_once(send.as_mut()).await.is_none());
    }
    peer.wait_for_requests(MANY).await;
    engine.stop();
    all_end_with_12012(sends).await;
    patiently("the end", recorder.finish(session)).await;
}

#[tokio::test]
async fn b9_stopped_before_they_are_begun_all_end_with_12012() {
    let (recorder, peer) = (Recorder::start(), ScriptedPeer::always(silent()).await);
    let engine = Engine::builder().shards(1).start().unwrap();
    let session = recorder.session(Session::builder().engine(engine.clone()));
    let (release, released) = mpsc::channel::<()>();
    let (enter, mut entered) = tokio::sync::mpsc::unbounded_channel();
    let released = std::sync::Mutex::new(released);
    let blocks = stream::poll_fn(move |_| {
        let _told = enter.send(());
        let _released = released.lock().unwrap().recv();
        Poll::<Option<io::Result<Bytes>>>::Pending
    });
    let mut sends: Vec<Send> =
        vec![Box::pin(session.post(peer.url("/")).unwrap().body(Payload::stream(blocks)).send())];
    assert!(poll_once(sends[0].as_mut()).await.is_none());
    patiently("the shard to be blocked", entered.recv()).await.unwrap();
    for _ in 0..MANY {
        let mut waiting = send(&session, &peer.url("/"));
        assert!(poll_once(waiting.as_mut()).await.is_none());
        sends.push(waiting);
    }
    engine.stop();
    drop(release);
    all_end_with_12012(sends).await;
    patiently("the end", recorder.finish(session)).await;
    assert!(peer.requests().is_empty());
}

#[test]
fn b9_with_the_callers_local_set_all_end_with_12012() {
    for begun in [true, false] {
        let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let peer = server.block_on(ScriptedPeer::always(silent()));
        let recorder = Recorder::start();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let set = LocalSet::new();
        let (session, sends) = set.block_on(&runtime, async {
            let engine = Engine::on_current_thread().unwrap();
            let session = recorder.session(Session::builder().engine(engine));
            let mut sends: Vec<Send> =
                (0..MANY).flat_map(|_| [send(&session, &peer.url("/")), endless(&session, &peer.url("/"))]).collect();
            for send in &mut sends {
                assert!(poll_once(send.as_mut()).await.is_none());
            }
            if begun {
                patiently("the requests", peer.wait_for_requests(MANY)).await;
            }
            (session, sends)
        });
        drop(set);
        runtime.block_on(all_end_with_12012(sends));
        server.block_on(recorder.finish(session));
    }
}
