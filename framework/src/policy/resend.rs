//! May a request that failed be sent again by the library itself, unseen by the caller (pure)?

use http::Method;

use crate::error::WireState;

/// What is known of a failed attempt.
#[derive(Debug, Clone)]
pub(crate) struct Attempt<'a> {
    pub(crate) method: &'a Method,
    /// The wire had served before, so the peer may have closed it at the moment it was used.
    pub(crate) on_reused_wire: bool,
    /// It ended without a single octet of an answer.
    pub(crate) silent_end: bool,
    /// The peer says that it has not processed it (RFC 9113 8.7).
    pub(crate) refused: bool,
    pub(crate) wire_state: WireState,
    /// All of the body can be given again.
    pub(crate) replayable: bool,
    pub(crate) resends_left: u32,
    /// A peer may refuse for ever.
    pub(crate) refusals_left: u32,
}

/// May it be sent again (contract D.2; RFC 9110 9.2.2, RFC 9112 9.3.1)?
///
/// A peer that closes an idle connection just as a request goes out has not seen it; but that cannot be told from one that
/// read the request and died. So what may have been seen is repeated only where repeating changes nothing. A peer that says it
/// has not seen it is believed, whatever the method.
pub(crate) fn may_resend(attempt: &Attempt<'_>) -> bool {
    let Attempt { method, on_reused_wire, silent_end, refused, wire_state, replayable, resends_left, refusals_left } =
        attempt;
    if *refused {
        return *refusals_left > 0 && *replayable;
    }
    let unseen = *wire_state == WireState::NotSent;
    *resends_left > 0
        && *on_reused_wire
        && *silent_end
        && *replayable
        && *wire_state != WireState::ResponseStarted
        && (unseen || method.is_idempotent())
}

#[cfg(test)]
mod tests {
    //! One case per condition.

    use super::*;

    fn attempt() -> Attempt<'static> {
        Attempt {
            method: &Method::GET,
            on_reused_wire: true,
            silent_end: true,
            refused: false,
            wire_state: WireState::BodySent,
            replayable: true,
            resends_left: 1,
            refusals_left: 1,
        }
    }

    #[test]
    fn d2_an_idempotent_request_is_sent_again_after_a_silent_end_on_a_reused_wire() {
        assert!(may_resend(&attempt()));
    }

    #[test]
    fn d2_not_on_a_new_wire_not_after_an_octet_of_an_answer_not_without_the_body_and_only_so_often() {
        assert!(!may_resend(&Attempt { on_reused_wire: false, ..attempt() }));
        assert!(!may_resend(&Attempt { silent_end: false, ..attempt() }));
        assert!(!may_resend(&Attempt { wire_state: WireState::ResponseStarted, ..attempt() }));
        assert!(!may_resend(&Attempt { replayable: false, ..attempt() }));
        assert!(!may_resend(&Attempt { resends_left: 0, ..attempt() }));
    }

    #[test]
    fn d2_a_post_is_sent_again_only_if_no_octet_of_it_left() {
        assert!(!may_resend(&Attempt { method: &Method::POST, ..attempt() }));
        assert!(may_resend(&Attempt { method: &Method::POST, wire_state: WireState::NotSent, ..attempt() }));
    }

    #[test]
    fn d2_what_the_peer_says_it_has_not_processed_is_sent_again_whatever_it_is_but_not_for_ever() {
        let refused = Attempt {
            method: &Method::POST,
            on_reused_wire: false,
            silent_end: false,
            refused: true,
            wire_state: WireState::RefusedByPeer,
            resends_left: 0,
            ..attempt()
        };
        assert!(may_resend(&refused));
        assert!(!may_resend(&Attempt { replayable: false, ..refused.clone() }));
        assert!(!may_resend(&Attempt { refusals_left: 0, ..refused }));
    }
}
