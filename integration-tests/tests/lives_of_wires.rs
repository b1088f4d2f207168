//! How long wires live: by what they have served, and by what a caller says of them.

use std::time::Duration;

use hinternet::{CloseReason, Method, Session, SessionOptions, Status};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;

struct Scene {
    recorder: Recorder,
    origin: Origin,
    session: Session,
}

impl Scene {
    async fn with(change: impl FnOnce(&mut SessionOptions)) -> Self {
        let origin = Origin::start(|_| Reply::ok("hello")).await;
        let recorder = Recorder::start();
        let mut options = SessionOptions::default();
        change(&mut options);
        let session = recorder.session(Session::builder().options(options));
        Self { recorder, origin, session }
    }

    async fn get(&self) {
        let response = self.session.get(self.origin.url("/")).unwrap().send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "hello");
    }

    /// Waits until so many wires were retired, and sees that there were no more.
    async fn retired(&self, wires: usize) {
        let retired = |status: &Status| matches!(status, Status::ClosingConnection { reason: CloseReason::Retired });
        let mut missing = wires;
        self.recorder
            .wait_for(|notification| {
                missing -= usize::from(retired(&notification.status));
                missing == 0
            })
            .await;
        assert_eq!(self.recorder.count(retired), wires);
    }
}

#[tokio::test]
async fn a_wire_serves_no_more_requests_than_it_may() {
    let scene = Scene::with(|options| options.wire_max_requests = Some(2)).await;
    for _ in 0..5 {
        scene.get().await;
    }
    assert_eq!(scene.origin.connections(), 3);
    scene.retired(2).await;
    scene.recorder.finish(scene.session).await;
}

#[tokio::test]
async fn a_wire_that_is_too_old_when_it_comes_back_serves_no_more() {
    let scene = Scene::with(|options| options.wire_max_age = Some(Duration::from_nanos(1))).await;
    scene.get().await;
    scene.get().await;
    assert_eq!(scene.origin.connections(), 2);
    scene.retired(2).await;
    scene.recorder.finish(scene.session).await;
}

#[tokio::test]
async fn evict_idle_closes_what_nobody_uses_and_says_how_much() {
    let scene = Scene::with(|_| ()).await;
    scene.get().await;
    let unread = scene.session.get(scene.origin.url("/")).unwrap().send().await.unwrap();
    assert_eq!(unread.text().await.unwrap(), "hello");
    assert_eq!(scene.session.evict_idle().await, 1);
    assert_eq!(scene.session.evict_idle().await, 0);
    scene.get().await;
    assert_eq!(scene.origin.connections(), 2);
    scene.recorder.finish(scene.session).await;
}

#[tokio::test]
async fn an_expired_wire_serves_no_more_and_those_dialed_later_do() {
    let scene = Scene::with(|_| ()).await;
    let connection = scene.session.connect(&scene.origin.origin()).unwrap();
    scene.get().await;
    assert_eq!(connection.expire().await, 1);
    scene.retired(1).await;
    scene.get().await;
    scene.get().await;
    assert_eq!(scene.origin.connections(), 2);
    scene.retired(1).await;
    drop(connection);
    scene.recorder.finish(scene.session).await;
}

/// `WINHTTP_OPTION_EXPIRE_CONNECTION`.
#[tokio::test]
async fn the_wire_that_a_request_expires_serves_no_other_and_the_rest_do() {
    let scene = Scene::with(|_| ()).await;
    let connection = scene.session.connect(&scene.origin.origin()).unwrap();
    let open = || connection.open_request(Method::GET, "/").unwrap();
    let (first, second) = (open(), open());
    assert!(!first.expire_wire().await, "it has none");
    for request in [&first, &second] {
        request.send(()).await.unwrap();
        request.receive_response().await.unwrap();
    }
    // In use: what it carries it carries to its end.
    assert!(first.expire_wire().await);
    for request in [&first, &second] {
        assert_eq!(request.read_exact(5).await.unwrap(), "hello");
        assert!(request.read().await.unwrap().is_empty());
    }
    scene.retired(1).await;
    assert!(!first.expire_wire().await, "it is gone");
    scene.get().await;
    assert_eq!(scene.origin.connections(), 2, "the other one serves on");
    // At rest: it is closed at once.
    assert!(second.expire_wire().await);
    scene.retired(2).await;
    scene.get().await;
    assert_eq!(scene.origin.connections(), 3);
    drop((first, second, connection));
    scene.recorder.finish(scene.session).await;
}

#[tokio::test]
async fn on_another_network_idle_wires_of_http1_are_closed() {
    let scene = Scene::with(|_| ()).await;
    scene.get().await;
    let change = scene.session.network_changed().await;
    assert_eq!((change.closed, change.asked), (1, 0));
    scene.get().await;
    assert_eq!(scene.origin.connections(), 2);
    scene.recorder.finish(scene.session).await;
}
