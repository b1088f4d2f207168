//! The floor: what a request costs with a stream and a parser, and nothing around them.

use std::error::Error;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A stream over which one request follows the other.
#[derive(Debug)]
pub struct FloorWire<S> {
    stream: S,
    received: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Unpin> FloorWire<S> {
    /// A wire over this stream.
    pub fn new(stream: S) -> Self {
        Self { stream, received: BytesMut::new() }
    }

    /// Sends a GET and reads the answer, whose length must be announced: what every client has to do.
    ///
    /// # Errors
    /// Those of the stream and the parser, as they come.
    pub async fn get(&mut self, host: &str, path: &str) -> Result<Bytes, Box<dyn Error + Send + Sync>> {
        let mut head = BytesMut::with_capacity(256);
        for part in ["GET ", path, " HTTP/1.1\r\nhost: ", host, "\r\nuser-agent: floor\r\naccept: */*\r\n\r\n"] {
            head.extend_from_slice(part.as_bytes());
        }
        self.stream.write_all(&head).await?;
        loop {
            self.received.reserve(8 * 1024);
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err("the server closed".into());
            }
            if let Some((length, fields)) = parse(&self.received)? {
                let announced = fields.get(http::header::CONTENT_LENGTH).ok_or("no length")?;
                let body: usize = announced.to_str()?.parse()?;
                while self.received.len() < length + body {
                    self.stream.read_buf(&mut self.received).await?;
                }
                let _head = self.received.split_to(length);
                return Ok(self.received.split_to(body).freeze());
            }
        }
    }
}

/// The length of the head and its fields, once all of it is there.
fn parse(octets: &[u8]) -> Result<Option<(usize, HeaderMap)>, Box<dyn Error + Send + Sync>> {
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(length) = response.parse(octets)? else { return Ok(None) };
    let mut map = HeaderMap::with_capacity(response.headers.len());
    let head = Bytes::copy_from_slice(&octets[..length]);
    for field in response.headers.iter() {
        let start = field.value.as_ptr() as usize - octets.as_ptr() as usize;
        let value = HeaderValue::from_maybe_shared(head.slice(start..start + field.value.len()))?;
        map.append(HeaderName::from_bytes(field.name.as_bytes())?, value);
    }
    Ok(Some((length, map)))
}
