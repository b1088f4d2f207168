//! What is asked of a handle whose `send` is under way (contract B.5, B.7, B.10).

use hinternet::messages::{Amount, Cancel, CloseHandle, QueryDataAvailable, ReadData, SendRequest};
use hinternet::{Error, ErrorCode, Session};
use integration_tests::scene::{Scene, read_all};
use integration_tests::scripted_peer::{Ending, Script, ScriptedPeer};
use integration_tests::{Gate, patiently};

use super::{HELLO, HELLO_AND_CLOSE, ended_with_one_error, flying, silent};

const HALF: &str = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhell";

#[tokio::test(flavor = "multi_thread")]
async fn b7_cancel_ends_it_with_12017_and_does_not_meet_what_is_sent_next() {
    const TIMES: usize = 100;
    let scripts = (0..TIMES).flat_map(|_| [silent(), Script::answering_once(HELLO_AND_CLOSE)]).collect();
    let scene = Scene::of(ScriptedPeer::start(scripts).await, Session::builder().wires_per_origin(1));
    for n in 0..TIMES {
        let (request, call) = flying(&scene, n).await;
        request.cancel();
        let error = scene.recorder.failure(request.id(), patiently("the send", call).await.unwrap());
        assert_eq!(error.code(), ErrorCode::OperationCancelled, "{error}");
        assert!(request.is_open());
        patiently("a send", request.send(())).await.unwrap();
        patiently("a response", request.receive_response()).await.unwrap();
        assert_eq!(read_all(&request).await.unwrap(), b"hello");
        assert_eq!(scene.peer.wait_for_end(2 * n).await, Ending::ClientClosed);
    }
    scene.end().await;
}

#[tokio::test]
async fn b5_close_ends_it_with_12017_and_the_last_words_come_once() {
    let scene = Scene::with(silent()).await;
    let (request, call) = flying(&scene, 0).await;
    patiently("close", request.close()).await.unwrap();
    let error = scene.recorder.failure(request.id(), patiently("the send", call).await.unwrap());
    assert_eq!(error.code(), ErrorCode::OperationCancelled, "{error}");
    ended_with_one_error(&scene.recorder, request.id()).await;
    assert_eq!(scene.peer.wait_for_end(0).await, Ending::ClientClosed);
    let later = scene.recorder.refusal(request.id(), request.send(()).await);
    assert!(later.is_invalid_handle(), "{later}");
    assert!(scene.session.is_open());
    scene.end().await;
}

#[tokio::test]
async fn b5_the_cascade_ends_it_with_6() {
    let scene = Scene::with(silent()).await;
    let (request, call) = flying(&scene, 0).await;
    patiently("close", scene.session.close()).await.unwrap();
    let error = scene.recorder.failure(request.id(), patiently("the send", call).await.unwrap());
    assert!(error.is_invalid_handle(), "{error}");
    ended_with_one_error(&scene.recorder, request.id()).await;
    scene.end().await;
}

#[tokio::test]
async fn b10_every_other_call_is_refused_at_once_with_12019_and_changes_nothing() {
    let gate = Gate::new();
    let scene = Scene::with(Script::new().read_request().hold(&gate).send(HELLO).again()).await;
    let (request, call) = flying(&scene, 0).await;
    let addr = request.addr();
    let refused = [
        patiently("read", request.read()).await.err(),
        patiently("read", request.read_exact(3)).await.err(),
        patiently("query", request.query_data_available()).await.err(),
        patiently("receive", request.receive_response()).await.err(),
        patiently("send", request.send(())).await.err(),
        patiently("write", request.write("x")).await.err(),
        patiently("finish", request.finish(http::HeaderMap::new())).await.err(),
        request.add_header("too", "late").err(),
        request.head().err(),
        patiently("a message", addr.send(ReadData::new(Amount::Available))).await.unwrap().err(),
        patiently("a message", addr.send(SendRequest::new(()))).await.unwrap().err(),
    ];
    for (n, error) in refused.into_iter().enumerate() {
        let error: Error = scene.recorder.refusal(request.id(), error.map_or(Ok(()), Err));
        assert!(error.is_incorrect_state() && error.to_string().contains("a send is in flight"), "call {n}: {error}");
    }
    gate.open();
    let response = patiently("the send", call).await.unwrap().unwrap();
    assert_eq!(patiently("the body", response.bytes()).await.unwrap(), "hello");
    assert_eq!(scene.peer.requests().len(), 1);
    scene.recorder.wait_for_closing(request.id()).await;
    assert_eq!(scene.recorder.count_of(request.id(), "RequestError"), 0);
    scene.end().await;
}

