//! A shard does what it is told, in order, and survives it.

use std::sync::Arc;
use std::time::Duration;

use actix::{Handler, Message};
use actix_rt::{Arbiter, System};
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;

use super::*;

/// Runs the test with a shard on an arbiter of its own, on the arbiter of the test's thread, and in a `LocalSet`.
fn on_each_kind(test: impl AsyncFn(&Shard)) {
    System::new().block_on(async {
        let arbiter = Arbiter::new();
        test(&Shard::on_arbiter(arbiter.handle())).await;
        arbiter.stop();
        test(&Shard::on_arbiter(Arbiter::current())).await;
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async { test(&Shard::on_current_thread().unwrap()).await });
}

/// Turns a hang into a failure.
async fn patiently<T>(wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("it comes")
}

async fn is_alive(shard: &Shard) {
    let (told, done) = oneshot::channel();
    assert!(shard.run(move || told.send(thread_number()).unwrap()));
    patiently(done).await.expect("the shard does what it is told");
}

#[test]
fn jobs_are_done_in_the_order_they_came() {
    on_each_kind(async |shard| {
        let (done, mut came) = mpsc::unbounded_channel();
        for n in 0..100 {
            let done = done.clone();
            shard.run(move || done.send(n).unwrap());
        }
        for n in 0..100 {
            assert_eq!(patiently(came.recv()).await, Some(n));
        }
    });
}

#[test]
fn what_a_job_tells_its_shard_comes_behind_what_was_told_before() {
    on_each_kind(async |shard| {
        let (done, mut came) = mpsc::unbounded_channel();
        let (own, told) = (shard.clone(), done.clone());
        shard.run(move || {
            let after = told.clone();
            own.run(move || after.send("told by the first").unwrap());
            told.send("the first").unwrap();
        });
        shard.run(move || done.send("the second").unwrap());
        for expected in ["the first", "the second", "told by the first"] {
            assert_eq!(patiently(came.recv()).await, Some(expected));
        }
    });
}

#[test]
fn a_shard_hears_from_its_own_thread_and_from_any_other() {
    on_each_kind(async |shard| {
        is_alive(shard).await;
        let far = shard.clone();
        let (told, done) = oneshot::channel();
        std::thread::spawn(move || far.run(move || told.send(()).unwrap())).join().unwrap();
        patiently(done).await.unwrap();
        is_alive(shard).await;
    });
}

#[test]
fn two_shards_of_one_thread_are_told_apart() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let (one, other) = (Shard::on_current_thread().unwrap(), Shard::on_current_thread().unwrap());
        is_alive(&one).await;
        is_alive(&other).await;
        one.stop();
        patiently(one.jobs.closed()).await;
        assert!(!one.run(|| ()), "it has stopped");
        is_alive(&other).await;
    });
}

#[test]
fn what_a_shard_was_told_before_its_end_is_done() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        for is_stopped in [true, false] {
            let shard = Shard::on_current_thread().unwrap();
            is_alive(&shard).await;
            let (told, done) = oneshot::channel();
            assert!(shard.run(move || told.send(()).unwrap()));
            if is_stopped {
                shard.stop();
            }
            drop(shard);
            patiently(done).await.unwrap();
        }
    });
}

#[test]
fn a_job_that_panics_ends_alone() {
    on_each_kind(async |shard| {
        let kept = Arc::new(());
        let in_job = Arc::clone(&kept);
        assert!(shard.run(move || {
            let _kept = in_job;
            panic!("the job explodes")
        }));
        is_alive(shard).await;
        assert_eq!(Arc::strong_count(&kept), 1, "what it had is dropped");
        shard.spawn(async { panic!("the future explodes") });
        is_alive(shard).await;
        is_alive(shard).await;
        assert!(!shard.has_gone());
    });
}

struct Fragile;

impl Actor for Fragile {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "u64")]
struct Explode(bool);

impl Handler<Explode> for Fragile {
    type Result = u64;

    fn handle(&mut self, Explode(explodes): Explode, _: &mut Context<Self>) -> u64 {
        assert!(!explodes, "the actor explodes");
        thread_number()
    }
}

#[test]
fn an_actor_that_panics_ends_alone() {
    on_each_kind(async |shard| {
        let (first, second) = (shard.start(|| Fragile), shard.start(|| Fragile));
        assert!(patiently(first.send(Explode(true))).await.is_err());
        patiently(second.send(Explode(false))).await.expect("the other one lives");
        let unborn = shard.start(|| -> Fragile { panic!("the actor is not even made") });
        assert!(patiently(unborn.send(Explode(false))).await.is_err());
        is_alive(shard).await;
    });
}

#[test]
fn a_shard_that_has_stopped_drops_what_it_is_told() {
    System::new().block_on(async {
        let arbiter = Arbiter::new();
        let shard = Shard::on_arbiter(arbiter.handle());
        let actor = shard.start(|| Fragile);
        is_alive(&shard).await;
        shard.stop();
        patiently(shard.jobs.closed()).await;
        assert!(shard.has_gone());
        let (told, done) = oneshot::channel::<()>();
        assert!(!shard.run(move || told.send(()).unwrap()));
        assert!(patiently(done).await.is_err());
        assert!(patiently(actor.send(Explode(false))).await.is_err());
        assert!(patiently(shard.start(|| Fragile).send(Explode(false))).await.is_err());
    });
}

#[test]
fn jobs_that_were_not_begun_are_dropped_with_the_local_set() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let set = LocalSet::new();
    let kept = Arc::new(());
    let shard = set.block_on(&runtime, async {
        let shard = Shard::on_current_thread().unwrap();
        let in_job = Arc::clone(&kept);
        assert!(shard.run(move || drop(in_job)));
        shard
    });
    drop(set);
    assert_eq!(Arc::strong_count(&kept), 1);
    assert!(shard.has_gone() && !shard.run(|| ()));
}

#[test]
fn what_was_told_from_elsewhere_before_is_done_before_however_much_that_is() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let shard = Shard::on_current_thread().unwrap();
        is_alive(&shard).await;
        let (done, mut came) = mpsc::unbounded_channel();
        let (far, told) = (shard.clone(), done.clone());
        let tells = move || {
            for n in 0..1_000 {
                let told = told.clone();
                far.run(move || told.send(n).unwrap());
            }
        };
        std::thread::spawn(tells).join().unwrap();
        for n in 1_000..2_000 {
            let done = done.clone();
            shard.run(move || done.send(n).unwrap());
        }
        for n in 0..2_000 {
            assert_eq!(patiently(came.recv()).await, Some(n));
        }
    });
}
