//! What is kept of a response, and what is told of it: the final head counts, and nothing else.

use hinternet::{CookieRefusal, NotificationMask, Status};
use integration_tests::origin::Reply;
use integration_tests::scene::Scene;
use integration_tests::scripted_peer::{Script, ScriptedPeer};

use crate::place::{Place, builder};

#[tokio::test]
async fn interim_responses_and_trailers_set_nothing() {
    let answer = "HTTP/1.1 103 Early Hints\r\nSet-Cookie: early=1\r\n\r\n\
        HTTP/1.1 200 OK\r\nSet-Cookie: final=2\r\nTransfer-Encoding: chunked\r\n\r\n\
        2\r\nok\r\n0\r\nSet-Cookie: late=3\r\n\r\n";
    let scene = Scene::of(ScriptedPeer::always(Script::answering(answer)).await, builder());
    let response = scene.connection.get("/").unwrap().send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "ok");
    let names: Vec<_> = scene.session.cookies().list().iter().map(|cookie| cookie.name().to_vec()).collect();
    assert_eq!(names, [b"final"]);
    scene.end().await;
}

#[tokio::test]
async fn every_status_may_set_cookies_and_a_broken_body_keeps_them() {
    let answer = "HTTP/1.1 500 No\r\nSet-Cookie: a=1\r\nContent-Length: 10\r\n\r\nhalf";
    let script = Script::new().read_request().send(answer).close();
    let scene = Scene::of(ScriptedPeer::always(script).await, builder());
    let response = scene.connection.get("/").unwrap().send().await.unwrap();
    response.bytes().await.unwrap_err();
    assert_eq!(scene.session.cookies().len(), 1);
    scene.end().await;
}

#[tokio::test]
async fn each_cookie_is_told_of_by_name_and_no_value_ever() {
    let place = Place::new().await;
    let mut told = place.session.notifications(NotificationMask::COOKIES).unwrap();
    let url = place.url("www.example.co.uk", "/");
    let lines = [
        ("name", "name=s3cret"),
        ("name", "name=s3cret; max-age=0"),
        ("wide", "wide=s3cret; domain=co.uk"),
        ("", "s3cret"),
        ("safe", "safe=s3cret; secure"),
    ];
    let pairs: Vec<_> = lines.iter().map(|(_, line)| ("set", *line)).collect();
    place.session.get(url).unwrap().query(&pairs).send().await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < lines.len() {
        seen.push(told.next().await.expect("one for each").clone());
    }
    for one in &seen {
        assert!(!format!("{one:?}").contains("s3cret"), "{one:?}");
    }
    let statuses: Vec<_> = seen.iter().map(|one| &one.status).collect();
    assert!(matches!(
        &statuses[..],
        [
            Status::CookieStored { .. },
            Status::CookieRemoved { .. },
            Status::CookieRefused { reason: CookieRefusal::PublicSuffix, .. },
            Status::CookieRefused { reason: CookieRefusal::NoName, .. },
            Status::CookieRefused { reason: CookieRefusal::SetOverHttp, .. },
        ]
    ));
    for (status, (wanted, _)) in statuses.iter().zip(lines) {
        let (Status::CookieStored { name } | Status::CookieRemoved { name } | Status::CookieRefused { name, .. }) =
            status
        else {
            panic!("{status:?}");
        };
        assert_eq!(name, wanted);
        assert_eq!((status.mask(), status.code()), (Some(NotificationMask::COOKIES), None));
    }
    place.end().await;
}

#[tokio::test]
async fn p7_the_jar_shows_no_value() {
    let place = Place::new().await;
    place.has_set("a.example", "/", "name=s3cret").await;
    let jar = place.session.cookies();
    let shown = format!(
        "{jar:?} {jar:#?} {:?} {:?} {:?}",
        jar.list(),
        jar.for_url(place.url("a.example", "/")),
        builder().cookie_jar(jar.clone())
    );
    assert!(!shown.contains("s3cret"), "{shown}");
    let request = place.session.get(place.url("a.example", "/")).unwrap();
    let response = request.send().await.unwrap();
    assert!(!format!("{response:?} {:?}", place.recorder.log()).contains("s3cret"));
    drop(response);
    place.end().await;
}

#[tokio::test]
async fn a_response_sets_fifty_cookies_at_most() {
    let reply = |_: &_| (0..60).fold(Reply::ok("ok"), |reply, i| reply.field("set-cookie", format!("n{i}=v")));
    let place = Place { origin: integration_tests::origin::Origin::start(reply).await, ..Place::new().await };
    place.session.get(place.url("a.example", "/")).unwrap().send().await.unwrap();
    assert_eq!(place.session.cookies().len(), 50);
    let is_too_many = |status: &Status| matches!(status, Status::CookieRefused { reason: CookieRefusal::TooMany, .. });
    assert_eq!(place.told(is_too_many).await, 10);
    place.end().await;
}

/// What a proxy answers to a CONNECT is not the origin's word, whether it consents or not.
#[tokio::test]
async fn the_answer_to_a_connect_sets_nothing() {
    for answer in [
        "HTTP/1.1 403 No\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 Yes\r\nSet-Cookie: a=1\r\n\r\n",
    ] {
        let proxy = ScriptedPeer::always(Script::new().read_head().send(answer).close()).await;
        let settings = hinternet::ProxySettings::named(&proxy.address().to_string(), "").unwrap();
        let scene = Scene::of(proxy, hinternet::Session::builder().proxy(settings));
        scene.session.get("https://a.example/").unwrap().send().await.unwrap_err();
        assert_eq!(scene.peer.connections(), 1, "the proxy was asked");
        assert!(scene.session.cookies().is_empty());
        scene.end().await;
    }
}
