//! What waits to be sent: order, bounds, and that nothing goes out twice.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use hinternet::{ErrorCode, HealingState, MessageKind, MessagePart, Overflow, SelfHealing, SelfHealingOptions};
use integration_tests::Gate;
use integration_tests::memory_peer::MemoryPeer;
use integration_tests::websocket::{close, frame, frames_of};

use crate::scene::{SECOND, answering, at, next, options, switching, with};

fn of_three(overflow: Overflow) -> SelfHealingOptions {
    let mut options = options();
    (options.queue_messages, options.overflow) = (3, overflow);
    options
}

async fn send_all(feed: &SelfHealing, messages: &[&str]) -> Vec<Option<ErrorCode>> {
    let mut told = Vec::new();
    for message in messages {
        told.push(feed.send(*message).await.err().map(|error| error.code()));
    }
    told
}

#[test]
fn what_is_sent_before_there_is_a_socket_goes_out_in_order() {
    with([answering("503 Service Unavailable"), switching()], async |scene| {
        let feed = scene.feed(options());
        assert_eq!(send_all(&feed, &["a", "b", "c"]).await, [None; 3]);
        assert_eq!(feed.figures().queued, 3);
        feed.flush().await.unwrap();
        assert_eq!((feed.figures().queued, feed.figures().sent), (0, 3));
        assert_eq!(feed.close(1000, "").await.map_err(|error| error.code()), Err(ErrorCode::Timeout));
        assert_eq!(scene.texts(1), ["a", "b", "c"]);
        scene.end(feed).await;
    });
}

#[test]
fn without_room_a_message_is_refused() {
    at(MemoryPeer::that_refuses(), async |scene| {
        let feed = scene.feed(of_three(Overflow::Refuse));
        let full = Some(ErrorCode::NotEnoughQuota);
        assert_eq!(send_all(&feed, &["a", "b", "c", "d", "e"]).await, [None, None, None, full, full]);
        assert_eq!((feed.figures().queued, feed.figures().dropped), (3, 0));
        scene.end(feed).await;
    });
}

#[test]
fn without_room_the_oldest_are_dropped_and_counted() {
    let late = answering("503 Service Unavailable");
    // The three messages first: by chance an octet of theirs, masked, is that of a close.
    let answers = switching().read_exactly(3 * 7).read_until(&b"\x88"[..]).send(b"\x88\x00".to_vec());
    with([late, answers], async |scene| {
        let feed = scene.feed(of_three(Overflow::DropOldest));
        assert_eq!(send_all(&feed, &["a", "b", "c", "d", "e"]).await, [None; 5]);
        assert_eq!((feed.figures().queued, feed.figures().dropped), (3, 2));
        assert_eq!(next(&feed).await, "connected");
        feed.flush().await.unwrap();
        assert_eq!(feed.close(1000, "").await.unwrap(), 0);
        assert_eq!(scene.texts(1), ["c", "d", "e"]);
        scene.end(feed).await;
    });
}

#[test]
fn without_room_a_send_waits_for_it_and_the_order_is_kept() {
    with([answering("503 Service Unavailable"), switching()], async |scene| {
        let feed = scene.feed(of_three(Overflow::Wait));
        let sender = feed.clone();
        let sending = actix::spawn(async move { send_all(&sender, &["a", "b", "c", "d", "e", "f", "g", "h"]).await });
        assert_eq!(next(&feed).await, "connected");
        assert_eq!(sending.await.unwrap(), [None; 8]);
        feed.flush().await.unwrap();
        assert_eq!((feed.figures().sent, feed.figures().dropped), (8, 0));
        assert_eq!(scene.texts(1), ["a", "b", "c", "d", "e", "f", "g", "h"]);
        scene.end(feed).await;
    });
}

#[test]
fn a_send_that_waits_for_room_and_is_dropped_sends_nothing() {
    at(MemoryPeer::that_refuses(), async |scene| {
        let feed = scene.feed(of_three(Overflow::Wait));
        send_all(&feed, &["a", "b", "c"]).await;
        assert!(tokio::time::timeout(SECOND, feed.send("d")).await.is_err());
        assert_eq!((feed.figures().queued, feed.figures().queued_octets), (3, 3));
        scene.end(feed).await;
    });
}

