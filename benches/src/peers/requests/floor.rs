//! The floor: what a request costs with a socket and a parser, and nothing around them.

use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::callers::{Answered, Caller, Turn, calls};
use crate::peers::Failed;
use crate::peers::runtimes::Threads;

pub(super) fn run(turn: &Turn, threads: Threads) -> Result<Answered, Failed> {
    let make = || Floor { server: turn.server, wire: None };
    turn.with_tokio(threads, make, |caller, each| tokio::spawn(calls(caller, each)))
}

struct Floor {
    server: SocketAddr,
    wire: Option<(TcpStream, BytesMut)>,
}

/// Every caller has a connection of its own.
impl Clone for Floor {
    fn clone(&self) -> Self {
        Self { server: self.server, wire: None }
    }
}

impl Caller for Floor {
    async fn call(&mut self) -> Result<usize, Failed> {
        let (stream, buffer) = match &mut self.wire {
            Some(wire) => wire,
            none => {
                let stream = TcpStream::connect(self.server).await?;
                stream.set_nodelay(true)?;
                none.insert((stream, BytesMut::new()))
            }
        };
        let mut head = BytesMut::with_capacity(256);
        for part in ["GET / HTTP/1.1\r\nhost: ", "127.0.0.1", "\r\nuser-agent: floor\r\naccept: */*\r\n\r\n"] {
            head.extend_from_slice(part.as_bytes());
        }
        stream.write_all(&head).await?;
        loop {
            buffer.reserve(8 * 1024);
            if stream.read_buf(buffer).await? == 0 {
                return Err("the server closed".into());
            }
            if let Some((length, fields)) = parse(buffer)? {
                let announced = fields.get(http::header::CONTENT_LENGTH).ok_or("no length")?;
                let body: usize = announced.to_str()?.parse()?;
                while buffer.len() < length + body {
                    stream.read_buf(buffer).await?;
                }
                let _head = buffer.split_to(length);
                return Ok(buffer.split_to(body).freeze().len());
            }
        }
    }
}

/// The length of the head and its fields, once all of it is there.
fn parse(octets: &[u8]) -> Result<Option<(usize, HeaderMap)>, Failed> {
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
