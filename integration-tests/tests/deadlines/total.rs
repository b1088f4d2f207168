//! The total deadline, wherever it finds the request.

use bytes::Bytes;
use futures_util::stream;
use hinternet::{ErrorCode, NotificationMask, Operation, Payload, RequestOptions, WireState};
use integration_tests::Mailbox;

use super::*;

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n";
const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

fn within(total: Duration) -> Timeouts {
    limits(|timeouts| timeouts.total = Some(total))
}

/// A session whose only limit is the total.
fn scene(peer: MemoryPeer) -> Scene {
    Scene::of(peer, Session::builder().timeouts(within(LIMIT)))
}

fn silent() -> MemoryPeer {
    MemoryPeer::playing(Script::new().read_request().keep())
}

#[test]
fn p9_before_there_is_a_wire() {
    in_virtual_time(async {
        let nowhere = [
            (MemoryPeer::that_never_resolves(), Stage::Resolve, "resolving"),
            (MemoryPeer::that_never_connects(), Stage::Connect, "connecting"),
        ];
        for (peer, stage, doing) in nowhere {
            let scene = scene(peer);
            let request = scene.request(Method::GET);
            let error = scene.fails_on_time(&request, LIMIT, stage, request.send(())).await;
            assert_eq!(
                error.to_string(),
                format!(
                    "error 12002 TIMEOUT in WinHttpSendRequest (send), {doing}: the total deadline of 7.5s passed \
                     [http://a.example/]"
                )
            );
            assert_eq!(error.wire_state(), WireState::NotSent);
            assert!(error.is_retryable());
            scene.end().await;
        }
    });
}

#[test]
fn p9_while_a_wire_is_secured() {
    in_virtual_time(async {
        let scene = scene(MemoryPeer::playing(Script::new().keep()));
        let request = scene.session.connect("https://a.example").unwrap().open_request(Method::GET, "/").unwrap();
        scene.fails_on_time(&request, LIMIT, Stage::Tls, request.send(())).await;
        drop(request);
        scene.end().await;
    });
}

#[test]
fn p9_in_line_for_a_wire() {
    in_virtual_time(async {
        let scene = Scene::of(silent(), Session::builder().timeouts(Timeouts::infinite()).wires_per_origin(1));
        let _busy = scene.sent().await;
        let request = scene.request(Method::GET);
        let mut options = request.options();
        options.timeouts = within(LIMIT);
        request.set_options(options).unwrap();
        scene.fails_on_time(&request, LIMIT, Stage::Queue, request.send(())).await;
        scene.end().await;
    });
}

#[test]
fn p9_while_the_request_is_sent() {
    in_virtual_time(async {
        let deaf = || MemoryPeer::playing(Script::new().read_head().stop_reading());
        let one = scene(MemoryPeer::playing(Script::new().stop_reading()).in_flight(10));
        let request = one.request(Method::GET);
        let error = one.fails_on_time(&request, LIMIT, Stage::SendHead, request.send(())).await;
        assert_eq!(error.wire_state(), WireState::HeadPartly);
        one.end().await;

        let one = scene(deaf().in_flight(1000));
        let request = one.request(Method::POST);
        one.fails_on_time(&request, LIMIT, Stage::SendBody, request.send(vec![b'x'; 20_000])).await;
        one.end().await;

        let one = scene(deaf().in_flight(1000));
        let (request, began) = (one.request(Method::POST), Instant::now());
        request.send(Payload::begin("", 5000)).await.unwrap();
        tokio::time::sleep(2 * SECOND).await;
        one.fails_at(began, LIMIT, &request, LIMIT, Stage::SendBody, request.write(vec![b'x'; 5000])).await;
        one.end().await;
    });
}

#[test]
fn p9_while_the_bodys_own_stream_has_nothing_to_give() {
    in_virtual_time(async {
        let scene = scene(silent());
        let request = scene.request(Method::POST);
        let payload = Payload::stream(stream::pending::<std::io::Result<Bytes>>());
        scene.fails_on_time(&request, LIMIT, Stage::SendBody, request.send(payload)).await;
        scene.end().await;
    });
}

#[test]
fn p9_while_a_100_is_waited_for() {
    in_virtual_time(async {
        let mut options = RequestOptions::default();
        (options.timeouts, options.expect_continue) = (within(LIMIT), Some(2 * LIMIT));
        let scene = Scene::of(silent(), Session::builder().request_options(options));
        let request = scene.request(Method::POST);
        scene.fails_on_time(&request, LIMIT, Stage::Continue, request.send("hello")).await;
        scene.end().await;
    });
}

