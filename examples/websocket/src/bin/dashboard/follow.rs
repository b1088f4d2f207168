//! Follows many WebSockets at once: each heals itself, and a task listens to what it says.

use std::mem::take;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use hinternet::{
    HealingEvent, HealingState, Overflow, Result, SelfHealing, SelfHealingOptions, Session, WebSocketOptions,
};

use crate::feed::age_of;
use crate::figures::{Figures, Spread};

/// All that are followed.
pub(crate) struct Followed {
    session: Session,
    feeds: Vec<SelfHealing>,
    heard: Arc<Mutex<Heard>>,
}

/// What came, of all of them.
#[derive(Debug, Default)]
struct Heard {
    messages: u64,
    octets: u64,
    lost: u64,
    healed: u64,
    longest_outage: Duration,
    last_loss: Option<String>,
    gave_up: Option<String>,
    /// Since somebody looked last.
    ages: Vec<Duration>,
}

/// How they were closed.
#[derive(Debug, Default)]
pub(crate) struct Closed {
    pub(crate) in_order: usize,
    pub(crate) with_an_error: usize,
}

impl Followed {
    // ANCHOR: follow
    pub(crate) fn open(url: &str, count: usize) -> Result<Self> {
        let session = Session::builder().wires_per_origin(None).open()?;
        let heard = Arc::<Mutex<Heard>>::default();
        let mut healing = SelfHealingOptions::default();
        healing.longest_pause = Duration::from_secs(5);
        healing.overflow = Overflow::DropOldest;
        let mut lively = WebSocketOptions::default();
        lively.ping_every = Some(Duration::from_secs(2));
        let feeds = (0..count)
            .map(|_| session.websocket(url)?.options(lively).self_healing(healing).open())
            .collect::<Result<Vec<_>>>()?;
        for feed in &feeds {
            tokio::spawn(listen(feed.clone(), Arc::clone(&heard)));
        }
        Ok(Self { session, feeds, heard })
    }
    // ANCHOR_END: follow

    pub(crate) fn figures(&self) -> Figures {
        let mut now = Figures::default();
        let mut round_trips = Vec::with_capacity(self.feeds.len());
        for feed in &self.feeds {
            let seen = feed.figures();
            match seen.state {
                HealingState::Live => now.live += 1,
                HealingState::Pausing => now.pausing += 1,
                HealingState::Over => now.over += 1,
                _ => now.connecting += 1,
            }
            now.attempts += seen.attempts;
            round_trips.extend(seen.round_trip);
        }
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        (now.messages, now.octets) = (heard.messages, heard.octets);
        (now.lost, now.healed, now.longest_outage) = (heard.lost, heard.healed, heard.longest_outage);
        now.last_loss.clone_from(&heard.last_loss);
        now.gave_up.clone_from(&heard.gave_up);
        (now.lag, now.round_trip) = (Spread::of(take(&mut heard.ages)), Spread::of(round_trips));
        now
    }

    /// Closes each by a handshake, all at once.
    pub(crate) async fn close(self) -> Closed {
        let closed = join_all(self.feeds.iter().map(|feed| feed.close(1000, "that is all"))).await;
        let in_order = closed.iter().filter(|one| one.is_ok()).count();
        // It never fails.
        let _closed = self.session.close().await;
        Closed { in_order, with_an_error: closed.len() - in_order }
    }
}

// ANCHOR: listen
async fn listen(feed: SelfHealing, heard: Arc<Mutex<Heard>>) {
    let mut is_lost = false;
    while let Ok(event) = feed.receive().await {
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            HealingEvent::Message(message) => {
                heard.messages += 1;
                heard.octets += message.octets().len() as u64;
                heard.ages.extend(message.as_text().and_then(age_of));
            }
            HealingEvent::Connected { outage, .. } if take(&mut is_lost) => {
                heard.healed += 1;
                heard.longest_outage = heard.longest_outage.max(outage);
            }
            HealingEvent::Disconnected(how) => {
                is_lost = true;
                heard.lost += 1;
                heard.last_loss = Some(how.to_string());
            }
            HealingEvent::GaveUp(how) => heard.gave_up = Some(how.to_string()),
            _ => {}
        }
    }
}
// ANCHOR_END: listen
