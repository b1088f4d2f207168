//! `cancel()`: stops what is in flight, and closes nothing but the wire of an HTTP/1.1 exchange (contract B.7).

use std::future::pending;

use futures_util::stream;
use hinternet::{Connection, ErrorCode, Method, Operation, Payload, Request, Session};
use integration_tests::scene::{Scene, read_all, receiving, sending};
use integration_tests::scripted_peer::{Ending, Script, ScriptedPeer};
use integration_tests::{Gate, patiently};
use tokio::task::JoinHandle;

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

#[tokio::test]
async fn b7_cancel_ends_a_send_a_write_and_a_wait_in_line() {
    for operation in [Operation::Send, Operation::Write, Operation::Connect] {
        let peer =
            ScriptedPeer::start_with_default(vec![Script::new().read_head().stop_reading()], Script::answering(HELLO));
        let scene = Scene::of(peer.await, Session::builder().wires_per_origin(1));
        let request = scene.request(Method::POST);
        let in_line = scene.request(Method::POST);
        let call: JoinHandle<hinternet::Result<()>> = match operation {
            Operation::Send => sending(&request, Payload::stream(stream::once(pending()))),
            _ => {
                request.send(Payload::chunked()).await.unwrap();
                let request = request.clone();
                tokio::spawn(async move { request.write(vec![b'x'; 64 << 20]).await })
            }
        };
        scene.recorder.wait_for_status(request.id(), "RequestSent").await;
        let waiting = sending(&in_line, Payload::empty());
        scene.recorder.wait_for_status(in_line.id(), "Queued").await;
        if operation == Operation::Connect {
            in_line.cancel();
            let error = scene.recorder.failure(in_line.id(), patiently("the send", waiting).await.unwrap());
            assert!(error.is_cancelled() && error.operation() == Operation::Send, "{error}");
            call.abort();
        } else {
            request.cancel();
            let error = scene.recorder.failure(request.id(), patiently("the call", call).await.unwrap());
            assert!(error.is_cancelled() && error.operation() == operation, "{error}");
            // Its place in the pool is free again.
            patiently("the one in line", waiting).await.unwrap().unwrap();
        }
        assert!(request.is_open() && in_line.is_open() && scene.connection.is_open());
        scene.end().await;
    }
}

#[tokio::test]
async fn b7_a_cancelled_wire_is_closed_and_never_used_again() {
    let unfinished = Script::new().read_head().send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhell").keep();
    let peer = ScriptedPeer::start_with_default(vec![unfinished], Script::answering(HELLO)).await;
    let scene = Scene::of(peer, Session::builder());
    let request = scene.reading().await;
    assert_eq!(request.read().await.unwrap(), "hell");
    // Between two operations: what is cut short is the exchange.
    request.cancel();
    assert_eq!(scene.peer.wait_for_end(0).await, Ending::ClientClosed);
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"hello");
    assert_eq!(scene.peer.connections(), 2);
    scene.end().await;
}

#[tokio::test]
async fn b7_cancel_without_anything_in_flight_changes_nothing() {
    let scene = Scene::with(Script::answering(HELLO)).await;
    let request = scene.request(Method::GET);
    request.cancel();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"hello");
    request.cancel();
    assert_eq!(request.read().await.unwrap(), "", "the end stays the end");
    assert_eq!(scene.recorder.count_of(request.id(), "RequestError"), 0);
    scene.end().await;
}

