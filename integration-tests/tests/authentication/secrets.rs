//! P7: no secret in any `Debug`, error, notification or snapshot.

use hinternet::{AuthSchemes, AuthTarget, Credentials, Session};
use integration_tests::guard::Guard;
use integration_tests::origin::{Origin, Reply};

use super::{ALICE, Scene};

const SECRETS: [&str; 4] = ["s3cret", "YWxpY2U6czNjcmV0", "t0ken", "alice"];

#[track_caller]
fn assert_hidden(what: &impl std::fmt::Debug) {
    let shown = format!("{what:?} {what:#?}");
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[tokio::test]
async fn p7_nothing_shows_what_was_set_or_sent() {
    assert_hidden(&Credentials::from(ALICE));
    assert_hidden(&Credentials::bearer("t0ken"));
    let digest = Guard::digest("MD5", "auth", ALICE.0, ALICE.1);
    let basic = Guard::basic(ALICE.0, "another");
    let (digest, basic) = (digest.before(|_| Reply::ok("admitted")), basic.before(|_| Reply::ok("admitted")));
    let origin = Origin::start(
        move |request| {
            if request.target.starts_with("/digest/") { digest(request) } else { basic(request) }
        },
    )
    .await;
    let builder = Session::builder().credentials(&origin.origin(), ALICE).trace(100);
    assert_hidden(&builder);
    let scene = Scene::of(origin, builder);
    assert_hidden(&scene.session.credentials());
    scene
        .session
        .credentials()
        .set(AuthTarget::Server, "a.example", AuthSchemes::BEARER, Credentials::bearer("t0ken"))
        .unwrap();
    for path in ["/digest/", "/digest/x", "/basic/"] {
        let request = scene.session.get(scene.origin.url(path)).unwrap();
        assert_hidden(&request);
        let response = request.send().await.unwrap();
        assert_hidden(&response);
        assert_hidden(response.head());
        assert_hidden(response.handle());
        assert_hidden(&response.handle().options());
    }
    for builder in [
        scene.session.get(scene.origin.url("/basic/")).unwrap().basic_auth(ALICE.0, ALICE.1),
        scene.session.get(scene.origin.url("/basic/")).unwrap().bearer_auth("t0ken"),
    ] {
        assert_hidden(&builder);
        assert_hidden(&builder.send().await.unwrap());
    }
    let wrong = scene.session.get(scene.origin.url("/")).unwrap().basic_auth("alice\n", "s3cret").send().await;
    assert_hidden(&wrong.unwrap_err());
    assert_hidden(&scene.session.credentials().set(AuthTarget::Server, "alice:s3cret@h", AuthSchemes::all(), ALICE));
    assert_hidden(&scene.session.snapshot().await);
    assert_hidden(&scene.recorder.log());
    scene.end().await;
}
