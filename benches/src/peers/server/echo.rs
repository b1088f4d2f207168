//! A WebSocket whose server sends everything back (RFC 6455), and as much at once as has come at once.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::answer::Stream;

/// Consents to the upgrade, and echoes until the client closes. No client sends a frame with the head of its request.
pub(super) async fn echo(stream: &mut Stream, key: &str) -> io::Result<()> {
    let accept = derive_accept_key(key.as_bytes());
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: {accept}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.flush().await?;
    let (mut buffer, mut kept, mut out) = (vec![0; 128 * 1024], 0, Vec::new());
    let mut frames = Frames::default();
    loop {
        let count = stream.read(&mut buffer[kept..]).await?;
        if count == 0 {
            return Ok(());
        }
        let filled = kept + count;
        let taken = frames.answer(&mut buffer[..filled], &mut out);
        buffer.copy_within(taken..filled, 0);
        kept = filled - taken;
        stream.write_all(&out).await?;
        stream.flush().await?;
        out.clear();
        if frames.closed {
            return stream.shutdown().await;
        }
    }
}

/// Where in the client's frames the input stands.
#[derive(Default)]
struct Frames {
    left: usize,
    mask: [u8; 4],
    closed: bool,
}

impl Frames {
    /// Answers what is there; how much of it was understood.
    fn answer(&mut self, input: &mut [u8], out: &mut Vec<u8>) -> usize {
        let mut at = 0;
        loop {
            let length = self.left.min(input.len() - at);
            let piece = &mut input[at..at + length];
            unmask(piece, self.mask);
            self.mask.rotate_left(length % 4);
            out.extend_from_slice(piece);
            self.left -= length;
            at += length;
            if self.left > 0 {
                return at;
            }
            let Some(header) = self.begin(&input[at..], out) else { return at };
            at += header;
        }
    }

    /// Answers the header of a frame, and tells how long it is; `None` while it is not all there.
    fn begin(&mut self, input: &[u8], out: &mut Vec<u8>) -> Option<usize> {
        const PING: u8 = 0x89;
        let first = *input.first()?;
        let long = match input.get(1)? & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let length = input.get(2..2 + long)?;
        // The last of it: until the mask is there nothing has begun.
        self.mask = input.get(2 + long..6 + long)?.try_into().ok()?;
        self.left = match long {
            0 => usize::from(input[1] & 0x7f),
            _ => length.iter().fold(0, |length, octet| length << 8 | usize::from(*octet)),
        };
        self.closed |= first == 0x88;
        out.extend([if first == PING { 0x8a } else { first }, input[1] & 0x7f]);
        out.extend_from_slice(length);
        Some(6 + long)
    }
}

fn unmask(octets: &mut [u8], mask: [u8; 4]) {
    let word = u64::from_ne_bytes([mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3]]);
    let mut words = octets.chunks_exact_mut(8);
    for eight in &mut words {
        let mut copy = [0; 8];
        copy.copy_from_slice(eight);
        eight.copy_from_slice(&(u64::from_ne_bytes(copy) ^ word).to_ne_bytes());
    }
    words.into_remainder().iter_mut().zip(mask.iter().cycle()).for_each(|(octet, mask)| *octet ^= mask);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_without_their_mask_however_they_are_cut() {
        let long = [&[0x82, 0xfe, 0, 200, 1, 2, 3, 4][..], &[9; 200]].concat();
        let input = [b"\x81\x83\x01\x01\x01\x01ghi", &long[..], b"\x88\x80\x00\x00\x00\x00"].concat();
        let echoed: Vec<u8> = (0..200).map(|place| 9 ^ [1, 2, 3, 4][place % 4]).collect();
        let expected = [b"\x81\x03fih\x82\x7e\x00\xc8", &echoed[..], b"\x88\x00"].concat();
        for step in 1..input.len() {
            let (mut frames, mut held, mut out) = (Frames::default(), Vec::new(), Vec::new());
            for piece in input.chunks(step) {
                held.extend_from_slice(piece);
                let taken = frames.answer(&mut held, &mut out);
                held.drain(..taken);
            }
            assert_eq!((out == expected, frames.closed), (true, true), "in pieces of {step}");
        }
    }
}
