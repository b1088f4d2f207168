//! Credit, order and last words, with streams for subscribers and no actor.

use futures_util::FutureExt;

use super::*;
use crate::notification::NotificationMask as Mask;

fn author() -> Author {
    Author { handle: HandleId::next(), kind: HandleKind::Request, parent: None, context: 7 }
}

fn subscribers(progress: usize, total: usize) -> Subscribers {
    Subscribers::new(CreditLimits { progress, total })
}

/// All that has been posted so far.
fn drain(stream: &mut Notifications) -> Vec<Notification> {
    std::iter::from_fn(|| stream.next().now_or_never().flatten()).collect()
}

#[test]
fn c7_a_gap_in_the_sequence_is_what_missed_counts() {
    let (subscribers, author) = (subscribers(2, 100), author());
    let mut stream = subscribers.stream(Mask::EVERYTHING);
    for _ in 0..5 {
        subscribers.emit(Mask::SEND_REQUEST, author, || Status::SendingRequest);
    }
    subscribers.emit(Mask::SENDREQUEST_COMPLETE, author, || Status::SendRequestComplete);
    let told: Vec<_> = drain(&mut stream).iter().map(|one| (one.sequence, one.name())).collect();
    assert_eq!(told, [(0, "SendingRequest"), (1, "SendingRequest"), (5, "Missed"), (6, "SendRequestComplete")]);
}

#[test]
fn c8_credit_comes_back_when_a_notification_is_dropped_and_a_clone_carries_none() {
    let (subscribers, author) = (subscribers(1, 1), author());
    let mut stream = subscribers.stream(Mask::EVERYTHING);
    subscribers.emit(Mask::SENDREQUEST_COMPLETE, author, || Status::SendRequestComplete);
    let one = stream.next().now_or_never().flatten().unwrap();
    let kept = one.clone();
    let mut freed = Box::pin(subscribers.exhausted().expect("one is unhandled, and one is the limit"));
    assert!(freed.as_mut().now_or_never().is_none());
    drop(one);
    assert!(subscribers.exhausted().is_none());
    assert!(freed.now_or_never().is_some());
    drop(kept);
}

/// As it does from another thread.
#[test]
fn c8_credit_that_comes_back_or_a_subscription_that_leaves_between_the_look_and_the_wait_is_not_missed() {
    let (subscribers, author) = (subscribers(1, 1), author());
    let (subscriber, mut receiver) = Subscriber::stream();
    let id = subscribers.add(subscriber, Mask::EVERYTHING);
    let exhaust = || {
        subscribers.emit(Mask::SENDREQUEST_COMPLETE, author, || Status::SendRequestComplete);
        subscribers.exhausted().expect("one is unhandled, and one is the limit")
    };
    let wait = exhaust();
    drop(receiver.try_recv());
    assert!(wait.now_or_never().is_some());
    let wait = exhaust();
    subscribers.remove(author, id);
    assert!(wait.now_or_never().is_some());
}

#[test]
fn c8_a_dead_subscriber_holds_nobody_though_what_it_was_told_is_kept() {
    let (subscribers, author) = (subscribers(1, 1), author());
    let (subscriber, mut receiver) = Subscriber::stream();
    subscribers.add(subscriber, Mask::SENDREQUEST_COMPLETE);
    subscribers.emit(Mask::SENDREQUEST_COMPLETE, author, || Status::SendRequestComplete);
    let kept = receiver.try_recv().unwrap();
    assert!(subscribers.exhausted().is_some());
    drop(receiver);
    assert!(subscribers.exhausted().is_none());
    drop(kept);
}

#[test]
fn c7_nothing_is_built_for_a_mask_nobody_has() {
    let subscribers = subscribers(1, 1);
    let _stream = subscribers.stream(Mask::HANDLES);
    subscribers.emit(Mask::SEND_REQUEST, author(), || unreachable!("nobody asked for it"));
}

#[test]
fn c4_a_copy_has_a_sequence_of_its_own_and_credit_in_common() {
    let (parent, author) = (subscribers(100, 2), author());
    let mut stream = parent.stream(Mask::EVERYTHING);
    let child = parent.inherit();
    parent.emit(Mask::SENDREQUEST_COMPLETE, author, || Status::SendRequestComplete);
    child.emit(Mask::SENDREQUEST_COMPLETE, author, || Status::SendRequestComplete);
    assert!(parent.exhausted().is_some() && child.exhausted().is_some());
    assert!(drain(&mut stream).iter().all(|one| one.sequence == 0));
}

#[test]
fn b4_the_last_words_of_a_handle_are_handled_when_those_below_are() {
    let (parent, author) = (subscribers(100, 100), author());
    let mut stream = parent.stream(Mask::SEND_REQUEST);
    let child = parent.inherit();
    child.emit(Mask::SEND_REQUEST, author, || Status::SendingRequest);
    child.close(author);
    parent.close(author);
    assert!(parent.farewell().now_or_never().is_none());
    assert_eq!(drain(&mut stream).len(), 1);
    assert!(parent.farewell().now_or_never().is_some());
}

#[test]
fn c3_unsubscribed_is_the_last_message_whatever_the_mask() {
    let (subscribers, author) = (subscribers(100, 100), author());
    let mut stream = Notifications::new({
        let (subscriber, receiver) = Subscriber::stream();
        subscribers.replace_slot(author, Some((subscriber, Mask::empty())));
        receiver
    });
    let previous = subscribers.replace_slot(author, None).expect("it stood in the slot");
    assert!(previous.drained().now_or_never().is_none());
    assert_eq!(drain(&mut stream).iter().map(Notification::name).collect::<Vec<_>>(), ["Unsubscribed"]);
    assert!(previous.drained().now_or_never().is_some());
}

#[test]
fn c3_drained_waits_for_what_the_handle_itself_posted_and_closed_for_the_copies_below_too() {
    let (parent, author) = (subscribers(100, 100), author());
    let (subscriber, mut receiver) = Subscriber::stream();
    let id = parent.add(subscriber, Mask::SEND_REQUEST);
    let child = parent.inherit();
    child.emit(Mask::SEND_REQUEST, author, || Status::SendingRequest);
    let previous = parent.remove(author, id).expect("it is there");
    let of_the_child = receiver.try_recv().unwrap();
    assert!(previous.drained().now_or_never().is_none());
    assert_eq!(receiver.try_recv().unwrap().name(), "Unsubscribed");
    assert!(previous.drained().now_or_never().is_some());
    child.close(author);
    parent.close(author);
    let mut closed = Box::pin(parent.farewell());
    assert!(closed.as_mut().now_or_never().is_none());
    drop(of_the_child);
    assert!(closed.now_or_never().is_some(), "whoever keeps the closed child or the previous subscriber delays nobody");
    drop((child, previous));
}

#[test]
fn p7_where_a_request_goes_on_to_is_shown_without_what_may_be_a_token() {
    let url = "http://h.example/p?code=s3cret#s3cret".to_owned();
    for status in [Status::Redirect(url.clone().into()), Status::MovedToHttps(url.clone().into())] {
        let shown = format!("{status:?} {status:#?}");
        assert!(shown.contains("http://h.example/p") && !shown.contains("s3cret"), "{shown}");
        let (Status::Redirect(told) | Status::MovedToHttps(told)) = status else { unreachable!("one of the two") };
        assert_eq!((&*told, told.to_string()), (&*url, url.clone()), "who asks for it is told all of it");
    }
}
