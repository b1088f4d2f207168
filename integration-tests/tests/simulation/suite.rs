//! What every simulation does with its plans: seeds in a row, those that failed once, the same seed twice; and what failed is made as
//! short as it can be.

use std::fmt::Debug;

use integration_tests::simulation::{Simulation, Trace, World};

/// What happens in one run: by a seed, which decides all of it.
pub(crate) trait Simulated: Clone + Debug + 'static {
    /// What a failure is called after.
    const NAME: &'static str;
    /// A line for each seed that failed once: the seed, then what was wrong. A line may begin with `#`.
    const FAILED_ONCE: &'static str;
    /// What a client is told to do.
    type Command;

    /// The plan of this seed.
    fn of(seed: u64) -> Self;

    /// What the client is told to do, in order.
    fn commands(&mut self) -> &mut Vec<Self::Command>;

    /// The world it happens in.
    fn simulation(&self) -> Simulation;

    /// Does all of it in that world, and ends. The error says what was wrong.
    async fn play(&self, world: World) -> Result<Trace, String>;

    /// Does all of it. The error says what was wrong.
    fn run(&self) -> Result<Trace, String> {
        let owned = self.clone();
        self.simulation().run(async move |world| owned.play(world).await).and_then(|verdict| verdict)
    }

    /// What may be put right one after the other, so that what is left wrong is what the plan fails for.
    fn corrections(&self) -> Vec<Correction<Self>> {
        Vec::new()
    }
}

/// Puts something right in a plan.
pub(crate) type Correction<P> = Box<dyn Fn(&mut P)>;

/// 500 seeds, and 20,000 of them with a larger budget. Gives what was told of the runs.
pub(crate) fn every_seed<P: Simulated>() -> Seen {
    let seeds = if std::env::var_os("HINTERNET_DEEP").is_some() { 20_000 } else { 500 };
    let mut seen = Seen::default();
    for seed in 0..seeds {
        match check::<P>(seed) {
            Ok(trace) => seen.take(&trace),
            Err(failure) => panic!("{failure}"),
        }
    }
    println!("simulation of {}: {seeds} seeds, {} notifications, 0 failed", P::NAME, seen.notifications);
    assert!(seen.notifications > 30 * seeds as usize, "only {}: the plans do too little", seen.notifications);
    seen
}

/// Seeds that failed once, with what was wrong then.
pub(crate) fn failed_once<P: Simulated>() {
    for line in P::FAILED_ONCE.lines().filter(|line| !line.starts_with('#')) {
        let seed =
            line.split_whitespace().next().and_then(|seed| seed.parse().ok()).expect("a line begins with a seed");
        if let Err(failure) = check::<P>(seed) {
            panic!("{failure}");
        }
    }
}

/// For looking for defects: the seeds from HINTERNET_FROM up to HINTERNET_TO, and what each that fails fails with. A single one is
/// made short.
pub(crate) fn look_between<P: Simulated>() {
    let bound = |name: &str| std::env::var(name).ok().and_then(|bound| bound.parse::<u64>().ok()).unwrap_or(0);
    let (from, to) = (bound("HINTERNET_FROM"), bound("HINTERNET_TO"));
    if to == from + 1 {
        check::<P>(from).unwrap_or_else(|failure| panic!("{failure}"));
    }
    let mut failed = 0;
    for seed in from..to {
        let caught = std::panic::catch_unwind(|| P::of(seed).run());
        let failure = match caught {
            Ok(Ok(_)) => continue,
            Ok(Err(failure)) => failure,
            Err(_) => "panic".to_owned(),
        };
        failed += 1;
        println!("FAILED {seed}: {}", failure.lines().take(4).collect::<Vec<_>>().join(" | "));
    }
    println!("simulation of {}: {} seeds, {failed} failed", P::NAME, to.saturating_sub(from));
    assert_eq!(failed, 0);
}

/// What was told of all runs.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) notifications: usize,
    traces: Vec<Trace>,
}

