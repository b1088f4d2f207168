//! A host at each address of 127.0.0.0/8, of which some are hostile: each in one of the ways that a client has met.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use integration_tests::coded::Coded;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::sleep;

use crate::Failed;

/// The name under which it is told which port they all have.
pub(crate) const PORT: &str = "port";

/// The address of the n-th host.
pub(crate) fn address(n: usize) -> Ipv4Addr {
    let [_, b, c, d] = (n as u32).to_be_bytes();
    Ipv4Addr::new(127, b + 1, c, d)
}

/// Is the n-th host hostile, if every so many-th is?
pub(crate) fn is_hostile(n: usize, every: usize) -> bool {
    every > 0 && n % every == every - 1
}

pub(super) async fn serve(hostile: usize) -> Result<(), Failed> {
    // Who floods shares its machine with the client here, where what the system holds of a flood costs more than what is taken.
    let socket = TcpSocket::new_v4()?;
    socket.set_send_buffer_size(SENT_AHEAD)?;
    socket.bind(SocketAddr::from(([0, 0, 0, 0], 0)))?;
    let listener = socket.listen(1_024)?;
    let places = [(PORT, listener.local_addr()?.port().to_string())];
    let (begin, more) = Coded::Gzip.bomb();
    let bomb: &'static [u8] = [&begin[..], &more.repeat(100)].concat().leak();
    let accept = async {
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let n = number(&stream);
            tokio::spawn(async move {
                // A client that goes away is no fault of the server's.
                let _gone = match n.filter(|n| is_hostile(*n, hostile)) {
                    None => honest(stream).await,
                    Some(n) => spite(n / hostile, stream, bomb).await,
                };
            });
        }
    };
    tokio::select! {
        ended = super::stay(&places) => ended,
        () = accept => Ok(()),
    }
}

fn number(stream: &TcpStream) -> Option<usize> {
    let IpAddr::V4(address) = stream.local_addr().ok()?.ip() else { return None };
    let [_, b, c, d] = address.octets();
    Some(u32::from_be_bytes([0, b.checked_sub(1)?, c, d]) as usize)
}

async fn honest(mut stream: TcpStream) -> std::io::Result<()> {
    while read_head(&mut stream).await? {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await?;
    }
    Ok(())
}

async fn read_head(stream: &mut TcpStream) -> std::io::Result<bool> {
    let mut received = Vec::new();
    while !received.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut received).await? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The n-th way.
async fn spite(n: usize, mut stream: TcpStream, bomb: &[u8]) -> std::io::Result<()> {
    let way = n % WAYS;
    match way {
        // Closed at once; with octets unread, which is a reset; never looked at.
        0 => return Ok(()),
        1 => {
            let _some = stream.read_u8().await?;
            return Ok(());
        }
        2 => {
            sleep(LONG).await;
            return Ok(());
        }
        _ => {}
    }
    read_head(&mut stream).await?;
    match way {
        // Read, and never answered.
        3 => {}
        4 => stream.write_all(b"\x16\x03\x01\x02 SSH-2.0-what\r\n\r\n").await?,
        5 => drip(&mut stream, b"HTTP/1.1 200 OK\r\n", b"x").await?,
        6 => flood(&mut stream, b"HTTP/1.1 200 OK\r\n", b"x-again: and again\r\n").await?,
        7 => flood(&mut stream, b"", b"HTTP/1.1 103 Early Hints\r\n\r\n").await?,
        8 => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello").await?;
            return Ok(());
        }
        9 => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello").await?,
        10 => {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", bomb.len());
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(bomb).await?;
        }
        11 => loop {
            stream.write_all(b"HTTP/1.1 302 Found\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n").await?;
            if !read_head(&mut stream).await? {
                return Ok(());
            }
        },
        12 => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10000000000000005\r\nhello").await?
        }
        13 => flood(&mut stream, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;", b"extension=1;").await?,
        14 => drip(&mut stream, b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", b"x").await?,
        15 => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!").await?,
        _ => {
            // More than was asked for: the next request must not get it.
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
            stream.write_all(&[&answer[..], answer].concat()).await?;
        }
    }
    sleep(LONG).await;
    Ok(())
}

/// One after the other, as slowly as is not quite silent.
async fn drip(stream: &mut TcpStream, begin: &[u8], more: &[u8]) -> std::io::Result<()> {
    stream.write_all(begin).await?;
    loop {
        stream.write_all(more).await?;
        sleep(Duration::from_millis(50)).await;
    }
}

/// As fast as it is taken.
async fn flood(stream: &mut TcpStream, begin: &[u8], more: &[u8]) -> std::io::Result<()> {
    stream.write_all(begin).await?;
    let many = more.repeat(100);
    loop {
        stream.write_all(&many).await?;
    }
}

const WAYS: usize = 17;
/// Octets in a socket.
const SENT_AHEAD: u32 = 16 * 1024;
/// Longer than any client here waits.
const LONG: Duration = Duration::from_secs(30);
