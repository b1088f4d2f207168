//! What is answered over a wire that says who asks, and the cache: no field of the request tells whose it is.

use std::sync::atomic::{AtomicU32, Ordering};

use hinternet::{AuthScheme, AuthTarget, Cache, Session};
use integration_tests::ntlm_origin::challenge;
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;

use super::{ALICE, BOB};

#[tokio::test]
async fn what_was_answered_to_who_is_known_by_a_wire_is_stored_for_nobody() {
    let answers = AtomicU32::new(0);
    let origin = Origin::start(move |request| match request.field("authorization") {
        None => Reply::new(401).field("www-authenticate", "NTLM"),
        Some(shown) => match challenge(shown) {
            Some(challenge) => Reply::new(401).field("www-authenticate", challenge),
            None => Reply::ok(format!("answer {}", answers.fetch_add(1, Ordering::Relaxed)))
                .field("cache-control", "private, max-age=600"),
        },
    })
    .await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().cache(Cache::in_memory()));
    let get = || session.get(origin.url("/")).unwrap();
    let by = async |user| {
        let request = get().credentials(AuthTarget::Server, AuthScheme::Ntlm, user);
        request.send().await.unwrap().text().await.unwrap()
    };
    assert_eq!(by(ALICE).await, "answer 0");
    assert_eq!(by(BOB).await, "answer 1", "what Alice was told");
    assert_eq!(get().send().await.unwrap().status(), 401, "nobody is told what they were");
    assert_eq!(by(ALICE).await, "answer 2", "what Bob was told");
    recorder.finish(session).await;
}
