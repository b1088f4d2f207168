//! Two lines on a terminal: how far the crawl is, and what it costs.

#[cfg(test)]
mod tests;

use std::io::{Write, stderr};
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{
    FormattedDuration, HumanBytes, HumanCount, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle,
};

use super::parked::Parked;
use super::{Standing, Tally};

/// Two lines on a terminal. A clone means the same two.
#[derive(Clone, Debug)]
pub struct Bars {
    pages: ProgressBar,
    wires: ProgressBar,
    lines: MultiProgress,
}

impl Bars {
    /// `None` where nobody watches: the standard error is a file or a pipe, or a terminal that cannot move its cursor.
    pub fn on_terminal() -> Option<Self> {
        let terminal = Term::buffered_stderr();
        let watched = terminal.features().is_attended() && !console::is_dumb();
        watched.then(|| Self::on(Parked::new(terminal, Term::clear_to_end_of_screen).into_target()))
    }

    fn on(target: ProgressDrawTarget) -> Self {
        let lines = MultiProgress::with_draw_target(target);
        let line = |template| {
            let style = ProgressStyle::with_template(template).expect("the templates are valid");
            lines.add(ProgressBar::new(0).with_style(style))
        };
        Self { pages: line("{bar:20} {wide_msg}"), wires: line("{wide_msg}"), lines }
    }

    /// Draws them.
    pub fn show(&self, tally: &Tally, standing: &Standing) {
        self.pages.set_length(standing.known);
        self.pages.set_position(standing.settled);
        self.pages.set_message(how_far(standing, self.pages.elapsed(), Instant::now()));
        self.wires.set_message(what_it_costs(tally, standing));
    }

    /// Leaves a line above them.
    pub fn say(&self, line: &str) {
        let _ = self.lines.suspend(|| writeln!(stderr(), "{line}"));
    }

    /// Nothing is drawn from now on, by any clone.
    pub fn take_away(&self) {
        // A terminal that cannot be written to any more shows no bars either.
        let _ = self.lines.clear();
        self.lines.set_draw_target(ProgressDrawTarget::hidden());
    }
}

fn how_far(standing: &Standing, elapsed: Duration, now: Instant) -> String {
    let Standing { settled, known, under_way, next, .. } = *standing;
    let pause = next.map(|next| next.saturating_duration_since(now)).filter(|pause| *pause >= LONG_PAUSE);
    let doing = match (under_way, pause) {
        (0, Some(pause)) => format!("next in {:.0} s", pause.as_secs_f64().ceil()),
        (0, None) => "waiting".to_owned(),
        (requests, _) => format!("{requests} under way"),
    };
    let rate = rate(settled as f64 / elapsed.as_secs_f64().max(0.001));
    let (settled, known, elapsed) = (HumanCount(settled), HumanCount(known), FormattedDuration(elapsed));
    format!("{settled}/{known} URLs, {rate}/s, {elapsed}, {doing}")
}

fn what_it_costs(tally: &Tally, standing: &Standing) -> String {
    let Tally { connections, requests, octets, .. } = *tally;
    let Standing { retries, errors, .. } = *standing;
    let octets = HumanBytes(octets);
    let [connections, requests, retries, errors] = [connections, requests, retries, errors].map(HumanCount);
    format!("{octets}, requests: {requests}, connections: {connections}, retries: {retries}, errors: {errors}")
}

/// With a decimal where it makes a difference.
fn rate(per_second: f64) -> String {
    if per_second < 10.0 { format!("{per_second:.1}") } else { HumanCount(per_second.round() as u64).to_string() }
}

/// A shorter one is over before anybody wonders.
const LONG_PAUSE: Duration = Duration::from_secs(1);