#[test]
fn p9_while_the_response_is_received() {
    in_virtual_time(async {
        let waiting = [
            (Script::new().read_request(), Stage::FirstByte),
            (Script::new().read_request().drip(HEAD, SECOND), Stage::Head),
        ];
        for (script, stage) in waiting {
            let scene = scene(MemoryPeer::playing(script));
            let (request, began) = (scene.sent().await, Instant::now());
            tokio::time::sleep(2 * SECOND).await;
            scene.fails_at(began, LIMIT, &request, LIMIT, stage, request.receive_response()).await;
            scene.end().await;
        }
        let bodies = [
            Script::new().read_request().send(HEAD),
            Script::new().read_request().send(HEAD).drip("x".repeat(100), SECOND),
        ];
        for script in bodies {
            let scene = scene(MemoryPeer::playing(script));
            let (request, began) = (scene.reading().await, Instant::now());
            tokio::time::sleep(2 * SECOND).await;
            scene.fails_at(began, LIMIT, &request, LIMIT, Stage::Body, request.read_exact(100)).await;
            assert_eq!(scene.recorder.count_of(request.id(), "ConnectionClosed"), 1);
            scene.end().await;
        }
    });
}

#[test]
fn p9_on_the_paved_path() {
    in_virtual_time(async {
        let waiting = [
            (MemoryPeer::that_never_connects(), Stage::Connect),
            (silent(), Stage::FirstByte),
            (MemoryPeer::playing(Script::new().read_request().drip(HEAD, SECOND)), Stage::Head),
            (MemoryPeer::playing(Script::new().read_request().send(HEAD).drip("x".repeat(100), SECOND)), Stage::Body),
        ];
        for (peer, stage) in waiting {
            // The request's own limit, in place of the session's.
            let scene = Scene::of(peer, Session::builder().timeouts(within(9 * LIMIT)));
            let began = Instant::now();
            let whole = async {
                let response = scene.session.get("http://a.example/")?.timeout(LIMIT).send().await?;
                response.bytes().await
            };
            let error = whole.await.unwrap_err();
            assert_on_time(began, LIMIT);
            assert_timeout(&error, stage, LIMIT);
            scene.end().await;
        }
    });
}

#[test]
fn e_no_time_at_all_is_refused() {
    in_virtual_time(async {
        let scene = scene(silent());
        let refused = scene.session.get("http://a.example/").unwrap().timeout(Duration::ZERO).send().await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidParameter);
        assert!(refused.to_string().contains("the timeout total is zero"), "{refused}");
        scene.end().await;
    });
}

#[test]
fn p9_while_a_request_is_sent_again() {
    in_virtual_time(async {
        let served_once = Script::new().read_request().send(HELLO).read_request().wait(2 * SECOND).close();
        let scene = scene(MemoryPeer::playing(served_once).then(Script::new().read_request().keep()));
        let first = scene.reading().await;
        assert_eq!(first.read_exact(5).await.unwrap(), "hello");
        let (request, began) = (scene.sent().await, Instant::now());
        scene.fails_at(began, LIMIT, &request, LIMIT, Stage::FirstByte, request.receive_response()).await;
        assert_eq!(scene.recorder.count_of(request.id(), "Retrying"), 1);
        assert_eq!(scene.peer.connections().len(), 2);
        scene.end().await;
    });
}

#[test]
fn p9_while_a_subscriber_is_slow() {
    in_virtual_time(async {
        for (total, queue) in [(Some(LIMIT), None), (None, Some(LIMIT))] {
            let timeouts = limits(|timeouts| (timeouts.total, timeouts.queue) = (total, queue));
            let mailbox = Mailbox::on_current_arbiter();
            let builder = Session::builder().on_current_arbiter().timeouts(timeouts).dial(silent().dial());
            let builder = builder.unhandled(1, 1).subscriber(mailbox.subscriber(), NotificationMask::ALL_NOTIFICATIONS);
            let (session, recorder) = (builder.open().unwrap(), Recorder::on_current_arbiter());
            recorder.join(&session);
            let request = session.connect("http://a.example").unwrap().open_request(Method::GET, "/").unwrap();
            let began = Instant::now();
            let error = recorder.failure(request.id(), request.send(()).await);
            assert_on_time(began, LIMIT);
            assert_timeout(&error, Stage::Queue, LIMIT);
            let says =
                if queue.is_some() { "a subscriber left too much unhandled for 7.5s" } else { "the total deadline" };
            assert!(error.to_string().contains(says), "{error}");
            drop((mailbox, request));
            recorder.finish(session).await;
        }
    });
}

