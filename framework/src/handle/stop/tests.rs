//! A stop wins, is heard from any thread, and only its first reason counts.

use std::cell::Cell;
use std::future::{pending, ready};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use super::*;

#[derive(Default)]
struct Woken(AtomicU8);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn count(woken: &Woken) -> u8 {
    woken.0.load(Ordering::Relaxed)
}

fn once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn only_the_first_reason_counts() {
    let stop = Stop::default();
    assert_eq!(stop.reason(), None);
    for (first, then) in [(StopReason::Cancelled, StopReason::Closing), (StopReason::Abandoned, StopReason::Closing)] {
        let stop = Stop::default();
        stop.fire(first);
        stop.fire(then);
        assert_eq!(stop.reason(), Some(first));
    }
}

#[test]
fn a_cancel_ends_what_a_caller_who_went_away_has_left() {
    let stop = Stop::default();
    stop.fire(StopReason::Abandoned);
    stop.fire(StopReason::Cancelled);
    stop.fire(StopReason::Abandoned);
    assert_eq!(stop.reason(), Some(StopReason::Cancelled));
}

#[test]
fn a_stop_that_came_first_wins_over_work_that_is_ready() {
    let stop = Stop::default();
    stop.fire(StopReason::Cancelled);
    assert_eq!(once(stop.or(None, ready(1))), Poll::Ready(Err(StopReason::Cancelled)));
    let late = clock::now();
    assert_eq!(once(stop.or(Some(late), ready(1))), Poll::Ready(Err(StopReason::Cancelled)));
}

#[test]
fn without_a_stop_the_work_is_done() {
    assert_eq!(once(Stop::default().or(None, ready(1))), Poll::Ready(Ok(1)));
}

#[test]
fn a_stop_out_of_the_work_itself_is_heard() {
    let stop = Stop::default();
    let work = poll_fn(|_| {
        stop.fire(StopReason::Closing);
        Poll::<()>::Pending
    });
    assert_eq!(once(stop.or(None, pin!(work))), Poll::Ready(Err(StopReason::Closing)));
}

#[test]
fn a_stop_wakes_who_waits_and_a_nudge_does_no_more() {
    let (stop, woken) = (Stop::default(), Arc::new(Woken::default()));
    let waker = Waker::from(Arc::clone(&woken));
    let context = &mut Context::from_waker(&waker);
    let looked = Cell::new(0);
    let work = poll_fn(|_| {
        looked.set(looked.get() + 1);
        Poll::<()>::Pending
    });
    let work = pin!(work);
    let mut waiting = pin!(stop.or(None, work));
    assert!(waiting.as_mut().poll(context).is_pending());
    stop.nudge();
    assert_eq!((count(&woken), stop.reason()), (1, None));
    assert!(waiting.as_mut().poll(context).is_pending());
    assert_eq!(looked.get(), 2);
    stop.fire(StopReason::Abandoned);
    assert_eq!(count(&woken), 2);
    assert_eq!(waiting.as_mut().poll(context), Poll::Ready(Err(StopReason::Abandoned)));
    assert_eq!(looked.get(), 2, "work that is stopped is not touched again");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_stop_from_another_thread_is_missed() {
    for _ in 0..500 {
        let stop = Arc::new(Stop::default());
        let fires = Arc::clone(&stop);
        let other = tokio::task::spawn_blocking(move || fires.fire(StopReason::Cancelled));
        let stopped = tokio::time::timeout(Duration::from_secs(30), stop.or(None, pending::<()>())).await;
        assert_eq!(stopped.expect("it is heard"), Err(StopReason::Cancelled));
        other.await.unwrap();
    }
}

#[tokio::test]
async fn work_that_is_late_does_not_begin() {
    let work = poll_fn(|_| -> Poll<()> { panic!("it begins") });
    let now = clock::now();
    assert_eq!(Stop::default().or(Some(now), pin!(work)).await, Err(StopReason::Overdue));
}

#[tokio::test]
async fn work_becomes_overdue() {
    let deadline = clock::now() + Duration::from_millis(5);
    assert_eq!(Stop::default().or(Some(deadline), pending::<()>()).await, Err(StopReason::Overdue));
    assert!(clock::now() >= deadline);
}
