//! nginx between client and server, as it most often is.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use hinternet::{Blame, CloseReason, ErrorCode, Stage, Status, WebSocketOptions};
use integration_tests::patiently;
use integration_tests::websocket::WebSocketOrigin;

use crate::messages::{all_kinds_come_back, comes_back, is_stopped_by_who_does_not_read};
use crate::peer::ports;
use crate::place::{World, receive};
use crate::servers::{Library, nginx, start};

#[tokio::test]
#[ignore = "needs nginx"]
async fn messages_and_closes_pass_through() {
    let (world, origin) = (World::new(), WebSocketOrigin::echo().await);
    let server = nginx(&world, origin.address(), "", "");
    for site in &server.sites {
        let visit = site.visit();
        let asked = visit.asking("/").protocol("chat").connect();
        let websocket = patiently("a handshake", asked).await.unwrap();
        assert_eq!(websocket.protocol(), Some("chat"));
        all_kinds_come_back(&websocket).await;
        websocket.close(4001, "bye").await.unwrap();
        assert_eq!(websocket.close_status().unwrap().code, 4001);
        drop(websocket);
        visit.end().await;
    }
}

fn pinging() -> WebSocketOptions {
    let mut options = WebSocketOptions::default();
    options.ping_every = Some(Duration::from_millis(100));
    options
}

fn silent() -> WebSocketOptions {
    let mut options = WebSocketOptions::default();
    options.ping_every = None;
    options
}

#[tokio::test]
#[ignore = "needs nginx and node"]
async fn an_idle_one_is_ended_after_the_proxys_time_and_pings_keep_it() {
    let world = World::new();
    let origin = start(Library::Ws, &world);
    let behind = origin.sites[0].address();
    let server = nginx(&world, behind, "", "proxy_read_timeout 1s;");
    for site in &server.sites {
        let visit = site.visit();
        let watching = origin.sites[0].visit();
        let watch = watching.watch().await;
        let kept = visit.open_with("/echo", pinging()).await;
        let idle = visit.open_with("/echo", silent()).await;
        let error = visit.failure(&idle, idle.receive().await);
        assert_eq!((error.code(), error.blame()), (ErrorCode::ConnectionError, Blame::Peer), "{error}");
        // And much longer.
        for _ in 0..15 {
            watch.hears("ping /echo").await;
        }
        comes_back(&kept, "still here").await;
        drop((watch, kept, idle));
        visit.end().await;
        watching.end().await;
    }
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_reload_leaves_those_that_are_open_and_new_ones_come_through() {
    let (world, origin) = (World::new(), WebSocketOrigin::echo().await);
    let server = nginx(&world, origin.address(), "", "");
    for site in &server.sites {
        let visit = site.visit();
        let mut open = Vec::new();
        for n in 0..5 {
            open.push(visit.open("/").await);
            server.peer.signal("HUP");
            for websocket in &open {
                comes_back(websocket, format!("after {n} reloads")).await;
            }
        }
        for websocket in &open {
            websocket.close(1000, "").await.unwrap();
        }
        drop(open);
        visit.end().await;
    }
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_reload_that_waits_no_longer_ends_them_and_that_is_told() {
    let (world, origin) = (World::new(), WebSocketOrigin::echo().await);
    let server = nginx(&world, origin.address(), "worker_shutdown_timeout 200ms;", "");
    for site in &server.sites {
        let visit = site.visit();
        let websocket = visit.open("/").await;
        comes_back(&websocket, "before").await;
        server.peer.signal("HUP");
        let error = visit.failure(&websocket, patiently("the end", websocket.receive()).await);
        assert_eq!(error.code(), ErrorCode::ConnectionError, "{error}");
        let closing = visit.recorder.wait_for_status(websocket.id(), "ClosingConnection").await;
        let Status::ClosingConnection { reason } = closing.status else { panic!("{closing:?}") };
        // As the worker has read all or not.
        assert!(matches!(reason, CloseReason::PeerClosed | CloseReason::TransportError), "{reason:?}");
        let again = visit.open("/").await;
        comes_back(&again, "after").await;
        drop((websocket, again));
        visit.end().await;
    }
}

#[tokio::test]
#[ignore = "needs nginx and node"]
async fn who_does_not_read_stops_the_server_behind_it() {
    let world = World::new();
    let origin = start(Library::Ws, &world);
    let server = nginx(&world, origin.sites[0].address(), "", "");
    for site in &server.sites {
        let visit = site.visit();
        is_stopped_by_who_does_not_read(&visit).await;
        visit.end().await;
    }
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_proxy_without_a_server_is_no_handshake() {
    let world = World::new();
    let [nobody] = ports();
    let server = nginx(&world, SocketAddr::from((Ipv4Addr::LOCALHOST, nobody)), "", "");
    for site in &server.sites {
        let visit = site.visit();
        let error = patiently("an answer", visit.asking("/").connect()).await.unwrap_err();
        let what = (error.code(), error.stage(), error.blame());
        assert_eq!(what, (ErrorCode::InvalidOperation, Stage::Upgrade, Blame::Peer), "{error}");
        assert!(error.to_string().contains("502"), "{error}");
        visit.end().await;
    }
}

#[tokio::test]
#[ignore = "needs nginx and node"]
async fn a_server_that_closes_behind_it_is_heard() {
    let world = World::new();
    let origin = start(Library::Ws, &world);
    let server = nginx(&world, origin.sites[0].address(), "", "");
    for site in &server.sites {
        let visit = site.visit();
        let websocket = visit.open("/close?code=4000&reason=enough").await;
        assert!(receive(&websocket).await.is_close());
        let status = websocket.close_status().unwrap();
        assert_eq!((status.code, &*status.reason), (4000, "enough"));
        drop(websocket);
        visit.end().await;
    }
}
