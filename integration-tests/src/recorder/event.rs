//! What the checker sees of a notification: whose it is, and what kind of thing happened.
//!
//! Notifications cannot be made outside the framework. Events can, so the checker's own tests can feed it every
//! violation.

use std::net::SocketAddr;

use hinternet::{AuthReason, ErrorCode, HandleKind, Notification, Operation, Status, WireHealth};

/// One notification, as the checker sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The number behind the handle's id.
    pub handle: u64,
    /// The handle's level.
    pub kind: HandleKind,
    /// The number behind the id of the handle above it.
    pub parent: Option<u64>,
    /// The place among the handle's notifications, from 0.
    pub sequence: u64,
    /// What happened.
    pub happened: Happened,
}

/// What a status means for the order of things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// `HandleCreated`, with the id it names.
    Created(u64),
    /// An -ing status.
    Began(Step),
    /// Its past-tense partner, or `ConnectAttemptEnded`.
    Ended(Step),
    /// `ConnectedToServer`: the end of an attempt, and of the race between all of them.
    Connected(SocketAddr),
    /// `SecureFailure`.
    InsecureWire,
    /// `Queued`.
    Queued,
    /// `OriginPaused`.
    OriginPaused,
    /// `CookieStored`, `CookieRemoved`, `CookieRefused`, `HttpsWanted`.
    Remembered(&'static str),
    /// `MovedToHttps`.
    MovedToHttps,
    /// `WireAcquired`.
    WireAcquired(u64),
    /// `WireReleased`.
    WireReleased(u64),
    /// `WireHealthChanged`.
    WireHealth(u64, WireHealth),
    /// `ReaderStalled`.
    ReaderStalled,
    /// `FrameSent`, `FrameReceived`.
    Frame,
    /// `Retrying`.
    Retrying,
    /// `Redirect`, or `Authenticating` because the response asks for it.
    Redirected,
    /// `CacheHit`.
    CacheHit,
    /// `CacheRevalidated`.
    CacheRevalidated,
    /// `CacheMiss`.
    CacheMiss,
    /// `CacheStored`.
    CacheStored,
    /// `Authenticating` of what nobody asked for.
    ShownUnasked,
    /// `Healing`.
    Healing,
    /// `Healed`.
    Healed,
    /// `GaveUp`.
    GaveUp,
    /// `UploadProgress`.
    Uploaded,
    /// `DownloadProgress`.
    Downloaded,
    /// `IntermediateResponse`.
    Interim,
    /// The one completion of an operation, with the octets it moved.
    Completed(Operation, Result<u64, ErrorCode>),
    /// `HandleClosing`.
    Closing,
    /// `Missed`.
    Missed(u64),
    /// `Unsubscribed`.
    Unsubscribed,
    /// A status the recorder has no rule for: a defect of the recorder.
    Unknown(&'static str),
}

/// What has a beginning and an end in notifications of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// `ResolvingName`, `NameResolved`.
    Resolve,
    /// `ConnectingToServer`, `ConnectedToServer` or `ConnectAttemptEnded`; attempts to several addresses overlap.
    Connect(SocketAddr),
    /// `DetectingProxy`, `ProxyFound`.
    FindProxy,
    /// `OpeningTunnel`, `TunnelOpened` or `TunnelFailed`.
    OpenTunnel,
    /// `SecuringConnection`, `ConnectionSecured`.
    Secure,
    /// `SendingRequest`, `RequestSent`.
    SendHead,
    /// `ReceivingResponse`, `ResponseReceived`.
    ReceiveHead,
    /// `ClosingConnection`, `ConnectionClosed`.
    CloseWire,
}

impl Step {
    /// Is it part of finding and opening a wire, which may outlive the request that began it (contract C.6)?
    pub(super) fn is_dial(self) -> bool {
        matches!(self, Self::Resolve | Self::Connect(_) | Self::OpenTunnel | Self::Secure)
    }
}

