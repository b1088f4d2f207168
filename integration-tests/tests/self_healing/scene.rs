//! Where these tests take place: a watched session in a network in memory, whose time passes only where somebody waits for it.

use std::time::Duration;

use hinternet::{
    Ended, HealingEvent, Notification, SelfHealing, SelfHealingBuilder, SelfHealingOptions, Session, Status,
};
use integration_tests::memory_peer::{MemoryPeer, in_virtual_time};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::Script;
use integration_tests::websocket::{SWITCHING, frames_of};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) struct Scene {
    pub(crate) recorder: Recorder,
    pub(crate) session: Session,
    pub(crate) peer: MemoryPeer,
}

/// Runs a test in its own time, with the n-th script on the n-th connection and the last on all further ones.
pub(crate) fn with<const N: usize>(scripts: [Script; N], test: impl AsyncFnOnce(Scene)) {
    let mut scripts = scripts.into_iter();
    let first = MemoryPeer::playing(scripts.next().expect("a script"));
    at(scripts.fold(first, MemoryPeer::then), test);
}

pub(crate) fn at(peer: MemoryPeer, test: impl AsyncFnOnce(Scene)) {
    in_virtual_time(async {
        let recorder = Recorder::on_current_arbiter();
        let session = recorder.session(Session::builder().on_current_arbiter().dial(peer.dial()));
        test(Scene { recorder, session, peer }).await;
    });
}

impl Scene {
    pub(crate) fn making(&self, options: SelfHealingOptions) -> SelfHealingBuilder {
        self.session.websocket("ws://feed.example/").unwrap().self_healing(options)
    }

    pub(crate) fn feed(&self, options: SelfHealingOptions) -> SelfHealing {
        self.making(options).open().unwrap()
    }

    /// What its statuses say of its healing.
    pub(crate) fn healing(&self, feed: &SelfHealing) -> Vec<Notification> {
        let of_healing = |one: &Notification| ["Healing", "Healed", "GaveUp"].contains(&one.name());
        self.recorder.of(feed.id()).into_iter().filter(of_healing).collect()
    }

    /// The texts that came on the n-th connection.
    pub(crate) fn texts(&self, n: usize) -> Vec<String> {
        let frames = frames_of(&self.peer.connections()[n].received);
        let texts = frames.into_iter().filter(|(first, _)| *first == 0x81);
        texts.map(|(_, octets)| String::from_utf8(octets).unwrap()).collect()
    }

    pub(crate) async fn end(self, feed: SelfHealing) {
        drop(feed);
        self.recorder.finish(self.session).await;
    }
}

/// With pauses that are known, and of no more than a second.
pub(crate) fn options() -> SelfHealingOptions {
    let mut options = SelfHealingOptions::default();
    (options.seed, options.factor) = (Some(1), 1.0);
    options
}

/// A server that consents to the upgrade.
pub(crate) fn switching() -> Script {
    Script::new().read_head().send_accepting(SWITCHING)
}

/// A server that answers, and no WebSocket comes of it.
pub(crate) fn answering(head: &str) -> Script {
    Script::new().read_head().send(format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\n\r\n")).close()
}

/// The next event, in a word.
pub(crate) async fn next(feed: &SelfHealing) -> String {
    word(feed.receive().await.unwrap())
}

pub(crate) fn word(event: HealingEvent) -> String {
    match event {
        HealingEvent::Connected { .. } => "connected".to_owned(),
        HealingEvent::Message(message) => message.as_text().unwrap_or("(binary)").to_owned(),
        HealingEvent::Disconnected(Ended::Closed(status)) => format!("closed with {}", status.code),
        HealingEvent::Disconnected(Ended::Refused(error)) => format!("refused with {}", error.code().number()),
        HealingEvent::Disconnected(other) => format!("lost with {}", other.to_error().code().number()),
        HealingEvent::GaveUp(Ended::Closed(status)) => format!("gave up after {}", status.code),
        HealingEvent::GaveUp(other) => format!("gave up with {}", other.to_error().code().number()),
        HealingEvent::Closed => "closed".to_owned(),
        other => format!("{other:?}"),
    }
}

/// The pauses it told of.
pub(crate) fn pauses(told: &[Notification]) -> Vec<Duration> {
    let pause = |one: &Notification| match &one.status {
        Status::Healing { pause, .. } => Some(*pause),
        _ => None,
    };
    told.iter().filter_map(pause).collect()
}
