//! The closing handshake, begun by either side, at Node's `ws` and Python's `websockets`.

use hinternet::{ErrorCode, Status};

use crate::place::{World, receive};
use crate::servers::{LIBRARIES, Library, start};

#[tokio::test]
#[ignore = "needs node and python3"]
async fn what_the_client_closes_with_reaches_the_server_and_comes_back() {
    let world = World::new();
    for library in LIBRARIES {
        let server = start(library, &world);
        for site in &server.sites {
            let visit = site.visit();
            let watch = visit.watch().await;
            for (code, reason) in
                [(1000, "bye"), (1001, ""), (3000, "\u{1f980}"), (4999, &*"x".repeat(123)), (1005, "")]
            {
                let websocket = visit.open("/echo").await;
                websocket.close(code, reason).await.unwrap();
                assert_eq!(websocket.close_status().unwrap().code, code, "{library:?}");
                let told = visit.recorder.wait_for_status(websocket.id(), "CloseComplete").await;
                assert!(matches!(told.status, Status::CloseComplete { code: told, .. } if told == code), "{told:?}");
                assert_eq!(watch.hears("closed /echo").await, format!("closed /echo {code} {reason}"));
                drop(websocket);
            }
            drop(watch);
            visit.end().await;
        }
    }
}

#[tokio::test]
#[ignore = "needs node and python3"]
async fn what_the_server_closes_with_is_told_and_answered() {
    let world = World::new();
    for library in LIBRARIES {
        let server = start(library, &world);
        for site in &server.sites {
            let visit = site.visit();
            let watch = visit.watch().await;
            for (code, reason) in [(1000, "bye"), (1011, "oops"), (4000, "")] {
                let websocket = visit.open(&format!("/close?code={code}&reason={reason}")).await;
                assert!(receive(&websocket).await.is_close());
                let status = websocket.close_status().unwrap();
                assert_eq!((status.code, &*status.reason), (code, reason), "{library:?}");
                watch.hears(&format!("closed /close {code}")).await;
                websocket.close(1000, "").await.unwrap();
                drop(websocket);
            }
            if library == Library::Ws {
                let websocket = visit.open("/close").await;
                assert!(receive(&websocket).await.is_close());
                assert_eq!(websocket.close_status().unwrap().code, 1005);
                watch.hears("closed /close 1005").await;
                drop(websocket);
            }
            drop(watch);
            visit.end().await;
        }
    }
}

#[tokio::test]
#[ignore = "needs node and python3"]
async fn after_shutdown_what_the_server_still_has_is_received() {
    let world = World::new();
    for library in LIBRARIES {
        let server = start(library, &world);
        let visit = server.sites[1].visit();
        let websocket = visit.open("/echo").await;
        for n in 0..50 {
            websocket.send(format!("message {n}")).await.unwrap();
        }
        websocket.shutdown(1000, "that is all").await.unwrap();
        let mut received = 0;
        loop {
            let part = receive(&websocket).await;
            if part.is_close() {
                break;
            }
            assert_eq!(part.as_text(), Some(&*format!("message {received}")), "{library:?}");
            received += 1;
        }
        // Python's answers the close as soon as it comes, and may give up what it had not sent back yet.
        assert!(received == 50 || library == Library::Websockets, "{received} of 50");
        websocket.close(1000, "").await.unwrap();
        drop(websocket);
        visit.end().await;
    }
}

#[tokio::test]
#[ignore = "needs node and python3"]
async fn a_server_that_is_killed_is_a_loss() {
    let world = World::new();
    for library in LIBRARIES {
        let server = start(library, &world);
        let visit = server.sites[0].visit();
        let websocket = visit.open("/echo").await;
        server.peer.signal("KILL");
        let error = visit.failure(&websocket, websocket.receive().await);
        assert_eq!(error.code(), ErrorCode::ConnectionError, "{library:?}: {error}");
        drop(websocket);
        visit.end().await;
    }
}
