//! When a request that came to nothing is sent again, how soon and how often.

use std::time::Duration;

use http::StatusCode;

use super::timeouts::check_one;
use crate::error::{Error, Operation, Result};

/// When a request is sent again beyond the safe resend ([`RequestOptions::resends`](crate::RequestOptions::resends)): by which statuses
/// and failures, how soon and how often. Off unless it is set.
///
/// It is sent again
/// - after a final response with one of the [`statuses`](Self::statuses), which is then not delivered, and
/// - after a failure of name, network or time before the response head was there ([`Error::is_retryable`](crate::Error::is_retryable)),
///
/// if its method is idempotent (RFC 9110 9.2.2), or nothing of it was sent, or the caller says that it may be
/// ([`any_method`](Self::any_method)); and if its body can be given again: one of a stream cannot. What is broken while the body of a
/// response is read is not repeated, for the caller has some of it; a [download](crate::Session::download) goes on from there.
///
/// The pause before each is *any* time up to a longest one (full jitter), which is `first_pause` and grows by two up to
/// `longest_pause`. A `Retry-After` is obeyed beside it, up to [`longest_retry_after`](Self::longest_retry_after). The wire is given
/// back before, the place at the governor too, and the turn is waited for anew. No pause begins that would outlast the total deadline:
/// the answer, or the failure, is the caller's then.
///
/// All requests of a session to one origin pay from one [budget](Self::budget), so that a server that is down is not asked many times
/// as often as one that is up. Each is told by [`Retrying`](crate::Status::Retrying).
///
/// ```
/// use std::time::Duration;
/// use hinternet::{RetryPolicy, Session};
///
/// # fn example() -> hinternet::Result<()> {
/// let session = Session::builder().retry(RetryPolicy::new().attempts(5).longest_pause(Duration::from_secs(5))).open()?;
/// # Ok(())
/// # }
/// ```
#[doc(alias = "WINHTTP_FAILED_CONNECTION_RETRIES")]
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    pub(crate) statuses: Vec<StatusCode>,
    pub(crate) failures: bool,
    pub(crate) any_method: bool,
    pub(crate) attempts: u32,
    pub(crate) first_pause: Duration,
    pub(crate) longest_pause: Duration,
    pub(crate) longest_retry_after: Duration,
    pub(crate) budget: Option<RetryBudget>,
}

/// How many requests to one origin may be sent again, in proportion to those that are sent.
///
/// A bucket of tokens, full at first: each retry takes one, each request of the session to that origin that has a
/// [`RetryPolicy`] brings a share of one, and each second a few.
///
/// An example is at [`RetryPolicy`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RetryBudget {
    /// Tokens that each request brings. Default 0.1: one retry for ten requests.
    pub per_request: f64,
    /// Tokens that each second brings, so that few requests may be sent again too. Default 1.
    pub per_second: f64,
    /// So many the bucket holds. Default 20.
    pub most: f64,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { per_request: 0.1, per_second: 1.0, most: 20.0 }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            statuses: vec![
                StatusCode::TOO_MANY_REQUESTS,
                StatusCode::BAD_GATEWAY,
                StatusCode::SERVICE_UNAVAILABLE,
                StatusCode::GATEWAY_TIMEOUT,
            ],
            failures: true,
            any_method: false,
            attempts: 3,
            first_pause: Duration::from_millis(200),
            longest_pause: Duration::from_secs(20),
            longest_retry_after: Duration::from_secs(60),
            budget: Some(RetryBudget::default()),
        }
    }
}

impl RetryPolicy {
    /// Three attempts, after 429, 502, 503 and 504 and after failures of the network.
    pub fn new() -> Self {
        Self::default()
    }

