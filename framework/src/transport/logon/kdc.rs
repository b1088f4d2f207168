//! One question to a KDC (RFC 4120 section 7.2): by TCP, or by UDP where that is what its URL says.

use std::io;
use std::pin::pin;
use std::time::Duration;

use sspi::{Error, ErrorKind, NetworkProtocol, NetworkRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::clock;

/// Its answer, behind its length as TCP has it.
pub(super) async fn ask(request: &NetworkRequest) -> sspi::Result<Vec<u8>> {
    let host = request.url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let port = request.url.port().unwrap_or(PORT);
    let asked = async {
        match request.protocol {
            NetworkProtocol::Tcp => by_tcp(host, port, &request.data).await,
            NetworkProtocol::Udp => by_udp(host, port, &request.data).await,
            // MS-KKDCP: a request in the middle of another's handshake.
            NetworkProtocol::Http | NetworkProtocol::Https => Err(io::ErrorKind::Unsupported.into()),
        }
    };
    let answer = clock::within(Some(PATIENCE), pin!(asked)).await;
    let not_there = |what: String| Error::new(ErrorKind::NoAuthenticatingAuthority, what);
    answer.map_err(|_| not_there("no answer in time".to_owned()))?.map_err(|error| not_there(error.kind().to_string()))
}

async fn by_tcp(host: &str, port: u16, data: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect((host, port)).await?;
    stream.write_all(data).await?;
    let length = stream.read_u32().await?;
    if length > MOST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut answer = length.to_be_bytes().to_vec();
    answer.resize(answer.len() + length as usize, 0);
    stream.read_exact(&mut answer[4..]).await?;
    Ok(answer)
}

async fn by_udp(host: &str, port: u16, data: &[u8]) -> io::Result<Vec<u8>> {
    let to = tokio::net::lookup_host((host, port)).await?.next().ok_or(io::ErrorKind::NotFound)?;
    let socket = UdpSocket::bind(if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }).await?;
    socket.connect(to).await?;
    // The length is of TCP alone.
    socket.send(data.get(4..).unwrap_or_default()).await?;
    let mut answer = vec![0; MOST as usize];
    let count = socket.recv(&mut answer).await?;
    answer.truncate(count);
    let length = u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes();
    Ok([&length, &answer[..]].concat())
}

const PORT: u16 = 88;
/// Octets of an answer. Tickets with the groups of a user come to some tens of thousands.
const MOST: u32 = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);
