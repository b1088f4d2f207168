//! Close frames, and how far the closing handshake has come (RFC 6455 sections 5.5.1 and 7).
//!
//! ```text
//!            close or shutdown: a close frame is written         the peer's close frame comes
//!   neither -------------------------------------------> sent ---------------------------------> both
//!      |                                                                                          ^
//!      |  the peer's close frame comes                          it is answered                    |
//!      +-------------------------------------------> received ------------------------------------+
//! ```
//!
//! With both, whoever began may end the connection; the other side waits for that, for so long.

use super::fault::{Fault, SendMisuse};

/// What a close frame says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CloseFrame {
    /// 1005 is a frame without a status.
    pub(crate) code: u16,
    pub(crate) reason: Box<str>,
}

impl CloseFrame {
    /// What a caller wants to say.
    pub(crate) fn new(code: u16, reason: &str) -> Result<Self, SendMisuse> {
        match code {
            NO_STATUS if !reason.is_empty() => Err(SendMisuse::ReasonWithoutCode),
            NO_STATUS => Ok(Self { code, reason: "".into() }),
            _ if !may_be_sent(code) => Err(SendMisuse::CloseCode(code)),
            _ if reason.len() > LONGEST_REASON => Err(SendMisuse::LongReason),
            _ => Ok(Self { code, reason: reason.into() }),
        }
    }

    /// What tells the peer of its fault.
    pub(crate) fn of_fault(fault: Fault) -> Self {
        Self { code: fault.close_code(), reason: "".into() }
    }

    /// The answer to a peer's close frame says the same.
    pub(crate) fn answer(&self) -> Self {
        Self { code: self.code, reason: "".into() }
    }

    pub(super) fn read(payload: &[u8]) -> Result<Self, Fault> {
        let (code, reason) = match payload {
            [] => return Ok(Self { code: NO_STATUS, reason: "".into() }),
            [_] => return Err(Fault::CloseLength),
            [first, second, reason @ ..] => (u16::from_be_bytes([*first, *second]), reason),
        };
        if !may_be_sent(code) {
            return Err(Fault::CloseCode(code));
        }
        let reason = std::str::from_utf8(reason).map_err(|_| Fault::CloseReason)?;
        Ok(Self { code, reason: reason.into() })
    }

    pub(super) fn payload(&self) -> Vec<u8> {
        if self.code == NO_STATUS {
            return Vec::new();
        }
        [&self.code.to_be_bytes(), self.reason.as_bytes()].concat()
    }
}

/// How far the closing handshake has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Closing {
    #[default]
    Neither,
    Sent,
    Received,
    /// Both were exchanged; did we begin?
    Both {
        began: bool,
    },
}

impl Closing {
    pub(crate) fn sent(&mut self) {
        *self = match *self {
            Self::Neither => Self::Sent,
            Self::Received => Self::Both { began: false },
            other => other,
        };
    }

    pub(crate) fn received(&mut self) {
        *self = match *self {
            Self::Neither => Self::Received,
            Self::Sent => Self::Both { began: true },
            other => other,
        };
    }

    pub(crate) fn is_sent(self) -> bool {
        matches!(self, Self::Sent | Self::Both { .. })
    }

    pub(crate) fn is_received(self) -> bool {
        matches!(self, Self::Received | Self::Both { .. })
    }
}

/// RFC 6455 section 7.4, and what IANA has added since: 1004 to 1006 and 1015 are never on the wire.
fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// The status of a close frame that has none.
pub(crate) const NO_STATUS: u16 = 1005;
/// A control frame holds 125 octets, of which the status takes two.
const LONGEST_REASON: usize = 123;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc6455_7_4_only_what_may_be_on_the_wire_is_sent_or_taken() {
        for code in 0..=u16::MAX {
            let known = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
            assert_eq!(CloseFrame::read(&code.to_be_bytes()).is_ok(), known, "{code}");
            assert_eq!(CloseFrame::new(code, "").is_ok(), known || code == NO_STATUS, "{code}");
        }
        assert_eq!(CloseFrame::read(&[3]), Err(Fault::CloseLength));
        assert_eq!(CloseFrame::read(b"\x03\xe8\xff"), Err(Fault::CloseReason));
        assert_eq!(CloseFrame::new(NO_STATUS, "why"), Err(SendMisuse::ReasonWithoutCode));
    }

    #[test]
    fn w27_a_reason_has_at_most_123_octets() {
        assert!(CloseFrame::new(1000, &"x".repeat(123)).is_ok());
        assert_eq!(CloseFrame::new(1000, &"x".repeat(124)), Err(SendMisuse::LongReason));
    }

    #[test]
    fn rfc6455_5_5_1_what_is_written_is_read_again() {
        for frame in [CloseFrame::new(1000, "bye").unwrap(), CloseFrame::new(NO_STATUS, "").unwrap()] {
            assert_eq!(CloseFrame::read(&frame.payload()), Ok(frame.clone()));
            assert_eq!(frame.answer().code, frame.code);
        }
    }

    #[test]
    fn rfc6455_7_1_who_began_is_known_when_both_have_closed() {
        let (mut ours, mut theirs) = (Closing::default(), Closing::default());
        ours.sent();
        ours.received();
        theirs.received();
        theirs.sent();
        assert_eq!((ours, theirs), (Closing::Both { began: true }, Closing::Both { began: false }));
        assert!(ours.is_sent() && ours.is_received() && !Closing::Sent.is_received() && !Closing::Received.is_sent());
        ours.sent();
        assert_eq!(ours, Closing::Both { began: true });
    }
}
