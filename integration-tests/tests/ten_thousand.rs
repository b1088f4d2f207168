//! Ten thousand requests in flight over two hundred wires, and not one of their last words is lost.

use futures_util::future::join_all;
use hinternet::{Session, Status};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::{Gate, patiently};

const REQUESTS: usize = 10_000;
const WIRES: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c5_ten_thousand_requests_in_flight_over_two_hundred_wires_lose_no_terminal_notification() {
    let gate = Gate::new();
    let held = gate.clone();
    let origin = Origin::start(move |_| Reply::ok("hello").held(&held)).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().wires_per_origin(WIRES));

    let url = origin.url("/");
    let all = join_all((0..REQUESTS).map(|_| async { session.get(&url)?.send().await?.text().await }));
    let released = async {
        patiently("every wire to carry a request", origin.wait_for_requests(WIRES)).await;
        // All others stand in line now, or are about to.
        gate.open();
    };
    let (texts, ()) = tokio::join!(all, released);
    assert!(texts.iter().all(|text| text.as_ref().is_ok_and(|text| text == "hello")));

    session.close().await.expect("close never fails");
    session.closed().await;
    let told = |wanted: fn(&Status) -> bool| recorder.count(wanted);
    assert_eq!(told(|status| matches!(status, Status::SendRequestComplete)), REQUESTS);
    assert_eq!(told(|status| matches!(status, Status::HeadersAvailable)), REQUESTS);
    assert_eq!(told(|status| matches!(status, Status::ReadComplete(5))), REQUESTS);
    assert_eq!(told(|status| matches!(status, Status::ReadComplete(0))), REQUESTS);
    assert_eq!(told(|status| matches!(status, Status::HandleClosing)), REQUESTS + 1, "the requests and the session");
    assert_eq!(told(|status| matches!(status, Status::ConnectedToServer(_))), WIRES);
    assert_eq!(told(|status| matches!(status, Status::Missed(_))), 0);
    assert_eq!(origin.connections(), WIRES);
    recorder.finish(session).await;
}
