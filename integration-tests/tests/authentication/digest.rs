//! Digest as a server checks it: every algorithm, counts, nonces that change, over HTTP/1.1 and HTTP/2.

use futures_util::future::join_all;
use hinternet::{AuthReason, Payload, Session};
use integration_tests::guard::Guard;
use integration_tests::http2_origin::{self, Http2Origin, Http2Scene};
use integration_tests::origin::{Origin, Reply};

use super::{ALICE, Scene};

async fn guarded(guard: &std::sync::Arc<Guard>) -> Scene {
    let origin = Origin::start(guard.before(|request| Reply::ok(request.body.clone()))).await;
    let builder = Session::builder().credentials(&origin.origin(), ALICE);
    Scene::of(origin, builder)
}

#[tokio::test]
async fn rfc7616_3_3_every_algorithm_and_quality_is_accepted_by_a_server_that_checks() {
    for (algorithm, qop) in [
        ("MD5", ""),
        ("MD5", "auth"),
        ("MD5", "auth-int"),
        ("MD5-sess", "auth"),
        ("MD5-sess", "auth-int"),
        ("SHA-256", "auth"),
        ("SHA-256", "auth-int"),
        ("SHA-256-sess", "auth,auth-int"),
    ] {
        let guard = Guard::digest(algorithm, qop, ALICE.0, ALICE.1);
        let scene = guarded(&guard).await;
        for body in ["", "a body"] {
            let response = scene.session.post(scene.origin.url("/p?q=1")).unwrap().body(body).send().await.unwrap();
            assert_eq!(response.status(), 200, "{algorithm} {qop} {body:?}");
            assert_eq!(response.text().await.unwrap(), body);
        }
        assert_eq!(guard.refused(), 1, "{algorithm} {qop}: asked for once");
        scene.end().await;
    }
}

#[tokio::test]
async fn ten_requests_at_a_time_share_a_nonce_and_count_apart() {
    let guard = Guard::digest("SHA-256", "auth", ALICE.0, ALICE.1);
    let scene = guarded(&guard).await;
    scene.session.get(scene.origin.url("/")).unwrap().send().await.unwrap();
    let ten = (0..10).map(|n| scene.session.get(scene.origin.url(&format!("/{n}"))).unwrap().send());
    for response in join_all(ten).await {
        assert_eq!(response.unwrap().status(), 200);
    }
    let mut counts: Vec<_> = guard.seen().into_iter().map(|(_, count)| count).collect();
    counts.sort();
    assert_eq!(counts, (1..=11).map(|n| format!("{n:08x}")).collect::<Vec<_>>());
    assert_eq!(guard.refused(), 1);
    scene.end().await;
}

#[tokio::test]
async fn rfc7616_3_3_a_stale_nonce_is_replaced_without_asking_anybody() {
    let guard = Guard::digest("MD5", "auth", ALICE.0, ALICE.1);
    let scene = guarded(&guard).await;
    scene.session.get(scene.origin.url("/")).unwrap().send().await.unwrap();
    for change in [Guard::change_nonce, Guard::forget_nonce] {
        change(&guard);
        let response = scene.session.get(scene.origin.url("/")).unwrap().send().await.unwrap();
        assert_eq!(response.status(), 200);
        let reasons: Vec<_> = scene.told(response.handle().id()).await.into_iter().map(|told| told.3).collect();
        assert_eq!(reasons, [AuthReason::Remembered, AuthReason::Stale]);
    }
    scene.end().await;
}

#[tokio::test]
async fn rfc7616_3_5_the_next_nonce_is_used_for_the_next_request() {
    let guard = Guard::digest("MD5", "auth", ALICE.0, ALICE.1);
    guard.gives_next_nonce();
    let scene = guarded(&guard).await;
    for _ in 0..3 {
        assert_eq!(scene.session.get(scene.origin.url("/")).unwrap().send().await.unwrap().status(), 200);
    }
    assert_eq!(guard.refused(), 1);
    assert_eq!(guard.seen(), ["n0", "n1", "n2"].map(|nonce| (nonce.to_owned(), "00000001".to_owned())));
    scene.end().await;
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_though_the_nonce_change_each_time() {
    let guard = Guard::digest("MD5", "auth", ALICE.0, "another");
    let scene = guarded(&guard).await;
    assert_eq!(scene.session.get(scene.origin.url("/")).unwrap().send().await.unwrap().status(), 401);
    assert_eq!(scene.shown().len(), 2);
    scene.end().await;
}

#[tokio::test]
async fn a_server_that_calls_every_nonce_stale_is_not_asked_for_ever() {
    let challenge = |n: usize| format!("Digest realm=\"x\", nonce=\"n{n}\", qop=\"auth\", stale=true");
    let count = std::sync::atomic::AtomicUsize::new(0);
    let origin = Origin::start(move |_| {
        let n = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Reply::new(401).field("www-authenticate", challenge(n))
    })
    .await;
    let builder = Session::builder().credentials(&origin.origin(), ALICE);
    let scene = Scene::of(origin, builder);
    assert_eq!(scene.session.get(scene.origin.url("/")).unwrap().send().await.unwrap().status(), 401);
    assert_eq!(scene.shown().len(), 11);
    scene.end().await;
}

#[tokio::test]
async fn a_body_that_can_be_had_again_is_sent_again() {
    let guard = Guard::digest("MD5", "auth", ALICE.0, ALICE.1);
    let scene = guarded(&guard).await;
    let body = Payload::reopen(|| futures_util::stream::iter([Ok(hinternet::Bytes::from_static(b"again"))]));
    let response = scene.session.put(scene.origin.url("/")).unwrap().body(body).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.text().await.unwrap().as_str()), (200, "again"));
    scene.end().await;
}

#[tokio::test]
async fn over_http2_the_rounds_are_the_same_and_stay_on_the_wire() {
    let guard = Guard::digest("SHA-256", "auth", ALICE.0, ALICE.1);
    let answer = guard.before(|_| Reply::ok("admitted"));
    let origin = Http2Origin::start(move |request| answer(request).into()).await;
    let builder = http2_origin::builder().credentials(&origin.origin(), ALICE);
    let scene = Http2Scene::of(origin, builder);
    let requests = (0..5).map(|_| scene.text("/"));
    for text in join_all(requests).await {
        assert_eq!(text.unwrap(), "admitted");
    }
    assert_eq!(scene.origin.connections(), 1);
    scene.end().await;
}
