//! The same over HTTP/2: streams that share wires and go both ways, servers that go away, refuse, reset, stall and freeze, names
//! that move, and a session that is steered meanwhile.

pub(crate) mod client;
mod exchange;
mod plan;

use integration_tests::simulation::{Answer, Conduct, Trace};

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
        let short = calm(shrink(plan, |plan| &mut plan.commands, fails), fails);
        let last = run(&short).err().unwrap_or(failure);
        format!("seed {seed} of HTTP/2: {last}\n{short:#?}")
    })
}

/// What is wrong, without what differs from run to run.
pub(crate) fn kind(failure: &str) -> String {
    let told = failure.lines().next().unwrap_or_default();
    let told = told.split("\\nthe trace").next().unwrap_or_default();
    told.chars().filter(|one| !one.is_ascii_digit()).collect()
}

type Change = Box<dyn Fn(&mut Conduct)>;

/// Puts an honest connection, and honest answers, in the place of those that the plan fails without too.
fn calm(mut plan: Plan, fails: impl Fn(&Plan) -> bool) -> Plan {
    let honest = Conduct::answering(Answer::default());
    for n in 0..plan.conducts.len() {
        let mut changes: Vec<Change> = Vec::new();
        let whole = honest.clone();
        changes.push(Box::new(move |conduct| *conduct = whole.clone()));
        changes.push(Box::new(|conduct| conduct.parting = None));
        changes.push(Box::new(|conduct| (conduct.streams, conduct.window) = (100, 65_535)));
        for answer in 0..plan.conducts[n].answers.len() {
            changes.push(Box::new(move |conduct| {
                if let Some(answer) = conduct.answers.get_mut(answer) {
                    *answer = Answer::default();
                }
            }));
        }
        for change in changes {
            let mut calmer = plan.clone();
            change(&mut calmer.conducts[n]);
            if fails(&calmer) {
                plan = calmer;
            }
        }
    }
    plan
}

#[test]
fn all_rules_hold_for_every_seed_over_http2() {
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
fn seeds_that_failed_once_over_http2_do_not_fail_again() {
    for line in include_str!("seeds.txt").lines().filter(|line| !line.starts_with('#')) {
        let seed =
            line.split_whitespace().next().and_then(|seed| seed.parse().ok()).expect("a line begins with a seed");
        if let Err(failure) = check(seed) {
            panic!("{failure}");
        }
    }
}

#[test]
fn the_same_seed_is_the_same_run_over_http2() {
    for seed in 0..20 {
        let [first, second] = [(); 2].map(|()| run(&Plan::of(seed)).unwrap_or_else(|failure| panic!("{failure}")));
        assert!(first == second, "seed {seed}: {first:?}\n{second:?}");
        assert!(first.has("HandleClosing"));
    }
}

/// For looking for defects: the seeds from HINTERNET_FROM up to HINTERNET_TO, and what each that fails fails with.
#[test]
#[ignore = "looks at none without HINTERNET_FROM and HINTERNET_TO"]
fn seeds_between() {
    look_between(|seed| check(seed).map(drop), |seed| run(&Plan::of(seed)).map(drop));
}

pub(crate) fn look_between(check: fn(u64) -> Result<(), String>, run: fn(u64) -> Result<(), String>) {
    let bound = |name: &str| std::env::var(name).ok().and_then(|bound| bound.parse::<u64>().ok()).unwrap_or(0);
    let (from, to) = (bound("HINTERNET_FROM"), bound("HINTERNET_TO"));
    if to == from + 1 {
        check(from).unwrap_or_else(|failure| panic!("{failure}"));
    }
    let mut failed = 0;
    for seed in from..to {
        let caught = std::panic::catch_unwind(|| run(seed));
        let failure = match caught {
            Ok(Ok(())) => continue,
            Ok(Err(failure)) => failure,
            Err(_) => "panic".to_owned(),
        };
        failed += 1;
        println!("FAILED {seed}: {}", failure.lines().take(4).collect::<Vec<_>>().join(" | "));
    }
    println!("{failed} failed");
    assert_eq!(failed, 0);
}
