//! How fast a body has to come or go at least.

use std::time::Duration;

use super::timeouts::check_one;
use crate::error::{Error, Operation, Result};

/// How fast a body has to come or go at least: `octets` in every stretch of `within` that is spent waiting for the peer.
///
/// A peer that sends one octet now and then is never silent, so no idle limit ends it; this does. The time in which nobody
/// waits for the peer does not count, be it between two reads or while the body's own stream has nothing to give. But a receive that is
/// given up while the request is being sent again is waiting until the next one goes on with it. The operation fails with 12002 at the
/// stage of the body, and says how much came.
///
/// ```
/// use std::time::Duration;
/// use hinternet::{MinimumRate, Session};
///
/// # fn main() -> hinternet::Result<()> {
/// let session = Session::builder().minimum_rate(MinimumRate { octets: 1024, within: Duration::from_secs(20) }).open()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinimumRate {
    /// So many octets of the body.
    pub octets: u64,
    /// In every stretch of so much waiting.
    pub within: Duration,
}

impl MinimumRate {
    pub(super) fn check(&self, operation: Operation) -> Result<()> {
        if self.octets == 0 {
            let detail = "minimum_rate.octets is zero, which every body has; `None` is no minimum";
            return Err(Error::parameter(operation, detail));
        }
        check_one("minimum_rate.within", self.within, operation)
    }
}
