//! The origin is honest: a client that speaks HTTP/1.1 gets what the handler says.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::gate::Gate;

/// Sends these octets and reads all that comes back until the origin closes.
async fn ask(origin: &Origin, octets: &str) -> String {
    let mut stream = TcpStream::connect(origin.address()).await.unwrap();
    stream.write_all(octets.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn requests_follow_each_other_on_one_connection() {
    let origin = Origin::start(|request| Reply::ok(request.target.clone())).await;
    let answer = ask(&origin, "GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    assert_eq!(
        answer,
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n/aHTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n/b"
    );
    assert_eq!(origin.connections(), 1);
    let log = origin.log();
    assert_eq!(log.iter().map(|visit| visit.target.as_str()).collect::<Vec<_>>(), ["/a", "/b"]);
    assert!(log.iter().all(|visit| visit.ended >= Some(visit.started) && visit.status == 200 && visit.octets == 2));
}

#[tokio::test]
async fn a_chunked_upload_comes_back_as_it_was() {
    let origin = Origin::echo().await;
    let request = "POST / HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n";
    assert!(ask(&origin, request).await.ends_with("\r\n\r\nabcde"));
    assert_eq!(origin.log()[0].body_octets, 5);
}

#[tokio::test]
async fn chunks_and_trailers_go_out() {
    let origin = Origin::start(|_| Reply::new(200).chunked(["abc", "", "d"]).trailer("sum", "4").closing()).await;
    let answer = ask(&origin, "GET / HTTP/1.1\r\n\r\n").await;
    assert!(
        answer.ends_with(
            "transfer-encoding: chunked\r\nconnection: close\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\nsum: 4\r\n\r\n"
        )
    );
}

#[tokio::test]
async fn an_expectation_is_met_before_the_body_comes() {
    let origin = Origin::echo().await;
    let mut stream = TcpStream::connect(origin.address()).await.unwrap();
    let head = "PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"ok").await.unwrap();
    let mut status = [0; 15];
    stream.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200 OK");
}

#[tokio::test]
async fn head_gets_the_head_alone_and_204_no_length() {
    let origin =
        Origin::start(|request| if request.path() == "/204" { Reply::new(204) } else { Reply::ok("12345") }).await;
    let answer = ask(&origin, "HEAD / HTTP/1.1\r\n\r\nGET /204 HTTP/1.0\r\n\r\n").await;
    assert_eq!(
        answer,
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nHTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"
    );
}

#[tokio::test]
async fn interim_responses_and_bodies_without_an_end() {
    let origin = Origin::start(|_| Reply::new(200).interim(103).until_close("all of it")).await;
    let answer = ask(&origin, "GET / HTTP/1.1\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n"));
    assert!(answer.ends_with("\r\n\r\nall of it"));
}

#[tokio::test]
async fn a_reply_waits_for_its_gate() {
    let gate = Gate::new();
    let held = gate.clone();
    let origin = Origin::start(move |_| Reply::ok("").held(&held).closing()).await;
    let answer = tokio::spawn({
        let address = origin.address();
        async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
            stream.read_to_end(&mut Vec::new()).await.unwrap()
        }
    });
    origin.wait_for_requests(1).await;
    assert_eq!(origin.log()[0].ended, None);
    gate.open();
    assert!(answer.await.unwrap() > 0);
}

#[tokio::test]
async fn a_dropped_connection_has_no_answer() {
    let origin = Origin::start(|_| Reply::drop_connection()).await;
    assert_eq!(ask(&origin, "GET / HTTP/1.1\r\n\r\n").await, "");
    assert_eq!(origin.log()[0].status, 0);
}

#[tokio::test]
async fn nonsense_is_answered_with_400() {
    let origin = Origin::echo().await;
    assert!(ask(&origin, "no http at all\r\n\r\n").await.starts_with("HTTP/1.1 400"));
    assert!(ask(&origin, "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n").await.starts_with("HTTP/1.1 400"));
}
