//! Attempts, pauses, and which ends are final.

use std::time::Duration;

use hinternet::{
    AnyHandle, Ended, ErrorCode, Handle, HandleKind, HealingEvent, HealingState, NotificationMask, SelfHealing,
    SelfHealingOptions, Stage, Status, StatusCode,
};
use integration_tests::memory_peer::MemoryPeer;
use integration_tests::scripted_peer::Script;
use integration_tests::websocket::{close, frame};

use crate::scene::{SECOND, Scene, answering, at, next, options, pauses, switching, with};

#[test]
fn an_attempt_follows_each_pause_on_time_and_after_so_many_it_gives_up() {
    at(MemoryPeer::that_refuses(), async |scene| {
        let mut options = SelfHealingOptions::default();
        (options.attempts, options.seed) = (Some(8), Some(1));
        let feed = scene.feed(options);
        assert_eq!(next(&feed).await, "gave up with 12029");
        let told = scene.healing(&feed);
        assert_eq!(told.iter().filter(|one| one.name() == "Healing").count(), 7);
        assert!(matches!(&told.last().unwrap().status, Status::GaveUp { error } if error.is_connect()));
        for (pair, pause) in told.windows(2).zip(pauses(&told)) {
            let waited = pair[1].at - pair[0].at;
            assert!((pause..pause + Duration::from_millis(2)).contains(&waited), "{waited:?} in place of {pause:?}");
        }
        assert!(pauses(&told).iter().zip(0..).all(|(pause, nth)| *pause <= SECOND * (1 << nth)));
        let is_over = |error: hinternet::Error| error.code() == ErrorCode::InvalidOperation;
        assert!(is_over(feed.receive().await.unwrap_err()) && is_over(feed.send("late").await.unwrap_err()));
        assert_eq!((feed.state(), feed.figures().attempts), (HealingState::Over, 8));
        scene.end(feed).await;
    });
}

#[test]
fn a_busy_server_is_asked_again_when_it_wants_to_be() {
    let busy = answering("503 Service Unavailable\r\nretry-after: 7");
    with([busy, switching().send(frame(0x81, "hello"))], async |scene| {
        let feed = scene.feed(options());
        let HealingEvent::Connected { attempt: 2, outage, .. } = feed.receive().await.unwrap() else { panic!() };
        assert!((7 * SECOND..=8 * SECOND + Duration::from_millis(2)).contains(&outage), "{outage:?}");
        let last = feed.figures().last_end.unwrap().to_error();
        assert_eq!((last.answered(), last.retry_after()), (Some(StatusCode::SERVICE_UNAVAILABLE), Some(7 * SECOND)));
        assert_eq!(next(&feed).await, "hello");
        scene.end(feed).await;
    });
}

#[test]
fn an_answer_that_will_be_the_same_again_is_final() {
    for (head, number) in [("403 Forbidden", 4317), ("404 Not Found", 4317), ("200 OK", 4317)] {
        with([answering(head)], async |scene| {
            let feed = scene.feed(options());
            assert_eq!(next(&feed).await, format!("gave up with {number}"));
            assert_eq!((pauses(&scene.healing(&feed)).len(), scene.peer.connections().len()), (0, 1));
            scene.end(feed).await;
        });
    }
}

#[test]
fn a_server_that_accepts_and_never_answers_is_given_up_on_time() {
    with([Script::new().keep()], async |scene| {
        let mut options = options();
        (options.connect_timeout, options.attempts) = (5 * SECOND, Some(2));
        let feed = scene.feed(options);
        let HealingEvent::GaveUp(Ended::Failed(error)) = feed.receive().await.unwrap() else { panic!() };
        assert_eq!((error.code(), error.stage()), (ErrorCode::Timeout, Stage::Upgrade), "{error}");
        assert_eq!(error.waited(), Some(5 * SECOND));
        let told = scene.healing(&feed);
        let took = told[1].at - told[0].at - pauses(&told)[0];
        assert!((5 * SECOND..5 * SECOND + Duration::from_millis(4)).contains(&took), "{took:?}");
        scene.end(feed).await;
    });
}

