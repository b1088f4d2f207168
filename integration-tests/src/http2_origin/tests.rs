//! The origin is honest: a client that speaks HTTP/2 gets what the handler says, and the record says what it did.

use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use h2::client;
use http::{HeaderMap, HeaderValue};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use super::*;
use crate::certificates::{Authority, Leaf};
use crate::gate::Gate;
use crate::http2_peer::{Frames, Kind, PREFACE, frames};
use crate::origin::Reply;

type Client = client::SendRequest<Bytes>;
type Ended = JoinHandle<Result<(), h2::Error>>;

async fn client(origin: &Http2Origin) -> (Client, Ended) {
    let stream = TcpStream::connect(origin.address()).await.unwrap();
    let (client, connection) = client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    (client.ready().await.unwrap(), connection)
}

fn asking(origin: &Http2Origin, method: &str, path: &str) -> http::Request<()> {
    http::Request::builder().method(method).uri(origin.url(path)).body(()).unwrap()
}

async fn ask(origin: &Http2Origin, client: &mut Client, path: &str) -> Result<(u16, Bytes, HeaderMap), h2::Error> {
    let (response, _) = client.send_request(asking(origin, "GET", path), true)?;
    read(response.await?).await
}

async fn read(response: http::Response<h2::RecvStream>) -> Result<(u16, Bytes, HeaderMap), h2::Error> {
    let status = response.status().as_u16();
    let mut body = response.into_body();
    let mut whole = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        whole.extend_from_slice(&piece);
    }
    Ok((status, whole.into(), body.trailers().await?.unwrap_or_default()))
}

#[tokio::test]
async fn many_streams_share_a_connection_and_are_written_down() {
    let origin = Http2Origin::start(|request| Reply::ok(request.target.clone()).field("x-a", "b").into()).await;
    let (mut client, _connection) = client(&origin).await;
    assert_eq!(ask(&origin, &mut client, "/a").await.unwrap().1, "/a");
    assert_eq!(ask(&origin, &mut client, "/b?c").await.unwrap().1, "/b?c");
    let log = origin.log();
    assert_eq!(log.iter().map(|visit| visit.target.as_str()).collect::<Vec<_>>(), ["/a", "/b?c"]);
    assert_eq!(log[0].field(":authority"), Some(origin.address().to_string().as_str()));
    assert_eq!((log[1].status, log[1].octets, log[1].connection), (200, 4, 1));
    let [wire] = &origin.wires()[..] else { panic!("one connection") };
    assert_eq!((wire.streams(), wire.pings(), wire.resets()), (2, 0, vec![]));
}

#[tokio::test]
async fn interims_parts_trailers_and_bodies_without_octets() {
    let (gate, reached) = (Gate::new(), Gate::new());
    let (held, come) = (gate.clone(), reached.clone());
    let origin = Http2Origin::start(move |request| match request.path() {
        "/parts" => Answer::in_parts().piece("one").signal(&come).hold(&held).piece("two"),
        "/trailers" => Reply::new(200).chunked(["a", "b"]).trailer("sum", "2").into(),
        "/hints" => Answer::from(Reply::ok("x").interim(103)).hint("link", "</style>"),
        _ => Reply::new(204).into(),
    })
    .await;
    let (mut client, _connection) = client(&origin).await;
    let (_, body, trailers) = ask(&origin, &mut client, "/trailers").await.unwrap();
    assert_eq!((body, &trailers["sum"]), ("ab".into(), &HeaderValue::from_static("2")));

    let (response, _) = client.send_request(asking(&origin, "GET", "/parts"), true).unwrap();
    let mut body = response.await.unwrap().into_body();
    assert_eq!(body.data().await.unwrap().unwrap(), "one");
    reached.passed().await;
    gate.open();
    assert_eq!(body.data().await.unwrap().unwrap(), "two");

    let (mut response, _) = client.send_request(asking(&origin, "GET", "/hints"), true).unwrap();
    let interim = poll_fn(|context| response.poll_informational(context)).await.unwrap().unwrap();
    assert_eq!((interim.status().as_u16(), &interim.headers()["link"]), (103, &HeaderValue::from_static("</style>")));
    assert_eq!(response.await.unwrap().status(), 200);

    let (response, _) = client.send_request(asking(&origin, "HEAD", "/hints"), true).unwrap();
    let response = response.await.unwrap();
    assert!(response.body().is_end_stream());
    assert_eq!(response.headers()["content-length"], "1");
    assert_eq!(ask(&origin, &mut client, "/").await.unwrap().0, 204);
}

