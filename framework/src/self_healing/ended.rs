//! How a WebSocket ended, and which ends are final (pure).

use std::fmt;

use crate::error::{Blame, Error, ErrorCode, Operation, Stage};
use crate::policy::is_hopeless;
use crate::websocket::CloseStatus;

/// How the WebSocket of a [`SelfHealing`](crate::SelfHealing) ended, or why there was none.
///
/// An example is at [`HealingFigures`](crate::HealingFigures).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Ended {
    /// The server closed it.
    Closed(CloseStatus),
    /// Connecting failed, or the connection did.
    Failed(Error),
    /// The resume hook refused it, or took too long.
    Refused(Error),
}

impl Ended {
    /// Would the next attempt end as this one?
    ///
    /// | end | is final |
    /// |---|---|
    /// | the server closed | with 1000 (it is done), 1002, 1003, 1007, 1008, 1009, 1010 (what we do is wrong to it) |
    /// | the server answered the upgrade | with anything but 408, 425, 429 and 5xx |
    /// | connecting failed | when the call is wrong (87, 12005, 12006), TLS is (12175, 12044, 12185), HTTP/2 is required and cannot be had (12190), or the session shuts down |
    /// | the connection failed, or the server broke the protocol on it | never |
    /// | the resume hook refused | never |
    pub fn is_final(&self) -> bool {
        match self {
            Self::Closed(status) => matches!(status.code, 1000 | 1002 | 1003 | 1007..=1010),
            Self::Failed(error) => is_hopeless(error),
            Self::Refused(_) => false,
        }
    }

    /// The same as an error: 12030 where the server closed.
    pub fn to_error(&self) -> Error {
        match self {
            Self::Closed(CloseStatus { code, reason }) => {
                let detail = format!("the server closed the WebSocket with {code} {reason}");
                let (error, operation) = (ErrorCode::ConnectionError, Operation::WebSocketReceive);
                Error::new(error, operation, Stage::Messages, Blame::Peer, detail.trim_end().to_owned())
            }
            Self::Failed(error) | Self::Refused(error) => error.clone(),
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(status) => {
                let CloseStatus { code, reason } = status;
                write!(f, "the server closed it with {code}{}{reason}", if reason.is_empty() { "" } else { " " })
            }
            Self::Failed(error) => write!(f, "{error}"),
            Self::Refused(error) => write!(f, "the resume hook refused it: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::error::Answered;

    fn closed(code: u16) -> Ended {
        Ended::Closed(CloseStatus { code, reason: "".into() })
    }

    fn failed(code: ErrorCode, blame: Blame) -> Ended {
        Ended::Failed(Error::new(code, Operation::CompleteUpgrade, Stage::Upgrade, blame, "a test"))
    }

    fn answered(status: u16) -> Ended {
        let status = StatusCode::from_u16(status).unwrap();
        let Ended::Failed(error) = failed(ErrorCode::InvalidOperation, Blame::Peer) else { unreachable!() };
        Ended::Failed(error.with_source(Answered { status, retry_after: None }))
    }

    #[test]
    fn a_close_is_final_when_the_server_is_done_or_finds_us_wrong() {
        let is_final: Vec<_> = (1000..1016).chain([3000, 4000, 4999]).filter(|code| closed(*code).is_final()).collect();
        assert_eq!(is_final, [1000, 1002, 1003, 1007, 1008, 1009, 1010]);
    }

    #[test]
    fn an_answer_is_final_unless_it_may_be_another_one_later() {
        let heals: Vec<_> = (200..600).filter(|status| !answered(*status).is_final()).collect();
        assert_eq!(heals[..3], [408, 425, 429]);
        assert_eq!(heals[3..], (500..600).collect::<Vec<_>>());
    }

    #[test]
    fn what_the_network_does_is_never_final_and_what_the_caller_got_wrong_is() {
        for code in [ErrorCode::Timeout, ErrorCode::NameNotResolved, ErrorCode::CannotConnect] {
            assert!(!failed(code, Blame::Network).is_final(), "{code}");
        }
        assert!(!failed(ErrorCode::InvalidServerResponse, Blame::Peer).is_final());
        assert!(!failed(ErrorCode::OperationCancelled, Blame::Caller).is_final());
        // The server was gone before the upgrade was completed.
        assert!(!failed(ErrorCode::IncorrectHandleState, Blame::Caller).is_final());
        for code in [ErrorCode::InvalidParameter, ErrorCode::InvalidUrl, ErrorCode::Shutdown] {
            assert!(failed(code, Blame::Caller).is_final(), "{code}");
        }
        assert!(failed(ErrorCode::SecureFailure, Blame::Peer).is_final());
        // HTTP/2 is required, and the server takes no WebSocket over it, or does not speak it.
        assert!(failed(ErrorCode::HttpProtocolMismatch, Blame::Peer).is_final());
    }

    #[test]
    fn a_refusal_of_the_hook_is_not_final() {
        let Ended::Failed(error) = failed(ErrorCode::InvalidParameter, Blame::Caller) else { unreachable!() };
        assert!(!Ended::Refused(error).is_final());
    }
}
