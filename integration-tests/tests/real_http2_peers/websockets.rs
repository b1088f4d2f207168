//! WebSockets by streams (RFC 8441): haproxy takes them and passes them on by HTTP/1.1, nghttpd takes none.

use hinternet::{ErrorCode, Protocols, Stage, Status, WebSocket, WebSocketBuilder};
use integration_tests::patiently;
use integration_tests::websocket::WebSocketOrigin;

use super::place::{Site, Visit, World, content};
use super::servers::{haproxy_before, nghttpd};

fn asking(visit: &Visit) -> WebSocketBuilder {
    let url = visit.url("/chat").replacen("http", "ws", 1);
    visit.session.websocket(&url).unwrap().protocols(Protocols::RequireHttp2)
}

async fn open(visit: &Visit) -> WebSocket {
    patiently("a WebSocket", asking(visit).protocol("chat").connect()).await.unwrap()
}

async fn converse(websocket: &WebSocket, octets: usize) {
    let message = bytes::Bytes::from(content(octets));
    let (sent, received) =
        tokio::join!(patiently("a send", websocket.send(message.clone())), patiently("an echo", websocket.receive()));
    sent.unwrap();
    assert!(received.unwrap().into_octets() == message);
}

/// A world, haproxy in it, and a server of echoes behind that.
async fn passing_on() -> (World, WebSocketOrigin, super::servers::Server) {
    let (world, echo) = (World::new().await, WebSocketOrigin::echo().await);
    let server = haproxy_before(&world, echo.address());
    (world, echo, server)
}

async fn each(site: &Site, echo: &WebSocketOrigin) {
    let before = echo.connections();
    let visit = site.visit();
    let websockets = [open(&visit).await, open(&visit).await, open(&visit).await];
    for websocket in &websockets {
        assert_eq!(websocket.protocol(), Some("chat"));
        websocket.send("hello").await.unwrap();
        assert_eq!(patiently("an echo", websocket.receive()).await.unwrap().as_text(), Some("hello"));
        for octets in [0, 1, 125, 126, 65_536, 3_000_000] {
            converse(websocket, octets).await;
        }
    }
    assert_eq!((visit.wires().len(), echo.connections() - before), (1, 3), "one wire, and three behind it");
    // Each end by itself: closed by a handshake, by its handle, and by the session.
    patiently("a close", websockets[0].close(1000, "bye")).await.unwrap();
    assert_eq!(websockets[0].close_status().unwrap().code, 1000);
    visit.recorder.wait_for_status(websockets[0].id(), "WireReleased").await;
    let [_, dropped, last] = websockets;
    let id = dropped.id();
    drop(dropped);
    visit.recorder.wait_for_closing(id).await;
    converse(&last, 1_000).await;
    drop(last);
    visit.end().await;
}

#[tokio::test]
#[ignore = "needs haproxy"]
async fn haproxy_carries_websockets_by_streams_over_tls_and_in_clear() {
    let (_world, echo, server) = passing_on().await;
    for site in server.sites() {
        each(site, &echo).await;
    }
}

#[tokio::test]
#[ignore = "needs haproxy"]
async fn haproxy_carries_ninety_websockets_on_one_wire() {
    let (_world, _echo, server) = passing_on().await;
    let visit = server.secure.visit();
    let mut websockets = vec![open(&visit).await];
    for _ in 1..90 {
        websockets.push(open(&visit).await);
    }
    let all = websockets.iter().map(|websocket| converse(websocket, 10_000));
    futures_util::future::join_all(all).await;
    assert_eq!(visit.wires().len(), 1);
    drop(websockets);
    visit.end().await;
}

#[tokio::test]
#[ignore = "needs haproxy"]
async fn haproxy_gets_them_by_a_stream_where_http2_is_preferred_and_a_wire_is_open() {
    let (_world, _echo, server) = passing_on().await;
    let visit = server.secure.visit();
    let asking = || asking(&visit).protocols(Protocols::PreferHttp2);
    let alone = patiently("a WebSocket", asking().connect()).await.unwrap();
    // A server of nothing but WebSockets does not answer it, which haproxy calls refused; but it opens a wire.
    let refused = patiently("an end", visit.session.get(visit.url("/")).unwrap().send()).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::ConnectionError, "{refused}");
    let shared = patiently("a WebSocket", asking().connect()).await.unwrap();
    let beside = patiently("a WebSocket", asking().connect()).await.unwrap();
    for websocket in [&alone, &shared, &beside] {
        converse(websocket, 1_000).await;
    }
    let wire = |websocket: &WebSocket| {
        let acquired = visit.recorder.of(websocket.id()).into_iter().find_map(|told| match told.status {
            Status::WireAcquired { wire, .. } => Some(wire),
            _ => None,
        });
        acquired.unwrap()
    };
    assert_ne!(wire(&alone), wire(&shared));
    assert_eq!(wire(&shared), wire(&beside));
    drop((alone, shared, beside));
    visit.end().await;
}

#[tokio::test]
#[ignore = "needs nghttpd"]
async fn nghttpd_takes_none_and_is_not_asked() {
    let world = World::new().await;
    let server = nghttpd(&world, &[]);
    for site in server.sites() {
        let visit = site.visit();
        let result = patiently("an end", asking(&visit).connect()).await;
        let error = visit.recorder.failure(visit.recorder.request(0).await, result);
        assert_eq!((error.code(), error.stage()), (ErrorCode::HttpProtocolMismatch, Stage::Upgrade), "{error}");
        visit.end().await;
    }
}
