//! A dashboard: follows a thousand WebSockets at once, each of which heals itself, and shows how they are.
//!
//! ```text
//! cargo run --release -p websocket --bin dashboard                    a thousand, on a server of its own, until Ctrl-C
//! cargo run --release -p websocket --bin dashboard -- --break 5       the server drops one in twenty, each second
//! cargo run --release -p websocket --bin dashboard -- --break 100     all of them, each second
//! ```
//!
//! On a terminal it draws over what it drew before; elsewhere it writes a line each second, and ends after ten.

mod arguments;
mod feed;
mod figures;
mod follow;
mod screen;

use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::time::{Instant, MissedTickBehavior, interval};

use arguments::Arguments;
use feed::Feed;
use figures::Figures;
use follow::Followed;
use screen::Screen;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("dashboard: {error}");
            ExitCode::FAILURE
        }
    }
}

// ANCHOR: run
async fn run(arguments: Arguments) -> hinternet::Result<()> {
    arguments::allow_open_files(2 * arguments.sockets + 100);
    let feed = Feed::open(arguments.rate, arguments.breaks).await;
    let mut screen = Screen::of(&feed.url(), arguments.sockets);
    let followed = Followed::open(&feed.url(), arguments.sockets)?;

    let began = Instant::now();
    let ends = began + arguments.length(screen.is_drawn());
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
    seconds.tick().await;
    let mut stop = pin!(tokio::signal::ctrl_c());
    let mut last = Figures::default();
    while Instant::now() < ends && !arguments.has_enough(last.messages) {
        tokio::select! {
            _ = seconds.tick() => {}
            _ = &mut stop => break,
        }
        let now = followed.figures();
        screen.show(began.elapsed(), &now, &last);
        last = now;
    }
    let last = followed.figures();
    let took = began.elapsed();
    let closed = followed.close().await;
    screen.finish(took, &last, &closed);
    Ok(())
}
// ANCHOR_END: run
