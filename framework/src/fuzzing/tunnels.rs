//! What proxies answer to who asks for a tunnel.

use bytes::BytesMut;
use http::{HeaderMap, Version};

use super::pieces::cuts;
use crate::network::ProxyCredentials;
use crate::protocol::tunnel::{Connect, Goal, Negotiation, Socks4, Socks5, Step};

/// A conversation with a proxy goes and ends in the same way however its answers are cut, and takes nothing of the tunnel. The first
/// octet says how it is asked.
pub fn tunnel(octets: &[u8]) {
    let Some((choice, answer)) = octets.split_first() else { return };
    let goal = Goal::Name("a.example".to_owned(), 443);
    let login = ProxyCredentials { user: "user".to_owned().into(), password: "password".to_owned().into() };
    let login = (choice & 4 != 0).then_some(&login);
    match choice & 3 {
        0 => is_the_same(answer, || Socks5::new(&goal, login).expect("a short name")),
        1 => is_the_same(answer, || Socks4::new(&goal, login).expect("a name")),
        _ => is_the_same(answer, || {
            Connect::new(Version::HTTP_11, "a.example:443", &HeaderMap::new(), &HeaderMap::new()).expect("an authority")
        }),
    }
}

fn is_the_same<M: Negotiation>(answer: &[u8], machine: impl Fn() -> M) {
    let whole = talk(machine(), &[answer]);
    for pieces in cuts(answer) {
        assert_eq!(talk(machine(), &pieces), whole, "in {} pieces", pieces.len());
    }
}

/// What was written, how it ended, and how much was left for the tunnel.
fn talk(mut machine: impl Negotiation, pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Result<usize, String>) {
    let (mut written, mut received) = (Vec::new(), BytesMut::new());
    let (mut pieces, mut piece) = (pieces.iter().copied(), &b""[..]);
    loop {
        while let Some(output) = machine.output() {
            written.push(output.to_vec());
        }
        assert!(written.len() <= 3, "it talks without end");
        match machine.handle_input(&mut received) {
            Ok(Step::Open) => {
                let left = received.len() + piece.len() + pieces.map(<[u8]>::len).sum::<usize>();
                return (written, Ok(left));
            }
            Ok(Step::Write) => {}
            Ok(Step::NeedMore(most)) => {
                assert!(most > 0, "it asks for nothing");
                if piece.is_empty() {
                    piece = pieces.next().unwrap_or_default();
                }
                let (now, later) = piece.split_at(most.min(piece.len()));
                if now.is_empty() {
                    let Err(fault) = machine.handle_end() else { panic!("it goes on behind the end") };
                    return (written, Err(fault.to_string()));
                }
                received.extend_from_slice(now);
                piece = later;
            }
            Err(fault) => return (written, Err(fault.to_string())),
        }
    }
}
