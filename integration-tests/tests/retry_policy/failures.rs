//! Requests that fail before there is an answer.

use hinternet::{ErrorCode, Stage, Timeouts};
use integration_tests::memory_peer::in_virtual_time;
use integration_tests::patiently;

use super::*;

#[test]
fn a_wire_that_ends_without_an_answer_is_followed_by_another() {
    in_virtual_time(async {
        // A new wire: the library's own resend is for those that had served before.
        let dies = Script::new().read_request().close();
        let world = World::of(MemoryPeer::playing(dies).then(always(200, "")), Session::builder().retry(policy()));
        assert_eq!(world.status(world.get()).await, 200);
        let [(2, pause, 12030)] = world.told()[..] else { panic!("{:?}", world.told()) };
        assert!(world.has_waited(pause));
        assert_eq!((world.sent(), world.peer.connections().len()), (2, 2));
        world.end().await;
    });
}

#[test]
fn a_server_that_takes_no_connection_is_tried_as_often_as_the_policy_says() {
    in_virtual_time(async {
        let world = World::of(MemoryPeer::that_refuses(), Session::builder().retry(policy().attempts(4)));
        // Nothing was sent, so that the method is no matter.
        let error = world.session.post(URL).unwrap().body("body").send().await.unwrap_err();
        assert_eq!((error.code(), error.stage()), (ErrorCode::CannotConnect, Stage::Connect));
        let told: Vec<_> = world.told().iter().map(|it| (it.0, it.2)).collect();
        assert_eq!(told, [(2, 12029), (3, 12029), (4, 12029)]);
        world.end().await;
    });
}

#[test]
fn a_head_that_comes_too_late_is_a_reason() {
    in_virtual_time(async {
        let silent = Script::new().read_request().keep();
        let mut timeouts = Timeouts::default();
        timeouts.receive_response = Some(5 * SECOND);
        let builder = Session::builder().retry(policy()).timeouts(timeouts);
        let world = World::of(MemoryPeer::playing(silent).then(always(200, "")), builder);
        assert_eq!(world.status(world.get()).await, 200);
        let [(2, pause, 12002)] = world.told()[..] else { panic!("{:?}", world.told()) };
        assert!(world.has_waited(5 * SECOND + pause));
        world.end().await;
    });
}

#[test]
fn an_answer_that_breaks_the_rules_is_no_reason_and_neither_is_one_that_was_begun_to_be_read() {
    in_virtual_time(async {
        let world = World::retrying(Script::new().read_request().send("HTTP/9 what\r\n\r\n").close());
        assert_eq!(world.get().send().await.unwrap_err().code(), ErrorCode::InvalidServerResponse);
        assert_eq!((world.sent(), world.told().len()), (1, 0));
        world.end().await;

        let short = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf";
        let world = World::retrying(Script::new().read_request().send(short).close());
        let response = world.get().send().await.unwrap();
        assert!(patiently("the end", response.bytes()).await.is_err());
        assert_eq!((world.sent(), world.told().len()), (1, 0), "the caller has some of it");
        world.end().await;
    });
}

#[test]
fn with_failures_off_the_first_is_the_callers() {
    in_virtual_time(async {
        let builder = Session::builder().retry(policy().failures(false));
        let world = World::of(MemoryPeer::that_refuses(), builder);
        assert!(world.get().send().await.unwrap_err().is_connect());
        assert_eq!(world.told(), []);
        world.end().await;
    });
}
