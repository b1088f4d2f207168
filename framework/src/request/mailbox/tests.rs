//! An address is good before there is an actor, and dead when there will be none.

use std::pin::pin;
use std::task::Waker;

use actix::MailboxError;
use futures_util::FutureExt;

use super::*;
use crate::handle::Cancel;

fn polled(mailbox: &Mailbox) -> bool {
    mailbox.poll(&mut Context::from_waker(Waker::noop())).is_some()
}

#[test]
fn what_is_sent_before_there_is_an_actor_waits_for_it() {
    let mailbox = Mailbox::default();
    assert!(!mailbox.has_addr() && !polled(&mailbox));
    mailbox.addr().do_send(Cancel);
    mailbox.addr().clone().do_send(Cancel);
    assert!(mailbox.has_addr());
    let mut receiver = mailbox.open().expect("it is the first");
    let context = &mut Context::from_waker(Waker::noop());
    for _ in 0..2 {
        assert!(matches!(Pin::new(&mut receiver).poll_next(context), Poll::Ready(Some(_))));
    }
    assert!(Pin::new(&mut receiver).poll_next(context).is_pending());
    assert!(mailbox.addr().connected());
}

#[test]
fn what_flies_in_the_actors_place_may_take_messages_out() {
    let mailbox = Mailbox::default();
    mailbox.addr().do_send(Cancel);
    assert!(polled(&mailbox));
    assert!(!polled(&mailbox));
    mailbox.addr().do_send(Cancel);
    let mut receiver = mailbox.open().expect("it is the first");
    assert!(!polled(&mailbox), "they are the actor's now");
    let context = &mut Context::from_waker(Waker::noop());
    assert!(matches!(Pin::new(&mut receiver).poll_next(context), Poll::Ready(Some(_))));
}

#[test]
fn there_is_one_reader() {
    let mailbox = Mailbox::default();
    assert!(mailbox.open().is_some());
    assert!(mailbox.open().is_none());
}

#[test]
fn who_asked_hears_that_there_will_be_no_actor() {
    let mailbox = Mailbox::default();
    let addr = mailbox.addr().clone();
    let mut asked = pin!(addr.send(Cancel));
    assert!(asked.as_mut().now_or_never().is_none());
    mailbox.close();
    assert!(matches!(asked.now_or_never(), Some(Err(MailboxError::Closed))));
    assert!(!addr.connected());
}

#[test]
fn an_address_that_is_made_when_there_will_be_no_actor_is_dead() {
    let mailbox = Mailbox::default();
    mailbox.close();
    let addr = mailbox.addr();
    assert!(!addr.connected());
    assert!(matches!(addr.send(Cancel).now_or_never(), Some(Err(MailboxError::Closed))));
    assert!(mailbox.open().is_none() && !polled(&mailbox));
}

#[test]
fn closing_takes_nothing_from_an_actor_that_reads() {
    let mailbox = Mailbox::default();
    let _receiver = mailbox.open();
    mailbox.close();
    assert!(mailbox.addr().connected(), "it is for the actor to end");
}
