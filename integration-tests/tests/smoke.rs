//! One GET by each face, on each kind of runtime: the first thing that must work, and all of its notifications.

use hinternet::{Method, Session};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;

async fn hello() -> Origin {
    Origin::start(|_| Reply::ok("hello")).await
}

#[tokio::test]
async fn a_get_by_the_handle_path_tells_its_whole_story() {
    let origin = hello().await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let connection = session.connect(&origin.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/hello").unwrap();

    request.send(()).await.unwrap();
    let head = request.receive_response().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(request.query_data_available().await.unwrap(), 5);
    assert_eq!(request.read().await.unwrap(), "hello");
    assert_eq!(request.query_data_available().await.unwrap(), 0);
    request.close().await.unwrap();
    recorder.wait_for_closing(request.id()).await;

    recorder.assert_sequence(
        request.id(),
        &[
            "HandleCreated",
            "ResolvingName",
            "NameResolved",
            "ConnectingToServer",
            "ConnectedToServer",
            "WireAcquired",
            "SendingRequest",
            "RequestSent",
            "SendRequestComplete",
            "ReceivingResponse",
            "ResponseReceived",
            "HeadersAvailable",
            "DataAvailable",
            "WireReleased",
            "DownloadProgress",
            "ReadComplete",
            "DataAvailable",
            "HandleClosing",
        ],
    );
    let id = connection.id();
    connection.close().await.unwrap();
    recorder.wait_for_closing(id).await;
    recorder.assert_sequence(id, &["HandleCreated", "HandleClosing"]);
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_get_by_the_paved_path_tells_the_same_story_and_closes_by_itself() {
    let origin = hello().await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());

    let response = session.get(origin.url("/hello").as_str()).unwrap().send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.text().await.unwrap(), "hello");

    let request = recorder.request(0).await;
    recorder.wait_for_closing(request).await;
    assert_eq!(recorder.of(request)[0].parent, Some(session.id()));
    let names = recorder.winhttp_names(request);
    assert!(names.starts_with(&["HandleCreated", "ResolvingName", "NameResolved", "ConnectingToServer"]), "{names:?}");
    assert!(names.ends_with(&["ReadComplete", "HandleClosing"]), "{names:?}");
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_second_get_begins_with_sending_request_on_the_same_wire() {
    let origin = hello().await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    for _ in 0..2 {
        let response = session.get(origin.url("/").as_str()).unwrap().send().await.unwrap();
        assert_eq!(response.bytes().await.unwrap(), "hello");
    }
    let second = recorder.request(1).await;
    recorder.wait_for_closing(second).await;
    assert_eq!(recorder.winhttp_names(second)[..2], ["HandleCreated", "SendingRequest"]);
    assert_eq!(origin.connections(), 1);
    recorder.finish(session).await;
}

async fn get_once() {
    let origin = hello().await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let response = session.get(origin.url("/").as_str()).unwrap().send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "hello");
    recorder.finish(session).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_runs_on_a_multi_threaded_tokio() {
    get_once().await;
}

#[test]
fn it_runs_inside_an_actix_program() {
    actix::System::new().block_on(get_once());
}

#[test]
fn it_runs_from_a_thread_without_a_runtime() {
    // The server needs a runtime; the client's thread has none.
    let server = tokio::runtime::Runtime::new().unwrap();
    let origin = server.block_on(hello());
    let url = origin.url("/");
    let text = std::thread::spawn(move || {
        block_on(async move {
            let session = Session::open()?;
            let text = session.get(url.as_str())?.send().await?.text().await?;
            session.close().await?;
            session.closed().await;
            Ok::<_, hinternet::Error>(text)
        })
    });
    assert_eq!(text.join().unwrap().unwrap(), "hello");
}

/// The plainest executor: parks the thread between polls.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = std::sync::Arc::new(Unpark(std::thread::current())).into();
    let mut context = std::task::Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(value) => return value,
            std::task::Poll::Pending => std::thread::park(),
        }
    }
}
