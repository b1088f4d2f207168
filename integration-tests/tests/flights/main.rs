//! The paved path while it is under way: there is no actor yet, and the handle is one all the same (contract B).

mod calls;
mod engines;
mod given_up;

use hinternet::{HandleId, Request, Response, Session};
use integration_tests::recorder::Recorder;
use integration_tests::scene::Scene;
use integration_tests::scripted_peer::Script;
use tokio::task::JoinHandle;

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
const HELLO_AND_CLOSE: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello";

type Sending = JoinHandle<hinternet::Result<Response>>;

fn silent() -> Script {
    Script::new().read_request().keep()
}

/// A GET on the paved path, begun beside the test.
fn get(scene: &Scene) -> Sending {
    tokio::spawn(scene.session.get(scene.peer.url("/")).unwrap().send())
}

/// The n-th request (from 0) is under way and waits for its response: the handle that its notifications name, and the call.
async fn flying(scene: &Scene, n: usize) -> (Request, Sending) {
    let call = get(scene);
    let id = scene.recorder.request(n).await;
    scene.recorder.wait_for_status(id, "ReceivingResponse").await;
    (handle(&scene.session, id), call)
}

fn handle(session: &Session, id: HandleId) -> Request {
    session.handle(id).expect("it is open").try_into().expect("it is a request")
}

/// The handle has ended, and told of its failure once.
async fn ended_with_one_error(recorder: &Recorder, id: HandleId) {
    recorder.wait_for_closing(id).await;
    assert_eq!(recorder.names(id).last(), Some(&"HandleClosing"));
    assert_eq!((recorder.count_of(id, "RequestError"), recorder.count_of(id, "HandleClosing")), (1, 1));
}
