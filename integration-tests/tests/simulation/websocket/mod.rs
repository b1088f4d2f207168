//! The same for WebSockets: messages both ways at once, servers that refuse, talk, close, cut, freeze and send rubbish, and whether
//! every message that was said to be sent or received was so, once and in order.

mod client;
mod ears;
mod plan;
mod story;

use integration_tests::simulation::Trace;

use crate::http2::{kind, look_between};
use crate::shrink::shrink;
use plan::Plan;

fn run(plan: &Plan) -> Result<Trace, String> {
    let owned = plan.clone();
    plan.simulation().run(async move |world| client::run(&owned, world).await).and_then(|verdict| verdict)
}

/// Runs the seed. If it fails: with what, and the shortest list of commands that fails too.
fn check(seed: u64) -> Result<Trace, String> {
    let plan = Plan::of(seed);
    run(&plan).map_err(|failure| {
        let fails = |plan: &Plan| run(plan).is_err_and(|other| kind(&other) == kind(&failure));
        let short = shrink(plan, |plan| &mut plan.commands, fails);
        let last = run(&short).err().unwrap_or(failure);
        format!("seed {seed} of WebSockets: {last}\n{short:#?}")
    })
}

#[test]
fn all_rules_hold_for_every_seed_of_websockets() {
    let seeds = if std::env::var_os("HINTERNET_DEEP").is_some() { 20_000 } else { 200 };
    let mut notifications = 0;
    for seed in 0..seeds {
        match check(seed) {
            Ok(trace) => notifications += trace.len(),
            Err(failure) => panic!("{failure}"),
        }
    }
    println!("{seeds} seeds, {notifications} notifications");
    assert!(notifications > 30 * seeds as usize, "only {notifications} notifications: the plans do too little");
}

/// Seeds that failed once, with what was wrong then.
#[test]
fn seeds_that_failed_once_of_websockets_do_not_fail_again() {
    for line in include_str!("seeds.txt").lines().filter(|line| !line.starts_with('#')) {
        let seed =
            line.split_whitespace().next().and_then(|seed| seed.parse().ok()).expect("a line begins with a seed");
        if let Err(failure) = check(seed) {
            panic!("{failure}");
        }
    }
}

#[test]
fn the_same_seed_is_the_same_run_of_websockets() {
    for seed in 0..20 {
        let [first, second] = [(); 2].map(|()| run(&Plan::of(seed)).unwrap_or_else(|failure| panic!("{failure}")));
        assert!(first == second, "seed {seed}: {first:?}\n{second:?}");
        assert!(first.has("HandleClosing"));
    }
}

/// For looking for defects: the seeds from HINTERNET_FROM up to HINTERNET_TO, and what each that fails fails with.
#[test]
#[ignore = "looks at none without HINTERNET_FROM and HINTERNET_TO"]
fn seeds_of_websockets_between() {
    look_between(|seed| check(seed).map(drop), |seed| run(&Plan::of(seed)).map(drop));
}