#[test]
fn p9_while_a_subscriber_is_slow_in_the_middle_of_a_response() {
    in_virtual_time(async {
        for (total, queue) in [(Some(LIMIT), None), (None, Some(LIMIT))] {
            let timeouts = limits(|timeouts| (timeouts.total, timeouts.queue) = (total, queue));
            let mut mailbox = Mailbox::on_current_arbiter();
            let peer = MemoryPeer::playing(Script::answering(HELLO));
            let builder = Session::builder().on_current_arbiter().timeouts(timeouts).dial(peer.dial());
            let builder =
                builder.unhandled(1, 20).subscriber(mailbox.subscriber(), NotificationMask::ALL_NOTIFICATIONS);
            let (session, recorder) = (builder.open().unwrap(), Recorder::on_current_arbiter());
            recorder.join(&session);
            let request = session.connect("http://a.example").unwrap().open_request(Method::GET, "/").unwrap();
            let began = Instant::now();
            request.send(()).await.unwrap();
            request.receive_response().await.unwrap();
            mailbox.until("HeadersAvailable").await;
            let more: Vec<_> = (0..20).map(|n| session.connect(&format!("http://{n}.example")).unwrap()).collect();
            let error = recorder.failure(request.id(), request.read().await);
            assert_on_time(began, LIMIT);
            assert_timeout(&error, Stage::Queue, LIMIT);
            assert_eq!(error.operation(), Operation::Read);
            drop((mailbox, request, more));
            recorder.finish(session).await;
        }
    });
}

#[test]
fn p9_between_two_calls_nothing_happens_and_the_next_one_fails_at_once() {
    in_virtual_time(async {
        let all_there = Script::new().read_request().send(HEAD).repeat("0123456789", 10).keep();
        let scene = scene(MemoryPeer::playing(all_there));
        let request = scene.reading().await;
        assert_eq!(request.read_at_most(10).await.unwrap(), "0123456789");
        tokio::time::sleep(3 * LIMIT).await;
        assert_eq!(scene.recorder.count_of(request.id(), "ConnectionClosed"), 0);
        // Though all of it has arrived.
        scene.fails_at(Instant::now(), Duration::ZERO, &request, LIMIT, Stage::Body, request.read()).await;
        assert_eq!(scene.recorder.count_of(request.id(), "ConnectionClosed"), 1);
        let refused = scene.recorder.refusal(request.id(), request.read().await);
        assert_eq!(refused.code(), ErrorCode::IncorrectHandleState);

        // A request that is sent again has its time anew.
        request.send(()).await.unwrap();
        request.receive_response().await.unwrap();
        assert_eq!(request.read_exact(100).await.unwrap().len(), 100);
        assert_eq!(scene.peer.connections().len(), 2);
        scene.end().await;
    });
}

#[test]
fn p9_each_kind_of_call_fails_at_once_after_the_deadline() {
    in_virtual_time(async {
        let scene = scene(silent());
        let late = || async { tokio::time::sleep(LIMIT).await };
        let began = |payload| async {
            let request = scene.request(Method::POST);
            request.send(payload).await.unwrap();
            late().await;
            (request, Instant::now())
        };
        let (request, now) = began(Payload::begin("", 5)).await;
        scene.fails_at(now, Duration::ZERO, &request, LIMIT, Stage::SendBody, request.write("hello")).await;
        let (request, now) = began(Payload::chunked()).await;
        scene.fails_at(now, Duration::ZERO, &request, LIMIT, Stage::SendBody, request.finish(Default::default())).await;
        let (request, now) = began(Payload::empty()).await;
        scene.fails_at(now, Duration::ZERO, &request, LIMIT, Stage::FirstByte, request.receive_response()).await;
        scene.end().await;
    });
}

#[test]
fn p9_a_response_that_was_handed_out_in_time_is_not_late_afterwards() {
    in_virtual_time(async {
        let scene = scene(MemoryPeer::playing(Script::answering(HELLO)));
        let request = scene.reading().await;
        assert_eq!(request.read_exact(5).await.unwrap(), "hello");
        tokio::time::sleep(2 * LIMIT).await;
        assert_eq!(request.read().await.unwrap(), "");
        scene.end().await;
    });
}

#[test]
fn p9_no_call_that_ends_in_time_meets_the_deadline() {
    in_virtual_time(async {
        let slow = Script::new().read_request().wait(3 * SECOND).send(HEAD).wait(3 * SECOND);
        let scene = scene(MemoryPeer::playing(slow.repeat("0123456789", 10).keep()));
        let began = Instant::now();
        let response = scene.session.get("http://a.example/").unwrap().send().await.unwrap();
        assert_eq!(response.bytes().await.unwrap().len(), 100);
        assert_eq!(began.elapsed(), 6 * SECOND);
        scene.end().await;
    });
}
