//! A server at the end of streams in memory: whatever it is asked, it gives the same answer.

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

/// What a server says that has little to say; its body has 13 octets.
pub const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nserver: bench\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
    content-type: text/plain\r\ncontent-length: 13\r\n\r\nHello, world!";