#[tokio::test]
async fn b7_cancel_and_close_do_the_same_as_messages() {
    for closes in [false, true] {
        let scene = Scene::with(silent()).await;
        let (request, call) = flying(&scene, 0).await;
        if closes {
            request.addr().do_send(CloseHandle);
        } else {
            request.addr().do_send(Cancel);
        }
        let error = scene.recorder.failure(request.id(), patiently("the send", call).await.unwrap());
        assert_eq!(error.code(), ErrorCode::OperationCancelled, "{error}");
        assert_eq!(scene.peer.wait_for_end(0).await, Ending::ClientClosed);
        if closes {
            ended_with_one_error(&scene.recorder, request.id()).await;
        }
        assert_eq!(request.is_open(), !closes);
        scene.end().await;
    }
}

#[tokio::test]
async fn a_its_address_reads_the_rest_of_a_response_that_has_one() {
    let (head, rest) = (Gate::new(), Gate::new());
    let script = Script::new().read_request().hold(&head).send(HALF).hold(&rest).send("o you").again();
    let scene = Scene::with(script).await;
    let (request, call) = flying(&scene, 0).await;
    let addr = request.addr();
    head.open();
    let mut response = patiently("the send", call).await.unwrap().unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "hell");
    let asked = addr.send(QueryDataAvailable::default());
    rest.open();
    assert_eq!(patiently("the answer", asked).await.unwrap().unwrap(), 5);
    let read = addr.send(ReadData::new(Amount::Available));
    assert_eq!(patiently("the answer", read).await.unwrap().unwrap(), "o you");
    assert_eq!(response.chunk().await.unwrap(), None);
    scene.end().await;
}

