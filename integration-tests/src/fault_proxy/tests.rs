//! Each fault does what it says, and nothing else.

use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::origin::{Origin, Reply};

const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";

async fn hello() -> Origin {
    Origin::start(|_| Reply::ok("hello").closing()).await
}

/// Sends a request and reads all that comes, and how it ends.
async fn ask(proxy: &FaultProxy) -> (String, Option<ErrorKind>) {
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut octets = Vec::new();
    let end = stream.read_to_end(&mut octets).await;
    (String::from_utf8(octets).unwrap(), end.err().map(|error| error.kind()))
}

#[tokio::test]
async fn without_faults_everything_passes() {
    let origin = hello().await;
    let proxy = FaultProxy::start(origin.address()).await;
    assert_eq!(ask(&proxy).await, (ANSWER.to_owned(), None));
    assert_eq!(ask(&proxy).await, (ANSWER.to_owned(), None));
    proxy.wait_for_connections(2).await;
    assert_eq!(origin.connections(), 2);
}

#[tokio::test]
async fn an_answer_is_cut_after_any_count_of_octets() {
    let origin = hello().await;
    for after in 0..=ANSWER.len() {
        let proxy = FaultProxy::start(origin.address()).await;
        proxy.spoil(Direction::ToClient, Fault::Cut { after });
        let (answer, end) = ask(&proxy).await;
        assert_eq!((answer.as_str(), end), (&ANSWER[..after], None));
    }
}

#[tokio::test]
async fn a_request_is_cut_before_the_server_has_it() {
    let origin = hello().await;
    let proxy = FaultProxy::start(origin.address()).await;
    proxy.spoil(Direction::ToServer, Fault::Cut { after: 10 });
    assert_eq!(ask(&proxy).await.0, "");
    assert!(origin.log().is_empty());
    proxy.heal();
    assert_eq!(ask(&proxy).await.0, ANSWER);
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let origin = hello().await;
    let proxy = FaultProxy::start(origin.address()).await;
    proxy.spoil(Direction::ToServer, Fault::Reset { after: 3 });
    assert_eq!(ask(&proxy).await.1, Some(ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn what_is_held_comes_when_the_gate_opens() {
    let origin = hello().await;
    let proxy = FaultProxy::start(origin.address()).await;
    let gate = Gate::new();
    proxy.spoil(Direction::ToClient, Fault::Hold { after: 15, gate: gate.clone() });
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut first = [0; 15];
    stream.read_exact(&mut first).await.unwrap();
    let mut octet = [0];
    assert_eq!(stream.try_read(&mut octet).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
    gate.open();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, ANSWER[15..]);
}

#[tokio::test]
async fn octets_are_corrupted_and_parted() {
    let origin = hello().await;
    let proxy = FaultProxy::start(origin.address()).await;
    proxy.spoil(Direction::ToClient, Fault::OneByOne);
    proxy.spoil(Direction::ToClient, Fault::Delay(Duration::from_micros(1)));
    proxy.spoil(Direction::ToClient, Fault::Corrupt { at: ANSWER.len() - 1, flip: b'o' ^ b'!' });
    assert_eq!(ask(&proxy).await.0, ANSWER.replace("hello", "hell!"));
}

#[tokio::test]
async fn severed_connections_are_reset() {
    let origin = hello().await;
    let proxy = FaultProxy::start(origin.address()).await;
    proxy.spoil(Direction::ToServer, Fault::Hold { after: 1, gate: Gate::new() });
    let asked = tokio::spawn({
        let address = proxy.address();
        async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
            stream.read_to_end(&mut Vec::new()).await.unwrap_err().kind()
        }
    });
    while origin.connections() == 0 {
        tokio::task::yield_now().await;
    }
    proxy.sever();
    assert_eq!(asked.await.unwrap(), ErrorKind::ConnectionReset);
}

#[tokio::test(start_paused = true)]
async fn a_path_takes_its_time_and_lets_so_many_a_second_set_out() {
    let ((mut near, from), (to, mut far)) = (tokio::io::duplex(1 << 20), tokio::io::duplex(1 << 20));
    near.write_all(&[7; 65_536]).await.unwrap();
    drop(near);
    let began = tokio::time::Instant::now();
    let mut arrived = Vec::new();
    let path = path::Path::new(Duration::from_millis(500), 65_536);
    let (carried, read) = tokio::join!(path.carry(from, to), far.read_to_end(&mut arrived));
    carried.unwrap();
    assert_eq!(read.unwrap(), 65_536);
    // By the clock of the test, which is exact to a millisecond a piece.
    let took = began.elapsed().as_millis();
    assert!((1500..1510).contains(&took), "{took} ms");
}

#[tokio::test]
async fn what_has_set_out_on_a_path_arrives_before_the_end() {
    let origin = hello().await;
    let proxy = FaultProxy::start(origin.address()).await;
    proxy.spoil(Direction::ToClient, Fault::Path { takes: Duration::from_millis(1), rate: 1_000_000 });
    proxy.spoil(Direction::ToServer, Fault::Path { takes: Duration::from_millis(1), rate: 1_000_000 });
    assert_eq!(ask(&proxy).await, (ANSWER.to_owned(), None));
    proxy.spoil(Direction::ToClient, Fault::Cut { after: 20 });
    assert_eq!(ask(&proxy).await, (ANSWER[..20].to_owned(), None));
}
