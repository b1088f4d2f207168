//! Frames are what h2 takes for frames, and what it sends is taken apart rightly.

use bytes::Bytes;
use h2::client;
use http::Request;
use tokio::net::TcpStream;

use super::*;
use crate::http2_peer::frames::setting;
use crate::scripted_peer::{Script, ScriptedPeer, Wanted};

type Client = client::SendRequest<Bytes>;

async fn client(peer: &ScriptedPeer) -> (Client, tokio::task::JoinHandle<Result<(), h2::Error>>) {
    let stream = TcpStream::connect(peer.address()).await.unwrap();
    let (client, connection) = client::handshake(stream).await.unwrap();
    (client.ready().await.unwrap(), tokio::spawn(connection))
}

fn get(peer: &ScriptedPeer) -> Request<()> {
    Request::get(peer.url("/")).body(()).unwrap()
}

#[test]
fn frames_come_back_as_they_went() {
    let long = "x".repeat(1000);
    let block = frames::headers(3, &[(":status", "200"), ("x-long", &long)], true);
    let frame = Frame::parse(&block).unwrap();
    assert_eq!((frame.kind, frame.stream, frame.octets()), (Kind::Headers, 3, block.len()));
    assert!(frame.ends_stream());
    let octets = [PREFACE, &frames::settings(&[(setting::MAX_FRAME_SIZE, 16_384)]), &frames::data(1, "abc", false)];
    let octets = [&octets.concat()[..], &frames::rst(1, Reason::CANCEL), &frames::goaway(5, Reason::ENHANCE_YOUR_CALM)];
    let octets = octets.concat();
    let whole = Frame::all(&octets);
    assert_eq!(
        whole.iter().map(|frame| frame.kind).collect::<Vec<_>>(),
        [Kind::Settings, Kind::Data, Kind::Reset, Kind::GoAway]
    );
    assert!(whole[2].resets(Reason::CANCEL));
    assert_eq!(whole[3].reason(), Some(Reason::ENHANCE_YOUR_CALM));

    // However it is cut.
    for cut in 1..octets.len() {
        let mut reader = Frames::new();
        let mut read: Vec<_> = octets.chunks(cut).flat_map(|piece| reader.take_in(piece)).collect();
        assert_eq!(read[1].length, 3);
        read[1].payload = whole[1].payload.clone();
        assert_eq!(read, whole, "in pieces of {cut}");
    }
}

#[tokio::test]
async fn a_script_answers_a_client_that_speaks_http2() {
    let script = Script::new()
        .read_preface()
        .send(frames::settings(&[(setting::MAX_CONCURRENT_STREAMS, 7)]))
        .read_frames(Wanted::Ack(Kind::Settings), 1)
        .send(frames::settings_ack())
        .read_streams(1)
        .send(frames::ping(*b"hinternt"))
        .send(frames::window_update(0, 10))
        .read_frames(Wanted::Ack(Kind::Ping), 1)
        .send(frames::response(1, 103, false))
        .send(frames::headers(1, &[(":status", "200"), ("x-field", "value")], false))
        .send(frames::data(1, "hello", false))
        .send(frames::headers(1, &[("x-trailer", "end")], true))
        .keep();
    let peer = ScriptedPeer::always(script).await;
    let (mut client, connection) = client(&peer).await;
    let (response, _) = client.send_request(get(&peer), true).unwrap();
    let response = response.await.unwrap();
    assert_eq!(response.headers()["x-field"], "value");
    let mut body = response.into_body();
    assert_eq!(body.data().await.unwrap().unwrap(), "hello");
    assert!(body.data().await.is_none());
    assert_eq!(body.trailers().await.unwrap().unwrap()["x-trailer"], "end");
    assert_eq!(client.current_max_send_streams(), 7);
    let frames = peer.connection(0).frames();
    assert!(frames.iter().any(|frame| frame.kind == Kind::Ping && frame.is_ack() && frame.payload == "hinternt"));
    assert!(frames.iter().any(|frame| frame.opens_stream() && frame.stream == 1 && frame.ends_stream()));
    drop((client, body));
    connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_script_refuses_a_stream_and_goes_away() {
    let script = Script::new()
        .read_preface()
        .send(frames::settings(&[]))
        .read_streams(2)
        .send(frames::rst(1, Reason::REFUSED_STREAM))
        .send(frames::goaway(1, Reason::NO_ERROR))
        .keep();
    let peer = ScriptedPeer::always(script).await;
    let (mut client, _connection) = client(&peer).await;
    let (first, _) = client.send_request(get(&peer), true).unwrap();
    let (second, _) = client.send_request(get(&peer), true).unwrap();
    assert_eq!(first.await.unwrap_err().reason(), Some(Reason::REFUSED_STREAM));
    assert!(second.await.unwrap_err().is_go_away());
}

#[tokio::test]
async fn a_forgetful_script_keeps_nothing_of_what_it_sent() {
    let script = Script::new().read_preface().send(frames::settings(&[])).keep().forgetful();
    let peer = ScriptedPeer::always(script).await;
    let (_client, _connection) = client(&peer).await;
    peer.wait_for_frame(0, |frame| frame.kind == Kind::Settings && frame.is_ack()).await;
    assert!(peer.sent(0).is_empty());
}

#[tokio::test]
async fn a_script_answers_pings_by_itself_where_it_is_told_to() {
    let script =
        Script::new().read_preface().send(frames::settings(&[])).read_streams(1).send(frames::answer(1, "hello"));
    let peer = ScriptedPeer::always(script.keep().answering_pings()).await;
    let stream = TcpStream::connect(peer.address()).await.unwrap();
    let (client, mut connection) = client::handshake(stream).await.unwrap();
    let mut pings = connection.ping_pong().unwrap();
    tokio::spawn(connection);
    for _ in 0..3 {
        pings.ping(h2::Ping::opaque()).await.unwrap();
    }
    let mut client = client.ready().await.unwrap();
    let (response, _) = client.send_request(get(&peer), true).unwrap();
    assert_eq!(response.await.unwrap().status(), 200);
    pings.ping(h2::Ping::opaque()).await.unwrap();
}
