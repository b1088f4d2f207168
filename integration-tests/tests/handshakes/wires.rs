//! Which wire carries what.

use hinternet::tls::TlsOptions;
use hinternet::{
    AuthReason, AuthScheme, AuthSchemes, AuthTarget, Authentication, Method, OriginOptions, Payload, Protocols,
    RequestOptions, Session,
};
use integration_tests::Gate;
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::http2_origin::Http2Origin;
use integration_tests::ntlm_origin::{Habits, NtlmOrigin, challenge};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::tls::{EveryName, Tls};

use super::{ALICE, BOB, Scene};

#[tokio::test]
async fn ms_ntht_three_legs_and_then_the_wire_is_known() {
    let scene = Scene::alice(Habits::good()).await;
    let response = scene.session.get(scene.origin.url("/a")).unwrap().send().await.unwrap();
    let handle = response.handle().id();
    assert_eq!((response.status().as_u16(), &*response.text().await.unwrap()), (200, "hello alice, 0 octets"));
    let told = [AuthReason::Challenged, AuthReason::Continued].map(|reason| (AuthScheme::Ntlm, reason));
    assert_eq!(scene.told(handle).await, told);
    assert_eq!(scene.origin.legs(), [(1, None), (2, Some(1)), (2, Some(3))], "the legs have a wire of their own");
    for _ in 0..2 {
        assert_eq!(scene.get("/b").await, (200, "hello alice, 0 octets".to_owned()));
    }
    assert_eq!(scene.origin.legs()[3..], [(2, None), (2, None)], "it knows who uses it");
    scene.end().await;
}

#[tokio::test]
async fn a_wrong_password_is_shown_once_and_the_401_is_the_response() {
    let scene =
        Scene::of(Habits::good(), |origin| Session::builder().credentials(&origin.origin(), ("alice", "no"))).await;
    assert_eq!(scene.get("/").await, (401, "who are you?".to_owned()));
    assert_eq!(scene.origin.legs(), [(1, None), (2, Some(1)), (2, Some(3))]);
    assert_eq!(scene.get("/").await.0, 401);
    let legs = scene.origin.legs();
    assert!(
        !legs[3..].iter().any(|(connection, _)| *connection == 2),
        "a wire that was refused serves nobody: {legs:?}"
    );
    scene.end().await;
}

#[tokio::test]
async fn a_user_of_a_domain_is_known_by_both() {
    let carol = ("EXAMPLE\\carol", "th1rd");
    let scene = Scene::of(Habits::good(), |origin| Session::builder().credentials(&origin.origin(), carol)).await;
    assert_eq!(scene.get("/").await, (200, "hello EXAMPLE\\carol, 0 octets".to_owned()));
    scene.end().await;
}

/// The class of curl's CVE-2014-0015, -2015-3143, -2026-1965.
#[tokio::test]
async fn two_credentials_on_one_origin_never_share_a_wire_and_nobody_has_part_in_either() {
    let scene = Scene::of(Habits::good(), |_| Session::builder()).await;
    let get = || scene.session.get(scene.origin.url("/")).unwrap();
    let by = |user| get().credentials(AuthTarget::Server, AuthScheme::Ntlm, user);
    let text = async |builder: hinternet::RequestBuilder| builder.send().await.unwrap().text().await.unwrap();
    for _ in 0..3 {
        assert_eq!(text(by(ALICE)).await, "hello alice, 0 octets");
        assert_eq!(text(by(BOB)).await, "hello bob, 0 octets");
        assert_eq!(text(get()).await, "who are you?");
        assert_eq!(text(by(("bob", "wrong"))).await, "who are you?");
    }
    let mut users = std::collections::BTreeMap::<u64, std::collections::BTreeSet<String>>::new();
    for visit in scene.origin.log() {
        users.entry(visit.connection).or_default().extend(visit.user);
    }
    assert!(users.values().all(|users| users.len() <= 1), "{users:?}");
    scene.end().await;
}

