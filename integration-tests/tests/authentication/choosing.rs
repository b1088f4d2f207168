//! What a caller sets, what a server asks for, and what is made of the two.

use hinternet::{
    AuthReason, AuthScheme, AuthSchemes, AuthTarget, Authentication, Credentials, ErrorCode, Method, Payload,
    RequestOptions, Session,
};
use integration_tests::guard::Guard;
use integration_tests::origin::{Origin, Reply};

use super::{ALICE, BASIC, Scene};

async fn guarded_by_basic() -> Scene {
    let guard = Guard::basic(ALICE.0, ALICE.1);
    Scene::of(Origin::start(guard.before(|_| Reply::ok("admitted"))).await, Session::builder())
}

#[tokio::test]
async fn winhttp_a_02_without_credentials_a_401_is_the_response() {
    let scene = guarded_by_basic().await;
    let response = scene.session.get(scene.origin.url("/")).unwrap().send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.text().await.unwrap(), "who are you?");
    assert_eq!(scene.shown(), [None]);
    scene.end().await;
}

#[tokio::test]
async fn winhttp_a_07_basic_goes_with_the_first_request() {
    let scene = guarded_by_basic().await;
    let request = scene.session.get(scene.origin.url("/")).unwrap().basic_auth(ALICE.0, ALICE.1);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(scene.shown(), [Some(BASIC.to_owned())]);
    let told = scene.told(response.handle().id()).await;
    assert_eq!(told, [(AuthTarget::Server, AuthScheme::Basic, String::new(), AuthReason::CallerAsked)]);
    drop(response);
    scene.end().await;
}

#[tokio::test]
async fn winhttp_a_09_wrong_credentials_lead_to_a_401_and_are_shown_once() {
    let scene = guarded_by_basic().await;
    let response = scene.session.get(scene.origin.url("/")).unwrap().basic_auth("alice", "wrong").send().await.unwrap();
    assert_eq!((response.status().as_u16(), scene.shown().len()), (401, 1));
    drop(response);
    scene.end().await;
}

#[tokio::test]
async fn rfc6750_2_1_a_token_goes_with_the_first_request() {
    let origin = Origin::start(|_| Reply::ok("")).await;
    let scene = Scene::of(origin, Session::builder());
    scene.session.get(scene.origin.url("/")).unwrap().bearer_auth("t0ken").send().await.unwrap();
    assert_eq!(scene.shown(), [Some("Bearer t0ken".to_owned())]);
    scene.end().await;
}

#[tokio::test]
async fn winhttp_a_03_and_a_06_after_a_401_the_schemes_are_told_and_the_same_handle_sends_again() {
    let guard = Guard::digest("SHA-256", "auth", ALICE.0, ALICE.1);
    let scene = Scene::of(Origin::start(guard.before(|_| Reply::ok("admitted"))).await, Session::builder());
    let connection = scene.session.connect(&scene.origin.origin()).unwrap();
    let request = connection.open_request(Method::POST, "/").unwrap();
    assert_eq!(request.query_auth_schemes().unwrap_err().code(), ErrorCode::IncorrectHandleState);
    request.send(Payload::begin("", 3)).await.unwrap();
    assert_eq!(request.query_auth_schemes().unwrap_err().code(), ErrorCode::IncorrectHandleState);
    request.write("abc").await.unwrap();
    assert_eq!(request.receive_response().await.unwrap().status(), 401);
    let offered = request.query_auth_schemes().unwrap();
    assert_eq!((offered.supported, offered.first), (AuthSchemes::DIGEST, AuthScheme::Digest));
    assert_eq!((offered.target, offered.realm.as_deref()), (AuthTarget::Server, Some("guarded")));

    request.set_credentials(AuthTarget::Server, AuthScheme::Digest, ALICE).unwrap();
    request.send(Payload::begin("", 3)).await.unwrap();
    request.write("abc").await.unwrap();
    assert_eq!(request.receive_response().await.unwrap().status(), 200, "by the challenge of the response before");
    assert_eq!(request.query_auth_schemes().unwrap_err().code(), ErrorCode::InvalidOperation, "A-01");
    assert_eq!(guard.refused(), 1);
    drop((request, connection));
    scene.end().await;
}

