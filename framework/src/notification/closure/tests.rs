//! A closure that is told by its own queue, in an actix system of one thread.

use std::sync::mpsc::{Receiver, channel};

use actix_rt::System;
use tokio::task::yield_now;

use super::*;
use crate::id::{HandleId, HandleKind};
use crate::notification::{Author, CreditLimits, NotificationMask as Mask, Status, Subscriber, Subscribers};

fn author() -> Author {
    Author { handle: HandleId::next(), kind: HandleKind::Request, parent: None, context: 0 }
}

fn subscribers() -> Subscribers {
    Subscribers::new(CreditLimits { progress: 10, total: 1 })
}

fn start(handle: impl FnMut(Notification) + Unpin + 'static) -> (Recipient<Notification>, Arc<Queue>) {
    let closure = Closure::new(handle);
    let queue = closure.queue();
    let recipient = closure.start().recipient();
    queue.stands_beside(&recipient);
    (recipient, queue)
}

/// A closure that says what it was told.
fn telling() -> (Recipient<Notification>, Arc<Queue>, Receiver<&'static str>) {
    let (told, names) = channel();
    let (recipient, queue) = start(move |one| told.send(one.name()).unwrap());
    (recipient, queue, names)
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        yield_now().await;
    }
}

#[test]
fn every_copy_of_its_address_leads_to_the_queue_and_no_other_address_does() {
    System::new().block_on(async {
        let ((ours, queue, _), (other, others, _)) = (telling(), telling());
        let found = |recipient: &Recipient<Notification>| Queue::beside(recipient).map(|queue| Arc::as_ptr(&queue));
        assert_eq!(found(&ours.clone()), Some(Arc::as_ptr(&queue)));
        assert_eq!(found(&other), Some(Arc::as_ptr(&others)));
        let actor = Closure::new(|_| ());
        assert_eq!(found(&actor.start().recipient()), None, "of a queue that is not known nothing is told");
    });
}

#[test]
fn a_queue_nobody_listens_to_any_more_is_forgotten() {
    System::new().block_on(async {
        let (recipient, queue, names) = telling();
        let subscriber = Subscriber::from(recipient);
        until(|| queue.lock().waiting.is_some()).await;
        assert!(subscriber.is_alive());
        drop(subscriber);
        until(|| !queue.is_open()).await;
        assert!(names.recv().is_err(), "the closure is dropped");
        assert!(queues().values().all(|one| one.as_ptr() != Arc::as_ptr(&queue)));
    });
}

#[test]
fn c3_held_weakly_it_is_told_in_the_same_order_and_not_kept_alive() {
    System::new().block_on(async {
        let (recipient, queue, names) = telling();
        let (subscribers, author) = (subscribers(), author());
        let (weak, again) = (recipient.downgrade(), recipient.downgrade());
        subscribers.replace_slot(author, Some((recipient.into(), Mask::EVERYTHING)));
        subscribers.emit(Mask::SENDREQUEST_COMPLETE, author, || Status::SendRequestComplete);
        let previous = subscribers.replace_slot(author, Some((weak.into(), Mask::EVERYTHING)));
        subscribers.emit(Mask::HEADERS_AVAILABLE, author, || Status::HeadersAvailable);
        until(|| queue.lock().posted.is_empty()).await;
        assert_eq!(names.try_iter().collect::<Vec<_>>(), ["SendRequestComplete", "Unsubscribed", "HeadersAvailable"]);
        drop(previous);
        until(|| !queue.is_open()).await;
        assert!(!Subscriber::from(again).is_alive());
        subscribers.emit(Mask::HEADERS_AVAILABLE, author, || Status::HeadersAvailable);
        assert!(subscribers.replace_slot(author, None).is_none(), "a dead subscriber is removed");
    });
}

#[test]
fn c8_what_a_closure_that_panicked_has_not_handled_is_handed_back() {
    System::new().block_on(async {
        let (recipient, queue) = start(|_| panic!("a closure may"));
        let (subscribers, author) = (subscribers(), author());
        subscribers.add(recipient.into(), Mask::EVERYTHING);
        let copy = subscribers.inherit();
        for one in [&subscribers, &copy, &subscribers] {
            one.emit(Mask::SENDREQUEST_COMPLETE, author, || Status::SendRequestComplete);
        }
        let credit = copy.exhausted().expect("three are unhandled, and one is the limit");
        until(|| !queue.is_open()).await;
        credit.await;
        copy.close(author);
        subscribers.close(author);
        subscribers.farewell().await;
    });
}

#[test]
fn c3_whoever_has_its_address_may_send_to_it_too() {
    System::new().block_on(async {
        let (recipient, _, names) = telling();
        let subscribers = subscribers();
        let mut stream = subscribers.stream(Mask::EVERYTHING);
        subscribers.emit(Mask::HEADERS_AVAILABLE, author(), || Status::HeadersAvailable);
        recipient.send(stream.next().await.unwrap()).await.unwrap();
        assert_eq!(names.try_iter().collect::<Vec<_>>(), ["HeadersAvailable"]);
    });
}
