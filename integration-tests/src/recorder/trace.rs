//! How a failed test shows what had happened.

use hinternet::{Notification, Status};

/// A status with its payload in short, as in `RequestSent(93)`.
pub fn short(status: &Status) -> String {
    let name = status.name();
    match status {
        Status::RequestSent(octets)
        | Status::ResponseReceived(octets)
        | Status::WriteComplete(octets)
        | Status::DataAvailable(octets)
        | Status::ReadComplete(octets)
        | Status::Missed(octets) => format!("{name}({octets})"),
        Status::ResolvingName(host) | Status::SecuringConnection(host) => format!("{name}({host})"),
        Status::NameResolved(addresses) => format!("{name}({addresses:?})"),
        Status::ConnectingToServer(address) | Status::ConnectedToServer(address) => format!("{name}({address})"),
        Status::ConnectAttemptEnded(address, reason) => format!("{name}({address}: {reason})"),
        Status::WireAcquired { wire, reused, .. } => {
            format!("{name}({wire}{})", if *reused { ", reused" } else { "" })
        }
        Status::ConnectionSecured(security) => format!("{name}({})", security.protocol),
        Status::SecureFailure(flags) => format!("{name}({flags:?})"),
        Status::WireReleased { wire } => format!("{name}({wire})"),
        Status::Queued { position } => format!("{name}({position})"),
        Status::IntermediateResponse(code, _) => format!("{name}({})", code.as_u16()),
        Status::RequestError { operation, error } => format!("{name}({operation:?}, {})", error.code().number()),
        Status::Authenticating { scheme, reason, .. } => format!("{name}({scheme}, {reason:?})"),
        Status::Redirect(url) => format!("{name}({url})"),
        Status::Retrying { attempt, error, .. } => format!("{name}({attempt}, after {})", error.code().number()),
        Status::CacheHit { stale, .. } => format!("{name}({})", if *stale { "stale" } else { "fresh" }),
        Status::ReaderStalled { unread, .. } => format!("{name}({unread})"),
        Status::WebSocketReadComplete { octets, kind } | Status::WebSocketWriteComplete { octets, kind } => {
            format!("{name}({kind:?} {octets})")
        }
        Status::FrameSent(frame) | Status::FrameReceived(frame) => {
            format!("{name}({:?} {} {} {})", frame.opcode, frame.fin, frame.rsv1, frame.length)
        }
        Status::CloseComplete { code, reason } => format!("{name}({code} {reason:?})"),
        Status::UploadProgress { sent, .. } => format!("{name}({sent})"),
        Status::DownloadProgress { received, .. } => format!("{name}({received})"),
        _ => name.to_owned(),
    }
}

/// A whole log, one notification a line.
pub(super) fn all(log: &[Notification]) -> String {
    let line = |one: &Notification| {
        let Notification { handle, kind, sequence, context, .. } = one;
        let context = if *context == 0 { String::new() } else { format!(" context {context:#x}") };
        format!("  {:<10} {handle} {sequence:>3}{context}  {}\n", kind.to_string(), short(&one.status))
    };
    log.iter().map(line).collect()
}
