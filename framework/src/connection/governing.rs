//! How a program steers the governor of an origin while it runs.

use std::sync::Arc;
use std::time::Duration;

use super::Connection;
use crate::error::{Operation, Result};
use crate::options::{Governor, RequestOptions};

impl Connection {
    /// By which governor the origin goes from now on, for those that wait already too; and what requests of this handle that are
    /// opened from now on start from.
    ///
    /// It holds, whatever governors requests of other handles bring, until the origin is steered again, by whatever handle; closing
    /// this one changes nothing. A request that has no governor still waits for no turn. `None` takes it back: the origin goes by
    /// the governor that its requests brought last, or is limited by nothing but a pause, and requests of this handle wait for no
    /// turn.
    ///
    /// # Errors
    /// 87 for a governor that cannot be meant, 6 when the connection is closed.
    pub fn govern(&self, governor: impl Into<Option<Governor>>) -> Result<()> {
        let governor = governor.into();
        let operation = Operation::SetOption;
        self.inner.node.check_open(operation)?;
        let mut inherited = self.inherited();
        let changed = RequestOptions { governor, ..(*inherited.options).clone() };
        changed.check(operation)?;
        inherited.options = Arc::new(changed);
        drop(inherited);
        self.inner.services.terms.governors.steer(&self.inner.origin, governor);
        Ok(())
    }

    /// No request to the origin that has a governor is let go for so long, from now on; a longer pause that is in force stays.
    /// [`max_pause`](Governor::max_pause) is no limit to it.
    ///
    /// # Errors
    /// 6 when the connection is closed.
    pub fn pause_for(&self, length: Duration) -> Result<()> {
        self.inner.node.check_open(Operation::SetOption)?;
        let governor = self.shared_options().governor.unwrap_or_default();
        self.inner.services.terms.governors.gate(&self.inner.origin, &governor).pause_for(length);
        Ok(())
    }

    /// Ends the pause that is in force, whoever caused it.
    ///
    /// # Errors
    /// 6 when the connection is closed.
    pub fn resume(&self) -> Result<()> {
        self.inner.node.check_open(Operation::SetOption)?;
        if let Some(gate) = self.inner.services.terms.governors.known(&self.inner.origin) {
            gate.resume();
        }
        Ok(())
    }
}
