//! Dropping the future of a call, after every count of polls: what it cancels, and what it must not lose (contract B.7).

use std::io;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use hinternet::{Method, Payload, Request, Session};
use integration_tests::scene::{Scene, read_all};
use integration_tests::scripted_peer::{Script, ScriptedPeer, Split};
use integration_tests::{Gate, dropped_after, patiently};

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
const HELLO_AND_CLOSE: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
    7\r\nhello, \r\n1\r\nw\r\n1a\r\nide and wonderful world of\r\n7\r\n chunks\r\n0\r\n\r\n";
const CONTENT: &[u8] = b"hello, wide and wonderful world of chunks";

/// Everything on one thread, where a turn of the runtime is a turn of the library.
fn on_one_thread(test: impl Future<Output = ()>) {
    actix::System::new().block_on(test);
}

async fn one_thread_scene(script: Script) -> Scene {
    Scene::of(ScriptedPeer::always(script).await, Session::builder().on_current_arbiter().wires_per_origin(1))
}

/// Makes the call and gives it up after so many polls, again and again, and then makes it in earnest. Was it given up at
/// all?
async fn given_up<T>(polls: usize, call: impl AsyncFn() -> hinternet::Result<T>) -> (T, bool) {
    for times in 0..3 {
        if let Some(result) = dropped_after(polls, call()).await {
            return (result.expect("the call succeeds"), times > 0);
        }
    }
    (call().await.expect("the call succeeds when it is made again"), true)
}

/// Runs with every count of polls after which a call can be given up, until no call is.
async fn for_every_poll(mut run: impl AsyncFnMut(usize) -> bool) {
    for polls in 0..10_000 {
        if !patiently("a run", run(polls)).await {
            assert!(polls > 1, "a call that waits cannot be ready at once");
            return;
        }
    }
    panic!("there is no end to the polls");
}

#[test]
fn b7_a_dropped_receive_response_loses_nothing() {
    on_one_thread(async {
        for already_there in [false, true] {
            let scene = one_thread_scene(Script::answering(CHUNKED).split(Split::OneOctet)).await;
            let mut responses = 0;
            for_every_poll(async |polls| {
                let request = scene.sent().await;
                responses += 1;
                while already_there && scene.peer.sent(0).len() < responses * CHUNKED.len() {
                    tokio::task::yield_now().await;
                }
                let (head, was_given_up) = given_up(polls, async || request.receive_response().await).await;
                assert_eq!(head.status(), 200);
                assert_eq!(read_all(&request).await.unwrap(), CONTENT, "after {polls} polls");
                was_given_up
            })
            .await;
            assert_eq!(scene.peer.connections(), 1, "the wire was never hurt");
            scene.end().await;
        }
    });
}

#[test]
fn b7_a_receive_that_is_dropped_again_and_again_while_it_follows_a_redirect_sends_that_once() {
    const MOVED: &str = "HTTP/1.1 307 Temporary Redirect\r\nlocation: /next\r\ncontent-length: 0\r\n\r\n";
    on_one_thread(async {
        let script = Script::new().read_request().send(MOVED).read_request().send(HELLO).again();
        let scene = one_thread_scene(script).await;
        let mut runs = 0;
        for_every_poll(async |polls| {
            let request = scene.request(Method::POST);
            request.send(vec![b'x'; 4 << 20]).await.unwrap();
            let (mut head, mut given_up) = (None, 0);
            while head.is_none() {
                // One poll asks, and the next may have the answer.
                head = dropped_after(polls.max(2), request.receive_response()).await;
                given_up += usize::from(head.is_none());
                assert!(given_up < 10_000, "it comes no further, after {polls} polls each");
            }
            assert_eq!(head.unwrap().unwrap().status(), 200);
            assert_eq!(read_all(&request).await.unwrap(), b"hello");
            runs += 1;
            assert_eq!(scene.peer.connections(), 1, "after {polls} polls each: the wire was never hurt");
            assert_eq!(scene.peer.requests().len(), 2 * runs, "after {polls} polls each: sent once to each place");
            given_up > 0
        })
        .await;
        scene.end().await;
    });
}

/// A way of reading a body to its end, in which every call is given up.
#[derive(Clone, Copy, Debug)]
enum Reading {
    ReadWhatThereIs,
    AtMost(usize),
    Exactly(usize),
    QueryThenRead,
    QueryGivenUpThenReadGivenUp,
}

impl Reading {
    async fn piece(self, request: &Request, polls: usize) -> (Bytes, bool) {
        match self {
            Self::ReadWhatThereIs => given_up(polls, async || request.read().await).await,
            Self::AtMost(max) => given_up(polls, async || request.read_at_most(max).await).await,
            Self::Exactly(length) => given_up(polls, async || request.read_exact(length).await).await,
            Self::QueryThenRead => {
                let query = given_up(polls, async || request.query_data_available().await).await;
                let piece = request.read().await.unwrap();
                assert_eq!(piece.len() as u64, query.0);
                (piece, query.1)
            }
            Self::QueryGivenUpThenReadGivenUp => {
                let query = given_up(polls, async || request.query_data_available().await).await;
                let read = given_up(polls, async || request.read().await).await;
                assert_eq!(read.0.len() as u64, query.0);
                (read.0, read.1 || query.1)
            }
        }
    }
}

