//! Peers that break a handshake off, or never end it.

use hinternet::{Blame, ErrorCode, Method, Session, Stage};
use integration_tests::Gate;
use integration_tests::dropped_after;
use integration_tests::ntlm_origin::Habits;

use super::{ALICE, Scene};

#[tokio::test]
async fn a_wire_that_is_lost_between_two_legs_begins_anew_once() {
    let scene = Scene::alice(Habits::good().cutting(1)).await;
    assert_eq!(scene.get("/").await, (200, "hello alice, 0 octets".to_owned()));
    let legs: Vec<_> = scene.origin.legs();
    assert_eq!(legs, [(1, None), (2, Some(1)), (3, Some(1)), (3, Some(3))]);
    scene.end().await;
}

#[tokio::test]
async fn a_server_that_closes_in_the_middle_each_time_is_at_fault() {
    let scene = Scene::alice(Habits::good().cutting(9)).await;
    let error = scene.session.get(scene.origin.url("/")).unwrap().send().await.unwrap_err();
    assert_eq!((error.code(), error.blame()), (ErrorCode::ConnectionError, Blame::Peer), "{error}");
    assert!(scene.origin.legs().len() <= 4, "{:?}", scene.origin.legs());
    scene.end().await;
}

#[tokio::test]
async fn a_server_that_challenges_for_ever_is_answered_to_the_end_of_the_handshake() {
    let first = "TlRMTVNTUAABAAAAl4II4gAAAAAAAAAAAAAAAAAAAAAKAGNFAAAADw==";
    let token = integration_tests::ntlm_origin::challenge(&format!("NTLM {first}")).unwrap();
    let scene = Scene::alice(Habits::good().always_answering(token.strip_prefix("NTLM ").unwrap())).await;
    assert_eq!(scene.get("/").await.0, 401);
    assert_eq!(scene.origin.legs(), [(1, None), (2, Some(1)), (2, Some(3))]);
    scene.end().await;
}

#[tokio::test]
async fn tokens_of_no_sense_and_of_any_length_are_the_servers_fault() {
    // The second one is as long as a head may be, and longer than a token.
    for token in ["AAAA".to_owned(), "TlRM".repeat(16_010), "AAA".to_owned(), "TlRMTVNTUAACAAAA".to_owned()] {
        let scene = Scene::alice(Habits::good().always_answering(&token)).await;
        let error = scene.session.get(scene.origin.url("/")).unwrap().send().await.unwrap_err();
        let length = token.len();
        assert_eq!(error.blame(), Blame::Peer, "{length}: {error}");
        assert!(
            matches!(error.code(), ErrorCode::InvalidServerResponse | ErrorCode::HeaderSizeOverflow),
            "{length}: {error}"
        );
        if error.code() == ErrorCode::InvalidServerResponse {
            assert_eq!(error.stage(), Stage::Authenticate, "{length}: {error}");
        }
        scene.end().await;
    }
}

#[tokio::test]
async fn a_request_that_is_dropped_at_any_moment_leaves_nothing() {
    let scene = Scene::alice(Habits::good()).await;
    let mut polls = 0;
    loop {
        let get = scene.session.get(scene.origin.url("/")).unwrap();
        if dropped_after(polls, get.send()).await.is_some() {
            break;
        }
        polls += 1;
    }
    assert_eq!(scene.get("/").await.0, 200);
    scene.end().await;
}

#[tokio::test]
async fn a_handle_that_is_closed_between_two_legs_parts_with_the_wire() {
    let (reached, open) = (Gate::new(), Gate::new());
    let scene = Scene::of(Habits::good().holding(&reached, &open), |origin| {
        Session::builder().credentials(&origin.origin(), ALICE)
    })
    .await;
    let connection = scene.session.connect(&scene.origin.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    let receiving = tokio::spawn({
        let request = request.clone();
        async move { request.receive_response().await.map(drop) }
    });
    reached.passed().await;
    request.close().await.unwrap();
    assert!(receiving.await.unwrap().is_err());
    open.open();
    drop((request, connection));
    scene.end().await;
}
