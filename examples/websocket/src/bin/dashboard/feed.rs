//! A server in this process that tells the time: to everybody, so many times a second. And drops some of them, if it is asked to.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt, StreamExt};
use integration_tests::websocket::{Message, Served, WebSocketOrigin};
use tokio::sync::broadcast::{self, Receiver, error::RecvError};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// The server; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Feed {
    server: WebSocketOrigin,
    breaker: JoinHandle<()>,
}

impl Feed {
    pub(crate) async fn open(rate: u32, breaks: u8) -> Self {
        let (shake, _) = broadcast::channel(4);
        let shaken = shake.clone();
        let server = WebSocketOrigin::start(move |guest| serve(guest, rate, breaks, shaken.subscribe())).await;
        let breaker = tokio::spawn(async move {
            let mut seconds = interval(Duration::from_secs(1));
            loop {
                seconds.tick().await;
                // Nobody may be there yet.
                let _nobody = shake.send(());
            }
        });
        Self { server, breaker }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.breaker.abort();
    }
}

// ANCHOR: feed
async fn serve(mut guest: Served, rate: u32, breaks: u8, mut shaken: Receiver<()>) {
    let mut ticks = interval(Duration::from_secs(1) / rate.max(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                if guest.send(Message::text(format!("tick {}", microseconds_now()))).await.is_err() {
                    return;
                }
            }
            // Reading answers pings and closes too.
            said = guest.next() => if !matches!(said, Some(Ok(_))) { return },
            shake = shaken.recv() => match shake {
                // Without a word, as a server that dies does.
                Ok(()) if fastrand::u8(..100) < breaks => return,
                Ok(()) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
        }
    }
}
// ANCHOR_END: feed

/// By the clock on the wall: both ends must agree on it.
fn microseconds_now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
}

/// How old what came is.
pub(crate) fn age_of(tick: &str) -> Option<Duration> {
    let sent: u64 = tick.strip_prefix("tick ")?.parse().ok()?;
    Some(Duration::from_micros(microseconds_now().saturating_sub(sent)))
}
