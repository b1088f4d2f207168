//! Who works for a session without a handle of its own hears when that begins to close.

use super::Node;

impl Node {
    /// Resolves when the handle, a session's, begins to close. Whoever waits for it holds the end of the handle up, and lets go then.
    pub(crate) async fn begun_to_close(&self) {
        loop {
            let closed = self.closed.notified();
            tokio::pin!(closed);
            closed.as_mut().enable();
            if !self.is_open() {
                return;
            }
            closed.await;
        }
    }
}
