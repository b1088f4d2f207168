//! Where the figures are seen: drawn in place on a terminal, a line each time elsewhere.

use std::time::Duration;

use console::Term;

use crate::figures::{Figures, Spread, octets};
use crate::follow::Closed;

pub(crate) struct Screen {
    terminal: Term,
    url: String,
    sockets: usize,
    /// Lines that are drawn now.
    drawn: usize,
}

impl Screen {
    pub(crate) fn of(url: &str, sockets: usize) -> Self {
        let screen = Self { terminal: Term::stdout(), url: url.to_owned(), sockets, drawn: 0 };
        if !screen.is_drawn() {
            screen.line(&format!("following {sockets} sockets on {url}"));
        }
        screen
    }

    /// Is there somebody who looks?
    pub(crate) fn is_drawn(&self) -> bool {
        self.terminal.features().is_attended() && !console::is_dumb()
    }

    pub(crate) fn show(&mut self, time: Duration, now: &Figures, before: &Figures) {
        if self.is_drawn() {
            self.draw(&self.picture(time, now, before));
        } else {
            self.line(&summary(time, now, before));
        }
    }

    pub(crate) fn finish(&mut self, time: Duration, last: &Figures, closed: &Closed) {
        let Figures { messages, lost, healed, over, attempts, .. } = last;
        let (size, took) = (octets(last.octets as f64), time.as_secs());
        self.line(&format!("followed {} sockets for {took} s: {messages} messages, {size}", self.sockets));
        let longest = last.longest_outage.as_secs_f64();
        self.line(&format!("{lost} were lost and {healed} healed, in {longest:.2} s at most; {over} gave up"));
        if let Some(why) = &last.gave_up {
            self.line(&format!("why the last one gave up: {why}"));
        }
        let Closed { in_order, with_an_error } = closed;
        self.line(&format!("{attempts} attempts; closed in order: {in_order}, with an error: {with_an_error}"));
    }

    fn picture(&self, time: Duration, now: &Figures, before: &Figures) -> Vec<String> {
        let Figures { live, connecting, pausing, over, healed, lost, attempts, .. } = now;
        let width = usize::from(self.terminal.size().1).saturating_sub(26).min(54);
        let bar = "█".repeat(width * live / self.sockets.max(1));
        let (messages, size) = (now.messages - before.messages, (now.octets - before.octets) as f64);
        let longest = now.longest_outage.as_secs_f64();
        let last = now.last_loss.as_deref().unwrap_or("none");
        vec![
            format!(
                "{} sockets on {}    {:02}:{:02}",
                self.sockets,
                self.url,
                time.as_secs() / 60,
                time.as_secs() % 60
            ),
            String::new(),
            format!("  live         {live:>8}  {bar}"),
            format!("  connecting   {connecting:>8}"),
            format!("  pausing      {pausing:>8}"),
            format!("  gave up      {over:>8}"),
            String::new(),
            format!("  messages     {messages:>8} /s    {} in all", now.messages),
            format!("  octets       {:>8} /s    {} in all", octets(size), octets(now.octets as f64)),
            format!("  lag          {}", shown(now.lag)),
            format!("  round trip   {}", shown(now.round_trip)),
            String::new(),
            format!("  healed       {healed:>8} of {lost} lost, in {longest:.2} s at most; {attempts} attempts"),
            format!("  last loss    {last}"),
            String::new(),
            "Ctrl-C closes them all".to_owned(),
        ]
    }

    /// Over what was drawn before. What does not fit is cut off, for a line of two would be drawn over by one.
    fn draw(&mut self, picture: &[String]) {
        let (height, width) = self.terminal.size();
        let fits = usize::from(height).saturating_sub(1).min(picture.len());
        let mut text = String::new();
        if self.drawn > 0 {
            text.push_str(&format!("\x1b[{}A", self.drawn));
        }
        for line in &picture[..fits] {
            text.push_str("\r\x1b[2K");
            text.push_str(&console::truncate_str(line, usize::from(width), "…"));
            text.push('\n');
        }
        self.drawn = fits;
        // A terminal that is gone shows nothing.
        let _gone = self.terminal.write_str(&text);
    }

    fn line(&self, line: &str) {
        // Whoever read it may have gone.
        let _gone = self.terminal.write_line(line);
    }
}

fn summary(time: Duration, now: &Figures, before: &Figures) -> String {
    let (messages, size) = (now.messages - before.messages, octets((now.octets - before.octets) as f64));
    let healing = now.connecting + now.pausing;
    format!(
        "{} s: {} live, {healing} healing, {} gave up; {messages} messages/s, {size}/s; lag {}; round trip {}; {} of {} healed",
        time.as_secs(),
        now.live,
        now.over,
        shown(now.lag),
        shown(now.round_trip),
        now.healed,
        now.lost,
    )
}

fn shown(spread: Option<Spread>) -> String {
    spread.map_or_else(|| "not known".to_owned(), |spread| spread.to_string())
}