#[test]
fn what_the_server_closes_with_decides_whether_it_heals() {
    let closing = |code| switching().send(close(code, "")).keep();
    with([closing(1001), closing(1012), closing(4001), closing(1000)], async |scene| {
        let feed = scene.feed(options());
        for expected in ["connected", "closed with 1001", "connected", "closed with 1012", "connected"] {
            assert_eq!(next(&feed).await, expected);
        }
        assert_eq!([next(&feed).await, next(&feed).await], ["closed with 4001", "connected"]);
        assert_eq!(next(&feed).await, "gave up after 1000");
        scene.end(feed).await;
    });
    with([closing(1000), closing(4001)], async |scene| {
        let decides = |end: &Ended| matches!(end, Ended::Closed(status) if status.code == 4001);
        let feed = scene.making(options()).is_final(decides).open().unwrap();
        for expected in ["connected", "closed with 1000", "connected", "gave up after 4001"] {
            assert_eq!(next(&feed).await, expected);
        }
        scene.end(feed).await;
    });
}

#[test]
fn what_the_server_closes_with_decides_also_where_nobody_receives() {
    let closing = || switching().read_until(&b"\x81"[..]).send(close(1008, "no")).keep();
    with([closing(), switching()], async |scene| {
        let feed = scene.feed(options());
        while scene.peer.connections().len() < 2 && feed.send("tick").await.is_ok() {
            tokio::time::sleep(SECOND / 10).await;
        }
        assert_eq!([next(&feed).await, next(&feed).await], ["connected", "gave up after 1008"]);
        assert!(matches!(feed.figures().last_end, Some(Ended::Closed(status)) if status.code == 1008));
        assert_eq!((feed.state(), scene.peer.connections().len()), (HealingState::Over, 1));
        scene.end(feed).await;
    });
    with([closing()], async |scene| {
        let feed = scene.feed(options());
        feed.send("tick").await.unwrap();
        tokio::time::sleep(SECOND).await;
        feed.send("late").await.unwrap();
        let error = feed.close(1000, "").await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ConnectionError, "{error}");
        assert!(error.to_string().contains("1008 no"), "{error}");
        scene.end(feed).await;
    });
}

#[test]
fn a_server_that_breaks_the_protocol_or_the_connection_heals() {
    let wrong = switching().send(frame(0x83, "no such opcode")).keep();
    with([wrong, switching().close(), switching().send(frame(0x81, "hello"))], async |scene| {
        let feed = scene.feed(options());
        let mut told = Vec::new();
        for _ in 0..6 {
            told.push(next(&feed).await);
        }
        assert_eq!(told, ["connected", "lost with 12152", "connected", "lost with 12030", "connected", "hello"]);
        assert_eq!(scene.recorder.names(feed.id())[..3], ["HandleCreated", "Healed", "Healing"]);
        scene.end(feed).await;
    });
}

#[test]
fn a_socket_that_lived_long_enough_sets_the_attempts_back() {
    let lives = |time| switching().wait(time).close();
    let mut options = options();
    (options.attempts, options.settled_after) = (Some(2), 10 * SECOND);
    with([lives(11 * SECOND), lives(9 * SECOND), lives(11 * SECOND), lives(SECOND)], async |scene| {
        let feed = scene.feed(options);
        let mut told = Vec::new();
        for _ in 0..10 {
            told.push(next(&feed).await);
        }
        let lost = ["connected", "lost with 12030"];
        assert_eq!(told, [&lost[..], &lost, &lost, &lost, &["connected", "gave up with 12030"]].concat());
        scene.end(feed).await;
    });
}

#[test]
fn a_thousand_that_lose_their_server_at_one_moment_do_not_come_back_in_step() {
    at(MemoryPeer::that_refuses(), async |scene| {
        let mut options = SelfHealingOptions::default();
        options.attempts = Some(2);
        let feeds: Vec<_> = (0..1_000).map(|_| scene.feed(options)).collect();
        for feed in &feeds {
            assert_eq!(next(feed).await, "gave up with 12029");
        }
        let log = scene.recorder.log();
        let began = log.iter().find(|one| one.name() == "Healing").unwrap().at;
        let mut tenths = [0; 10];
        for one in log.iter().filter(|one| one.name() == "GaveUp") {
            tenths[((one.at - began).as_millis() / 100).min(9) as usize] += 1;
        }
        // A hundred are due in each; six standard deviations are 57.
        assert!(tenths.iter().all(|tenth| (43..157).contains(tenth)), "{tenths:?}");
        drop(feeds);
        scene.recorder.finish(scene.session).await;
    });
}