#[test]
fn a_message_that_was_not_taken_whole_goes_out_first_on_the_next_socket_and_once() {
    let large = "x".repeat(100_000);
    let half = switching().read_exactly(1_000).close();
    at(MemoryPeer::playing(half).then(switching()).in_flight(1_000), async |scene| {
        let feed = scene.feed(options());
        feed.send(large.clone()).await.unwrap();
        assert_eq!(send_all(&feed, &["b", "c"]).await, [None; 2]);
        assert_eq!([next(&feed).await, next(&feed).await], ["connected", "lost with 12030"]);
        assert_eq!(next(&feed).await, "connected");
        feed.flush().await.unwrap();
        assert_eq!(frames_of(&scene.peer.connections()[0].received), []);
        feed.close(1000, "").await.unwrap_err();
        assert_eq!(scene.texts(1), [large.as_str(), "b", "c"]);
        assert_eq!((feed.figures().sent, feed.figures().dropped), (3, 0));
        scene.end(feed).await;
    });
}

#[test]
fn a_socket_that_takes_nothing_any_more_is_heard_to_its_last_word_and_replaced() {
    // It says goodbye, and what is sent to it is refused.
    let parting = switching().send(frame(0x81, "goodbye")).reset();
    with([parting, switching()], async |scene| {
        let feed = scene.feed(options());
        assert_eq!(next(&feed).await, "connected");
        send_all(&feed, &["a", "b"]).await;
        while next(&feed).await != "connected" {}
        feed.flush().await.unwrap();
        let all: Vec<_> = (0..2).flat_map(|n| scene.texts(n)).collect();
        assert!(all == ["a", "b"] || all == ["b"], "{all:?}");
        scene.end(feed).await;
    });
}

#[test]
fn what_could_never_go_out_is_refused_at_once() {
    at(MemoryPeer::that_refuses(), async |scene| {
        let mut options = options();
        options.queue_octets = 4;
        let feed = scene.feed(options);
        for wrong in [
            MessagePart::new(MessageKind::TextFragment, "part"),
            MessagePart::new(MessageKind::Text, &b"\xff"[..]),
            MessagePart::new(MessageKind::Close, ""),
            "large".into(),
        ] {
            let error = feed.send(wrong).await.unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidParameter, "{error}");
        }
        assert_eq!(feed.figures().queued, 0);
        scene.end(feed).await;
    });
}

#[test]
fn whoever_does_not_receive_stops_the_server_and_keeps_one_message() {
    let floods = switching().repeat(frame(0x82, vec![0; 1_000]), 1_000);
    at(MemoryPeer::playing(floods).in_flight(4_000), async |scene| {
        let feed = scene.feed(options());
        assert_eq!(next(&feed).await, "connected");
        tokio::time::sleep(SECOND).await;
        assert_eq!((feed.state(), feed.figures().received), (HealingState::Live, 1));
        for _ in 0..1_000 {
            assert_eq!(next(&feed).await, "(binary)");
        }
        scene.end(feed).await;
    });
}

#[test]
fn a_flush_ends_when_what_it_waits_for_is_dropped() {
    at(MemoryPeer::that_never_connects(), async |scene| {
        let mut options = of_three(Overflow::DropOldest);
        options.queue_messages = 1;
        let feed = scene.feed(options);
        feed.send("a").await.unwrap();
        let flushing = feed.clone();
        let flushing = actix::spawn(async move { flushing.flush().await });
        tokio::time::sleep(SECOND).await;
        let began = tokio::time::Instant::now();
        feed.send("b").await.unwrap();
        flushing.await.unwrap().unwrap();
        assert_eq!((began.elapsed(), feed.figures().dropped), (Duration::ZERO, 1));
        scene.end(feed).await;
    });
}