#[test]
fn b7_a_dropped_read_or_query_loses_no_octet_and_tells_of_every_octet_once() {
    use Reading::*;
    on_one_thread(async {
        for reading in [ReadWhatThereIs, AtMost(3), Exactly(10), QueryThenRead, QueryGivenUpThenReadGivenUp] {
            let scene = one_thread_scene(Script::answering(CHUNKED).split(Split::OneOctet)).await;
            for_every_poll(async |polls| {
                let request = scene.reading().await;
                let (mut whole, mut any_given_up) = (Vec::new(), false);
                loop {
                    let (piece, was_given_up) = reading.piece(&request, polls).await;
                    any_given_up |= was_given_up;
                    if piece.is_empty() {
                        break;
                    }
                    whole.extend_from_slice(&piece);
                }
                assert_eq!(whole, CONTENT, "{reading:?} after {polls} polls");
                let id = request.id();
                drop(request);
                scene.recorder.wait_for_closing(id).await;
                let told: u64 = scene.recorder.of(id).iter().filter_map(read_octets).sum();
                assert_eq!(told, CONTENT.len() as u64, "{reading:?} after {polls} polls");
                any_given_up
            })
            .await;
            assert_eq!(scene.peer.connections(), 1, "{reading:?}");
            scene.end().await;
        }
    });
}

fn read_octets(one: &hinternet::Notification) -> Option<u64> {
    match one.status {
        hinternet::Status::ReadComplete(octets) => Some(octets),
        _ => None,
    }
}

#[test]
fn b7_an_exact_read_after_a_dropped_read_is_short_only_at_the_end_and_tells_of_every_octet_once() {
    on_one_thread(async {
        let scene = one_thread_scene(Script::answering(CHUNKED).split(Split::OneOctet)).await;
        for_every_poll(async |polls| {
            let request = scene.reading().await;
            let (mut whole, mut any_given_up) = (Vec::new(), false);
            while whole.len() < CONTENT.len() {
                match dropped_after(polls, request.read()).await {
                    Some(piece) => whole.extend_from_slice(&piece.unwrap()),
                    None => {
                        any_given_up = true;
                        let before = whole.len();
                        whole.extend_from_slice(&request.read_exact(10).await.unwrap());
                        let got = whole.len() - before;
                        assert!(got == 10 || whole.len() == CONTENT.len(), "{got} octets after {polls} polls");
                    }
                }
            }
            assert!(request.read().await.unwrap().is_empty());
            assert_eq!(whole, CONTENT, "after {polls} polls");
            let id = request.id();
            drop(request);
            scene.recorder.wait_for_closing(id).await;
            let told: u64 = scene.recorder.of(id).iter().filter_map(read_octets).sum();
            assert_eq!(told, CONTENT.len() as u64, "after {polls} polls");
            any_given_up
        })
        .await;
        scene.end().await;
    });
}

#[test]
fn b7_octets_that_are_given_again_are_not_told_of_as_the_end() {
    on_one_thread(async {
        let scene = one_thread_scene(Script::answering(CHUNKED).split(Split::OneOctet)).await;
        for_every_poll(async |polls| {
            let request = scene.reading().await;
            let (mut whole, mut any_given_up) = (Vec::new(), false);
            while whole.len() < CONTENT.len() {
                match dropped_after(polls, request.read()).await {
                    Some(piece) => whole.extend_from_slice(&piece.unwrap()),
                    None => {
                        any_given_up = true;
                        match dropped_after(polls, request.read_exact(10)).await {
                            Some(piece) => whole.extend_from_slice(&piece.unwrap()),
                            None => {
                                let announced = request.query_data_available().await.unwrap();
                                let piece = request.read().await.unwrap();
                                assert_eq!(piece.len() as u64, announced);
                                whole.extend_from_slice(&piece);
                            }
                        }
                    }
                }
            }
            assert_eq!(whole, CONTENT, "after {polls} polls");
            assert!(request.read().await.unwrap().is_empty());
            let id = request.id();
            drop(request);
            scene.recorder.wait_for_closing(id).await;
            let mut told: Vec<u64> = scene.recorder.of(id).iter().filter_map(read_octets).collect();
            assert_eq!(told.pop(), Some(0));
            assert!(!told.contains(&0), "after {polls} polls, before the end: {told:?}");
            assert_eq!(told.iter().sum::<u64>(), CONTENT.len() as u64, "after {polls} polls: {told:?}");
            any_given_up
        })
        .await;
        scene.end().await;
    });
}

