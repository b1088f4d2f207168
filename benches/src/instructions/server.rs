//! The other side: a server at the end of streams in memory.

use hinternet::transport::{MemoryListener, MemoryStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Answers whoever comes.
pub(crate) async fn serve(mut listener: MemoryListener) {
    while let Some((stream, _)) = listener.accept().await {
        tokio::task::spawn_local(answer(stream));
    }
}

/// Answers whatever it is asked.
pub(crate) async fn answer(mut stream: MemoryStream) {
    let mut received = Vec::with_capacity(1024);
    while matches!(stream.read_buf(&mut received).await, Ok(1..)) {
        if received.ends_with(b"\r\n\r\n") {
            received.clear();
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
        }
    }
}

pub(crate) const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nserver: bench\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
    content-type: text/plain\r\ncontent-length: 13\r\n\r\nHello, world!";
