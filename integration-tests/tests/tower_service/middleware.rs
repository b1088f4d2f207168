//! Middleware of `tower` works on it.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hinternet::tower::ResponseBody;
use hinternet::{Error, WireState};
use http::{Request, Response};
use http_body_util::Full;
use integration_tests::http2_origin::{Answer, Http2Scene};
use integration_tests::origin::Reply;
use integration_tests::{Gate, patiently};
use tower::retry::Policy;
use tower::{ServiceBuilder, ServiceExt};

use super::{collected, full};

#[tokio::test]
async fn a_concurrency_limit_lets_so_many_through_at_a_time() {
    let (gate, most) = (Gate::new(), Arc::new(AtomicUsize::new(0)));
    let held = gate.clone();
    let scene = Http2Scene::with(move |_| Reply::ok("ok").held(&held).into()).await;
    let service = ServiceBuilder::new()
        .concurrency_limit(8)
        .timeout(Duration::from_secs(30))
        .map_request(|path: String| Request::get(path).body(full("")).unwrap())
        .service(scene.connection.clone());
    let calls: Vec<_> = (0..32)
        .map(|n| {
            let (service, most) = (service.clone(), Arc::clone(&most));
            tokio::spawn(async move {
                let response: Response<ResponseBody> = service.oneshot(format!("/{n}")).await.unwrap();
                most.fetch_add(1, Ordering::Relaxed);
                collected(response.into_body()).await.unwrap().0
            })
        })
        .collect();
    scene.origin.wait_for_requests(8).await;
    // The others wait before the service, and the server has not heard of them.
    assert_eq!((scene.origin.log().len(), most.load(Ordering::Relaxed)), (8, 0));
    gate.open();
    for call in calls {
        assert_eq!(patiently("an answer", call).await.unwrap(), "ok");
    }
    assert_eq!(scene.origin.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn a_timeout_of_tower_cancels_the_request() {
    let gate = Gate::new();
    let held = gate.clone();
    let scene = Http2Scene::with(move |request| match request.path() {
        "/late" => Reply::ok("late").held(&held).into(),
        _ => Reply::ok("ok").into(),
    })
    .await;
    // So that the time is not spent on a wire.
    assert_eq!(scene.text("/first").await.unwrap(), "ok");
    let service = ServiceBuilder::new().timeout(Duration::from_millis(500)).service(scene.connection.clone());
    let request = Request::get("/late").body(full("")).unwrap();
    let error = patiently("the timeout", service.oneshot(request)).await.unwrap_err();
    assert!(error.is::<tower::timeout::error::Elapsed>(), "{error}");
    scene.origin.wait_for_reset(0, h2::Reason::CANCEL).await;
    gate.open();
    scene.end().await;
}

/// Tries again what the server has not seen, or has not looked at.
#[derive(Clone)]
struct WhereSafe(u32);

impl Policy<Request<Full<Bytes>>, Response<ResponseBody>, Error> for WhereSafe {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<Full<Bytes>>,
        result: &mut Result<Response<ResponseBody>, Error>,
    ) -> Option<Ready<()>> {
        let error = result.as_ref().err()?;
        let is_safe = matches!(error.wire_state(), WireState::NotSent | WireState::RefusedByPeer);
        self.0 = self.0.checked_sub(1).filter(|_| is_safe && error.is_retryable())?;
        Some(ready(()))
    }

    fn clone_request(&mut self, request: &Request<Full<Bytes>>) -> Option<Request<Full<Bytes>>> {
        Some(request.clone())
    }
}

#[tokio::test]
async fn a_retry_of_tower_sends_the_same_request_again() {
    // Six times is once more than the library tries by itself.
    let left = AtomicUsize::new(6);
    let scene = Http2Scene::with(move |request| {
        let refuses = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        if refuses { Answer::refused() } else { Reply::ok(request.body.clone()).into() }
    })
    .await;
    let service = ServiceBuilder::new().retry(WhereSafe(3)).service(scene.connection.clone());
    let request = Request::post("/").body(full("body")).unwrap();
    let response = patiently("an answer", service.oneshot(request)).await.unwrap();
    assert_eq!(collected(response.into_body()).await.unwrap().0, "body");
    assert_eq!(scene.origin.log().len(), 7);
    scene.end().await;
}