#[tokio::test]
async fn no_other_request_takes_the_wire_between_two_legs() {
    let (reached, open) = (Gate::new(), Gate::new());
    let scene = Scene::alice(Habits::good().holding(&reached, &open)).await;
    let first = scene.get("/first");
    let second = async {
        reached.passed().await;
        // It has the same credentials, and needs a wire of its own all the same.
        let other = scene.get("/second");
        let opened = async { open.open() };
        futures_util::join!(other, opened).0
    };
    let (first, second) = futures_util::join!(first, second);
    assert_eq!((first.0, second.0), (200, 200));
    let mut of_wires = std::collections::BTreeMap::<u64, Vec<(String, Option<u8>)>>::new();
    for visit in scene.origin.log() {
        of_wires.entry(visit.connection).or_default().push((visit.line, visit.message));
    }
    for legs in of_wires.values() {
        for pair in legs.windows(2) {
            if pair[0].1 == Some(1) {
                assert_eq!((&pair[1].0, pair[1].1), (&pair[0].0, Some(3)), "{of_wires:?}");
            }
        }
    }
    scene.end().await;
}

#[tokio::test]
async fn a_body_waits_for_the_leg_that_counts() {
    let scene = Scene::alice(Habits::good()).await;
    let post = scene.session.request(Method::POST, scene.origin.url("/")).unwrap().body("twelve bytes");
    let response = post.send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "hello alice, 12 octets");
    let bodies: Vec<_> = scene.origin.log().iter().map(|visit| (visit.message, visit.body.len())).collect();
    assert_eq!(bodies, [(None, 12), (Some(1), 0), (Some(3), 12)]);
    scene.end().await;
}

#[tokio::test]
async fn a_body_that_cannot_be_given_again_goes_over_a_wire_that_is_known_and_else_the_401_is_the_response() {
    let scene = Scene::alice(Habits::good()).await;
    let connection = scene.session.connect(&scene.origin.origin()).unwrap();
    let post = async || {
        let request = connection.open_request(Method::POST, "/").unwrap();
        request.send(Payload::begin("", 3)).await.unwrap();
        request.write("abc").await.unwrap();
        request.receive_response().await.unwrap().status().as_u16()
    };
    assert_eq!(post().await, 401);
    assert_eq!(scene.get("/").await.0, 200);
    assert_eq!(post().await, 200);
    drop(connection);
    scene.end().await;
}

