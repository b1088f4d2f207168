//! A client that is told to do anything at any time, a server that does anything to it, a network that fails between them: by a
//! seed, on one thread, in simulated time (reliability.md 5 and 6).
//!
//! Every seed is checked by the recorder (N1-N6) and by its own verdict: each accepted call has its one completion, every handle
//! closes, no wire, pool or task is left, and the session still works.

mod client;
mod http2;
mod plan;
mod shrink;
mod verdict;
mod websocket;

use integration_tests::simulation::Trace;

use plan::Plan;
use shrink::shrink;

fn run(plan: &Plan) -> Result<Trace, String> {
    let owned = plan.clone();
    plan.simulation().run(async move |world| client::run(&owned, world).await).and_then(|verdict| verdict)
}

/// Runs the seed. If it fails: with what, and the shortest list of commands that fails too.
fn check(seed: u64) -> Result<Trace, String> {
    let plan = Plan::of(seed);
    run(&plan).map_err(|failure| {
        let short = shrink(plan, |plan| &mut plan.commands, |plan| run(plan).is_err());
        let last = run(&short).err().unwrap_or(failure);
        format!("seed {seed}: {last}\n{short:#?}")
    })
}

#[test]
fn n1_to_n6_hold_for_every_seed() {
    let seeds = if std::env::var_os("HINTERNET_DEEP").is_some() { 20_000 } else { 300 };
    let (mut notifications, mut failed) = (0, Vec::new());
    for seed in 0..seeds {
        match check(seed) {
            Ok(trace) => notifications += trace.len(),
            Err(failure) => failed.push(failure),
        }
        assert!(failed.is_empty(), "{}", failed.join("\n"));
    }
    println!("{seeds} seeds, {notifications} notifications");
    assert!(notifications > 30 * seeds as usize, "only {notifications} notifications: the plans do too little");
}

/// Seeds that failed once, with what was wrong then.
#[test]
fn seeds_that_failed_once_do_not_fail_again() {
    for line in include_str!("seeds.txt").lines().filter(|line| !line.starts_with('#')) {
        let seed =
            line.split_whitespace().next().and_then(|seed| seed.parse().ok()).expect("a line begins with a seed");
        if let Err(failure) = check(seed) {
            panic!("{failure}");
        }
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 0..20 {
        let [first, second] = [(); 2].map(|()| run(&Plan::of(seed)).unwrap_or_else(|failure| panic!("{failure}")));
        assert!(first == second, "seed {seed}: {first:?}\n{second:?}");
        assert!(first.has("HandleClosing"));
    }
}

#[test]
fn another_seed_is_another_run() {
    assert!(run(&Plan::of(0)).unwrap() != run(&Plan::of(1)).unwrap());
}