#[tokio::test]
async fn b7_cancel_on_a_connection_or_the_session_cancels_all_below_and_closes_nothing() {
    for whole_session in [false, true] {
        let scene = Scene::with(Script::new().read_request().keep()).await;
        let other = scene.session.connect(&scene.peer.origin()).unwrap();
        let of = |connection: &Connection| connection.open_request(Method::GET, "/").unwrap();
        let requests = [of(&scene.connection), of(&scene.connection), of(&other)];
        let mut calls = Vec::new();
        for request in &requests {
            request.send(()).await.unwrap();
            let call = request.clone();
            calls.push(tokio::spawn(async move { call.receive_response().await }));
            scene.recorder.wait_for_status(request.id(), "ReceivingResponse").await;
        }
        if whole_session {
            scene.session.cancel()
        } else {
            scene.connection.cancel()
        }
        let survivor = if whole_session { None } else { calls.pop() };
        for (call, request) in calls.into_iter().zip(&requests) {
            let error = scene.recorder.failure(request.id(), patiently("a call", call).await.unwrap());
            assert_eq!(error.code(), ErrorCode::OperationCancelled);
        }
        if let Some(call) = survivor {
            assert!(!call.is_finished());
            requests[2].cancel();
            scene.recorder.failure(requests[2].id(), patiently("a call", call).await.unwrap());
        }
        assert!(requests.iter().all(Request::is_open) && other.is_open() && scene.session.is_open());
        scene.end().await;
    }
}

#[tokio::test]
async fn b7_cancel_ends_a_read_loop_whose_reads_all_complete_at_once() {
    let endless = "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n";
    let scene = Scene::with(Script::new().read_head().send(endless).repeat(vec![b'x'; 1 << 16], 1 << 20)).await;
    let request = scene.reading().await;
    let (read, mut reading) = tokio::sync::watch::channel(0);
    let call = tokio::spawn({
        let request = request.clone();
        async move {
            loop {
                match request.read_at_most(1).await {
                    Ok(octet) => read.send_modify(|octets| *octets += octet.len()),
                    Err(error) => return error,
                }
            }
        }
    });
    patiently("the loop to run", reading.wait_for(|octets| *octets > 100)).await.unwrap();
    request.cancel();
    let error = patiently("the loop to end", call).await.unwrap();
    assert!(error.is_cancelled(), "{error}");
    scene.peer.wait_for_end(0).await;
    scene.end().await;
}

/// A receive that was given up while it sent a body to where a redirect leads: what is left of that rests. Behind the gate the server
/// reads on.
async fn resting(gate: &Gate) -> (Scene, Request) {
    const BODY: usize = 16 << 20;
    let moved = "HTTP/1.1 307 Temporary Redirect\r\nlocation: /next\r\ncontent-length: 0\r\n\r\n";
    let script = Script::new().read_request().send(moved).read_head().hold(gate).keep();
    let peer = ScriptedPeer::start_with_default(vec![script], Script::answering(HELLO)).await;
    let scene = Scene::of(peer, Session::builder().wires_per_origin(1));
    let request = scene.request(Method::POST);
    request.send(vec![b'x'; BODY]).await.unwrap();
    let receiving = receiving(&request);
    let is_next = |all: &[u8]| all.windows(6).any(|six| six == b"/next ");
    scene.peer.wait_until(|all| all.first().and_then(|one| one.received.get(BODY..)).is_some_and(is_next)).await;
    receiving.abort();
    scene.recorder.wait_for_status(request.id(), "RequestError").await;
    (scene, request)
}

#[tokio::test]
async fn b7_cancel_ends_what_rests_of_a_receive_that_was_given_up() {
    let gate = Gate::new();
    let (scene, request) = resting(&gate).await;
    request.cancel();
    gate.open();
    assert_eq!(scene.peer.wait_for_end(0).await, Ending::ClientClosed);
    let refused = request.receive_response().await.unwrap_err();
    assert!(refused.is_cancelled(), "{refused}");
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"hello");
    scene.end().await;
}

#[tokio::test]
async fn b5_close_ends_what_rests_of_a_receive_that_was_given_up() {
    for drops in [false, true] {
        let gate = Gate::new();
        let (scene, request) = resting(&gate).await;
        let id = request.id();
        if drops {
            drop(request);
        } else {
            patiently("the close", request.close()).await.unwrap();
        }
        scene.recorder.wait_for_closing(id).await;
        gate.open();
        // Its place in the pool is free again.
        let response = scene.session.get(scene.peer.url("/")).unwrap().send().await.unwrap();
        assert_eq!(response.bytes().await.unwrap(), "hello");
        scene.end().await;
    }
}
