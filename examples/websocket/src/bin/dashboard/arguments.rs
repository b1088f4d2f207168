//! What the dashboard is asked for.

use std::time::Duration;

use clap::Parser;

/// Follows many WebSockets at once, and shows how they are.
#[derive(Debug, Parser)]
#[command(name = "dashboard")]
pub(crate) struct Arguments {
    /// How many.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) sockets: usize,
    /// Messages a second that the server sends on each.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) rate: u32,
    /// So many of a hundred sockets does the server drop, each second.
    #[arg(long = "break", value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) breaks: u8,
    /// Ends after so many seconds; without, a dashboard on a terminal is ended by Ctrl-C.
    #[arg(long)]
    seconds: Option<u64>,
    /// Ends after so many messages.
    #[arg(long)]
    messages: Option<u64>,
}

impl Arguments {
    pub(crate) fn length(&self, is_drawn: bool) -> Duration {
        let otherwise = match self.messages {
            None if !is_drawn => 10,
            _ => A_YEAR,
        };
        Duration::from_secs(self.seconds.unwrap_or(otherwise).min(A_YEAR))
    }

    pub(crate) fn has_enough(&self, messages: u64) -> bool {
        self.messages.is_some_and(|enough| messages >= enough)
    }
}

const A_YEAR: u64 = 366 * 24 * 60 * 60;

/// Both ends of each socket are open in this process; many systems allow no more than 1,024 unless they are asked.
#[cfg(unix)]
pub(crate) fn allow_open_files(wanted: usize) {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return };
    // Of what is allowed a session uses four fifths at most.
    let wanted = wanted as u64 * 5 / 4;
    if soft < wanted && setrlimit(Resource::RLIMIT_NOFILE, wanted.min(hard), hard).is_err() || hard < wanted {
        eprintln!("dashboard: the system allows {} open files where {wanted} are needed: some sockets will wait", hard);
    }
}

#[cfg(not(unix))]
pub(crate) fn allow_open_files(_: usize) {}