#[test]
fn a_send_that_waits_for_room_has_that_of_the_one_that_is_being_sent() {
    let gate = Gate::new();
    // The frames of both.
    let takes_it_late = switching().hold(&gate).read_exactly(100_014 + 7).keep();
    at(MemoryPeer::playing(takes_it_late).in_flight(1_000), async |scene| {
        let mut options = of_three(Overflow::Wait);
        options.queue_messages = 1;
        let feed = scene.feed(options);
        assert_eq!(next(&feed).await, "connected");
        feed.send("x".repeat(100_000)).await.unwrap();
        tokio::time::timeout(SECOND, feed.send("b")).await.expect("there is room").unwrap();
        assert_eq!((feed.figures().queued, feed.figures().sent), (2, 0));
        gate.open();
        feed.flush().await.unwrap();
        scene.end(feed).await;
    });
}

#[test]
fn a_flush_whose_own_messages_went_out_does_not_fail_by_those_behind_them() {
    let done = switching().read_until(&b"\x81"[..]).send(close(1000, "")).stop_reading();
    at(MemoryPeer::playing(done).in_flight(1_000), async |scene| {
        let feed = scene.feed(options());
        feed.send("a").await.unwrap();
        let mut flush = Box::pin(feed.flush());
        assert!(poll_fn(|task| Poll::Ready(flush.as_mut().poll(task).is_pending())).await);
        feed.send("x".repeat(100_000)).await.unwrap();
        assert_eq!([next(&feed).await, next(&feed).await], ["connected", "gave up after 1000"]);
        flush.await.unwrap();
        assert_eq!((feed.figures().sent, feed.figures().dropped), (1, 1));
        assert_eq!(feed.flush().await.unwrap_err().code(), ErrorCode::InvalidOperation);
        scene.end(feed).await;
    });
}

/// Octets whose end asks how the socket is that they were for. It asks from another thread: a lock is seen, and hangs nobody.
struct Asking {
    feed: SelfHealing,
    answered: Arc<AtomicU32>,
}

impl AsRef<[u8]> for Asking {
    fn as_ref(&self) -> &[u8] {
        b"a"
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        let feed = self.feed.clone();
        let (answers, answer) = mpsc::channel();
        std::thread::spawn(move || answers.send(feed.figures().queued));
        self.answered.fetch_add(answer.recv_timeout(5 * SECOND).is_ok().into(), Ordering::Relaxed);
    }
}

#[test]
fn octets_of_the_callers_own_are_dropped_behind_the_lock() {
    let answered = Arc::new(AtomicU32::new(0));
    let asking = |feed: &SelfHealing| {
        let octets = Asking { feed: feed.clone(), answered: Arc::clone(&answered) };
        MessagePart::new(MessageKind::Binary, Bytes::from_owner(octets))
    };
    let answers = || answered.swap(0, Ordering::Relaxed);
    let of_one = |overflow| {
        let mut options = of_three(overflow);
        options.queue_messages = 1;
        options
    };
    at(MemoryPeer::that_never_connects(), async |scene| {
        let feed = scene.feed(of_one(Overflow::DropOldest));
        feed.send(asking(&feed)).await.unwrap();
        feed.send("b").await.unwrap();
        assert_eq!(answers(), 1, "dropped for another");
        feed.send(asking(&feed)).await.unwrap();
        assert_eq!((feed.close(1000, "").await.unwrap(), answers()), (1, 1), "left at the end");
        scene.end(feed).await;
    });
    at(MemoryPeer::that_never_connects(), async |scene| {
        let feed = scene.feed(of_one(Overflow::Refuse));
        feed.send("a").await.unwrap();
        feed.send(asking(&feed)).await.unwrap_err();
        assert_eq!(answers(), 1, "refused");
        scene.end(feed).await;
    });
    with([switching()], async |scene| {
        let feed = scene.feed(options());
        feed.send(asking(&feed)).await.unwrap();
        feed.flush().await.unwrap();
        assert_eq!((feed.figures().sent, answers()), (1, 1), "sent");
        scene.end(feed).await;
    });
}
