//! The server's rules.

use std::collections::HashMap;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::incoming::{Body, Incoming};
use super::{Part, Replayer};

fn read(head: &str) -> Incoming {
    Incoming::read(head.replace('\n', "\r\n").as_bytes()).expect("a head")
}

#[test]
fn the_digits_after_the_last_slash_name_the_part() {
    let part = |target: &str| read(&format!("GET {target} HTTP/1.1\n\n")).part;
    assert_eq!(
        [
            part("/17"),
            part("/170002"),
            part("/a/12340002.upload?x"),
            part("/170002/b"),
            part("http://host/page170003"),
            part("*")
        ],
        [0, 2, 2, 0, 3, 0]
    );
}

#[test]
fn credentials_raise_the_part() {
    let part = |field: &str| read(&format!("GET /171000 HTTP/1.1\n{field}\n\n")).part;
    assert_eq!(
        [part("authorization: Digest x"), part("Proxy-Authorization: Digest x"), part("Authorization: Basic x")],
        [2000, 2000, 1001]
    );
    assert_eq!(read("GET /17 HTTP/1.1\nauthorization: Basic x\n\n").part, 0);
}

#[test]
fn a_tunnel_is_asked_for_by_the_last_label() {
    let incoming = read("CONNECT a.b.t170001:80 HTTP/1.1\n\n");
    assert_eq!((incoming.is_connect, incoming.part), (true, 1));
}

#[test]
fn a_body_is_waited_for() {
    let head = "POST / HTTP/1.1\nContent-Length: 5\n\n";
    assert_eq!(read(head).body, Body::Length(5));
    let octets = format!("{head}12345").replace('\n', "\r\n");
    assert_eq!(read(head).whole(&octets.as_bytes()[..octets.len() - 1], 0), None);
    assert_eq!(read(head).whole(octets.as_bytes(), 0), Some(octets.len()));
    assert_eq!(read(head).whole(octets.as_bytes(), 2), Some(octets.len() - 2));
    let chunked = "POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n5\n12345\n0\n\n".replace('\n', "\r\n");
    let incoming = Incoming::read(chunked.as_bytes()).expect("a head");
    assert_eq!(incoming.whole(chunked.as_bytes(), 0), Some(chunked.len()));
    assert_eq!(incoming.whole(&chunked.as_bytes()[..chunked.len() - 1], 0), None);
}

#[tokio::test]
async fn a_bouncing_reply_is_followed_by_the_next_part_and_an_empty_one_by_the_end() {
    let replies = [("data", "swsbounce\n"), ("data1", "last\n")];
    let replies: HashMap<_, _> =
        replies.iter().map(|(name, reply)| ((*name).to_owned(), reply.as_bytes().to_vec())).collect();
    let replayer = Replayer::bind().await;
    let mut client = TcpStream::connect(("127.0.0.1", replayer.port())).await.expect("it listens");
    let replaying = replayer.play(Part { replies, ..Part::default() });
    client.write_all("GET /9 HTTP/1.1\r\n\r\n".repeat(2).as_bytes()).await.expect("it reads");
    client.write_all(b"GET /90007 HTTP/1.1\r\n\r\n").await.expect("it reads");
    let mut got = String::new();
    client.read_to_string(&mut got).await.expect("it closes");
    assert_eq!(got, "swsbounce\nlast\n");
    assert_eq!(replaying.heard().len(), 3);
}
