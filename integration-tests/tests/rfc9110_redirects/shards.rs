//! A redirect to an origin at home on another shard: its exchange runs there, and what comes of it is the same.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hinternet::{
    Engine, ErrorCode, Governor, Method, Notification, Payload, RequestOptions, RetryPolicy, Session, SessionBuilder,
    Status,
};
use integration_tests::origin::{Origin, Reply};
use integration_tests::scene::{Nobody, read_all};
use integration_tests::{Gate, dropped_after, patiently};

use crate::world::{Watched, along, moved, moved_by, redirecting};

const SHARDS: usize = 4;

fn spread() -> SessionBuilder {
    Session::builder().engine(Engine::builder().shards(SHARDS).start().unwrap())
}

/// So many servers that some of them are at home elsewhere than the first.
async fn many() -> Vec<Origin> {
    let mut many = Vec::new();
    for _ in 0..12 {
        many.push(redirecting().await);
    }
    many
}

#[tokio::test]
async fn every_pair_of_homes_serves_a_redirect_and_the_wires_are_reused() {
    let (world, origins) = (Watched::by(spread()), many().await);
    for _ in 0..2 {
        for to in &origins[1..] {
            let response = world.get(&origins[0].url(&moved(&to.url("/next")))).await.unwrap();
            assert_eq!((response.url(), response.status().as_u16()), (&*to.url("/next"), 200));
            assert_eq!(response.text().await.unwrap(), "this is /next");
        }
    }
    assert_eq!(
        origins.iter().map(Origin::connections).collect::<BTreeSet<_>>(),
        [1].into(),
        "limits hold where wires are"
    );
    world.end().await;
}

#[tokio::test]
async fn a_chain_over_ten_origins_and_home_again() {
    let (world, origins) = (Watched::by(spread()), many().await);
    let stations: Vec<_> = origins[1..10].iter().map(|origin| origin.origin()).collect();
    let stations = format!("{} {}", stations.join(" "), origins[0].url("/end"));
    let response = world.get(&origins[0].url(&along(&stations))).await.unwrap();
    assert_eq!((response.history().len(), response.url()), (10, &*origins[0].url("/end")));
    assert_eq!(response.text().await.unwrap(), "this is /end");
    world.end().await;
}

#[tokio::test]
async fn step_by_step_it_is_told_of_and_read_as_at_home() {
    let (world, origins) = (Watched::by(spread()), many().await);
    for to in &origins[1..] {
        let connection = world.session.connect(&origins[0].origin()).unwrap();
        let request = connection.open_request(Method::POST, &moved_by(307, &to.url("/echo"))).unwrap();
        request.send("octets").await.unwrap();
        assert_eq!(request.receive_response().await.unwrap().status(), 200);
        assert_eq!(request.connection_info().unwrap().remote, Some(to.address()));
        assert_eq!(request.query_data_available().await.unwrap(), 11);
        assert_eq!(request.read_exact(4).await.unwrap(), "POST");
        assert_eq!(read_all(&request).await.unwrap(), b" octets");
        let id = request.id();
        request.close().await.unwrap();
        world.recorder.wait_for_closing(id).await;
        let names = world.recorder.winhttp_names(id);
        let from = names.iter().position(|name| *name == "Redirect").unwrap();
        let (first, last) = (names[from + 1], &names[names.len() - 8..]);
        assert!(first == "ResolvingName" || first == "SendingRequest", "{names:?}");
        let expected = [
            "SendingRequest",
            "RequestSent",
            "ReceivingResponse",
            "ResponseReceived",
            "HeadersAvailable",
            "DataAvailable",
        ];
        assert!(names.windows(6).any(|some| some == expected), "{names:?}");
        assert_eq!(last.last(), Some(&"HandleClosing"));
        assert_eq!(names.iter().filter(|name| **name == "SendRequestComplete").count(), 1);
    }
    world.end().await;
}

#[tokio::test]
async fn a_large_body_comes_whole_in_pieces() {
    let (world, origins) = (Watched::by(spread()), many().await);
    let large = Bytes::from((0..3_000_000_u32).map(|n| (n % 251) as u8).collect::<Vec<_>>());
    let body = large.clone();
    let server = Origin::start(move |_| Reply::ok(body.clone())).await;
    for origin in &origins {
        let response = world.get(&origin.url(&moved(&server.url("/large")))).await.unwrap();
        assert_eq!(response.bytes().await.unwrap(), large);
    }
    world.end().await;
}

