//! Requests over HTTP/1.1 and HTTP/2, uploads, downloads and both at once, and WebSockets over either, each cut off at a random moment:
//! by a close, by a cancel, by being dropped, or with a parent. Each has one terminal notification, and all is given back
//! (contract B.4 to B.7).
//!
//! `torture.rs`, `torture_websocket.rs` and `torture_features` cut off one story, at every notification and at every poll.

mod client;
mod plan;
mod tally;

use integration_tests::simulation::{Simulation, Trace, World};

use crate::suite::{self, Simulated};
use plan::Plan;
use tally::Tally;

impl Simulated for Plan {
    const NAME: &'static str = "cancels";
    const FAILED_ONCE: &'static str = "";
    type Command = plan::Cut;

    fn of(seed: u64) -> Self {
        Self::by_seed(seed)
    }

    fn commands(&mut self) -> &mut Vec<plan::Cut> {
        &mut self.cuts
    }

    fn simulation(&self) -> Simulation {
        self.world()
    }

    async fn play(&self, world: World) -> Result<Trace, String> {
        client::run(self, world).await
    }
}

/// 2,000 of them, and 100,000 with a larger budget.
#[test]
fn what_is_cut_off_at_a_random_moment_has_one_terminal_each_and_gives_all_back() {
    let wanted = if std::env::var_os("HINTERNET_DEEP").is_some() { 100_000 } else { 2_000 };
    let (mut all, mut seed) = (Tally::default(), 0);
    while all.all() < wanted {
        let plan = Plan::of(seed);
        let tally = plan.tally.clone();
        if let Err(failure) = suite::check_plan(seed, plan) {
            panic!("{failure}");
        }
        all.add(&tally.borrow());
        seed += 1;
        assert!(seed < 1_000 || all.all() > seed as usize, "the plans do too little");
    }
    println!("cancels: {} in {seed} worlds, of which {} calls were waited for; {all:?}", all.all(), all.calls);
    all.check();
}

/// For looking for defects: the seeds from HINTERNET_FROM up to HINTERNET_TO, and what each that fails fails with.
#[test]
#[ignore = "looks at none without HINTERNET_FROM and HINTERNET_TO"]
fn seeds_of_cancels_between() {
    suite::look_between::<Plan>();
}
