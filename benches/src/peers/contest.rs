//! Who is compared, and whose turn it is.

use clap::Args;

use super::Failed;

/// Somebody who does the work that is compared.
#[derive(Debug)]
pub(super) struct Contender<J, S> {
    pub(super) name: &'static str,
    /// What it runs on, where that differs: ratios are taken to those in the same place.
    pub(super) place: &'static str,
    pub(super) run: fn(&J) -> Result<S, Failed>,
}

/// How a contest is held.
#[derive(Clone, Debug, Args)]
pub(super) struct Terms {
    /// How often every client has its turn
    #[arg(long, default_value_t = 5)]
    pub(super) rounds: usize,
    /// Only the client of this name, or those whose names contain it: for a profile
    #[arg(long, default_value = "")]
    pub(super) only: String,
}

/// What all turns of a contest gave.
pub(super) struct Results<'a, J, S> {
    pub(super) contenders: Vec<&'a Contender<J, S>>,
    /// Each in the order of the contenders.
    pub(super) rounds: Vec<Vec<S>>,
}

impl Terms {
    /// Lets every contender have its turn in every round.
    pub(super) fn play<'a, J, S>(
        &self,
        job: &J,
        contenders: &'a [Contender<J, S>],
    ) -> Result<Results<'a, J, S>, Failed> {
        self.play_by(contenders, |_, contender| (contender.run)(job))
    }

    /// The same, where a turn is more than a call; it is given the contender's place in the list.
    pub(super) fn play_by<'a, J, S>(
        &self,
        contenders: &'a [Contender<J, S>],
        turn: impl Fn(usize, &Contender<J, S>) -> Result<S, Failed>,
    ) -> Result<Results<'a, J, S>, Failed> {
        let meant = self.meant(contenders);
        if meant.is_empty() || self.rounds == 0 {
            return Err("there is nothing to measure".into());
        }
        let named = |&(row, contender): &(usize, &Contender<J, S>)| {
            let comma = if contender.place.is_empty() { "" } else { ", " };
            turn(row, contender)
                .map_err(|error| format!("{}{comma}{}: {error}", contender.name, contender.place).into())
        };
        let round = |_| meant.iter().map(named).collect::<Result<Vec<S>, Failed>>();
        let rounds = (0..self.rounds).map(round).collect::<Result<_, _>>()?;
        Ok(Results { contenders: meant.into_iter().map(|(_, contender)| contender).collect(), rounds })
    }
    /// Is any of them meant?
    pub(super) fn admit<J, S>(&self, contenders: &[Contender<J, S>]) -> bool {
        !self.meant(contenders).is_empty()
    }

    fn meant<'a, J, S>(&self, contenders: &'a [Contender<J, S>]) -> Vec<(usize, &'a Contender<J, S>)> {
        let exact = contenders.iter().any(|contender| contender.name == self.only);
        let is_meant = |name: &str| if exact { name == self.only } else { name.contains(&self.only) };
        contenders.iter().enumerate().filter(|(_, contender)| is_meant(contender.name)).collect()
    }
}