#[tokio::test]
async fn attempts_that_were_made_there_count() {
    let pause = Duration::from_millis(1);
    let policy = RetryPolicy::new().attempts(3).first_pause(pause).longest_pause(pause).budget(None);
    let (world, origins) = (Watched::by(spread().retry(policy)), many().await);
    for _ in 0..12 {
        let asked = AtomicU32::new(0);
        // A failure, which is repeated there, and then an answer that is followed by another attempt from here.
        let flaky = Origin::start(move |_| match asked.fetch_add(1, Ordering::Relaxed) % 2 {
            0 => Reply::drop_connection(),
            _ => Reply::new(503).closing(),
        })
        .await;
        world.get(&origins[0].url(&moved(&flaky.url("/")))).await.unwrap_err();
        assert_eq!(flaky.log().len(), 3, "wherever it is at home");
    }
    world.end().await;
}

#[tokio::test]
async fn a_failure_there_is_the_callers_error() {
    let (world, origins) = (Watched::by(spread()), many().await);
    for origin in &origins {
        let nobody = Nobody::new();
        let error = world.get(&origin.url(&moved(&(nobody.origin() + "/")))).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::CannotConnect);
        assert_eq!(error.url(), Some(&*(nobody.origin() + "/")));
    }
    world.end().await;
}

#[tokio::test]
async fn each_hop_needs_leave_of_its_own_origin() {
    let mut options = RequestOptions::default();
    options.governor = Some(Governor::new().concurrency(1));
    let (world, origins) = (Watched::by(spread().request_options(options)), many().await);
    let held = Gate::new();
    let opened = held.clone();
    let busy = Origin::start(move |request| {
        let reply = Reply::ok("done");
        if request.path() == "/held" { reply.held(&opened) } else { reply }
    })
    .await;
    let first = tokio::spawn(world.session.get(busy.url("/held")).unwrap().send());
    busy.wait_for_requests(1).await;
    let waiting: Vec<_> = origins
        .iter()
        .map(|origin| tokio::spawn(world.session.get(origin.url(&moved(&busy.url("/next")))).unwrap().send()))
        .collect();
    for origin in &origins {
        origin.wait_for_requests(1).await;
    }
    let mut queued = 0;
    let counted = |one: &Notification| {
        queued += usize::from(matches!(one.status, Status::Queued { .. }));
        queued >= waiting.len()
    };
    world.recorder.wait_for(counted).await;
    assert_eq!(busy.log().len(), 1, "nobody goes before it is let go");
    held.open();
    assert_eq!(first.await.unwrap().unwrap().text().await.unwrap(), "done");
    for one in waiting {
        assert_eq!(one.await.unwrap().unwrap().text().await.unwrap(), "done");
    }
    world.end().await;
}

#[tokio::test]
async fn a_receive_or_a_read_that_is_given_up_loses_nothing() {
    let (world, origins) = (Watched::by(spread()), many().await);
    let server = Origin::start(|_| Reply::new(200).chunked(["abcd", "efgh", "ijkl"])).await;
    for polls in 0..12 {
        for origin in &origins[..3] {
            let connection = world.session.connect(&origin.origin()).unwrap();
            let request = connection.open_request(Method::GET, &moved(&server.url("/"))).unwrap();
            request.send(()).await.unwrap();
            if dropped_after(polls, request.receive_response()).await.is_none() {
                patiently("the answer", request.receive_response()).await.unwrap();
            }
            let mut whole = Vec::new();
            loop {
                match dropped_after(polls, request.read()).await {
                    Some(piece) => {
                        let piece = piece.unwrap();
                        if piece.is_empty() {
                            break;
                        }
                        whole.extend_from_slice(&piece);
                    }
                    None if polls < 2 => {
                        let piece = request.read().await.unwrap();
                        if piece.is_empty() {
                            break;
                        }
                        whole.extend_from_slice(&piece);
                    }
                    None => {}
                }
            }
            assert_eq!(whole, b"abcdefghijkl", "after {polls} polls");
        }
    }
    world.end().await;
}

