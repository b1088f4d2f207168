//! Two lines on a terminal: how far the crawl is, and what it costs.

use std::io::IsTerminal;

use indicatif::{HumanBytes, HumanCount, MultiProgress, ProgressBar, ProgressStyle};

use super::{Standing, Tally};

/// Gone from the terminal when dropped.
#[derive(Debug)]
pub(super) struct Bars {
    pages: ProgressBar,
    wires: ProgressBar,
    lines: MultiProgress,
}

impl Bars {
    /// `None` where nobody watches: the standard error is a file or a pipe.
    pub(super) fn on_terminal() -> Option<Self> {
        if !std::io::stderr().is_terminal() {
            return None;
        }
        let lines = MultiProgress::new();
        let pages = lines
            .add(ProgressBar::new(0).with_style(style("{bar:30} {human_pos}/{human_len} URLs, {per_sec}, {elapsed}")));
        let wires = lines.add(ProgressBar::new(0).with_style(style("{msg}")));
        Some(Self { pages, wires, lines })
    }

    pub(super) fn show(&self, tally: &Tally, standing: &Standing) {
        self.pages.set_length(standing.known);
        self.pages.set_position(standing.settled);
        let Tally { connections, requests, octets, errors, .. } = *tally;
        self.wires.set_message(format!(
            "{} in {} answers over {} connections, {} errors, {} retries",
            HumanBytes(octets),
            HumanCount(requests),
            HumanCount(connections),
            HumanCount(errors),
            HumanCount(standing.retries),
        ));
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        // A terminal that cannot be written to any more shows no bars either.
        let _ = self.lines.clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are valid")
}
