//! Why a body cannot be decoded.

use super::listed::{Coding, MOST_CODINGS};

/// Why a body cannot be decoded: all of it is the peer's doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the body has more than {MOST_CODINGS} content codings")]
    TooManyCodings,
    #[error("the body is not proper {0}")]
    Corrupt(Coding),
    #[error("the body ends in the middle of its {0}")]
    Truncated(Coding),
    #[error("the body goes on behind the end of its {0}")]
    Trailing(Coding),
    #[error("the body's {0} needs a larger window than it may have")]
    Window(Coding),
    #[error("the decoded body is longer than the {most} octets it may have")]
    TooLarge { most: u64 },
    #[error("the decoded body is more than {most} times as long as what came of it")]
    TooDense { most: u32 },
}

/// What the caller is told by the error's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// It is not what its fields say.
    Invalid,
    /// It is larger than it may be.
    TooLarge,
}

impl Fault {
    pub(crate) fn kind(self) -> FaultKind {
        match self {
            Self::TooLarge { .. } | Self::TooDense { .. } => FaultKind::TooLarge,
            _ => FaultKind::Invalid,
        }
    }
}