impl Seen {
    fn take(&mut self, trace: &Trace) {
        self.notifications += trace.len();
        // Enough of them to see what plans come to.
        if self.traces.len() < 500 {
            self.traces.push(trace.clone());
        }
    }

    /// In how many runs is there a notification with this in it?
    pub(crate) fn runs_with(&self, text: &str) -> usize {
        self.traces.iter().filter(|trace| trace.has(text)).count()
    }
}

/// Runs the seed. If it fails: with what, and the shortest plan that fails so too.
fn check<P: Simulated>(seed: u64) -> Result<Trace, String> {
    check_plan(seed, P::of(seed))
}

/// The same with the plan of this seed.
pub(crate) fn check_plan<P: Simulated>(seed: u64, plan: P) -> Result<Trace, String> {
    plan.run().map_err(|failure| {
        let fails = |plan: &P| plan.run().is_err_and(|other| kind(&other) == kind(&failure));
        let short = correct(shrink(plan, fails), fails);
        let last = short.run().err().unwrap_or(failure);
        format!("seed {seed} of {}: {last}\n{short:#?}", P::NAME)
    })
}

/// What is wrong, without what differs from run to run.
fn kind(failure: &str) -> String {
    let told = failure.lines().next().unwrap_or_default();
    let told = told.split("\\nthe trace").next().unwrap_or_default();
    told.chars().filter(|one| !one.is_ascii_digit()).collect()
}

/// Leaves out of the plan what it fails without: of the commands first many at once, then single ones.
fn shrink<P: Simulated>(mut plan: P, fails: impl Fn(&P) -> bool) -> P {
    let mut step = plan.commands().len() / 2;
    while step > 0 {
        let mut at = 0;
        while at < plan.commands().len() {
            let mut shorter = plan.clone();
            let left = shorter.commands();
            left.drain(at..(at + step).min(left.len()));
            if fails(&shorter) {
                plan = shorter;
            } else {
                at += step;
            }
        }
        step /= 2;
    }
    plan
}

/// Puts right what the plan fails with all the same.
fn correct<P: Simulated>(mut plan: P, fails: impl Fn(&P) -> bool) -> P {
    for correction in plan.corrections() {
        let mut better = plan.clone();
        correction(&mut better);
        if fails(&better) {
            plan = better;
        }
    }
    plan
}

/// The shrinker itself: what does not matter is left out, and put right.
mod tests {
    use super::*;

    /// Fails while there is a 7 in it and it is not right, or a 9.
    #[derive(Clone, Debug)]
    struct Numbers {
        numbers: Vec<u32>,
        is_right: bool,
    }

    impl Simulated for Numbers {
        const NAME: &'static str = "numbers";
        const FAILED_ONCE: &'static str = "";
        type Command = u32;

        fn of(seed: u64) -> Self {
            Self { numbers: (0..seed as u32).collect(), is_right: false }
        }

        fn commands(&mut self) -> &mut Vec<u32> {
            &mut self.numbers
        }

        fn simulation(&self) -> Simulation {
            unreachable!("there is no network in it")
        }

        async fn play(&self, _: World) -> Result<Trace, String> {
            unreachable!("there is no network in it")
        }

        fn run(&self) -> Result<Trace, String> {
            if self.numbers.contains(&7) {
                Err("there is a 7".to_owned())
            } else {
                Ok(Trace::of(&[], tokio::time::Instant::now()))
            }
        }

        fn corrections(&self) -> Vec<Correction<Self>> {
            vec![Box::new(|plan| plan.is_right = true), Box::new(|plan| plan.numbers.clear())]
        }
    }

    #[test]
    fn a_seed_that_fails_is_made_short() {
        let failure = check::<Numbers>(40).unwrap_err();
        assert!(failure.starts_with("seed 40 of numbers: there is a 7\n"), "{failure}");
        let plan: String = failure.lines().skip(1).flat_map(str::chars).filter(|one| !one.is_whitespace()).collect();
        assert_eq!(plan, "Numbers{numbers:[7,],is_right:true,}");
    }
}
