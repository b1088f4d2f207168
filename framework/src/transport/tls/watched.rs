//! The network's stream while a handshake goes over it: when its legs began and ended, and how large they were.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::clock;
use crate::network::{Stream, TlsLegs};

/// The network's stream, watched.
pub(super) struct Watched {
    network: Box<dyn Stream>,
    legs: Legs,
}

/// What one side sends until it waits for the other (pure).
struct Legs {
    start: Instant,
    turn: Turn,
    hello_sent: Option<Instant>,
    answered: Option<Instant>,
    answer_sent: Option<Instant>,
    answered_again: Option<Instant>,
    client: [u64; 2],
    server: [u64; 2],
}

/// Whose leg it is. The last one has no end.
#[derive(Clone, Copy, PartialEq)]
enum Turn {
    Hello,
    Answer,
    SecondOfClient,
    SecondOfServer,
}

impl Watched {
    pub(super) fn new(network: Box<dyn Stream>) -> Self {
        Self { network, legs: Legs::new(clock::now()) }
    }

    /// The handshake is over.
    pub(super) fn end(self) -> (Box<dyn Stream>, TlsLegs) {
        (self.network, self.legs.end(clock::now()))
    }
}

impl Legs {
    fn new(start: Instant) -> Self {
        let (turn, nothing) = (Turn::Hello, [0; 2]);
        let (hello_sent, answered, answer_sent, answered_again) = (None, None, None, None);
        Self { start, turn, hello_sent, answered, answer_sent, answered_again, client: nothing, server: nothing }
    }

    /// So much was written of what begins with this octet.
    fn went(&mut self, first: Option<u8>, octets: usize, now: Instant) {
        // That of TLS 1.3 is for boxes on the way (RFC 8446 appendix D.4), and may go out while the server's leg is still coming.
        if self.turn == Turn::Answer && first != Some(CHANGE_CIPHER_SPEC) {
            self.turn = Turn::SecondOfClient;
        }
        match self.turn {
            Turn::Hello => self.hello_sent = Some(now),
            Turn::SecondOfClient => self.answer_sent = Some(now),
            Turn::Answer | Turn::SecondOfServer => {}
        }
        self.client[usize::from(self.turn != Turn::Hello)] += octets as u64;
    }

    fn came(&mut self, octets: usize, now: Instant) {
        match self.turn {
            Turn::Hello => (self.turn, self.answered) = (Turn::Answer, Some(now)),
            Turn::SecondOfClient => (self.turn, self.answered_again) = (Turn::SecondOfServer, Some(now)),
            Turn::Answer | Turn::SecondOfServer => {}
        }
        self.server[usize::from(self.turn == Turn::SecondOfServer)] += octets as u64;
    }

    fn end(self, end: Instant) -> TlsLegs {
        let Self { start, turn: _, hello_sent, answered, answer_sent, answered_again, client, server } = self;
        TlsLegs {
            start,
            hello_sent,
            answered,
            answer_sent,
            answered_again,
            end,
            client_octets: client,
            server_octets: server,
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.network).poll_read(context, buf);
        let came = buf.filled().len().saturating_sub(before);
        if came > 0 {
            self.legs.came(came, clock::now());
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.network).poll_write(context, octets);
        if let Poll::Ready(Ok(count @ 1..)) = written {
            self.legs.went(octets.first().copied(), count, clock::now());
        }
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.network).poll_write_vectored(context, slices);
        if let Poll::Ready(Ok(count @ 1..)) = written {
            // Of several records the last says whether it is the whole leg.
            let first = slices.iter().rev().find_map(|slice| slice.first()).copied();
            self.legs.went(first, count, clock::now());
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.network.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.network).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.network).poll_shutdown(context)
    }
}

/// The type of a record (RFC 8446 section 5.1).
const CHANGE_CIPHER_SPEC: u8 = 20;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Each step a second after the one before: a record of ours of this type, or octets of the server.
    enum Step {
        Went(u8, usize),
        Came(usize),
    }
    use Step::{Came, Went};

    #[track_caller]
    fn legs(steps: &[Step], seconds: [Option<u64>; 4], octets: ([u64; 2], [u64; 2])) {
        let start = Instant::now();
        let at = |second: u64| start + Duration::from_secs(second);
        let mut legs = Legs::new(start);
        for (second, step) in (1..).zip(steps) {
            match *step {
                Went(kind, octets) => legs.went(Some(kind), octets, at(second)),
                Came(octets) => legs.came(octets, at(second)),
            }
        }
        let end = at(steps.len() as u64);
        let legs = legs.end(end);
        let told = [legs.hello_sent, legs.answered, legs.answer_sent, legs.answered_again];
        assert_eq!(told, seconds.map(|second| second.map(at)));
        assert_eq!((legs.client_octets, legs.server_octets, legs.start, legs.end), (octets.0, octets.1, start, end));
    }

    const CCS: u8 = CHANGE_CIPHER_SPEC;

    #[test]
    fn rfc8446_2_the_client_has_two_legs_and_the_server_one() {
        let steps = [Went(22, 100), Went(22, 50), Came(1000), Came(500), Went(23, 80)];
        legs(&steps, [Some(2), Some(3), Some(5), None], ([150, 80], [1500, 0]));
    }

    #[test]
    fn rfc8446_d_4_what_is_for_boxes_on_the_way_ends_no_leg_of_the_server() {
        let steps = [Went(22, 100), Came(100), Went(CCS, 6), Came(900), Went(23, 80)];
        legs(&steps, [Some(1), Some(2), Some(5), None], ([100, 86], [1000, 0]));
    }

    #[test]
    fn rfc5246_7_3_the_server_has_a_second_leg_and_so_has_one_that_asks_again() {
        let tls12 = [Went(22, 100), Came(2000), Went(22, 70), Went(CCS, 6), Went(22, 40), Came(51)];
        legs(&tls12, [Some(1), Some(2), Some(5), Some(6)], ([100, 116], [2000, 51]));
        let again = [Went(22, 100), Came(60), Went(CCS, 6), Went(22, 130), Came(900), Went(23, 80)];
        legs(&again, [Some(1), Some(2), Some(4), Some(5)], ([100, 216], [60, 900]));
    }
}