#[test]
fn b7_a_dropped_chunk_loses_no_octet() {
    on_one_thread(async {
        let scene = one_thread_scene(Script::answering(CHUNKED).split(Split::OneOctet)).await;
        for_every_poll(async |polls| {
            let mut response = scene.session.get(scene.peer.url("/")).unwrap().send().await.unwrap();
            let (mut whole, mut given_up) = (Vec::new(), false);
            loop {
                let chunk = match dropped_after(polls, response.chunk()).await {
                    Some(chunk) => chunk.unwrap(),
                    None => {
                        given_up = true;
                        response.chunk().await.unwrap()
                    }
                };
                let Some(chunk) = chunk else { break };
                whole.extend_from_slice(&chunk);
            }
            assert_eq!(whole, CONTENT, "after {polls} polls");
            given_up
        })
        .await;
        scene.end().await;
    });
}

#[tokio::test]
async fn b7_a_select_arm_that_lost_loses_nothing() {
    let gate = Gate::new();
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello";
    let scene = Scene::with(Script::new().read_head().send(head).hold(&gate).send("world").keep()).await;
    let mut response = scene.session.get(scene.peer.url("/")).unwrap().send().await.unwrap();
    let mut whole = Vec::new();
    loop {
        tokio::select! {
            biased;
            chunk = response.chunk() => match chunk.unwrap() {
                Some(chunk) => whole.extend_from_slice(&chunk),
                None => break,
            },
            () = tokio::task::yield_now() => if whole.len() == 5 { gate.open() },
        }
    }
    assert_eq!(whole, b"helloworld");
    scene.end().await;
}

/// The handle can be sent again, however far the call that was given up had come. Had that ended the exchange?
async fn sends_again(request: &Request) -> bool {
    let sent = request.send("again").await;
    let ended = sent.is_ok();
    if let Err(refused) = sent {
        // The call had come through, or never begun.
        assert!(refused.is_incorrect_state(), "{refused}");
        request.cancel();
        request.send("again").await.unwrap();
    }
    request.receive_response().await.unwrap();
    assert_eq!(read_all(request).await.unwrap(), b"hello");
    ended
}

async fn nothing_is_left_open(scene: Scene) {
    scene.session.close().await.unwrap();
    for n in 0..scene.peer.connections() {
        scene.peer.wait_for_end(n).await;
    }
    scene.end().await;
}

type MakePayload = fn() -> Payload;

fn pieces() -> Payload {
    Payload::stream(stream::iter(0..4).map(|_| Ok::<_, io::Error>(Bytes::from_static(b"a piece of the body"))))
}

#[test]
fn b7_a_dropped_send_cancels_and_leaves_nothing_behind() {
    let payloads: [(&str, MakePayload); 4] = [
        ("empty", Payload::empty),
        ("large", || Payload::bytes(vec![b'x'; 4 << 20])),
        ("stream", pieces),
        ("begin", || Payload::begin("half", 8)),
    ];
    on_one_thread(async {
        for (name, payload) in payloads {
            // Every send has to connect.
            let scene = one_thread_scene(Script::answering_once(HELLO_AND_CLOSE)).await;
            let mut ended = 0;
            for_every_poll(async |polls| {
                let request = scene.request(Method::POST);
                let given_up = match dropped_after(polls, request.send(payload())).await {
                    Some(result) => result.map(|()| false).unwrap(),
                    None => true,
                };
                ended += usize::from(sends_again(&request).await);
                given_up
            })
            .await;
            assert!(ended > 1, "{name}: no send was given up while it was under way");
            nothing_is_left_open(scene).await;
        }
    });
}

#[test]
fn b7_a_dropped_write_or_finish_cancels_and_leaves_nothing_behind() {
    on_one_thread(async {
        for finish in [false, true] {
            let scene = one_thread_scene(Script::answering(HELLO)).await;
            let mut ended = 0;
            for_every_poll(async |polls| {
                let request = scene.request(Method::POST);
                request.send(Payload::chunked()).await.unwrap();
                let call = async {
                    match finish {
                        true => request.finish(hinternet::HeaderMap::new()).await,
                        false => request.write(vec![b'x'; 4 << 20]).await,
                    }
                };
                let given_up = match dropped_after(polls, call).await {
                    Some(result) => result.map(|()| false).unwrap(),
                    None => true,
                };
                ended += usize::from(sends_again(&request).await);
                given_up
            })
            .await;
            // A `finish` fits into the socket's buffer and may be through before it can be given up.
            assert!(finish || ended > 1, "no write was given up while it was under way");
            nothing_is_left_open(scene).await;
        }
    });
}

#[test]
fn b7_a_dropped_send_of_the_paved_path_closes_its_handle() {
    on_one_thread(async {
        let scene = one_thread_scene(Script::answering(CHUNKED).split(Split::OneOctet)).await;
        let mut runs = 0;
        for_every_poll(async |polls| {
            let send = scene.session.post(scene.peer.url("/")).unwrap().body(vec![b'x'; 1 << 18]).send();
            let given_up = dropped_after(polls, send).await.is_none();
            // It needs the only wire there may be.
            let response = scene.session.get(scene.peer.url("/")).unwrap().send().await.unwrap();
            assert_eq!(response.bytes().await.unwrap(), CONTENT);
            runs += 1;
            given_up
        })
        .await;
        assert!(runs > 3);
        nothing_is_left_open(scene).await;
    });
}
