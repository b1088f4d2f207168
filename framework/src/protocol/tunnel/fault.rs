//! Why a proxy opened no tunnel, and what follows from it.

use http::StatusCode;
use thiserror::Error;

use super::ConnectAnswer;
use crate::policy::proxy::Verdict;
use crate::protocol::http1::{Fault, Misuse};

/// Why a proxy opened no tunnel.
#[derive(Clone, Debug, Error)]
pub(crate) enum TunnelFault {
    #[error("it answered {}", .0.head().status())]
    Refused(Box<ConnectAnswer>),
    #[error("{0}")]
    Http(Fault),
    #[error("it closed the connection before it had answered")]
    Ended,
    #[error("it sent {octets} octets more before it was spoken to, which nothing behind the tunnel does")]
    Unasked { octets: usize },
    #[error("its answer begins with {0:#04x}, which is not its version of SOCKS")]
    Version(u8),
    #[error("it chose the method of authentication {0:#04x}, which it was not offered")]
    Method(u8),
    #[error("it takes none of the methods of authentication that it was offered")]
    NoMethod,
    #[error("it does not take the user name and password")]
    Credentials,
    #[error("its answer holds an address of the unknown kind {0:#04x}")]
    AddressKind(u8),
    #[error("it refuses: {0}")]
    Socks(SocksRefusal),
    #[error("what was to be asked of it cannot be said: {0}")]
    Misuse(Misuse),
    #[error("it takes no {0}")]
    Unspeakable(&'static str),
}

/// What a SOCKS proxy says for a no (RFC 1928 section 6; the codes of SOCKS4 from 91 on).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum SocksRefusal {
    #[error("general failure (1)")]
    General,
    #[error("not allowed by its rules (2)")]
    NotAllowed,
    #[error("network unreachable (3)")]
    NetworkUnreachable,
    #[error("host unreachable (4)")]
    HostUnreachable,
    #[error("connection refused (5)")]
    ConnectionRefused,
    #[error("TTL expired (6)")]
    TtlExpired,
    #[error("command not supported (7)")]
    CommandNotSupported,
    #[error("kind of address not supported (8)")]
    AddressNotSupported,
    #[error("rejected or failed (91)")]
    Rejected,
    #[error("it cannot reach our identd (92)")]
    NoIdentd,
    #[error("our identd names another user (93)")]
    OtherUser,
    #[error("an unknown code ({0})")]
    Unknown(u8),
}

impl SocksRefusal {
    /// By the code of SOCKS5, or of SOCKS4, which do not overlap.
    pub(super) fn of(code: u8) -> Self {
        match code {
            1 => Self::General,
            2 => Self::NotAllowed,
            3 => Self::NetworkUnreachable,
            4 => Self::HostUnreachable,
            5 => Self::ConnectionRefused,
            6 => Self::TtlExpired,
            7 => Self::CommandNotSupported,
            8 => Self::AddressNotSupported,
            91 => Self::Rejected,
            92 => Self::NoIdentd,
            93 => Self::OtherUser,
            code => Self::Unknown(code),
        }
    }
}

impl TunnelFault {
    /// What follows, where there are other routes.
    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            // 407 is the caller's to mend; what it forbids, another shall not be asked for behind its back.
            Self::Refused(answer) if answer.head().status().is_server_error() => Verdict::NotThere,
            Self::Refused(_) | Self::NoMethod | Self::Credentials | Self::Misuse(_) => Verdict::Final,
            Self::Socks(refusal) => match refusal {
                SocksRefusal::NotAllowed | SocksRefusal::NoIdentd | SocksRefusal::OtherUser => Verdict::Final,
                SocksRefusal::CommandNotSupported | SocksRefusal::Unknown(_) => Verdict::Bad,
                _ => Verdict::NotThere,
            },
            Self::Unspeakable(_) => Verdict::NotThere,
            Self::Http(_)
            | Self::Ended
            | Self::Unasked { .. }
            | Self::Version(_)
            | Self::Method(_)
            | Self::AddressKind(_) => Verdict::Bad,
        }
    }

    /// Might another address of the same server be reached?
    pub(crate) fn is_about_the_address(&self) -> bool {
        match self {
            Self::Socks(refusal) => matches!(
                refusal,
                SocksRefusal::General
                    | SocksRefusal::NetworkUnreachable
                    | SocksRefusal::HostUnreachable
                    | SocksRefusal::ConnectionRefused
                    | SocksRefusal::TtlExpired
                    | SocksRefusal::AddressNotSupported
                    | SocksRefusal::Rejected
            ),
            Self::Unspeakable(_) => true,
            _ => false,
        }
    }

    /// Does it want credentials, or others?
    pub(crate) fn is_about_credentials(&self) -> bool {
        match self {
            Self::Refused(answer) => answer.head().status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED,
            Self::NoMethod | Self::Credentials => true,
            _ => false,
        }
    }

    /// Did it break the rules of what it speaks?
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self, Self::Http(_) | Self::Unasked { .. } | Self::Version(_) | Self::Method(_) | Self::AddressKind(_))
    }
}
