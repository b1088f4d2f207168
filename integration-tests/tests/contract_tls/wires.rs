//! Secure wires in use: tickets, key changes, ends that are said and ends that are not.

use std::net::SocketAddr;
use std::sync::Arc;

use hinternet::network::{Destination, Dialer, Dialing, Stream};
use hinternet::tls::TlsVersions;
use hinternet::{Engine, ErrorCode, Method, Payload, Session, Stage};
use integration_tests::Gate;
use integration_tests::certificates::Identity;
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::scene::read_all;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::tls::{EveryName, Tls};
use rustls::crypto::cipher::{OutboundChunks, OutboundPlainMessage};
use rustls::version::TLS13;
use rustls::{ConnectionTrafficSecrets, ContentType, ProtocolVersion, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::place::{NAME, authority, builder, leaf, serving, trusting};

#[tokio::test]
async fn a_session_is_taken_up_again_as_server_and_client_see() {
    let authority = authority();
    for versions in [TlsVersions::Only13, TlsVersions::Only12] {
        let tls = Tls::new(&authority.issue(leaf()));
        let origin = Origin::secure(&tls, |_| Reply::ok("ok").closing()).await;
        let recorder = Recorder::start();
        let session = recorder.session(builder(trusting(&authority).versions(versions)));
        let mut resumed = Vec::new();
        for _ in 0..3 {
            let response = session.get(format!("{}/", origin.origin_named(NAME))).unwrap().send().await.unwrap();
            let security = response.security_info().unwrap().clone();
            assert_eq!(security.certificates.len(), 1, "known also where it was not shown again");
            resumed.push(security.resumed);
            assert_eq!(response.text().await.unwrap(), "ok");
        }
        assert_eq!(resumed, [false, true, true], "{versions:?}");
        assert_eq!(tls.seen().iter().map(|one| one.resumed).collect::<Vec<_>>(), resumed);
        assert_eq!(tls.seen()[0].is_tls12, versions == TlsVersions::Only12);
        recorder.finish(session).await;
    }
}

#[tokio::test]
async fn tickets_outlive_the_last_wire_of_their_origin() {
    let authority = authority();
    let tls = Tls::new(&authority.issue(leaf()));
    let origin = Origin::secure(&tls, |_| Reply::ok("ok").closing()).await;
    let end = Gate::new();
    let other = ScriptedPeer::always(Script::new().read_request().send(OK).hold(&end).close()).await;
    let recorder = Recorder::start();
    let engine = Engine::builder().shards(1).start().unwrap();
    let session = recorder.session(builder(trusting(&authority)).engine(engine));
    let connection = session.connect(&other.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"ok");
    let url = format!("{}/", origin.origin_named(NAME));
    assert_eq!(session.get(&*url).unwrap().send().await.unwrap().text().await.unwrap(), "ok");
    // That its idle wire is found closed tells that the shard has looked after all of its origins.
    end.open();
    recorder.wait_for_status(connection.id(), "ConnectionClosed").await;
    let response = session.get(&*url).unwrap().send().await.unwrap();
    assert!(response.security_info().unwrap().resumed);
    assert_eq!(response.text().await.unwrap(), "ok");
    drop((request, connection));
    recorder.finish(session).await;
}

#[tokio::test]
async fn e_the_name_is_told_unless_it_must_not_be() {
    let authority = authority();
    let tls = Tls::new(&authority.issue(leaf()));
    let origin = serving(&tls).await;
    for (on, told) in [(true, Some(NAME)), (false, None)] {
        let options = trusting(&authority).server_name_indication(on);
        crate::place::ask(&origin, NAME, options).await.security();
        assert_eq!(tls.seen().last().unwrap().server_name.as_deref(), told);
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

async fn secure_peer(script: impl FnOnce(Script) -> Script) -> (Recorder, Session, ScriptedPeer) {
    let authority = authority();
    let tls = Tls::only13(&authority.issue(leaf()));
    let peer = ScriptedPeer::always(script(Script::new().start_tls(&tls))).await.secure();
    let recorder = Recorder::start();
    let session = recorder.session(builder(trusting(&authority)));
    (recorder, session, peer)
}

#[tokio::test]
async fn what_is_no_data_does_not_retire_an_idle_wire() {
    let (rest, changed) = (Gate::new(), Gate::new());
    let (recorder, session, peer) = secure_peer(|script| {
        // The client is idle when the keys are changed, which takes a message, as a session ticket does.
        let script = script.read_request().send(OK).hold(&rest).change_keys().signal(&changed);
        script.read_request().send(OK).keep()
    })
    .await;
    let connection = session.connect(&peer.origin_named(NAME)).unwrap();
    for round in 0..2 {
        let request = connection.open_request(Method::GET, "/").unwrap();
        request.send(()).await.unwrap();
        request.receive_response().await.unwrap();
        assert_eq!(read_all(&request).await.unwrap(), b"ok");
        recorder.wait_for_status(request.id(), "WireReleased").await;
        if round == 0 {
            rest.open();
            changed.passed().await;
        }
    }
    assert_eq!(peer.connections(), 1);
    drop(connection);
    recorder.finish(session).await;
}

/// A server that shakes hands with one client when it may, and then sends so many session tickets, each a record of its own: what
/// else is no data rustls bounds by itself.
async fn sending_tickets(identity: Identity, may: Gate, tickets: u64) -> SocketAddr {
    let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let builder = builder.with_protocol_versions(&[&TLS13]).unwrap().with_no_client_auth();
    let mut config = builder.with_single_cert(identity.chain.clone(), identity.key()).unwrap();
    // No record before those: the provider counts from 0.
    (config.enable_secret_extraction, config.send_tls13_tickets) = (true, 0);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        may.passed().await;
        let stream = TlsAcceptor::from(Arc::new(config)).accept(stream).await.unwrap();
        let (mut network, tls) = stream.into_inner();
        let suite = tls.negotiated_cipher_suite().unwrap().tls13().unwrap();
        let (_, secrets) = tls.dangerous_extract_secrets().unwrap().tx;
        let ConnectionTrafficSecrets::Aes256Gcm { key, iv } = secrets else { panic!("{:?}", suite.common.suite) };
        let mut encrypter = suite.aead_alg.encrypter(key, iv);
        let mut octets = Vec::new();
        for n in 0..tickets {
            let (typ, version) = (ContentType::Handshake, ProtocolVersion::TLSv1_2);
            let record = OutboundPlainMessage { typ, version, payload: OutboundChunks::Single(&TICKET) };
            octets.extend(encrypter.encrypt(record, n).unwrap().encode());
        }
        // The client may close in the middle.
        let _closed = network.write_all(&octets).await;
        let _end = network.read_to_end(&mut Vec::new()).await;
    });
    address
}

/// A `NewSessionTicket` (RFC 8446 section 4.6.1): its lifetime, its age's mask, a nonce, the ticket, no extensions.
const TICKET: [u8; 19] = [4, 0, 0, 15, 0, 0, 28, 32, 0, 0, 0, 0, 1, b'n', 0, 1, b't', 0, 0];

#[tokio::test]
async fn an_idle_wire_that_is_sent_tickets_beyond_all_reason_is_retired() {
    let authority = authority();
    let may = Gate::new();
    let server = sending_tickets(authority.issue(leaf()), may.clone(), 100_000).await;
    let recorder = Recorder::start();
    let session = recorder.session(builder(trusting(&authority)));
    let connection = session.connect(&format!("https://{server}")).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    // The wire is nobody's when it is ready: a request would read on.
    tokio::select! {
        answer = request.send(()) => panic!("{answer:?}"),
        _told = recorder.wait_for_status(request.id(), "SecuringConnection") => {}
    }
    drop(request);
    recorder.wait_for_closing(recorder.request(0).await).await;
    may.open();
    recorder.wait_for_status(connection.id(), "ConnectionClosed").await;
    drop(connection);
    recorder.finish(session).await;
}

#[tokio::test]
async fn data_on_an_idle_wire_retires_it() {
    let (rest, sent) = (Gate::new(), Gate::new());
    let (recorder, session, peer) = secure_peer(|script| {
        script.read_request().send(OK).hold(&rest).send("HTTP/1.1 408 \r\n\r\n").signal(&sent).keep()
    })
    .await;
    let connection = session.connect(&peer.origin_named(NAME)).unwrap();
    let first = connection.open_request(Method::GET, "/").unwrap();
    first.send(()).await.unwrap();
    first.receive_response().await.unwrap();
    assert_eq!(read_all(&first).await.unwrap(), b"ok");
    recorder.wait_for_status(first.id(), "WireReleased").await;
    rest.open();
    sent.passed().await;
    let second = connection.open_request(Method::GET, "/").unwrap();
    second.send(()).await.unwrap();
    second.receive_response().await.unwrap();
    assert_eq!(peer.connections(), 2);
    drop((first, second, connection));
    recorder.finish(session).await;
}

#[tokio::test]
async fn what_came_before_tls_broke_is_delivered() {
    let sent = Gate::new();
    let garbage = vec![0x17, 3, 3, 0, 40].into_iter().chain([0; 40]).collect::<Vec<u8>>();
    let (recorder, session, peer) =
        secure_peer(|script| script.read_request().send(OK).send_below(garbage).signal(&sent).keep()).await;
    let connection = session.connect(&peer.origin_named(NAME)).unwrap();
    for n in 1..=2 {
        let request = connection.open_request(Method::GET, "/").unwrap();
        request.send(()).await.unwrap();
        // Answer and garbage arrive together.
        sent.passed().await;
        request.receive_response().await.unwrap();
        assert_eq!(read_all(&request).await.unwrap(), b"ok");
        request.close().await.unwrap();
        assert_eq!(peer.connections(), n, "the broken wire serves nobody");
    }
    drop(connection);
    recorder.finish(session).await;
}

/// A body that only the end of the connection ends.
async fn until_close(script: impl FnOnce(Script) -> Script) -> hinternet::Result<Vec<u8>> {
    let (recorder, session, peer) =
        secure_peer(|start| script(start.read_request().send("HTTP/1.1 200 OK\r\n\r\nall of it"))).await;
    let connection = session.connect(&peer.origin_named(NAME)).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    let body = match read_all(&request).await {
        Ok(body) => Ok(body),
        failed => Err(recorder.failure(request.id(), failed)),
    };
    drop((request, connection));
    recorder.finish(session).await;
    body
}

#[tokio::test]
async fn rfc9112_9_8_a_body_until_close_is_whole_only_if_its_end_was_announced() {
    assert_eq!(until_close(Script::close).await.unwrap(), b"all of it");
    let error = until_close(Script::cut).await.unwrap_err();
    assert_eq!((error.code(), error.stage()), (ErrorCode::ConnectionError, Stage::Body), "{error}");
    assert!(error.to_string().contains("close_notify"), "{error}");
}

#[tokio::test]
async fn rfc9112_9_8_a_body_with_a_length_needs_no_announcement_of_the_end() {
    let (recorder, session, peer) = secure_peer(|script| script.read_request().send(OK).cut()).await;
    let connection = session.connect(&peer.origin_named(NAME)).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"ok");
    drop((request, connection));
    recorder.finish(session).await;
}

