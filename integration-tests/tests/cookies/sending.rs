//! What a request carries: what the server of its URL has set before, beside what its caller has set by hand.

use hinternet::{CookieJar, Engine, Method, Session};
use integration_tests::recorder::Recorder;

use crate::place::{Place, builder, cookies};

#[tokio::test]
async fn k01_cookies_are_of_a_session_and_not_of_another() {
    let place = Place::new().await;
    place.has_set("a.example", "/", "name=value").await;
    assert_eq!(place.sent("a.example", "/").await, ["name=value"]);
    let connection = place.session.connect(&place.origin.origin_named("a.example")).unwrap();
    connection.get("/").unwrap().send().await.unwrap();
    assert_eq!(place.last(), ["name=value"], "all handles of the session share them");
    let other = place.recorder.session(builder());
    other.get(place.url("a.example", "/")).unwrap().send().await.unwrap();
    assert_eq!(place.last(), [""; 0]);
    drop((connection, other));
    place.end().await;
}

#[tokio::test]
async fn k01_the_session_of_the_handles_uses_them_step_by_step_too() {
    let place = Place::new().await;
    let connection = place.session.connect(&place.origin.origin_named("a.example")).unwrap();
    let request = connection.open_request(Method::GET, "/?set=name%3Dvalue").unwrap();
    for expected in [&[][..], &["name=value".to_owned()]] {
        request.send(()).await.unwrap();
        request.receive_response().await.unwrap();
        assert_eq!(place.last(), expected);
    }
    drop((request, connection));
    place.end().await;
}

#[tokio::test]
async fn k02_k03_blanks_are_trimmed_and_case_tells_names_apart() {
    let place = Place::new().await;
    place.has_set("a.example", "/", "name = value ").await;
    place.has_set("a.example", "/", "NAME=VALUE").await;
    assert_eq!(place.sent("a.example", "/").await, ["name=value; NAME=VALUE"]);
    place.end().await;
}

#[tokio::test]
async fn k05_what_is_set_by_hand_comes_first_and_all_of_it_is_one_field() {
    let place = Place::new().await;
    place.has_set("a.example", "/", "name=value").await;
    let request = place.session.get(place.url("a.example", "/")).unwrap();
    request.header("cookie", "mine=1").header("Cookie", "name=2").send().await.unwrap();
    assert_eq!(place.last(), ["mine=1; name=2; name=value"], "the same name too");
    let request = place.session.get(place.url("b.example", "/")).unwrap();
    request.header("cookie", "mine=1").header("cookie", "also=2").send().await.unwrap();
    assert_eq!(place.last(), ["mine=1", "also=2"], "with none of the jar's it is sent as it was given");
    place.end().await;
}

#[tokio::test]
async fn a_cookie_that_every_request_of_the_session_has_is_kept_beside_the_jars() {
    let place = Place::with(builder().default_header("cookie", "always=1")).await;
    assert_eq!(place.sent("a.example", "/").await, ["always=1"]);
    place.has_set("a.example", "/", "name=value").await;
    assert_eq!(place.sent("a.example", "/").await, ["always=1; name=value"]);
    place.end().await;
}

#[tokio::test]
async fn a_request_without_cookies_neither_sends_nor_keeps_any() {
    let place = Place::new().await;
    place.has_set("a.example", "/", "name=value").await;
    let url = place.url("a.example", "/?set=other%3Dvalue");
    place.session.get(&url).unwrap().cookies(false).send().await.unwrap();
    assert_eq!(place.last(), [""; 0]);
    place.session.get(&url).unwrap().cookies(false).header("cookie", "mine=1").send().await.unwrap();
    assert_eq!(place.last(), ["mine=1"], "what is set by hand is sent all the same");
    assert_eq!(place.sent("a.example", "/").await, ["name=value"]);
    let mut options = place.session.options();
    options.cookies = false;
    place.session.set_options(options).unwrap();
    assert_eq!(place.sent("a.example", "/").await, [""; 0]);
    place.end().await;
}