#[tokio::test]
async fn cancelling_closing_and_dropping_end_it_there_too() {
    let (world, origins) = (Watched::by(spread()), many().await);
    let held = Gate::new();
    let slow = Origin::start(move |_| Reply::ok("late").held(&held)).await;
    for (n, origin) in origins.iter().enumerate() {
        let connection = world.session.connect(&origin.origin()).unwrap();
        let request = connection.open_request(Method::GET, &moved(&slow.url("/"))).unwrap();
        request.send(()).await.unwrap();
        let receiving = integration_tests::scene::receiving(&request);
        slow.wait_for_requests(n + 1).await;
        match n % 3 {
            0 => request.cancel(),
            1 => request.close().await.unwrap(),
            _ => connection.close().await.unwrap(),
        }
        let error = patiently("the end", receiving).await.unwrap().unwrap_err();
        assert!(error.is_cancelled() || error.is_invalid_handle(), "{error}");
        assert_ne!(error.wire_state(), hinternet::WireState::NotSent, "it may have been seen");
    }
    world.end().await;
}

#[tokio::test]
async fn what_is_written_by_hand_goes_on_elsewhere_too() {
    let (world, origins) = (Watched::by(spread()), many().await);
    for to in &origins[1..] {
        let connection = world.session.connect(&origins[0].origin()).unwrap();
        let request = connection.open_request(Method::POST, &moved_by(307, &to.url("/echo"))).unwrap();
        for _ in 0..2 {
            request.send(Payload::begin("a", 3)).await.unwrap();
            request.write("bc").await.unwrap();
            let received = request.receive_response().await;
            if let Err(error) = received {
                assert_eq!(error.code(), ErrorCode::ResendRequest);
            }
        }
        assert_eq!(read_all(&request).await.unwrap(), b"POST abc");
    }
    world.end().await;
}

#[tokio::test]
async fn a_coded_body_is_decoded_wherever_it_was_fetched() {
    let (world, origins) = (Watched::by(spread()), many().await);
    let coded: &[u8] = &[
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 75, 73, 77, 206, 79, 73, 77, 81, 200, 207, 83, 40, 201, 72, 85, 40, 79, 172,
        84, 72, 74, 76, 206, 6, 0, 37, 172, 248, 17, 23, 0, 0, 0,
    ];
    let server = Origin::start(|request| {
        let reply = Reply::ok(coded.to_vec()).field("content-encoding", "gzip");
        if request.path() == "/late" { reply.chunked([&coded[..9], &coded[9..]]) } else { reply }
    })
    .await;
    for origin in &origins {
        for path in ["/at-once", "/late"] {
            assert_eq!(world.text(&origin.url(&moved(&server.url(path)))).await, "decoded on the way back");
        }
        let connection = world.session.connect(&origin.origin()).unwrap();
        let request = connection.open_request(Method::GET, &moved(&server.url("/late"))).unwrap();
        request.send(()).await.unwrap();
        request.receive_response().await.unwrap();
        assert_eq!(read_all(&request).await.unwrap(), b"decoded on the way back");
    }
    world.end().await;
}

/// What a server says there of its load counts for all who ask it.
#[tokio::test]
async fn a_busy_server_there_makes_those_wait_who_ask_it_next() {
    let mut options = RequestOptions::default();
    options.governor = Some(Governor::new());
    let (world, origins) = (Watched::by(spread().request_options(options)), many().await);
    for origin in &origins {
        let busy = Origin::start(|_| Reply::new(429).field("retry-after", "60")).await;
        let response = world.get(&origin.url(&moved(&busy.url("/")))).await.unwrap();
        assert_eq!(response.status(), 429);
        let handle = response.handle().id();
        drop(response);
        world.recorder.wait_for_closing(handle).await;
        let names = world.recorder.names(handle);
        assert_eq!(names.iter().filter(|name| **name == "OriginPaused").count(), 1, "{names:?}");
    }
    world.end().await;
}

#[tokio::test]
async fn attempts_are_counted_wherever_they_were_made() {
    let retry = RetryPolicy::new().attempts(3).budget(None);
    let retry = retry.first_pause(Duration::from_millis(1)).longest_pause(Duration::from_millis(1));
    let (world, origins) = (Watched::by(spread().retry(retry)), many().await);
    for origin in &origins {
        // Two wires end before an answer, and the third brings one that may be retried.
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let failing = Origin::start(move |_| match counted.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Reply::drop_connection(),
            _ => Reply::new(503),
        })
        .await;
        let response = world.get(&origin.url(&moved(&failing.url("/")))).await.unwrap();
        assert_eq!((response.status().as_u16(), count.load(Ordering::SeqCst)), (503, 3));
    }
    world.end().await;
}