#[tokio::test]
async fn a_its_address_is_dead_after_a_response_that_came_complete() {
    for asked_in_flight in [true, false] {
        let gate = Gate::new();
        let scene = Scene::with(Script::new().read_request().hold(&gate).send(HELLO).again()).await;
        let (request, call) = flying(&scene, 0).await;
        let early = asked_in_flight.then(|| request.addr());
        gate.open();
        let response = patiently("the send", call).await.unwrap().unwrap();
        scene.recorder.wait_for_closing(request.id()).await;
        let addr = early.unwrap_or_else(|| request.addr());
        let read = patiently("an answer", addr.send(ReadData::new(Amount::Available))).await;
        assert!(matches!(read, Err(actix::MailboxError::Closed)), "{read:?}");
        assert!(!addr.connected());
        let later = scene.recorder.refusal(request.id(), patiently("a read", request.read()).await);
        assert!(later.is_invalid_handle(), "{later}");
        assert_eq!(response.bytes().await.unwrap(), "hello");
        scene.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_what_is_sent_to_its_address_while_it_ends_is_answered_or_comes_back() {
    for whole in [true, false] {
        let answer = if whole { HELLO_AND_CLOSE } else { HALF };
        for n in 0..60 {
            let gate = Gate::new();
            let scene = Scene::with(Script::new().read_request().hold(&gate).send(answer).keep()).await;
            let (request, call) = flying(&scene, 0).await;
            let addr = request.addr();
            gate.open();
            for _ in 0..n {
                tokio::task::yield_now().await;
            }
            // 0 octets are refused in every state that takes a read.
            let read = patiently("an answer", addr.send(ReadData::new(Amount::AtMost(0)))).await;
            assert!(matches!(read, Ok(Err(_)) | Err(actix::MailboxError::Closed)), "{read:?}");
            patiently("the send", call).await.unwrap().unwrap();
            drop(request);
            scene.end().await;
        }
    }
}

#[tokio::test]
async fn b10_after_a_failure_the_handle_takes_what_the_table_says() {
    let gate = Gate::new();
    let nonsense = Script::new().read_request().hold(&gate).send("nonsense\r\n\r\n").close();
    let peer = ScriptedPeer::start_with_default(vec![nonsense], Script::answering(HELLO)).await;
    let scene = Scene::of(peer, Session::builder().wires_per_origin(1));
    let (request, call) = flying(&scene, 0).await;
    gate.open();
    let error = scene.recorder.failure(request.id(), patiently("the send", call).await.unwrap());
    assert_eq!(error.code(), ErrorCode::InvalidServerResponse, "{error}");
    for refused in [request.read().await.err(), request.receive_response().await.err(), request.write("x").await.err()]
    {
        let error = scene.recorder.refusal(request.id(), refused.map_or(Ok(()), Err));
        assert!(error.is_incorrect_state(), "{error}");
    }
    request.add_header("again", "yes").unwrap();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"hello");
    let id = request.id();
    drop(request);
    ended_with_one_error(&scene.recorder, id).await;
    scene.end().await;
}

#[tokio::test]
async fn b5_a_send_that_is_refused_tells_nothing_and_ends_its_handle() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    let send = scene.session.post(scene.peer.url("/")).unwrap().header("content-length", "7").body("abc").send();
    let result = patiently("the send", send).await;
    let id = scene.recorder.request(0).await;
    assert_eq!(scene.recorder.refusal(id, result).code(), ErrorCode::InvalidParameter);
    scene.recorder.wait_for_closing(id).await;
    scene.recorder.assert_sequence(id, &["HandleCreated", "HandleClosing"]);
    assert_eq!(scene.peer.connections(), 0);
    scene.end().await;
}

/// Cancel comes while the flight ends: it stops the flight, or what is left of its exchange.
#[tokio::test(flavor = "multi_thread")]
async fn b7_a_cancel_that_comes_with_the_end_of_it_is_not_lost() {
    const TIMES: usize = 400;
    let gates: Vec<_> = (0..TIMES).map(|_| (Gate::new(), Gate::new())).collect();
    let script =
        |(head, rest): &(Gate, Gate)| Script::new().read_request().hold(head).send(HALF).hold(rest).send("o you");
    let peer = ScriptedPeer::start(gates.iter().map(script).collect()).await;
    let scene = Scene::of(peer, Session::builder().wires_per_origin(1));
    let mut too_late = 0;
    for (n, (head, rest)) in gates.iter().enumerate() {
        let (request, call) = flying(&scene, n).await;
        let canceller = std::thread::spawn({
            let request = request.clone();
            move || {
                (0..n * 20).for_each(|_| std::hint::spin_loop());
                request.cancel();
            }
        });
        head.open();
        let sent = patiently("the send", call).await.unwrap();
        tokio::task::spawn_blocking(move || canceller.join().unwrap()).await.unwrap();
        rest.open();
        let cancelled = match sent {
            Ok(response) => {
                too_late += 1;
                patiently("the body", response.bytes()).await.unwrap_err()
            }
            Err(error) => scene.recorder.failure(request.id(), Err::<(), _>(error)),
        };
        assert_eq!(cancelled.code(), ErrorCode::OperationCancelled, "time {n}: {cancelled}");
        // What it wrote in the meantime may have met a closed socket.
        scene.peer.wait_for_end(n).await;
    }
    println!("{too_late} of {TIMES} came after the head");
    scene.end().await;
}
