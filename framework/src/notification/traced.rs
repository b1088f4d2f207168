//! What a trace keeps of a notification: its name, and a figure that holds no secret.

use super::{Status, Subscribers};

use crate::trace::Trace;

impl Subscribers {
    /// From here on the last notifications are kept, of this handle and of those that are created below it; 0 keeps none.
    pub(crate) fn keep_trace(&self, most: usize) {
        if most > 0 {
            self.set_trace(Trace::new(most));
        }
    }
}

impl Status {
    /// What a trace says beside the name. No URL, no header field: they may hold secrets.
    pub(super) fn figure(&self) -> Option<Box<str>> {
        let figure = match self {
            Self::Queued { position } => position.to_string(),
            Self::ResolvingName(host) | Self::SecuringConnection(host) => host.clone(),
            Self::NameResolved(addresses) => addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            // Why an attempt ended is in the words of whoever dialed.
            Self::ConnectingToServer(address)
            | Self::ConnectedToServer(address)
            | Self::ConnectAttemptEnded(address, _) => address.to_string(),
            Self::ConnectionSecured(security) => format!("{}, {}", security.protocol, security.cipher_suite),
            Self::SecureFailure(flags) => format!("{flags:?}"),
            Self::WireAcquired { wire, reused, .. } => {
                format!("wire {wire}, {}", if *reused { "reused" } else { "new" })
            }
            Self::WireReleased { wire } => format!("wire {wire}"),
            Self::WireHealthChanged { wire, health } => format!("wire {wire}: {health}"),
            Self::ClosingConnection { reason } => reason.to_string(),
            Self::IntermediateResponse(status, _) => status.as_u16().to_string(),
            Self::RequestSent(octets)
            | Self::WriteComplete(octets)
            | Self::ResponseReceived(octets)
            | Self::DataAvailable(octets)
            | Self::ReadComplete(octets) => octets.to_string(),
            Self::WebSocketReadComplete { octets, kind } | Self::WebSocketWriteComplete { octets, kind } => {
                format!("{octets}, {kind:?}")
            }
            Self::CloseComplete { code, .. } => code.to_string(),
            Self::Healing { attempt, error, .. } => format!("attempt {attempt} after {}", error.code()),
            Self::Healed { attempt, websocket, .. } => format!("{websocket} by attempt {attempt}"),
            Self::GaveUp { error } => error.code().to_string(),
            Self::Authenticating { scheme, reason, .. } => format!("{scheme}: {reason}"),
            Self::Retrying { attempt, error, .. } => format!("attempt {attempt} after {}", error.code()),
            Self::RequestError { operation, error } => format!("{} in {operation}", error.code()),
            _ => return None,
        };
        Some(figure.into())
    }

    /// How far something is, which the completions say too, would leave no place for anything else; nor would frames.
    pub(super) fn is_traced(&self) -> bool {
        !matches!(
            self,
            Self::UploadProgress { .. } | Self::DownloadProgress { .. } | Self::FrameSent(_) | Self::FrameReceived(_)
        )
    }
}
