//! The resume hook: before all else, and not for ever.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hinternet::{Ended, Error, ErrorCode, Handle, HealingEvent, Status, WebSocket};
use integration_tests::scripted_peer::Script;
use integration_tests::websocket::{close, frame};

use crate::scene::{SECOND, next, options, switching, with};

#[test]
fn it_speaks_first_on_each_fresh_socket_and_hears_the_answer() {
    let answers = |script: Script| script.read_until(&b"\x81"[..]).send(frame(0x81, "subscribed"));
    let first = answers(switching()).send(frame(0x81, "tick")).send(close(1001, "")).keep();
    with([first, answers(switching()).send(frame(0x81, "tock"))], async |scene| {
        let hook = |fresh: hinternet::Resumed| async move {
            let word = match &fresh.last_end {
                None => "subscribe".to_owned(),
                Some(end) => format!("again, by {} after {end}", fresh.attempt),
            };
            fresh.websocket.send(word).await?;
            let answer = fresh.websocket.receive().await?;
            assert_eq!(answer.as_text(), Some("subscribed"));
            Ok::<_, Error>(())
        };
        let feed = scene.making(options()).resume(hook).open().unwrap();
        feed.send("waits").await.unwrap();
        for expected in ["connected", "tick", "closed with 1001", "connected", "tock"] {
            assert_eq!(next(&feed).await, expected);
        }
        feed.send("later").await.unwrap();
        feed.flush().await.unwrap();
        feed.close(1000, "").await.unwrap_err();
        assert_eq!(scene.texts(0), ["subscribe", "waits"]);
        assert_eq!(scene.texts(1), ["again, by 2 after the server closed it with 1001", "later"]);
        scene.end(feed).await;
    });
}

#[test]
fn one_that_refuses_has_the_next_attempt_follow_and_nothing_sent() {
    with([switching()], async |scene| {
        let times = Arc::new(AtomicU32::new(0));
        let hook = move |_| {
            let refuses = times.fetch_add(1, Ordering::Relaxed) < 2;
            async move { if refuses { Err("not yet") } else { Ok(()) } }
        };
        let feed = scene.making(options()).resume(hook).open().unwrap();
        feed.send("waits").await.unwrap();
        let HealingEvent::Connected { attempt: 3, .. } = feed.receive().await.unwrap() else { panic!() };
        feed.flush().await.unwrap();
        let Some(Ended::Refused(error)) = feed.figures().last_end else { panic!() };
        assert_eq!(error.code(), ErrorCode::OperationCancelled);
        assert!(error.to_string().contains("not yet"), "{error}");
        feed.close(1000, "").await.unwrap_err();
        assert_eq!([scene.texts(0).len(), scene.texts(1).len(), scene.texts(2).len()], [0, 0, 1]);
        scene.end(feed).await;
    });
}

#[test]
fn one_that_hangs_has_its_time() {
    with([switching()], async |scene| {
        let mut options = options();
        (options.resume_timeout, options.attempts) = (3 * SECOND, Some(2));
        let hook = |_| std::future::pending::<Result<(), Error>>();
        let feed = scene.making(options).resume(hook).open().unwrap();
        let HealingEvent::GaveUp(Ended::Refused(error)) = feed.receive().await.unwrap() else { panic!() };
        assert_eq!((error.code(), error.waited()), (ErrorCode::Timeout, Some(3 * SECOND)), "{error}");
        let told = scene.healing(&feed);
        let Status::Healing { pause, .. } = told[0].status else { panic!() };
        let took = told[1].at - told[0].at - pause;
        assert!((3 * SECOND..3 * SECOND + Duration::from_millis(4)).contains(&took), "{took:?}");
        scene.end(feed).await;
    });
}

#[test]
fn one_whose_socket_breaks_fails_with_what_it_met() {
    let breaks = switching().read_until(&b"\x81"[..]).close();
    with([breaks, switching()], async |scene| {
        let hook = |fresh: hinternet::Resumed| async move {
            fresh.websocket.send("subscribe").await?;
            if fresh.attempt == 1 {
                fresh.websocket.receive().await?;
            }
            Ok::<_, Error>(())
        };
        let feed = scene.making(options()).resume(hook).open().unwrap();
        assert_eq!(next(&feed).await, "connected");
        let Some(Ended::Refused(error)) = feed.figures().last_end else { panic!() };
        assert_eq!(error.code(), ErrorCode::ConnectionError);
        scene.end(feed).await;
    });
}

#[test]
fn one_that_keeps_a_socket_keeps_none_open_that_was_given_up() {
    let lost = switching().send(close(1001, "")).keep();
    with([switching(), lost, switching()], async |scene| {
        let kept = Arc::new(Mutex::new(Vec::<WebSocket>::new()));
        let keeps = Arc::clone(&kept);
        let hook = move |fresh: hinternet::Resumed| {
            let mut kept = keeps.lock().unwrap();
            kept.push(fresh.websocket);
            let nth = kept.len();
            async move {
                match nth {
                    1 => Err("not this one"),
                    3 => std::future::pending().await,
                    _ => Ok(()),
                }
            }
        };
        let feed = scene.making(options()).resume(hook).open().unwrap();
        assert_eq!([next(&feed).await, next(&feed).await], ["connected", "closed with 1001"]);
        tokio::time::sleep(5 * SECOND).await;
        let are_open = || kept.lock().unwrap().iter().map(Handle::is_open).collect::<Vec<_>>();
        assert_eq!(are_open(), [false, false, true]);
        feed.close(1000, "").await.unwrap();
        assert_eq!(are_open(), [false; 3]);
        scene.end(feed).await;
    });
}
