//! A watched session in a network in memory.

use hinternet::tls::TlsOptions;
use hinternet::{Session, SessionBuilder};
use tokio::time::Instant;

use super::MemoryPeer;
use crate::recorder::Recorder;
use crate::request::Request;

/// One session in a network in memory, where every host plays the same scripts; all of it on the calling thread's arbiter.
#[derive(Debug)]
pub struct MemoryScene {
    /// Watches the session.
    pub recorder: Recorder,
    /// The session.
    pub session: Session,
    /// The network.
    pub peer: MemoryPeer,
    /// When the session was opened.
    pub began: Instant,
}

impl MemoryScene {
    /// With this network, and a session of this kind.
    ///
    /// # Panics
    /// When the session does not open.
    pub fn of(peer: MemoryPeer, builder: SessionBuilder) -> Self {
        let recorder = Recorder::on_current_arbiter();
        // The machine's authorities would be read by another thread.
        let nobody = TlsOptions::new().trust_only([]);
        let session = recorder.session(builder.on_current_arbiter().dial(peer.dial()).tls(nobody));
        Self { recorder, session, peer, began: Instant::now() }
    }

    /// All that was asked, connection by connection.
    pub fn requests(&self) -> Vec<Request> {
        self.peer.connections().into_iter().flat_map(|connection| connection.requests).collect()
    }

    /// Closes the session and checks all that was recorded.
    pub async fn end(self) {
        self.recorder.finish(self.session).await;
    }
}