#[tokio::test]
async fn an_echo_comes_while_the_request_goes_through_small_windows() {
    let settings = Settings::new().stream_window(1000).connection_window(1500).at_head(|_| Some(Answer::echo()));
    let origin = Http2Origin::with(settings, |_| Answer::echo()).await;
    let (mut client, _connection) = client(&origin).await;
    let (response, mut out) = client.send_request(asking(&origin, "POST", "/"), false).unwrap();
    let reading = tokio::spawn(async move { read(response.await?).await });
    let sent: Bytes = (0..200_000).map(|n| n as u8).collect::<Vec<_>>().into();
    let mut left = sent.clone();
    while !left.is_empty() {
        out.reserve_capacity(left.len());
        let room = poll_fn(|context| out.poll_capacity(context)).await.unwrap().unwrap();
        out.send_data(left.split_to(room.min(left.len())), false).unwrap();
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("sum", HeaderValue::from_static("1"));
    out.send_trailers(trailers.clone()).unwrap();
    assert_eq!(reading.await.unwrap().unwrap(), (200, sent, trailers));
    assert!(origin.wires()[0].data(1).iter().all(|length| *length <= 1000));
}

#[tokio::test]
async fn what_came_before_smaller_windows_were_agreed_on_is_given_back_once_they_are() {
    let settings = Settings::new().stream_window(10_000).at_head(|_| Some(Answer::echo()));
    let origin = Http2Origin::with(settings, |_| Answer::echo()).await;
    let mut wire = TcpStream::connect(origin.address()).await.unwrap();
    let head = [(":method", "POST"), (":scheme", "http"), (":authority", "a.example"), (":path", "/")];
    // By its word the window is 10,000, and overdrawn; a client may not have read that yet.
    let body = frames::data(1, [0; 16_384], false);
    let request = [PREFACE, &frames::settings(&[]), &frames::headers(1, &head, false), &body].concat();
    wire.write_all(&request).await.unwrap();
    let mut read = Frames::new();
    // A server sends none.
    read.take_in(PREFACE);
    let mut comes = async |wire: &mut TcpStream, mut octets: usize, kind: Kind| {
        while octets > 0 {
            let mut buffer = vec![0; 65_536];
            let length = wire.read(&mut buffer).await.unwrap();
            assert!(length > 0, "closed");
            for frame in read.take_in(&buffer[..length]).iter().filter(|frame| frame.kind == kind && frame.stream == 1)
            {
                octets = octets.saturating_sub(frame.length);
            }
        }
    };
    crate::patiently("the echo", comes(&mut wire, 16_384, Kind::Data)).await;
    wire.write_all(&frames::settings_ack()).await.unwrap();
    crate::patiently("the window", comes(&mut wire, 4, Kind::WindowUpdate)).await;
}

#[tokio::test]
async fn an_expectation_is_met_before_the_body_comes() {
    let origin = Http2Origin::start(|request| Reply::ok(request.body.clone()).into()).await;
    let (mut client, _connection) = client(&origin).await;
    let mut request = asking(&origin, "PUT", "/");
    request.headers_mut().insert("expect", HeaderValue::from_static("100-continue"));
    let (mut response, mut out) = client.send_request(request, false).unwrap();
    let interim = poll_fn(|context| response.poll_informational(context)).await.unwrap().unwrap();
    assert_eq!(interim.status(), 100);
    out.send_data("ok".into(), true).unwrap();
    assert_eq!(read(response.await.unwrap()).await.unwrap().1, "ok");
}

#[tokio::test]
async fn an_early_answer_stops_the_body_without_an_error() {
    let settings = Settings::new().at_head(|_| Some(Reply::new(413).body("too much").into()));
    let origin = Http2Origin::with(settings, |_| Answer::refused()).await;
    let (mut client, _connection) = client(&origin).await;
    let (response, mut out) = client.send_request(asking(&origin, "POST", "/"), false).unwrap();
    assert_eq!(read(response.await.unwrap()).await.unwrap().1, "too much");
    assert_eq!(poll_fn(|context| out.poll_reset(context)).await.unwrap(), Reason::NO_ERROR);
}

#[tokio::test]
async fn streams_are_reset_and_what_the_client_resets_is_written_down() {
    let gate = Gate::new();
    let held = gate.clone();
    let origin = Http2Origin::start(move |request| match request.path() {
        "/refused" => Answer::refused(),
        "/half" => Answer::in_parts().piece("half").then_reset(Reason::INTERNAL_ERROR),
        _ => Reply::ok("").held(&held).into(),
    })
    .await;
    let (mut client, _connection) = client(&origin).await;
    let refused = ask(&origin, &mut client, "/refused").await.unwrap_err();
    assert_eq!(refused.reason(), Some(Reason::REFUSED_STREAM));
    let half = ask(&origin, &mut client, "/half").await.unwrap_err();
    assert_eq!(half.reason(), Some(Reason::INTERNAL_ERROR));
    let (response, out) = client.send_request(asking(&origin, "GET", "/held"), true).unwrap();
    origin.wait_for_requests(3).await;
    drop((response, out));
    assert_eq!(origin.wait_for_reset(0, Reason::CANCEL).await, 5);
    assert_eq!(origin.wires()[0].resets(), [(5, Reason::CANCEL)]);
    gate.open();
}

#[tokio::test]
async fn it_goes_away_gracefully_or_not() {
    let gate = Gate::new();
    let held = gate.clone();
    let origin = Http2Origin::start(move |request| match request.path() {
        "/held" => Reply::ok("late").held(&held).into(),
        _ => Reply::ok("last").closing().into(),
    })
    .await;
    let (mut first, ended) = client(&origin).await;
    let (response, _) = first.send_request(asking(&origin, "GET", "/held"), true).unwrap();
    origin.wait_for_requests(1).await;
    origin.go_away();
    origin.wait_for_frame(0, |frame| frame.kind == Kind::Ping && frame.is_ack()).await;
    gate.open();
    assert_eq!(read(response.await.unwrap()).await.unwrap().1, "late", "what began is served");
    drop(first);
    ended.await.unwrap().unwrap();
    origin.wait_for_end(0).await;

    let (mut second, ended) = client(&origin).await;
    assert_eq!(ask(&origin, &mut second, "/").await.unwrap().1, "last");
    drop(second);
    ended.await.unwrap().unwrap();

    let (third, ended) = client(&origin).await;
    origin.wait_for("a third connection", |wires| wires.get(2).is_some_and(|wire| !wire.frames.is_empty())).await;
    origin.break_off(Reason::INTERNAL_ERROR);
    assert_eq!(ended.await.unwrap().unwrap_err().reason(), Some(Reason::INTERNAL_ERROR));
    drop(third);

    let (fourth, ended) = client(&origin).await;
    origin.wait_for("a fourth connection", |wires| wires.get(3).is_some_and(|wire| !wire.frames.is_empty())).await;
    origin.cut();
    origin.wait_for_end(3).await;
    drop(fourth);
    let _reset_or_not = ended.await.unwrap();
}

#[tokio::test]
async fn it_says_how_many_streams_there_may_be() {
    let origin = Http2Origin::with(Settings::new().max_concurrent_streams(3), |_| Reply::ok("").into()).await;
    let (mut client, _connection) = client(&origin).await;
    ask(&origin, &mut client, "/").await.unwrap();
    assert_eq!(client.current_max_send_streams(), 3);
}

#[tokio::test]
async fn with_tls_it_speaks_what_was_agreed_on() {
    let authority = Authority::new("Root");
    let tls = Tls::new(&authority.issue(Leaf::for_names(["localhost"]))).offering(&["h2", "http/1.1"]);
    let origin = Http2Origin::secure(&tls, |request| Reply::ok(request.target.clone()).into()).await;
    assert!(origin.origin().starts_with("https://"));
    let connect = async |protocols: &[&str]| {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(authority.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config =
            rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(origin.address()).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
    };
    let (mut client, connection) = client::handshake(connect(&["h2", "http/1.1"]).await).await.unwrap();
    tokio::spawn(connection);
    assert_eq!(ask(&origin, &mut client, "/two").await.unwrap().1, "/two");

    let mut old = connect(&["http/1.1"]).await;
    old.write_all(b"GET /one HTTP/1.1\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    old.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("\r\n\r\n/one"), "{answer}");
    let agreed: Vec<_> = tls.seen().into_iter().map(|handshake| handshake.application_protocol).collect();
    assert_eq!(agreed, [Some("h2".to_owned()), Some("http/1.1".to_owned())]);
    let wires = origin.wires();
    assert_eq!((wires[0].is_http1, wires[1].is_http1), (false, true));
    assert_eq!(origin.log().len(), 2);
}