#[tokio::test]
async fn winhttp_a_06_a_401_that_was_read_or_not_or_whose_wire_is_closed_is_answered_by_the_same_handle() {
    for (read, closes) in [(true, false), (false, false), (true, true), (false, true)] {
        let origin = Origin::start(move |request| match request.field("authorization") {
            Some(_) => Reply::ok("admitted"),
            None => {
                let asks = Reply::new(401).field("www-authenticate", "Basic realm=\"x\"").body(vec![b'x'; 10_240]);
                if closes { asks.closing() } else { asks }
            }
        });
        let scene = Scene::of(origin.await, Session::builder());
        let connection = scene.session.connect(&scene.origin.origin()).unwrap();
        let request = connection.open_request(Method::GET, "/").unwrap();
        request.send(()).await.unwrap();
        assert_eq!(request.receive_response().await.unwrap().status(), 401);
        let offered = request.query_auth_schemes().unwrap();
        assert_eq!((offered.supported, offered.first), (AuthSchemes::BASIC, AuthScheme::Basic));
        if read {
            assert_eq!(request.read_exact(20_000).await.unwrap().len(), 10_240);
        }
        request.set_credentials(AuthTarget::Server, AuthScheme::Basic, ALICE).unwrap();
        request.send(()).await.unwrap();
        assert_eq!(request.receive_response().await.unwrap().status(), 200, "read: {read}, closes: {closes}");
        assert_eq!(scene.shown(), [None, Some(BASIC.to_owned())]);
        drop((request, connection));
        scene.end().await;
    }
}