impl From<&Notification> for Event {
    fn from(notification: &Notification) -> Self {
        Self {
            handle: notification.handle.value(),
            kind: notification.kind,
            parent: notification.parent.map(|parent| parent.value()),
            sequence: notification.sequence,
            happened: Happened::from(&notification.status),
        }
    }
}

impl From<&Status> for Happened {
    fn from(status: &Status) -> Self {
        if let Some(completion) = status.completion() {
            return Self::Completed(completion.operation, completion.result.map_err(|error| error.code()));
        }
        match status {
            Status::HandleCreated(handle) => Self::Created(handle.value()),
            Status::HandleClosing => Self::Closing,
            Status::Missed(lost) => Self::Missed(*lost),
            Status::Unsubscribed => Self::Unsubscribed,
            Status::Queued { .. } => Self::Queued,
            Status::OriginPaused { .. } => Self::OriginPaused,
            Status::CookieStored { .. }
            | Status::CookieRemoved { .. }
            | Status::CookieRefused { .. }
            | Status::HttpsWanted { .. } => Self::Remembered(status.name()),
            Status::MovedToHttps(_) => Self::MovedToHttps,
            Status::ResolvingName(_) => Self::Began(Step::Resolve),
            Status::NameResolved(_) => Self::Ended(Step::Resolve),
            Status::ConnectingToServer(address) => Self::Began(Step::Connect(*address)),
            Status::ConnectedToServer(address) => Self::Connected(*address),
            Status::ConnectAttemptEnded(address, _) => Self::Ended(Step::Connect(*address)),
            Status::DetectingProxy => Self::Began(Step::FindProxy),
            Status::ProxyFound(_) => Self::Ended(Step::FindProxy),
            Status::OpeningTunnel { .. } => Self::Began(Step::OpenTunnel),
            Status::TunnelOpened { .. } | Status::TunnelFailed { .. } => Self::Ended(Step::OpenTunnel),
            Status::SecuringConnection(_) => Self::Began(Step::Secure),
            Status::ConnectionSecured(_) => Self::Ended(Step::Secure),
            Status::SecureFailure(_) => Self::InsecureWire,
            Status::WireAcquired { wire, .. } => Self::WireAcquired(wire.value()),
            Status::WireHealthChanged { wire, health } => Self::WireHealth(wire.value(), *health),
            Status::ReaderStalled { .. } => Self::ReaderStalled,
            Status::FrameSent(_) | Status::FrameReceived(_) => Self::Frame,
            Status::WireReleased { wire } => Self::WireReleased(wire.value()),
            Status::SendingRequest => Self::Began(Step::SendHead),
            Status::RequestSent(_) => Self::Ended(Step::SendHead),
            Status::ReceivingResponse => Self::Began(Step::ReceiveHead),
            Status::ResponseReceived(_) => Self::Ended(Step::ReceiveHead),
            Status::ClosingConnection { .. } => Self::Began(Step::CloseWire),
            Status::ConnectionClosed => Self::Ended(Step::CloseWire),
            Status::UploadProgress { .. } => Self::Uploaded,
            Status::DownloadProgress { .. } => Self::Downloaded,
            Status::IntermediateResponse(..) => Self::Interim,
            Status::Retrying { .. } => Self::Retrying,
            Status::Redirect(_) => Self::Redirected,
            Status::CacheHit { .. } => Self::CacheHit,
            Status::CacheRevalidated => Self::CacheRevalidated,
            Status::CacheMiss => Self::CacheMiss,
            Status::CacheStored { .. } => Self::CacheStored,
            // The next exchange follows in place of the response, as behind a redirect.
            Status::Authenticating {
                reason: AuthReason::Challenged | AuthReason::Stale | AuthReason::Continued,
                ..
            } => Self::Redirected,
            Status::Authenticating { .. } => Self::ShownUnasked,
            Status::Healing { .. } => Self::Healing,
            Status::Healed { .. } => Self::Healed,
            Status::GaveUp { .. } => Self::GaveUp,
            other => Self::Unknown(other.name()),
        }
    }
}
