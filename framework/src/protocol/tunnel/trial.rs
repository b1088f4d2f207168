//! A proxy that answers with these octets, cut in any way.

use bytes::BytesMut;

use super::{Negotiation, Step, TunnelFault};

/// What was written, how it ended, and what was left unread.
pub(super) type Played = (Vec<Vec<u8>>, Result<(), String>, Vec<u8>);

/// Plays the answers one after the other, each in pieces of at most `piece` octets, and closes behind the last.
pub(super) fn play(mut machine: impl Negotiation, answer: &[u8], piece: usize) -> Played {
    let (mut written, mut received, mut left) = (Vec::new(), BytesMut::new(), answer);
    let outcome = loop {
        while let Some(output) = machine.output() {
            written.push(output.to_vec());
        }
        match machine.handle_input(&mut received) {
            Ok(Step::Open) => break Ok(()),
            Ok(Step::Write) => {}
            Ok(Step::NeedMore(most)) => {
                assert!(most > 0, "it asks for nothing");
                let count = piece.min(most).min(left.len());
                if count == 0 {
                    break machine.handle_end().map(drop);
                }
                received.extend_from_slice(&left[..count]);
                left = &left[count..];
            }
            Err(fault) => break Err(fault),
        }
    };
    received.extend_from_slice(left);
    (written, outcome.map_err(|fault: TunnelFault| fault.to_string()), received.to_vec())
}

/// The same at every size of pieces: the outcome depends on none.
pub(super) fn play_all<M: Negotiation>(machine: impl Fn() -> M, answer: &[u8]) -> Played {
    let whole = play(machine(), answer, usize::MAX);
    for piece in 1..=answer.len().min(40) {
        let (written, outcome, _) = play(machine(), answer, piece);
        assert_eq!((&written, &outcome), (&whole.0, &whole.1), "in pieces of {piece}");
    }
    whole
}
