//! Which answers are not delivered, and what is told of that.

use bytes::Bytes;
use futures_util::stream;
use hinternet::Payload;
use integration_tests::memory_peer::in_virtual_time;

use super::*;

#[test]
fn an_answer_of_the_policy_is_not_delivered_and_the_request_is_sent_again_over_the_same_wire() {
    in_virtual_time(async {
        let world = World::retrying(answers([answer(503, ""), answer(429, ""), answer(200, "")]));
        let response = world.get().send().await.unwrap();
        let request = response.handle().id();
        assert_eq!((response.status().as_u16(), response.text().await.unwrap()), (200, "ok".to_owned()));
        let told = world.told();
        assert_eq!(told.iter().map(|it| (it.0, it.2)).collect::<Vec<_>>(), [(2, 503), (3, 429)]);
        let pauses: Duration = told.iter().map(|it| it.1).sum();
        assert!(world.has_waited(pauses), "just that is waited");
        assert_eq!((world.sent(), world.peer.connections().len()), (3, 1));
        for completion in ["SendRequestComplete", "HeadersAvailable"] {
            assert_eq!(world.recorder.count_of(request, completion), 1, "{completion}");
        }
        assert_eq!(world.recorder.count_of(request, "SendingRequest"), 3);
        world.end().await;
    });
}

#[test]
fn without_a_policy_every_answer_is_delivered() {
    in_virtual_time(async {
        let world = World::of(MemoryPeer::playing(always(503, "retry-after: 1\r\n")), Session::builder());
        assert_eq!(world.status(world.get()).await, 503);
        assert_eq!((world.sent(), world.told().len()), (1, 0));
        assert_eq!(world.status(world.get().retry(policy().attempts(2))).await, 503, "one request has one of its own");
        assert_eq!((world.sent(), world.told().len()), (3, 1));
        world.end().await;
    });
}

#[test]
fn an_answer_that_is_not_of_the_policy_is_delivered() {
    in_virtual_time(async {
        for status in [200, 404, 500, 501] {
            let world = World::retrying(always(status, "retry-after: 1\r\n"));
            assert_eq!(world.status(world.get()).await, status);
            assert_eq!(world.sent(), 1);
            world.end().await;
        }
    });
}

#[test]
fn rfc9110_10_2_3_retry_after_is_waited_and_10_to_the_9_is_not() {
    in_virtual_time(async {
        for (asked, least) in [("7", 7), ("1000000000", 60), ("99999999999999999999", 60), ("-1", 0)] {
            let busy = answer(503, &format!("retry-after: {asked}\r\n"));
            // By then the wire may have been idle for too long.
            let peer = MemoryPeer::playing(answers([busy, answer(200, "")])).then(always(200, ""));
            let world = World::of(peer, Session::builder().retry(policy()));
            assert_eq!(world.status(world.get()).await, 200);
            let waited = world.began.elapsed();
            assert!(waited >= least * SECOND && waited <= (least + 1) * SECOND, "{asked}: {waited:?}");
            let error = world.recorder.log().into_iter().find_map(|one| match one.status {
                Status::Retrying { error, .. } => Some(error),
                _ => None,
            });
            assert_eq!(error.unwrap().retry_after().is_some(), asked != "-1", "what the server said, uncapped");
            world.end().await;
        }
    });
}

#[test]
fn rfc9110_9_2_2_only_what_may_be_repeated_is_and_with_the_same_body() {
    in_virtual_time(async {
        let post = |world: &World| world.session.post(URL).unwrap().body("the body");
        let world = World::retrying(always(503, ""));
        assert_eq!(world.status(post(&world)).await, 503);
        assert_eq!(world.sent(), 1, "a server that answers has seen it");
        world.end().await;

        let peer = MemoryPeer::playing(answers([answer(503, "")])).then(always(200, ""));
        let world = World::of(peer, Session::builder());
        assert_eq!(world.status(post(&world).retry(policy().any_method(true))).await, 200);
        let sent: Vec<_> = world.peer.connections().into_iter().flat_map(|connection| connection.requests).collect();
        let [first, again] = &sent[..] else { panic!("{sent:?}") };
        assert_eq!((&first.head, &first.body), (&again.head, &again.body), "the very same");
        assert_eq!(again.body, "the body");
        world.end().await;
    });
}

#[test]
fn a_body_that_cannot_be_given_again_is_not_sent_again() {
    in_virtual_time(async {
        let once = || Payload::stream(stream::once(async { Ok(Bytes::from_static(b"once")) }));
        let world = World::retrying(always(503, ""));
        assert_eq!(world.status(world.session.put(URL).unwrap().body(once())).await, 503);
        assert_eq!(world.sent(), 1);
        let again = Payload::reopen(|| stream::once(async { Ok(Bytes::from_static(b"again")) }));
        assert_eq!(world.status(world.session.put(URL).unwrap().body(again)).await, 503);
        assert_eq!(world.sent(), 4);
        world.end().await;
    });
}