#[tokio::test]
async fn winhttp_a_05_credentials_the_scheme_has_no_use_for_are_refused() {
    let scene = guarded_by_basic().await;
    let connection = scene.session.connect(&scene.origin.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    for (scheme, credentials) in [
        (AuthScheme::Basic, Credentials::bearer("t")),
        (AuthScheme::Bearer, Credentials::from(ALICE)),
        (AuthScheme::Basic, Credentials::from(("a:b", "c"))),
        (AuthScheme::Basic, Credentials::from(("a\r\nX: y", "c"))),
        (AuthScheme::Bearer, Credentials::bearer("a b")),
    ] {
        let refused = request.set_credentials(AuthTarget::Server, scheme, credentials.clone());
        assert_eq!(refused.unwrap_err().code(), ErrorCode::InvalidParameter);
        let refused = connection.set_credentials(AuthTarget::Server, scheme, credentials.clone());
        assert_eq!(refused.unwrap_err().code(), ErrorCode::InvalidParameter);
        let refused = scene.session.credentials().set(AuthTarget::Server, "a.example", scheme, credentials);
        assert_eq!(refused.unwrap_err().code(), ErrorCode::InvalidParameter);
    }
    let builder = scene.session.get(scene.origin.url("/")).unwrap().basic_auth("a\nb", "c");
    assert_eq!(builder.send().await.unwrap_err().code(), ErrorCode::InvalidParameter);
    for pattern in ["*", "http://*:80", "https://a.example/path", "user@a.example"] {
        let refused = scene.session.credentials().set(AuthTarget::Server, pattern, AuthScheme::Basic, ALICE);
        assert_eq!(refused.unwrap_err().code(), ErrorCode::InvalidParameter, "{pattern}");
        assert_eq!(
            Session::builder().credentials(pattern, ALICE).open().unwrap_err().code(),
            ErrorCode::InvalidParameter
        );
    }
    assert_eq!(scene.shown(), []);
    drop((request, connection));
    scene.end().await;
}

#[tokio::test]
async fn what_is_set_on_a_connection_its_requests_start_with() {
    let scene = guarded_by_basic().await;
    let connection = scene.session.connect(&scene.origin.origin()).unwrap();
    let before = connection.get("/").unwrap();
    connection.set_credentials(AuthTarget::Server, AuthScheme::Basic, ALICE).unwrap();
    assert_eq!(connection.get("/").unwrap().send().await.unwrap().status(), 200);
    let request = connection.open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    assert_eq!(request.receive_response().await.unwrap().status(), 200);
    assert_eq!(before.send().await.unwrap().status(), 401, "opened before");
    let other = scene.session.connect(&scene.origin.origin()).unwrap();
    assert_eq!(other.options().request.authentication, Authentication::default());
    drop((request, connection, other));
    scene.end().await;
}

#[tokio::test]
async fn a_session_answers_by_the_strongest_scheme_and_remembers_it() {
    let guard = Guard::digest("MD5", "auth", ALICE.0, ALICE.1);
    let origin = Origin::start(guard.before(|_| Reply::ok("admitted"))).await;
    let builder = Session::builder().credentials(&origin.origin(), ALICE);
    let scene = Scene::of(origin, builder);
    let first = scene.session.get(scene.origin.url("/")).unwrap().send().await.unwrap();
    let told = scene.told(first.handle().id()).await;
    assert_eq!(told, [(AuthTarget::Server, AuthScheme::Digest, "guarded".to_owned(), AuthReason::Challenged)]);
    let second = scene.session.get(scene.origin.url("/other")).unwrap().send().await.unwrap();
    assert_eq!((first.status().as_u16(), second.status().as_u16(), guard.refused()), (200, 200, 1));
    assert_eq!(scene.told(second.handle().id()).await[0].3, AuthReason::Remembered);
    let counts: Vec<_> = guard.seen().into_iter().map(|(_, count)| count).collect();
    assert_eq!(counts, ["00000001", "00000002"]);
    drop((first, second));
    scene.end().await;
}

#[tokio::test]
async fn without_tls_basic_is_no_answer_unless_that_is_allowed() {
    let guard = Guard::basic(ALICE.0, ALICE.1);
    let origin = Origin::start(guard.before(|_| Reply::ok("admitted"))).await;
    let builder = Session::builder().credentials(&origin.origin(), ALICE);
    let scene = Scene::of(origin, builder);
    let get = || scene.session.get(scene.origin.url("/")).unwrap();
    assert_eq!(get().send().await.unwrap().status(), 401);
    let mut allowed = Authentication::default();
    allowed.cleartext = true;
    assert_eq!(get().authentication(allowed).send().await.unwrap().status(), 200);
    assert_eq!(get().authentication(Authentication::off()).send().await.unwrap().status(), 401);
    let shown: Vec<_> = scene.shown().into_iter().map(|shown| shown.is_some()).collect();
    assert_eq!(shown, [false, false, true, false]);
    scene.end().await;
}

#[tokio::test]
async fn a_scheme_that_is_switched_off_is_no_answer() {
    let guard = Guard::digest("MD5", "auth", ALICE.0, ALICE.1);
    let scene = Scene::of(Origin::start(guard.before(|_| Reply::ok("admitted"))).await, Session::builder());
    let mut options = RequestOptions::default();
    options.authentication.schemes = AuthSchemes::all() - AuthSchemes::DIGEST;
    let request = scene.session.get(scene.origin.url("/")).unwrap().options(options).digest_auth(ALICE.0, ALICE.1);
    assert_eq!(request.send().await.unwrap().status(), 401);
    assert_eq!(scene.shown(), [None]);
    scene.end().await;
}

#[tokio::test]
async fn a_field_that_is_set_by_hand_is_the_callers_own_answer() {
    let guard = Guard::digest("MD5", "auth", ALICE.0, ALICE.1);
    let origin = Origin::start(guard.before(|_| Reply::ok("admitted"))).await;
    let builder = Session::builder().credentials(&origin.origin(), ALICE);
    let scene = Scene::of(origin, builder);
    let request = scene.session.get(scene.origin.url("/")).unwrap().header("authorization", "Blackmagic x");
    assert_eq!(request.send().await.unwrap().status(), 401);
    assert_eq!(scene.shown(), [Some("Blackmagic x".to_owned())]);
    scene.end().await;
}

#[tokio::test]
async fn a_body_that_cannot_be_given_again_is_asked_for_and_goes_with_the_credentials() {
    let guard = Guard::digest("MD5", "auth", ALICE.0, ALICE.1);
    let scene =
        Scene::of(Origin::start(guard.before(|request| Reply::ok(request.body.clone()))).await, Session::builder());
    let connection = scene.session.connect(&scene.origin.origin()).unwrap();
    let request = connection.open_request(Method::POST, "/").unwrap();
    request.set_credentials(AuthTarget::Server, AuthScheme::Digest, ALICE).unwrap();
    request.send(Payload::begin("", 3)).await.unwrap();
    request.write("abc").await.unwrap();
    let error = scene.recorder.failure(request.id(), request.receive_response().await);
    assert_eq!(error.code(), ErrorCode::ResendRequest);
    request.send(Payload::begin("", 3)).await.unwrap();
    request.write("abc").await.unwrap();
    assert_eq!(request.receive_response().await.unwrap().status(), 200);
    assert_eq!(guard.refused(), 1);
    drop((request, connection));
    scene.end().await;
}

#[tokio::test]
async fn who_has_to_give_the_body_again_with_a_wrong_password_gets_the_401() {
    let guard = Guard::digest("MD5", "auth", ALICE.0, ALICE.1);
    let scene = Scene::of(Origin::start(guard.before(|_| Reply::ok("admitted"))).await, Session::builder());
    let connection = scene.session.connect(&scene.origin.origin()).unwrap();
    let request = connection.open_request(Method::POST, "/").unwrap();
    request.set_credentials(AuthTarget::Server, AuthScheme::Digest, ("alice", "wrong")).unwrap();
    let mut asked_again = 0;
    let head = loop {
        guard.forget_nonce();
        request.send(Payload::begin("", 3)).await.unwrap();
        request.write("abc").await.unwrap();
        match request.receive_response().await {
            Ok(head) => break head,
            Err(error) => assert_eq!(error.code(), ErrorCode::ResendRequest),
        }
        asked_again += 1;
    };
    assert_eq!((head.status().as_u16(), asked_again), (401, 1));
    drop((request, connection));
    scene.end().await;
}

/// Where the body was to be given again because of a redirect, it goes on there.
#[tokio::test]
async fn a_body_that_is_asked_for_twice_goes_to_where_it_was_asked_for_last() {
    let guard = Guard::digest("MD5", "auth", ALICE.0, ALICE.1);
    let guarded = guard.before(|_| Reply::ok("admitted"));
    let origin = Origin::start(move |request| match request.path() {
        "/" => Reply::redirect(307, "/guarded"),
        _ => guarded(request),
    });
    let scene = Scene::of(origin.await, Session::builder());
    let connection = scene.session.connect(&scene.origin.origin()).unwrap();
    let request = connection.open_request(Method::POST, "/").unwrap();
    request.set_credentials(AuthTarget::Server, AuthScheme::Digest, ALICE).unwrap();
    let mut ended = Vec::new();
    for _ in 0..3 {
        request.send(Payload::begin("", 3)).await.unwrap();
        request.write("abc").await.unwrap();
        let received = request.receive_response().await;
        ended.push(received.map(|head| head.status().as_u16()).map_err(|error| error.code()));
    }
    assert_eq!(ended, [Err(ErrorCode::ResendRequest), Err(ErrorCode::ResendRequest), Ok(200)]);
    let asked: Vec<_> = scene.origin.log().into_iter().map(|visit| visit.target).collect();
    assert_eq!(asked, ["/", "/guarded", "/guarded"]);
    drop((request, connection));
    scene.end().await;
}

/// Nothing goes along unasked there, so that the body would be asked for without end.
#[tokio::test]
async fn behind_a_redirect_to_another_server_a_body_that_is_gone_is_not_asked_for_once_more() {
    let guard = Guard::digest("MD5", "auth", ALICE.0, ALICE.1);
    let other = Origin::start(guard.before(|_| Reply::ok("admitted"))).await;
    let to = other.url("/");
    let builder = Session::builder().credentials(&other.origin(), ALICE);
    let scene = Scene::of(Origin::start(move |_| Reply::redirect(307, to.clone())).await, builder);
    let connection = scene.session.connect(&scene.origin.origin()).unwrap();
    let request = connection.open_request(Method::POST, "/").unwrap();
    let mut ended = Vec::new();
    for _ in 0..2 {
        request.send(Payload::begin("", 3)).await.unwrap();
        request.write("abc").await.unwrap();
        let received = request.receive_response().await;
        ended.push(received.map(|head| head.status().as_u16()).map_err(|error| error.code()));
    }
    assert_eq!(ended, [Err(ErrorCode::ResendRequest), Ok(401)]);
    drop((request, connection));
    scene.end().await;
}