#[test]
fn it_is_a_handle_like_the_others() {
    with([switching()], async |scene| {
        let feed = scene.feed(options());
        let HealingEvent::Connected { websocket, .. } = feed.receive().await.unwrap() else { panic!() };
        let found = scene.session.handle(feed.id()).unwrap();
        assert_eq!((found.kind(), found.parent()), (HandleKind::SelfHealing, Some(scene.session.id())));
        let found = SelfHealing::try_from(found).unwrap();
        assert_eq!(found.id(), feed.id());
        let Some(AnyHandle::WebSocket(below)) = scene.session.handle(websocket) else { panic!() };
        assert_eq!(below.parent(), Some(feed.id()));
        assert_eq!(NotificationMask::HEALING.bits(), 1 << 39);
        // Neither keeps it open.
        drop((found, feed));
        assert!(below.closed_soon().await);
        scene.recorder.finish(scene.session).await;
    });
}

trait ClosedSoon {
    async fn closed_soon(&self) -> bool;
}

impl ClosedSoon for hinternet::WebSocket {
    async fn closed_soon(&self) -> bool {
        self.closed().await;
        !self.is_open()
    }
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_opened() {
    with([switching()], async |scene| {
        let mut wrong = options();
        wrong.factor = 0.0;
        assert_eq!(scene.making(wrong).open().unwrap_err().code(), ErrorCode::InvalidParameter);
        let websocket = scene.session.websocket("ws://feed.example/").unwrap().header("a b", "");
        let refused = websocket.self_healing(options()).open().unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidParameter);
        scene.session.close().await.unwrap();
        scene.session.closed().await;
        assert_eq!(scene.recorder.count(|status| status.name() == "HandleCreated"), 1);
        scene.recorder.finish(scene.session).await;
    });
}

#[test]
fn cancel_fails_what_waits_and_changes_nothing_else() {
    with([switching().read_until(&b"\x81"[..]).send(frame(0x81, "hello"))], async |scene: Scene| {
        let feed = scene.feed(options());
        assert_eq!(next(&feed).await, "connected");
        let waiting = feed.clone();
        let waiting = actix::spawn(async move { waiting.receive().await });
        tokio::time::sleep(SECOND).await;
        feed.cancel();
        assert!(waiting.await.unwrap().unwrap_err().is_cancelled());
        feed.send("go on").await.unwrap();
        assert_eq!(next(&feed).await, "hello");
        assert_eq!(feed.figures().connected, 1);
        scene.end(feed).await;
    });
}

#[test]
fn a_server_that_is_gone_behind_its_101_is_asked_again() {
    let gone = || switching().reset();
    with([gone(), switching().close(), switching().send(frame(0x81, "hello"))], async |scene| {
        let feed = scene.feed(options());
        while next(&feed).await != "hello" {}
        assert_eq!(feed.figures().attempts, 3);
        scene.end(feed).await;
    });
}

#[test]
fn a_snapshot_shows_each_websocket_below_what_heals_it() {
    with([switching(), switching().send(close(1001, "")).keep()], async |scene| {
        let feed = scene.feed(options());
        let HealingEvent::Connected { websocket, .. } = feed.receive().await.unwrap() else { panic!() };
        let other = scene.session.websocket("ws://feed.example/").unwrap().connect().await.unwrap();
        assert!(other.receive().await.unwrap().is_close());
        tokio::time::sleep(SECOND).await;
        let shown = scene.session.snapshot().await.websockets;
        let seen: Vec<_> = shown.iter().map(|one| (one.id, one.parent, one.state)).collect();
        let session = scene.session.id();
        let expected = [(websocket, Some(feed.id()), "open"), (other.id(), Some(session), "closed_by_server")];
        assert_eq!(seen, expected);
        assert!(shown[0].wire != shown[1].wire && shown.iter().all(|one| one.age == SECOND), "{shown:?}");
        drop(other);
        scene.end(feed).await;
    });
}
