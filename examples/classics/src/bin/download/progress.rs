//! How far the downloads are: a bar each, on a terminal. Elsewhere nothing is drawn.

use std::fmt::Write;
use std::time::Duration;

use actix::{Actor, Context, Handler};
use hinternet::{DownloadProgress, Notification, NotificationMask, Status};
use indicatif::{FormattedDuration, HumanBytes, MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use tokio::sync::watch;

use crate::arguments::Job;
use crate::name;

// ANCHOR: progress
/// The subscriber of the session: it hears of every request of every download. A clone means the same bars.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    bars: Vec<Bar>,
    lines: MultiProgress,
}

impl Actor for Progress {
    type Context = Context<Self>;
}

impl Handler<Notification> for Progress {
    type Result = ();

    fn handle(&mut self, told: Notification, _: &mut Self::Context) {
        let Some(bar) = usize::try_from(told.context).ok().and_then(|number| self.bars.get(number)) else { return };
        match told.status {
            Status::DownloadProgress { received, total, elapsed } => {
                bar.line.set_message(pace(received, total, elapsed))
            }
            Status::Retrying { attempt, error, .. } => {
                bar.line.set_message(format!("request {attempt}, because of {}", error.code()));
            }
            _ => {}
        }
    }
}

impl Progress {
    pub(crate) const MASK: NotificationMask = NotificationMask::PROGRESS.union(NotificationMask::RETRYING);
}

/// How fast it comes, and how long it will take.
fn pace(received: u64, total: Option<u64>, elapsed: Duration) -> String {
    let per_second = received as f64 / elapsed.as_secs_f64().max(0.001);
    let rate = format!("{:.1} KiB/s", per_second / 1024.0);
    match total {
        Some(total) if received > 0 => {
            let left = Duration::from_secs_f64((total.saturating_sub(received) as f64 / per_second).min(LONGEST));
            format!("{rate}, {} left", FormattedDuration(left))
        }
        _ => rate,
    }
}
// ANCHOR_END: progress

/// One of the bars.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    line: ProgressBar,
    received: watch::Sender<u64>,
}

impl Progress {
    pub(crate) fn of(jobs: &[Job]) -> Self {
        let lines = MultiProgress::new();
        let bar = |job: &Job| {
            let style = ProgressStyle::with_template("{prefix:16} {bar:20} {bytes}{of_total}, {msg}");
            let style = style.expect("the template is valid").with_key("of_total", of_total);
            let line = ProgressBar::no_length().with_style(style).with_prefix(name(&job.file).into_owned());
            let line = lines.add(line);
            // Drawn by a thread of its own: a terminal that is slow holds up nobody who has something to tell.
            line.enable_steady_tick(Duration::from_millis(100));
            Bar { line, received: watch::Sender::new(0) }
        };
        Self { bars: jobs.iter().map(bar).collect(), lines }
    }

    pub(crate) fn bar(&self, number: usize) -> Bar {
        self.bars[number].clone()
    }

    /// Nothing is drawn from now on.
    pub(crate) fn take_away(&self) {
        self.bars.iter().for_each(|bar| bar.line.finish_and_clear());
        // A terminal that cannot be written to any more shows no bars either.
        let _ = self.lines.clear();
    }
}

impl Bar {
    /// Of the file, with what was there from a run before.
    pub(crate) fn show(&self, now: DownloadProgress) {
        if let Some(total) = now.total {
            self.line.set_length(total);
        }
        self.line.set_position(now.received);
        self.received.send_replace(now.received);
    }

    /// Resolves when so much of the file is there.
    pub(crate) async fn has(&self, octets: u64) {
        // The sender is held here.
        let _ = self.received.subscribe().wait_for(|received| *received >= octets).await;
    }
}

/// Of how much, if that was announced.
fn of_total(state: &ProgressState, line: &mut dyn Write) {
    if let Some(total) = state.len() {
        // What cannot be drawn is not drawn.
        let _ = write!(line, " of {}", HumanBytes(total));
    }
}

/// Seconds: a day, after which nobody reckons in minutes.
const LONGEST: f64 = 86_400.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_of_this_request_and_what_is_left_of_it() {
        let seconds = Duration::from_secs;
        assert_eq!(pace(64 * 1024, Some(192 * 1024), seconds(2)), "32.0 KiB/s, 00:00:04 left");
        assert_eq!(pace(64 * 1024, Some(64 * 1024), seconds(2)), "32.0 KiB/s, 00:00:00 left");
        assert_eq!(pace(1024, None, seconds(4)), "0.2 KiB/s");
        assert_eq!(pace(0, Some(1024), seconds(0)), "0.0 KiB/s");
        assert_eq!(pace(1, Some(u64::MAX), seconds(9)), "0.0 KiB/s, 1d 00:00:00 left");
    }

    #[tokio::test]
    async fn each_download_moves_the_bar_of_its_number_and_no_other() {
        let server = classics::site().await;
        let folder = tempfile::tempdir().unwrap();
        let job =
            |url: String| Job { url, file: folder.path().join("film"), wanted: crate::arguments::Wanted::default() };
        let jobs = [job(server.url("/film")), job("gopher://a.example/".to_owned())];
        let progress = Progress::of(&jobs);
        let outcomes = crate::download_all(&jobs, &progress, std::future::pending::<()>()).await.unwrap();
        assert!(outcomes[0].is_ok() && outcomes[1].is_err());
        let (whole, none) = (progress.bar(0).line, progress.bar(1).line);
        let film = classics::FILM as u64;
        assert_eq!((whole.position(), whole.length()), (film, Some(film)));
        assert!(whole.message().ends_with(" KiB/s, 00:00:00 left"), "{}", whole.message());
        assert_eq!((none.position(), none.length(), none.message().as_str()), (0, None, ""));
    }
}
