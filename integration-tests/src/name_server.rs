//! A name server that knows what the test tells it (RFC 1035), on loopback: over UDP, and over TCP what is too long for that.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::patience::reached;

/// Answers for the names it was told, and says of all others that they do not exist. It stops when it is dropped.
#[derive(Debug)]
pub struct NameServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    _serving: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Shared {
    names: Mutex<HashMap<String, Records>>,
    asked: watch::Sender<Vec<String>>,
}

#[derive(Clone, Debug, Default)]
struct Records {
    addresses: Vec<IpAddr>,
    ttl: Duration,
    /// Which types it does not know the records of.
    failing: Vec<&'static str>,
    is_mute: bool,
}

impl NameServer {
    /// Serves on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When no loopback port can be bound.
    pub async fn start() -> Self {
        let (socket, listener) = on_one_port().await;
        let address = socket.local_addr().expect("the socket is bound");
        let (shared, mut serving) = (Arc::<Shared>::default(), JoinSet::new());
        serving.spawn(listen(listener, Arc::clone(&shared)));
        let serves = Arc::clone(&shared);
        serving.spawn(async move {
            let mut query = [0; 1500];
            while let Ok((octets, from)) = socket.recv_from(&mut query).await {
                if let Some(answer) = serves.answer(&query[..octets], "") {
                    // Who does not hear it asks again.
                    let answer = if answer.len() > LONGEST_DATAGRAM { cut(answer) } else { answer };
                    let _lost = socket.send_to(&answer, from).await;
                }
            }
        });
        Self { address, shared, _serving: serving }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on the name has these addresses, for so long.
    ///
    /// # Panics
    /// When one of them is no address.
    pub fn tells(&self, name: &str, addresses: &[&str], ttl: Duration) {
        let addresses = addresses.iter().map(|address| address.parse().expect("an address")).collect();
        self.set(name, Records { addresses, ttl, ..Records::default() });
    }

    /// From now on it is out of order for records of this type, `A` or `AAAA`, of the name; it knows the others.
    pub fn fails(&self, name: &str, records: &'static str) {
        let mut known = self.records(name).unwrap_or_default();
        known.failing.push(records);
        self.set(name, known);
    }

    /// From now on it never answers who asks for this name.
    pub fn is_silent_about(&self, name: &str) {
        self.set(name, Records { is_mute: true, ..Records::default() });
    }

    /// What it was asked for, in order: name and type of records, and whether it was over TCP.
    pub fn asked(&self) -> Vec<String> {
        self.shared.asked.borrow().clone()
    }

    /// Waits until it was asked so often.
    ///
    /// # Panics
    /// When it is not.
    pub async fn wait_until_asked(&self, times: usize) {
        reached("a name server to be asked", &self.shared.asked.subscribe(), |asked| asked.len() >= times).await;
    }

    fn records(&self, name: &str) -> Option<Records> {
        self.shared.names.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn set(&self, name: &str, records: Records) {
        self.shared.names.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), records);
    }
}

/// Both sorts of socket have ports of their own, and it may be that one is taken.
async fn on_one_port() -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        if let Ok(socket) = UdpSocket::bind(listener.local_addr().expect("the socket is bound")).await {
            return (socket, listener);
        }
    }
    panic!("no loopback port is free for UDP and TCP");
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut serving = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        serving.spawn(serve(stream, Arc::clone(&shared)));
    }
}

/// Queries and answers with their lengths before them (RFC 1035 4.2.2), until the client closes.
async fn serve(mut stream: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    loop {
        let mut query = vec![0; stream.read_u16().await?.into()];
        stream.read_exact(&mut query).await?;
        if let Some(answer) = shared.answer(&query, " over TCP") {
            stream.write_u16(u16::try_from(answer.len()).map_err(io::Error::other)?).await?;
            stream.write_all(&answer).await?;
        }
    }
}

