//! What a proxy script may use up, and how it is fetched.

use std::time::Duration;

use crate::error::{Error, Operation, Result};
use crate::options::DialOptions;

/// What a proxy script may use up, and how it is fetched.
///
/// ```
/// use std::time::Duration;
/// use hinternet::{Pac, PacOptions};
///
/// let mut options = PacOptions::default();
/// options.time = Duration::from_millis(200);
/// let pac = Pac::from_text("function FindProxyForURL(url, host) { return 'DIRECT' }").with_options(options)?;
/// # Ok::<_, hinternet::Error>(())
/// ```
#[doc(alias = "WINHTTP_AUTOPROXY_OPTIONS")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PacOptions {
    /// How long one run may take, its look-ups included. Default 1 s; 1 ms to 60 s are taken. One that cannot be ended then is waited
    /// for 2 s longer, and not run again.
    pub time: Duration,
    /// How much memory one run may hold, in octets. Default 16 MiB; 1 MiB to 1 GiB are taken.
    pub memory: usize,
    /// How many names one run may have looked up. Default 20.
    pub look_ups: usize,
    /// How long one look-up may take, within `time`. Default 500 ms.
    pub look_up: Duration,
    /// Octets that a script may have. Default 1 MiB.
    pub script_size: usize,
    /// How long fetching it may take, all in all. Default 30 s.
    pub fetch: Duration,
    /// How long a script that was fetched is used if its answer does not say (`Cache-Control: max-age`, which counts within a
    /// minute and a day). Default an hour. After it the script is fetched anew; if that fails, the old one is used on.
    pub kept_for: Duration,
    /// How long it is remembered that a script could not be fetched. Default 30 s.
    pub failure_kept_for: Duration,
    /// How the script's server is reached, and by whom the names are looked up that a script asks for. Its proxies are not heeded: the
    /// script is fetched directly.
    pub dial: DialOptions,
}

impl Default for PacOptions {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(1),
            memory: 16 * 1024 * 1024,
            look_ups: 20,
            look_up: Duration::from_millis(500),
            script_size: 1024 * 1024,
            fetch: Duration::from_secs(30),
            kept_for: Duration::from_secs(60 * 60),
            failure_kept_for: Duration::from_secs(30),
            dial: DialOptions::default(),
        }
    }
}

impl PacOptions {
    pub(super) fn check(&self) -> Result<()> {
        let refuse = |detail: &'static str| Err(Error::parameter(Operation::ProxyForUrl, detail));
        if !(Duration::from_millis(1)..=Duration::from_secs(60)).contains(&self.time) {
            return refuse("time for a proxy script is not within 1 ms to 60 s");
        }
        if !(1024 * 1024..=1024 * 1024 * 1024).contains(&self.memory) {
            return refuse("memory for a proxy script is not within 1 MiB to 1 GiB");
        }
        if self.script_size == 0 || self.fetch.is_zero() {
            return refuse("no proxy script could be fetched so");
        }
        Ok(())
    }
}
