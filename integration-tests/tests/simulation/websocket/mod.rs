//! The same for WebSockets: messages both ways at once, servers that refuse, talk, close, cut, freeze and send rubbish, and whether
//! every message that was said to be sent or received was so, once and in order.

mod client;
pub(crate) mod ears;
pub(crate) mod plan;
pub(crate) mod story;

use integration_tests::simulation::{Simulation, Trace, World};

use crate::suite::{self, Simulated};
pub(crate) use plan::Plan;

impl Simulated for Plan {
    const NAME: &'static str = "WebSockets";
    const FAILED_ONCE: &'static str = include_str!("seeds.txt");
    type Command = plan::Command;

    fn of(seed: u64) -> Self {
        Self::by_seed(seed)
    }

    fn commands(&mut self) -> &mut Vec<plan::Command> {
        &mut self.commands
    }

    fn simulation(&self) -> Simulation {
        self.world()
    }

    async fn play(&self, world: World) -> Result<Trace, String> {
        client::run(self, world).await
    }
}

#[test]
fn all_rules_hold_for_every_seed_of_websockets() {
    suite::every_seed::<Plan>();
}

/// Seeds that failed once, with what was wrong then.
#[test]
fn seeds_that_failed_once_of_websockets_do_not_fail_again() {
    suite::failed_once::<Plan>();
}

/// For looking for defects: the seeds from HINTERNET_FROM up to HINTERNET_TO, and what each that fails fails with.
#[test]
#[ignore = "looks at none without HINTERNET_FROM and HINTERNET_TO"]
fn seeds_of_websockets_between() {
    suite::look_between::<Plan>();
}
