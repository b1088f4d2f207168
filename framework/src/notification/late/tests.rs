//! When a subscriber is woken, with tasks of one thread and no actor.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Builder;
use tokio::task::{LocalSet, spawn_local, yield_now};

use super::*;

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A subscriber's waker, and how often it was woken.
fn subscriber() -> (Waker, impl Fn() -> usize) {
    let count = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&count));
    let late = LateWaker::default().over(&Context::from_waker(&waker)).waker().clone();
    (late, move || count.0.load(Ordering::Relaxed))
}

fn on_one_thread(test: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().build().unwrap();
    LocalSet::new().block_on(&runtime, test);
}

#[test]
fn a_subscriber_is_woken_when_what_was_ready_on_the_shard_has_run() {
    on_one_thread(async {
        spawn_local(Waking::default());
        yield_now().await;
        let (waker, woken) = subscriber();
        waker.wake_by_ref();
        let before = spawn_local({
            let seen = woken();
            async move { seen }
        });
        assert_eq!(woken(), 0);
        yield_now().await;
        assert_eq!((woken(), before.await.unwrap()), (1, 0));
        waker.wake();
        yield_now().await;
        assert_eq!(woken(), 2, "and again");
    });
}

#[test]
fn elsewhere_a_subscriber_is_woken_at_once() {
    let (waker, woken) = subscriber();
    waker.wake_by_ref();
    assert_eq!(woken(), 1);
    on_one_thread(async {
        spawn_local(Waking::default());
        yield_now().await;
        std::thread::spawn(move || waker.wake()).join().unwrap();
        assert_eq!(woken(), 2, "it is no thread of a shard");
    });
}

#[test]
fn what_was_put_off_is_woken_when_the_shard_ends_and_what_comes_then_at_once() {
    let (waker, woken) = subscriber();
    on_one_thread(async {
        let waking = spawn_local(Waking::default());
        yield_now().await;
        waker.wake_by_ref();
        assert_eq!(woken(), 0);
        waking.abort();
        assert!(waking.await.unwrap_err().is_cancelled());
        assert_eq!(woken(), 1);
        waker.wake_by_ref();
        assert_eq!(woken(), 2);
    });
}

#[test]
fn one_is_enough_for_a_thread() {
    on_one_thread(async {
        spawn_local(Waking::default());
        yield_now().await;
        spawn_local(Waking::default()).await.expect("it ends, and takes nothing with it");
        let (waker, woken) = subscriber();
        waker.wake();
        assert_eq!(woken(), 0);
        yield_now().await;
        assert_eq!(woken(), 1);
    });
}

#[test]
fn a_waker_is_made_once_for_a_task() {
    let ours = Waker::from(Arc::new(Count::default()));
    let (context, other) = (Context::from_waker(&ours), Context::from_waker(Waker::noop()));
    let mut late = LateWaker::default();
    let first = late.over(&context).waker().clone();
    assert!(late.over(&context).waker().will_wake(&first));
    assert!(!late.over(&other).waker().will_wake(&first));
}
