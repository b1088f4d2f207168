//! Which failures say that a server has more to do than it can.

use std::time::Duration;

use crate::error::{Blame, Error, Stage};

/// Nothing that is of this side's own making: a wire that there is no place for, a caller who refuses, is slow to send or slow to
/// read. `total` is the deadline for all of the request.
pub(crate) fn is_overload(error: &Error, total: Option<Duration>) -> bool {
    if error.blame() == Blame::Caller {
        return false;
    }
    match error.stage() {
        Stage::Resolve | Stage::Connect | Stage::Tls => true,
        Stage::SendHead | Stage::Continue | Stage::FirstByte | Stage::Head => error.is_timeout(),
        // The deadline for all of it may have been spent by whoever reads.
        Stage::Body => error.is_timeout() && error.waited() != total,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorCode, Operation};

    #[test]
    fn only_what_the_server_was_waited_for_says_that_it_is_overloaded() {
        let (limit, total) = (Duration::from_secs(1), Duration::from_secs(9));
        let late = |stage, waited| is_overload(&Error::timeout(Operation::Receive, stage, waited), Some(total));
        use Stage::*;
        for stage in [Resolve, Connect, Tls, SendHead, Continue, FirstByte, Head] {
            assert!(late(stage, limit) && late(stage, total), "{stage}");
        }
        assert!(late(Body, limit) && !late(Body, total), "a slow reader is not a slow server");
        for stage in [Arguments, State, Queue, SendBody, Decode] {
            assert!(!late(stage, limit) && !late(stage, total), "{stage}");
        }
    }

    #[test]
    fn what_the_caller_refuses_does_not() {
        let failed = |stage, blame| {
            is_overload(&Error::new(ErrorCode::CannotConnect, Operation::Send, stage, blame, "no"), None)
        };
        assert!(failed(Stage::Connect, Blame::Network));
        assert!(!failed(Stage::Connect, Blame::Caller) && !failed(Stage::Tls, Blame::Caller));
        assert!(!failed(Stage::Body, Blame::Network), "it broke off, and not for being late");
    }
}