    /// After these statuses. Default 429, 502, 503 and 504 (RFC 6585 section 4, RFC 9110 15.6). Others than 4xx and 5xx are refused (87).
    #[doc(alias = "WINHTTP_CONNECTION_RETRY_CONDITION_408")]
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.statuses = statuses.into_iter().collect();
        self
    }

    /// Whether after failures of name, network or time too. Default yes.
    #[doc(alias = "WINHTTP_CONNECTION_RETRY_CONDITION_SSL_HANDSHAKE")]
    pub fn failures(mut self, too: bool) -> Self {
        self.failures = too;
        self
    }

    /// The caller says that it may be repeated whatever its method is, as one with an `Idempotency-Key` may. Default no.
    pub fn any_method(mut self, may: bool) -> Self {
        self.any_method = may;
        self
    }

    /// So many attempts, the first one included. Default 3. 0 and more than 100 are refused (87).
    pub fn attempts(mut self, most: u32) -> Self {
        self.attempts = most;
        self
    }

    /// The first pause is at most so long. Default 200 ms.
    pub fn first_pause(mut self, most: Duration) -> Self {
        self.first_pause = most;
        self
    }

    /// No pause of our own is longer. Default 20 s.
    pub fn longest_pause(mut self, most: Duration) -> Self {
        self.longest_pause = most;
        self
    }

    /// So long a `Retry-After` is obeyed (RFC 9110 10.2.3); one that asks for more is taken for this. Default 60 s; zero ignores it.
    pub fn longest_retry_after(mut self, most: Duration) -> Self {
        self.longest_retry_after = most;
        self
    }

    /// What all retries to one origin may come to; `None`: any number. Default: a tenth of the requests, and one a second.
    pub fn budget(mut self, budget: impl Into<Option<RetryBudget>>) -> Self {
        self.budget = budget.into();
        self
    }

    pub(super) fn check(&self, operation: Operation) -> Result<()> {
        // Without `..`: a new setting is checked here, or said to need no check.
        let Self {
            statuses,
            failures: _,
            any_method: _,
            attempts,
            first_pause,
            longest_pause,
            longest_retry_after,
            budget,
        } = self;
        let refuse = |detail: &'static str| Err(Error::parameter(operation, detail));
        if statuses.iter().any(|status| !status.is_client_error() && !status.is_server_error()) {
            return refuse("a retry after a status that is no error");
        }
        if !(1..=100).contains(attempts) {
            return refuse("a retry policy has 1 to 100 attempts");
        }
        if longest_pause < first_pause {
            return refuse("the longest pause is shorter than the first");
        }
        check_one("first_pause", *first_pause, operation)?;
        check_one("longest_pause", *longest_pause, operation)?;
        check_one("longest_retry_after", (*longest_retry_after).max(Duration::from_secs(1)), operation)?;
        let is_sound = |RetryBudget { per_request, per_second, most }: RetryBudget| {
            // Not a number is in no range.
            (0.0..=100.0).contains(&per_request) && (0.0..=1e6).contains(&per_second) && (1.0..=1e9).contains(&most)
        };
        if budget.is_some_and(|budget| !is_sound(budget)) {
            return refuse(
                "a retry budget is 0 to 100 tokens a request, 0 to a million a second, and holds at least one",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(policy: &RetryPolicy) -> bool {
        policy.check(Operation::SetOption).is_err()
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let policy = RetryPolicy::new;
        let budget = |change: fn(&mut RetryBudget)| {
            let mut budget = RetryBudget::default();
            change(&mut budget);
            policy().budget(budget)
        };
        for sound in [
            policy(),
            policy().attempts(1).longest_retry_after(Duration::ZERO).statuses([]).budget(None),
            policy().statuses([StatusCode::NOT_FOUND]),
            budget(|it| (it.per_request, it.per_second) = (0.0, 0.0)),
        ] {
            assert!(!is_refused(&sound), "{sound:?}");
        }
        for wrong in [
            policy().attempts(0),
            policy().attempts(101),
            policy().statuses([StatusCode::OK]),
            policy().statuses([StatusCode::FOUND]),
            policy().first_pause(Duration::ZERO),
            policy().first_pause(Duration::from_secs(30)),
            policy().longest_pause(Duration::MAX),
            policy().longest_retry_after(Duration::MAX),
            budget(|it| it.per_request = f64::NAN),
            budget(|it| it.per_second = -1.0),
            budget(|it| it.most = 0.5),
        ] {
            assert!(is_refused(&wrong), "{wrong:?}");
        }
    }
}
