//! Steps below, into and within TLS.

use hinternet::tls::{TlsAlert, TlsOptions};
use hinternet::{Error, ErrorCode, Session, Stage};
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::scene::{Scene, read_all};
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::tls::Tls;

const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
const CLOSING: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
const UNTIL_CLOSE: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello";

/// A server with a certificate for its address, by TLS 1.3; and whom to trust for it.
fn secure() -> (Tls, TlsOptions) {
    let authority = Authority::new("Scripted");
    let tls = Tls::only13(&authority.issue(Leaf::for_names(["127.0.0.1"])));
    (tls, TlsOptions::new().trust_only([authority.certificate()]))
}

async fn scene(scripts: Vec<Script>, options: TlsOptions) -> Scene {
    Scene::of(ScriptedPeer::start(scripts).await.secure(), Session::builder().tls(options))
}

async fn body(scene: &Scene) -> Result<Vec<u8>, Error> {
    let request = scene.request(hinternet::Method::GET);
    let read = async {
        request.send(()).await?;
        request.receive_response().await?;
        read_all(&request).await
    };
    match read.await {
        Ok(body) => Ok(body),
        failed => Err(scene.recorder.failure(request.id(), failed)),
    }
}

#[tokio::test]
async fn tls_is_started_and_its_keys_are_changed_under_way() {
    let (tls, options) = secure();
    let script = Script::new().start_tls(&tls).read_request().send(&ANSWER[..40]).change_keys().send(&ANSWER[40..]);
    let scene = scene(vec![script.keep()], options).await;
    assert_eq!(body(&scene).await.unwrap(), b"hello");
    assert_eq!(tls.seen().len(), 1);
    scene.end().await;
}

#[tokio::test]
async fn the_certificate_is_another_one_on_the_next_connection() {
    let (good, options) = secure();
    let (other, _) = secure();
    let answering = |tls: &Tls| Script::new().start_tls(tls).read_request().send(CLOSING).close();
    let scene = scene(vec![answering(&good), answering(&other)], options).await;
    assert_eq!(body(&scene).await.unwrap(), b"hello");
    let error = body(&scene).await.unwrap_err();
    assert_eq!((error.code(), error.stage()), (ErrorCode::SecureFailure, Stage::Tls));
    scene.end().await;
}

#[tokio::test]
async fn an_alert_in_place_of_a_handshake_is_told_by_its_number() {
    let (_, options) = secure();
    for number in [40, 80, 112] {
        let scene = scene(vec![Script::new().read_exactly(1).alert(number).close()], options.clone()).await;
        let error = body(&scene).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::SecureFailure);
        assert_eq!(error.tls().unwrap().alert, Some(TlsAlert::Received(number)));
        scene.end().await;
    }
}

#[tokio::test]
async fn an_alert_within_a_body_is_no_end_of_it() {
    let (tls, options) = secure();
    let script = Script::new().start_tls(&tls).read_request().send(UNTIL_CLOSE).alert(20).cut();
    let scene = scene(vec![script], options).await;
    let error = body(&scene).await.unwrap_err();
    assert_eq!(error.stage(), Stage::Body);
    assert!(error.to_string().contains("bad_record_mac"), "{error}, {:?}", scene.peer.connection(0).ending);
    scene.end().await;
}

#[tokio::test]
async fn a_cut_below_tls_is_no_end_of_a_body_and_a_close_is() {
    let (tls, options) = secure();
    let said = || Script::new().start_tls(&tls).read_request().send(UNTIL_CLOSE);
    let scene = scene(vec![said().cut(), said().close()], options).await;
    let error = body(&scene).await.unwrap_err();
    assert_eq!((error.code(), error.stage()), (ErrorCode::ConnectionError, Stage::Body));
    assert_eq!(body(&scene).await.unwrap(), b"hello");
    scene.end().await;
}

#[tokio::test]
async fn octets_below_tls_are_no_record() {
    let (tls, options) = secure();
    let script = Script::new().start_tls(&tls).read_request().send_below("HTTP/1.1 200 OK\r\n\r\n").keep();
    let scene = scene(vec![script], options).await;
    let error = body(&scene).await.unwrap_err();
    assert_ne!(error.code(), ErrorCode::InternalError);
    assert!(!error.is_timeout(), "{error}");
    scene.end().await;
}

#[tokio::test]
async fn a_record_of_a_scripts_own_is_authentic_and_of_its_type() {
    let authority = Authority::new("Forging");
    let identity = authority.issue(Leaf::for_names(["127.0.0.1"]));
    let options = TlsOptions::new().trust_only([authority.certificate()]);
    for is_tls12 in [true, false] {
        let tls = Tls::forging(&identity, is_tls12);
        let begun = Script::new().start_tls(&tls).read_request().send_record(23, UNTIL_CLOSE.len(), UNTIL_CLOSE);
        // Its end is announced by a warning that is called close_notify.
        let scene = scene(vec![begun.send_record(21, 2, [1, 0]).cut()], options.clone()).await;
        assert_eq!(body(&scene).await.unwrap(), b"hello");
        scene.end().await;
    }
}
