//! Which call a WebSocket takes when (pure).
//!
//! | call | is refused (4317) while |
//! |---|---|
//! | `send` | a send, shutdown or close is in flight; the sending side is closed, or broken, and that was told; the server has closed |
//! | `receive` | a receive or close is in flight; the server's close frame was received; the connection is lost, and that was told |
//! | `shutdown` | a send, shutdown or close is in flight; the sending side is closed, or broken, and that was told |
//! | `close` | a send, shutdown or close is in flight; it has closed; the connection is lost, and that was told |
//!
//! A receive in flight is no hindrance to `close`, which ends it.

/// What is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Send,
    Receive,
    Shutdown,
    Close,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Standing {
    pub(super) sending: bool,
    pub(super) receiving: bool,
    pub(super) closing: bool,
    /// The caller has closed the sending side.
    pub(super) shut: bool,
    /// Nothing can be sent any more, for the connection broke, and an operation has told of it.
    pub(super) broken: bool,
    /// Our close frame is out.
    pub(super) close_sent: bool,
    /// The server's close frame is in.
    pub(super) closed_by_peer: bool,
    /// Some receive has told of it.
    pub(super) close_told: bool,
    /// `close` has completed.
    pub(super) closed: bool,
    /// The connection is lost, or its server broke the protocol, and an operation has told of it.
    pub(super) loss_told: bool,
}

impl Standing {
    /// Is an operation in flight?
    pub(super) fn is_in_use(&self) -> bool {
        self.sending || self.receiving || self.closing
    }

    /// Why a send is refused, which mostly it is not.
    pub(super) fn refusal_to_send(&self) -> Option<&'static str> {
        let Self { sending, closing, shut, broken, closed_by_peer, closed, loss_told, .. } = *self;
        if sending | closing | shut | broken | closed_by_peer | closed | loss_told {
            self.refusal(Call::Send)
        } else {
            None
        }
    }

    /// Why the call is refused; `None`: it is taken.
    pub(super) fn refusal(&self, call: Call) -> Option<&'static str> {
        let sends = matches!(call, Call::Send | Call::Shutdown);
        let reasons = [
            (self.closed, "it was closed"),
            (self.closing, "a close is in flight"),
            (self.sending && call != Call::Receive, "a send or shutdown is in flight"),
            (self.receiving && call == Call::Receive, "a receive is in flight"),
            (self.shut && sends, "its sending side was closed"),
            (self.close_told && call == Call::Receive, "the server has closed it"),
            (self.closed_by_peer && call == Call::Send, "the server has closed it"),
            (self.loss_told && !self.closed_by_peer, "its connection is lost"),
            (self.broken && sends && !self.closed_by_peer, "its connection broke"),
        ];
        reasons.into_iter().find_map(|(is_so, reason)| is_so.then_some(reason))
    }
}

#[cfg(test)]
mod tests {
    use super::Call::{Close, Receive, Send, Shutdown};
    use super::*;

    fn taken(standing: Standing) -> Vec<Call> {
        [Send, Receive, Shutdown, Close].into_iter().filter(|call| standing.refusal(*call).is_none()).collect()
    }

    #[test]
    fn one_send_and_one_receive_overlap_and_close_ends_a_receive() {
        let idle = Standing::default();
        assert_eq!(taken(idle), [Send, Receive, Shutdown, Close]);
        assert_eq!(taken(Standing { sending: true, ..idle }), [Receive]);
        // W-20, W-21
        assert_eq!(taken(Standing { receiving: true, ..idle }), [Send, Shutdown, Close]);
        assert_eq!(taken(Standing { closing: true, ..idle }), []);
    }

    #[test]
    fn w16_after_shutdown_one_may_receive_and_close() {
        assert_eq!(taken(Standing { shut: true, ..Standing::default() }), [Receive, Close]);
    }

    #[test]
    fn w23_after_the_servers_close_frame_there_is_nothing_to_receive() {
        let closed = Standing { closed_by_peer: true, ..Standing::default() };
        assert_eq!(taken(closed), [Receive, Shutdown, Close]);
        assert_eq!(taken(Standing { close_told: true, ..closed }), [Shutdown, Close]);
        assert_eq!(taken(Standing { close_told: true, closed: true, ..closed }), []);
    }

    #[test]
    fn a_loss_is_told_once() {
        let lost = Standing { broken: true, ..Standing::default() };
        assert_eq!(taken(lost), [Receive, Close]);
        assert_eq!(taken(Standing { loss_told: true, ..lost }), []);
    }

    /// Every standing there can be on paper, by its flags.
    fn all() -> impl Iterator<Item = Standing> {
        (0_u32..1 << 10).map(|flags| {
            let has = |flag: u32| flags >> flag & 1 == 1;
            Standing {
                sending: has(0),
                receiving: has(1),
                closing: has(2),
                shut: has(3),
                broken: has(4),
                close_sent: has(5),
                closed_by_peer: has(6),
                close_told: has(7),
                closed: has(8),
                loss_told: has(9),
            }
        })
    }

    #[test]
    fn why_a_send_is_refused_is_the_same_the_short_way() {
        for standing in all() {
            assert_eq!(standing.refusal_to_send(), standing.refusal(Send), "{standing:?}");
        }
    }

    #[test]
    fn any_call_in_flight_is_a_use() {
        for standing in all() {
            let in_flight = [standing.sending, standing.receiving, standing.closing];
            assert_eq!(standing.is_in_use(), in_flight.contains(&true), "{standing:?}");
        }
    }
}
