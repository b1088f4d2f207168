//! The peer does what its script says, and writes down what it saw.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::gate::Gate;

async fn client(peer: &ScriptedPeer) -> TcpStream {
    TcpStream::connect(peer.address()).await.unwrap()
}

async fn all(mut stream: TcpStream) -> std::io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    stream.read_to_end(&mut octets).await.map(|_| octets)
}

#[tokio::test]
async fn a_script_reads_sends_and_closes() {
    let peer = ScriptedPeer::start(vec![Script::answering_once("hello")]).await;
    let mut stream = client(&peer).await;
    stream.write_all(b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc").await.unwrap();
    assert_eq!(all(stream).await.unwrap(), b"hello");
    assert_eq!(peer.wait_for_end(0).await, Ending::Played);
    assert_eq!(peer.requests()[0].body, "abc");
    assert_eq!(peer.sent(0), b"hello");
    assert!(peer.received(0).ends_with(b"abc"));
}

#[tokio::test]
async fn scripts_are_dealt_in_order_and_then_the_default() {
    let script = |text: &'static str| Script::new().send(text).close();
    let peer = ScriptedPeer::start_with_default(vec![script("first")], script("further")).await;
    assert_eq!(all(client(&peer).await).await.unwrap(), b"first");
    assert_eq!(all(client(&peer).await).await.unwrap(), b"further");
    peer.wait_for_connections(2).await;
    assert_eq!(peer.connections(), 2);
}

#[tokio::test]
async fn requests_follow_each_other_on_one_connection() {
    let peer = ScriptedPeer::always(Script::answering("x")).await;
    let mut stream = client(&peer).await;
    for path in ["/1", "/2"] {
        let request = format!("PUT {path} HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'x');
    }
    drop(stream);
    assert_eq!(peer.wait_for_end(0).await, Ending::ClientClosed);
    assert_eq!(peer.requests().iter().map(|one| one.target.as_str()).collect::<Vec<_>>(), ["/1", "/2"]);
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let peer = ScriptedPeer::start(vec![Script::new().read_exactly(1).reset()]).await;
    let mut stream = client(&peer).await;
    stream.write_all(b"x").await.unwrap();
    assert_eq!(all(stream).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn gates_hold_a_script_and_tell_of_it() {
    let (reached, go_on) = (Gate::new(), Gate::new());
    let peer = ScriptedPeer::start(vec![Script::new().signal(&reached).hold(&go_on).send("now").close()]).await;
    let stream = client(&peer).await;
    reached.passed().await;
    assert_eq!(peer.sent(0), b"");
    go_on.open();
    assert_eq!(all(stream).await.unwrap(), b"now");
}

#[tokio::test]
async fn octets_are_repeated_and_dripped() {
    let script = Script::new().repeat("ab", 3).drip("cd", Duration::from_micros(1)).close();
    let peer = ScriptedPeer::start(vec![script]).await;
    assert_eq!(all(client(&peer).await).await.unwrap(), b"abababcd");
}

#[test]
fn no_split_changes_the_octets() {
    let octets: Vec<u8> = (0..=255).collect();
    for split in Split::every(octets.len()) {
        let pieces = split.pieces(&octets);
        assert_eq!(pieces.concat(), octets, "{split:?}");
        assert!(pieces.iter().all(|piece| !piece.is_empty()), "{split:?}");
    }
    assert_eq!(Split::EveryOffset(3).pieces(b"hello"), [b"hel".as_slice(), b"lo"]);
    assert_eq!(Split::Seeded(7).pieces(&octets), Split::Seeded(7).pieces(&octets));
    assert_ne!(Split::Seeded(7).pieces(&octets), Split::Seeded(8).pieces(&octets));
}
