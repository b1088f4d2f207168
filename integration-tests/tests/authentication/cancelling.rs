//! A request that is given up at any moment of its rounds leaves nothing behind, and the next one is answered.

use hinternet::{Method, Session};
use integration_tests::dropped_after;
use integration_tests::guard::Guard;
use integration_tests::origin::{Origin, Reply};

use super::{ALICE, Scene};

async fn guarded() -> Scene {
    let guard = Guard::digest("MD5", "auth", ALICE.0, ALICE.1);
    let origin = Origin::start(guard.before(|_| Reply::ok("admitted"))).await;
    let builder = Session::builder().credentials(&origin.origin(), ALICE).wires_per_origin(1);
    Scene::of(origin, builder)
}

#[tokio::test]
async fn dropped_at_every_poll_it_leaves_the_one_wire_to_the_next() {
    for polls in 1..40 {
        let scene = guarded().await;
        let given_up = scene.session.get(scene.origin.url("/")).unwrap().send();
        let is_through = dropped_after(polls, given_up).await.is_some();
        let next = scene.session.get(scene.origin.url("/")).unwrap().send().await.unwrap();
        assert_eq!(next.status(), 200, "{polls}");
        drop(next);
        scene.end().await;
        if is_through {
            return;
        }
    }
}

#[tokio::test]
async fn a_receive_that_is_dropped_at_every_poll_and_made_again_loses_nothing() {
    for polls in 1..12 {
        let scene = guarded().await;
        let connection = scene.session.connect(&scene.origin.origin()).unwrap();
        let request = connection.open_request(Method::GET, "/").unwrap();
        request.send(()).await.unwrap();
        let head = loop {
            match dropped_after(polls, request.receive_response()).await {
                Some(head) => break head.unwrap(),
                None => tokio::task::yield_now().await,
            }
        };
        assert_eq!(head.status(), 200, "{polls}");
        drop((request, connection));
        scene.end().await;
    }
}