/// What says that the answer is too long: its question alone, and the bit TC (RFC 2181 9).
fn cut(mut answer: Vec<u8>) -> Vec<u8> {
    let question = question(&answer[HEAD..]).map_or(0, |(_, question)| question.len());
    answer.truncate(HEAD + question);
    answer[2] |= TRUNCATED;
    answer[6..HEAD].fill(0);
    answer
}

impl Shared {
    /// The answer to a query; `None` to what is none, and where silence is the answer.
    fn answer(&self, query: &[u8], by: &str) -> Option<Vec<u8>> {
        let (name, question) = question(query.get(HEAD..)?)?;
        let records = match question.get(question.len() - 4..question.len() - 2)? {
            [0, 1] => "A",
            [0, 28] => "AAAA",
            _ => "?",
        };
        let known = self.names.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        self.asked.send_modify(|asked| asked.push(format!("{name} {records}{by}")));
        let exists = known.is_some();
        let Records { addresses, ttl, failing, is_mute } = known.unwrap_or_default();
        if is_mute {
            return None;
        }
        let of_type =
            addresses.into_iter().filter(|address| if address.is_ipv4() { records == "A" } else { records == "AAAA" });
        let found: Vec<_> = of_type.collect();
        let fails = failing.contains(&records);
        let code = if fails {
            SERVER_FAILURE
        } else if exists {
            NO_ERROR
        } else {
            NO_SUCH_NAME
        };
        let says_why = !fails && found.is_empty();

        let mut answer = query[..2].to_vec();
        // A response, to a query that wanted recursion, which is available.
        answer.extend([0x81, 0x80 | code]);
        let count = if fails { 0 } else { u16::try_from(found.len()).ok()? };
        for count in [1, count, u16::from(says_why), 0] {
            answer.extend(count.to_be_bytes());
        }
        answer.extend(question);
        for address in found.into_iter().take(count.into()) {
            let (number, octets) = match address {
                IpAddr::V4(address) => (1, address.octets().to_vec()),
                IpAddr::V6(address) => (28, address.octets().to_vec()),
            };
            record(&mut answer, number, ttl, &octets);
        }
        if says_why {
            // RFC 2308 3: for how long there is none. Two names, which are the root, and five numbers.
            let minimum = u32::try_from(NEGATIVE_TTL.as_secs()).ok()?;
            let start = [vec![0, 0], [[0; 4]; 4].concat(), minimum.to_be_bytes().to_vec()].concat();
            record(&mut answer, 6, NEGATIVE_TTL, &start);
        }
        Some(answer)
    }
}

/// The name that is asked for, and the whole question.
fn question(octets: &[u8]) -> Option<(String, &[u8])> {
    let (mut at, mut labels) = (0, Vec::new());
    loop {
        let length = usize::from(*octets.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(octets.get(at..at + length)?).to_lowercase());
        at += length;
    }
    Some((labels.join("."), octets.get(..at + 4)?))
}

/// A record of the name that was asked for.
fn record(answer: &mut Vec<u8>, number: u16, ttl: Duration, octets: &[u8]) {
    // Where the question's name stands.
    answer.extend([0xc0, 0x0c]);
    answer.extend(number.to_be_bytes());
    answer.extend(1_u16.to_be_bytes());
    answer.extend(u32::try_from(ttl.as_secs()).unwrap_or(u32::MAX).to_be_bytes());
    answer.extend(u16::try_from(octets.len()).unwrap_or(u16::MAX).to_be_bytes());
    answer.extend(octets);
}

const HEAD: usize = 12;
/// In the third octet.
const TRUNCATED: u8 = 2;
/// Without asking how much the client can take (RFC 1035 4.2.1).
const LONGEST_DATAGRAM: usize = 512;
const NO_ERROR: u8 = 0;
const SERVER_FAILURE: u8 = 2;
const NO_SUCH_NAME: u8 = 3;
/// How long it says that a name does not exist, or has no address.
const NEGATIVE_TTL: Duration = Duration::from_secs(60);
