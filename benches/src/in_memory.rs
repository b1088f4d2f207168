//! Servers at the end of streams in memory: whatever they are asked, they give the same answer.

use std::io;

use hinternet::transport::{MemoryListener, MemoryStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Answers whoever comes, by a task of the `LocalSet` for each.
pub async fn serve(mut listener: MemoryListener, answer: &'static [u8]) {
    while let Some((stream, _)) = listener.accept().await {
        tokio::task::spawn_local(converse(stream, answer));
    }
}

/// Answers one request after the other. None may have a body, and no head may come together with the next one's.
pub async fn converse(mut stream: MemoryStream, answer: &'static [u8]) {
    let mut received = Vec::with_capacity(1024);
    while matches!(stream.read_buf(&mut received).await, Ok(1..)) {
        if received.ends_with(b"\r\n\r\n") {
            received.clear();
            if stream.write_all(answer).await.is_err() {
                return;
            }
        }
    }
}

/// Answers whoever comes over HTTP/2.
pub async fn serve_http2(mut listener: MemoryListener) {
    while let Some((stream, _)) = listener.accept().await {
        tokio::task::spawn_local(converse_http2(stream));
    }
}

/// Answers one stream after the other, with octets that are made beforehand: next to nothing of what is counted is its work.
/// None may have a body.
///
/// # Errors
/// Those of the stream, its end among them.
pub async fn converse_http2(mut stream: MemoryStream) -> io::Result<()> {
    let (settings, acknowledged) = (frame(SETTINGS, 0, 0, &[]), frame(SETTINGS, ACK, 0, &[]));
    let mut answer = [frame(HEADERS, END_HEADERS, 0, &fields()), frame(DATA, END_STREAM, 0, BODY)];
    stream.write_all(&settings).await?;
    let mut received = vec![0; PREFACE];
    stream.read_exact(&mut received).await?;
    received.clear();
    loop {
        while let Some(head) = received.first_chunk::<FRAME_HEAD>() {
            let &[high, middle, low, kind, flags, id @ ..] = head;
            let end = FRAME_HEAD + u32::from_be_bytes([0, high, middle, low]) as usize;
            let Some(payload) = received.get(FRAME_HEAD..end) else { break };
            match kind {
                HEADERS => {
                    answer.iter_mut().for_each(|frame| frame[FRAME_HEAD - id.len()..FRAME_HEAD].copy_from_slice(&id));
                    stream.write_all(&answer.concat()).await?;
                }
                SETTINGS if flags & ACK == 0 => stream.write_all(&acknowledged).await?,
                PING if flags & ACK == 0 => stream.write_all(&frame(PING, ACK, 0, payload)).await?,
                _ => {}
            }
            received.drain(..end);
        }
        if stream.read_buf(&mut received).await? == 0 {
            return Ok(());
        }
    }
}

/// RFC 9113 section 4.1.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The fields of [`ANSWER`], none of them in Huffman's code or to be remembered (RFC 7541 section 6.2.2).
fn fields() -> Vec<u8> {
    // `:status` 200, then names by their number in the static table, from which a prefix of four bits takes 15.
    let mut fields = vec![0x88];
    for (name, value) in [(54, &b"bench"[..]), (33, b"Sun, 06 Nov 1994 08:49:37 GMT"), (31, b"text/plain"), (28, b"13")]
    {
        fields.extend([0x0f, name - 15, u8::try_from(value.len()).expect("a short value")]);
        fields.extend(value);
    }
    fields
}

const PREFACE: usize = 24;
const FRAME_HEAD: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const BODY: &[u8] = b"Hello, world!";

/// What a server says that has little to say; its body has 13 octets.
pub const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nserver: bench\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
    content-type: text/plain\r\ncontent-length: 13\r\n\r\nHello, world!";
