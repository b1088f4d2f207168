//! How a stream is opened: by the one handle that all streams of a wire have in common.

use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::stream::{Sending, Stream, Upgrade};
use crate::error::Stage;
use crate::reason::CloseReason;
use crate::wire::Failure;

impl Stream {
    /// Opens the stream with the head. Nothing is waited for: where the server has no room for it yet, `h2` keeps it.
    pub(super) fn open(&mut self) -> Result<(), Failure> {
        let request = self.request.take().ok_or(Failure::OutOfTurn)?;
        let is_all = self.sending == Sending::Ended && matches!(self.upgrade, Upgrade::None);
        let shared = Rc::clone(&self.wire.shared);
        let (sent, opens_more) = {
            let mut known = shared.sender.borrow_mut();
            match &mut *known {
                // The wire was retired after it was lent.
                None => (Err(h2::Error::from(h2::Reason::REFUSED_STREAM)), true),
                Some(sender) => {
                    let sent = sender.send_request(*request, is_all);
                    let state = sender.poll_ready(&mut Context::from_waker(Waker::noop()));
                    if state.is_pending() {
                        // It would hold the stream until there is room for it, also when nobody wants that any more, and open no
                        // other before.
                        *sender = sender.clone();
                    }
                    (sent, !matches!(state, Poll::Ready(Err(_))))
                }
            }
        };
        if !opens_more {
            // It is lent no more.
            self.wire.opens_no_more();
            self.wire.retire(CloseReason::TransportError);
        }
        let (response, stream) = sent.map_err(|error| self.fail(Stage::SendHead, error))?;
        let id = stream.stream_id();
        self.receiving.begin(response, id, &self.wire.shared.heard);
        self.wire.opened(id);
        (self.stream, self.id) = (Some(stream), Some(id));
        Ok(())
    }
}
