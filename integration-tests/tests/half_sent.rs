//! What must never be reused: a wire on which half a request lies (contract D.4, F).

use hinternet::{CloseReason, Method, Payload, Status};
use integration_tests::recorder::Recorder;
use integration_tests::scene::{Scene, read_all};
use integration_tests::scripted_peer::Script;

/// The server refuses a large upload after its head, and offers to keep the connection. The rest of the body was never
/// written, and the next request would be taken for it.
#[tokio::test]
async fn d4_a_wire_on_which_a_body_was_cut_short_is_closed_although_the_server_would_keep_it() {
    let refusal = "HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n";
    let scene = Scene::with(Script::new().read_head().send(refusal).keep()).await;
    let request = scene.request(Method::POST);
    request.send(Payload::bytes(vec![b'x'; 64 * 1024 * 1024])).await.unwrap();
    let head = request.receive_response().await.unwrap();
    assert_eq!(head.status(), 413);
    assert!(read_all(&request).await.unwrap().is_empty());
    let closing = scene.recorder.wait_for_status(request.id(), "ClosingConnection").await;
    assert!(matches!(closing.status, Status::ClosingConnection { reason: CloseReason::EarlyResponse }), "{closing:?}");
    assert_eq!(released(&scene.recorder), 0);
    scene.end().await;
}

fn released(recorder: &Recorder) -> usize {
    recorder.count(|status| matches!(status, Status::WireReleased { .. }))
}
