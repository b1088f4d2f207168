//! The two commands every level understands.

use actix::Message;

/// Closes the handle, and all below it (`WinHttpCloseHandle`).
///
/// As a message to an actor it closes that handle as `close()` does.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct CloseHandle;

/// Stops the operation in flight without closing anything.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Cancel;