#[tokio::test]
async fn rfc4559_an_origin_of_http2_is_dialed_anew_for_http1() {
    let authority = Authority::new("The test's own authority");
    let tls = Tls::new(&authority.issue(Leaf::for_names(["127.0.0.1"]))).offering(&["h2", "http/1.1"]);
    let origin = Http2Origin::secure(&tls, |request| match request.field("authorization") {
        None => Reply::new(401).field("www-authenticate", "NTLM").into(),
        Some(shown) => match challenge(shown) {
            Some(challenge) => Reply::new(401).field("www-authenticate", challenge).into(),
            None => Reply::ok("hello").into(),
        },
    })
    .await;
    let recorder = Recorder::start();
    let trusting = TlsOptions::new().trust_only([authority.certificate()]);
    let builder =
        || Session::builder().dial(EveryName::here()).tls(trusting.clone()).credentials(&origin.origin(), ALICE);
    let session = recorder.session(builder());
    let get = || session.get(origin.url("/")).unwrap();
    assert_eq!(get().send().await.unwrap().text().await.unwrap(), "hello");
    let shown: Vec<_> = origin
        .log()
        .iter()
        .map(|visit| visit.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")))
        .collect();
    assert_eq!(shown, [false, true, true]);
    let protocols: Vec<_> = tls.seen().into_iter().map(|seen| seen.application_protocol.unwrap()).collect();
    assert_eq!(protocols, ["h2", "http/1.1"]);
    // Where nothing but HTTP/2 will do there is nothing to answer by.
    recorder.finish(session).await;
    let recorder = Recorder::start();
    let session = recorder.session(builder().protocols(Protocols::RequireHttp2));
    assert_eq!(session.get(origin.url("/")).unwrap().send().await.unwrap().status(), 401);
    recorder.finish(session).await;
}

#[tokio::test]
async fn where_a_redirect_leads_to_another_origin_nothing_is_shown_and_its_wire_is_everybodys() {
    let other = Origin::start(|_| Reply::ok("elsewhere")).await;
    let to = other.url("/");
    let origin = Origin::start(move |request| match request.field("authorization") {
        None => Reply::new(401).field("www-authenticate", "NTLM"),
        Some(shown) => match challenge(shown) {
            Some(challenge) => Reply::new(401).field("www-authenticate", challenge),
            None => Reply::redirect(302, to.clone()),
        },
    })
    .await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    for _ in 0..2 {
        let get = session.get(origin.url("/")).unwrap().credentials(AuthTarget::Server, AuthScheme::Ntlm, ALICE);
        assert_eq!(get.send().await.unwrap().text().await.unwrap(), "elsewhere");
    }
    assert_eq!(session.get(other.url("/")).unwrap().send().await.unwrap().text().await.unwrap(), "elsewhere");
    let seen = other.log();
    assert!(seen.iter().all(|visit| !visit.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"))));
    assert_eq!(seen.iter().map(|visit| visit.connection).max(), Some(1));
    recorder.finish(session).await;
}

/// What is otherwise for an origin is so for its handshake as well.
#[tokio::test]
async fn where_a_redirect_leads_from_one_handshake_to_another_each_has_the_wires_of_its_origin() {
    let authority = Authority::new("The other's own authority");
    let tls = Tls::new(&authority.issue(Leaf::for_names(["127.0.0.1"])));
    let other = NtlmOrigin::start(Habits::good().secure(&tls)).await;
    let to = other.url("/");
    let origin = Origin::start(move |request| match request.field("authorization") {
        None => Reply::new(401).field("www-authenticate", "NTLM"),
        Some(shown) => match challenge(shown) {
            Some(challenge) => Reply::new(401).field("www-authenticate", challenge),
            None => Reply::redirect(302, to.clone()),
        },
    })
    .await;
    let mut trusting = RequestOptions::default();
    trusting.tls = TlsOptions::new().trust_only([authority.certificate()]);
    let builder = Session::builder()
        .for_origins(&other.origin(), OriginOptions::new().request(trusting))
        .credentials(&origin.origin(), ALICE)
        .credentials(&other.origin(), BOB);
    let recorder = Recorder::start();
    let session = recorder.session(builder);
    let response = session.get(origin.url("/")).unwrap().send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "hello bob, 0 octets");
    recorder.finish(session).await;
}

#[tokio::test]
async fn the_order_is_winhttps_and_what_is_not_allowed_is_not_answered() {
    let habits = Habits::good().offering("Basic realm=x, Digest realm=x, nonce=n, qop=auth, NTLM");
    let scene = Scene::alice(habits).await;
    assert_eq!(scene.get("/").await.0, 200);
    let mut options = Authentication::default();
    options.schemes = AuthSchemes::all() - AuthSchemes::NTLM - AuthSchemes::NEGOTIATE;
    let get = scene.session.get(scene.origin.url("/x/")).unwrap().authentication(options);
    assert_eq!(get.send().await.unwrap().status(), 401);
    let last = scene.origin.log().pop().unwrap();
    assert!(last.other.is_some_and(|shown| shown.starts_with("Digest ")) && last.user.is_none());
    scene.end().await;
}

#[tokio::test]
async fn what_is_offered_is_told_as_before() {
    let scene = Scene::of(Habits::good().offering("Negotiate, NTLM"), |_| Session::builder()).await;
    let connection = scene.session.connect(&scene.origin.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    assert_eq!(request.receive_response().await.unwrap().status(), 401);
    let offered = request.query_auth_schemes().unwrap();
    assert_eq!((offered.supported, offered.first), (AuthSchemes::NEGOTIATE | AuthSchemes::NTLM, AuthScheme::Negotiate));
    request.set_credentials(AuthTarget::Server, AuthScheme::Ntlm, ALICE).unwrap();
    request.send(()).await.unwrap();
    assert_eq!(request.receive_response().await.unwrap().status(), 200);
    assert_eq!(scene.origin.legs(), [(1, None), (2, Some(1)), (2, Some(3))]);
    drop((request, connection));
    scene.end().await;
}

#[tokio::test]
async fn p7_no_secret_and_no_token_is_shown_anywhere() {
    let scene =
        Scene::of(Habits::good(), |origin| Session::builder().credentials(&origin.origin(), ALICE).trace(100)).await;
    let response = scene.session.get(scene.origin.url("/")).unwrap().send().await.unwrap();
    let handle = response.handle().id();
    let shown = format!("{response:?} {:?} {:?}", response.handle().options(), scene.session.snapshot().await);
    assert_eq!(response.text().await.unwrap(), "hello alice, 0 octets");
    scene.recorder.wait_for_closing(handle).await;
    let shown = format!("{shown} {:?}", scene.recorder.of(handle));
    for secret in ["s3cret", "alice", "TlRMTVNT"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    scene.end().await;
}