/// curl CVE-2026-6276.
#[tokio::test]
async fn whose_a_cookie_is_follows_from_the_url_and_not_from_a_host_field() {
    let place = Place::new().await;
    place.has_set("a.example", "/", "name=value").await;
    let url = place.url("b.example", "/?set=other%3Dvalue");
    place.session.get(url).unwrap().header("host", "a.example").send().await.unwrap();
    assert_eq!(place.last(), [""; 0]);
    assert_eq!(place.sent("a.example", "/").await, ["name=value"]);
    assert_eq!(place.sent("b.example", "/").await, ["other=value"]);
    place.end().await;
}

#[tokio::test]
async fn domain_and_path_say_where_a_cookie_goes() {
    let place = Place::new().await;
    place.has_set("www.example.com", "/shop/", "all=1; domain=example.com; path=/").await;
    place.has_set("www.example.com", "/shop/", "own=2").await;
    assert_eq!(place.sent("www.example.com", "/shop/cart").await, ["own=2; all=1"]);
    assert_eq!(place.sent("www.example.com", "/").await, ["all=1"]);
    assert_eq!(place.sent("WWW.Example.COM.", "/").await, ["all=1"]);
    assert_eq!(place.sent("example.com", "/shop/cart").await, ["all=1"]);
    assert_eq!(place.sent("badexample.com", "/shop/cart").await, [""; 0]);
    place.end().await;
}

#[tokio::test]
async fn a_jar_may_be_filled_before_and_shared_by_sessions() {
    let jar = CookieJar::new();
    let place = Place::with(builder().cookie_jar(jar.clone())).await;
    jar.set(place.url("a.example", "/"), "name=value").unwrap();
    assert_eq!(place.sent("a.example", "/").await, ["name=value"]);
    let other = place.recorder.session(builder().cookie_jar(jar.clone()));
    other.get(place.url("a.example", "/?set=more%3D1")).unwrap().send().await.unwrap();
    assert_eq!(place.sent("a.example", "/").await, ["name=value; more=1"]);
    assert_eq!(place.session.cookies().len(), 2);
    assert_eq!(jar.remove("A.example", "/", "name"), 1);
    assert_eq!(place.sent("a.example", "/").await, ["more=1"]);
    jar.clear();
    assert_eq!(place.sent("a.example", "/").await, [""; 0]);
    drop(other);
    place.end().await;
}

#[tokio::test]
async fn the_jar_tells_what_it_refuses_from_the_program() {
    let jar = CookieJar::new();
    let error = jar.set("http://www.example.co.uk/", "a=s3cret; domain=co.uk").unwrap_err();
    assert_eq!(error.code().number(), 87);
    assert!(error.to_string().contains("anybody has names"), "{error}");
    assert!(!format!("{error} {error:?}").contains("s3cret"));
    assert_eq!(jar.set("nonsense", "a=b").unwrap_err().code().number(), 12005);
    jar.set("http://h.example/", "a=b; max-age=100").unwrap();
    jar.set("http://h.example/", "c=d").unwrap();
    jar.end_session();
    assert_eq!(jar.list().len(), 1, "what ends with the session is gone");
    jar.set("http://h.example/", "a=; max-age=0").unwrap();
    assert!(jar.is_empty());
}

/// Origins on different shards share one jar.
#[tokio::test]
async fn all_shards_share_the_jar() {
    let engine = Engine::builder().shards(3).start().unwrap();
    let recorder = Recorder::on(&engine);
    let session = recorder.session(builder().engine(engine.clone()));
    let mut origins = Vec::new();
    for _ in 0..6 {
        origins.push(integration_tests::origin::Origin::start(crate::place::setting).await);
    }
    for (at, origin) in origins.iter().enumerate() {
        let url = format!("{}/?set=n{at}%3D{at}", origin.origin_named("a.example"));
        session.get(url).unwrap().send().await.unwrap();
    }
    for origin in &origins {
        session.get(format!("{}/", origin.origin_named("a.example"))).unwrap().send().await.unwrap();
        let log = origin.log();
        assert_eq!(cookies(log.last().unwrap()), ["n0=0; n1=1; n2=2; n3=3; n4=4; n5=5"], "ports are no part of it");
    }
    recorder.finish(session).await;
    engine.stop();
}

#[test]
fn a_session_has_a_jar_of_its_own() {
    let (one, other) = (Session::open().unwrap(), Session::open().unwrap());
    one.cookies().set("http://h.example/", "a=b").unwrap();
    assert_eq!((one.cookies().len(), other.cookies().len()), (1, 0));
}
