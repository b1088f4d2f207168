//! A gate holds a double back until the test opens it, or tells the test that a double has come this far.

use tokio::sync::watch;

use crate::patience::reached;

/// Closed at first; once open it stays open. Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate(watch::Sender<bool>);

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Lets everyone through, now and later.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    /// Is it open?
    pub fn is_open(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the gate opens.
    ///
    /// # Panics
    /// When nobody ever opens it.
    pub async fn passed(&self) {
        reached("a gate to open", &self.0.subscribe(), |open| *open).await;
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}
