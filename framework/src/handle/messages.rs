//! The two commands every level understands.

use actix::Message;

/// Closes the handle, and all below it (`WinHttpCloseHandle`).
///
/// As a message to an actor it closes that handle as `close()` does.
///
/// An example is at [`messages`](crate::messages).
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct CloseHandle;

/// Stops the operation in flight without closing anything.
///
/// An example is at [`messages`](crate::messages).
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Cancel;