#[tokio::test]
async fn rfc8446_6_1_the_end_of_a_wire_is_said() {
    let (recorder, session, peer) =
        secure_peer(|script| script.read_request().send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok").keep()).await;
    let connection = session.connect(&peer.origin_named(NAME)).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    drop((request, connection));
    recorder.finish(session).await;
    // Without close_notify the peer's read is an error: `Broken(UnexpectedEof)`.
    assert_eq!(peer.wait_for_end(0).await, integration_tests::scripted_peer::Ending::ClientClosed);
}

/// TCP with so little room for what is sent that no record fits in.
#[derive(Debug)]
struct NoRoom;

impl Dialer for NoRoom {
    fn dial(&self, to: &Destination) -> Dialing {
        let address = to.address;
        Box::pin(async move {
            let socket = tokio::net::TcpSocket::new_v4()?;
            socket.set_send_buffer_size(1)?;
            Ok(Box::new(socket.connect(address).await?) as Box<dyn Stream>)
        })
    }
}

#[tokio::test]
async fn a_write_that_is_complete_is_with_the_network_to_its_last_record() {
    let authority = authority();
    let tls = Tls::only13(&authority.issue(leaf()));
    let script = Script::new().start_tls(&tls).read_head().read_exactly(LARGE).keep();
    let peer = ScriptedPeer::always(script).await.secure();
    let recorder = Recorder::start();
    let session = recorder.session(builder(trusting(&authority)).dial(EveryName::here().dialer(NoRoom)));
    let connection = session.connect(&peer.origin_named(NAME)).unwrap();
    let request = connection.open_request(Method::POST, "/").unwrap();
    request.send(Payload::begin("", LARGE as u64 + 1)).await.unwrap();
    request.write(vec![b'x'; LARGE]).await.unwrap();
    // No call of ours is under way that could bring the rest.
    peer.wait_for_octets(0, LARGE).await;
    let head = peer.received(0).windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
    peer.wait_for_octets(0, head + LARGE).await;
    drop((request, connection));
    recorder.finish(session).await;
}

const LARGE: usize = 1 << 20;

#[tokio::test]
async fn a_large_body_goes_up_and_comes_down() {
    let authority = authority();
    let tls = Tls::new(&authority.issue(leaf()));
    let origin = Origin::secure(&tls, |request| Reply::ok(request.body.clone())).await;
    let recorder = Recorder::start();
    let session = recorder.session(builder(trusting(&authority)));
    let body: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let url = format!("{}/", origin.origin_named(NAME));
    let response = session.post(url).unwrap().body(body.clone()).send().await.unwrap();
    assert!(response.bytes().await.unwrap() == body);
    recorder.finish(session).await;
}
