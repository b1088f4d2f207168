//! The same over HTTP/2: streams that share wires and go both ways, servers that go away, refuse, reset, stall and freeze, names
//! that move, and a session that is steered meanwhile.

mod client;
pub(crate) mod exchange;
pub(crate) mod plan;

use integration_tests::simulation::{Answer, Conduct, Simulation, Trace, World};

use crate::suite::{self, Correction, Simulated};
pub(crate) use plan::Plan;

impl Simulated for Plan {
    const NAME: &'static str = "HTTP/2";
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

    /// An honest connection, and honest answers, in the place of others.
    fn corrections(&self) -> Vec<Correction<Self>> {
        let mut all: Vec<Correction<Self>> = Vec::new();
        for n in 0..self.conducts.len() {
            let mut correct = |change: Box<dyn Fn(&mut Conduct)>| {
                all.push(Box::new(move |plan| change(&mut plan.conducts[n])));
            };
            correct(Box::new(|conduct| *conduct = Conduct::answering(Answer::default())));
            correct(Box::new(|conduct| conduct.parting = None));
            correct(Box::new(|conduct| (conduct.streams, conduct.window) = (100, 65_535)));
            for answer in 0..self.conducts[n].answers.len() {
                correct(Box::new(move |conduct| {
                    if let Some(answer) = conduct.answers.get_mut(answer) {
                        *answer = Answer::default();
                    }
                }));
            }
        }
        all
    }
}

#[test]
fn all_rules_hold_for_every_seed_over_http2() {
    suite::every_seed::<Plan>();
}

/// Seeds that failed once, with what was wrong then.
#[test]
fn seeds_that_failed_once_over_http2_do_not_fail_again() {
    suite::failed_once::<Plan>();
}

/// For looking for defects: the seeds from HINTERNET_FROM up to HINTERNET_TO, and what each that fails fails with.
#[test]
#[ignore = "looks at none without HINTERNET_FROM and HINTERNET_TO"]
fn seeds_of_http2_between() {
    suite::look_between::<Plan>();
}
