//! The request that asks for a WebSocket carries cookies as any other, and its answer sets them.

use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::websocket::{SWITCHING, close};

use crate::place::builder;

#[tokio::test]
async fn an_upgrade_carries_cookies_and_sets_them() {
    let consent = SWITCHING.replace("Upgrade: websocket", "Set-Cookie: token=2\r\nUpgrade: websocket");
    let script = Script::new().read_request().send_accepting(consent).send(close(1000, ""));
    let peer = ScriptedPeer::always(script).await;
    let recorder = Recorder::start();
    let session = recorder.session(builder());
    session.cookies().set(peer.url("/"), "sid=1").unwrap();
    let url = peer.url("/").replace("http:", "ws:");
    let websocket = session.websocket(&url).unwrap().connect().await.unwrap();
    assert_eq!(peer.requests()[0].fields_named("cookie"), ["sid=1"]);
    assert_eq!(session.cookies().for_url(peer.url("/")).unwrap()[1].name(), b"token");
    websocket.close(1000, "").await.unwrap();
    drop(websocket);
    recorder.finish(session).await;
}
