//! What is stored, and for whom.

use std::sync::atomic::{AtomicUsize, Ordering};

use hinternet::tls::danger::AcceptAnyCertificate;
use hinternet::tls::{ClientCertificates, ClientIdentity, TlsOptions};
use hinternet::{Cache, CacheOptions, Decompression, Method, Session};
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::origin::{Origin, Reply};
use integration_tests::patiently;
use integration_tests::recorder::Recorder;
use integration_tests::scene::read_all;
use integration_tests::tls::Tls;

use super::{World, text};

#[tokio::test]
async fn vary_chooses_and_what_was_for_one_is_for_no_other() {
    let world = World::serving(|request| {
        let language = request.field("accept-language").unwrap_or("none").to_owned();
        let who = request.field("authorization").unwrap_or("nobody").to_owned();
        Reply::ok(format!("{language} {who}")).field("cache-control", "max-age=60").field("vary", "accept-language")
    })
    .await;
    for _ in 0..2 {
        for language in ["de", "fr"] {
            for who in ["alice", "bob"] {
                let request = world.get("/").header("accept-language", language).header("authorization", who);
                assert_eq!(text(request).await, format!("{language} {who}"));
            }
            assert_eq!(text(world.get("/").header("accept-language", language)).await, format!("{language} nobody"));
        }
    }
    assert_eq!((world.asked(), world.cache.figures().entries), (6, 6));
    assert!(!format!("{:?}", world.cache).contains("alice"));
    world.finish().await;
}

#[tokio::test]
async fn what_must_not_or_cannot_be_stored_is_asked_for_again() {
    let options = {
        let mut options = CacheOptions::default();
        options.entry = 1000;
        options
    };
    let world = World::with(
        Cache::in_memory_with(options),
        |builder| builder,
        |request| match request.path() {
            "/no-store" => Reply::ok("a").field("cache-control", "no-store"),
            "/vary" => Reply::ok("a").field("cache-control", "max-age=60").field("vary", "*"),
            "/large" => Reply::ok("a".repeat(1001)).field("cache-control", "max-age=60"),
            "/large-chunked" => {
                Reply::ok("").chunked(["a".repeat(600), "a".repeat(600)]).field("cache-control", "max-age=60")
            }
            "/partial" => {
                Reply::new(206).body("a").field("content-range", "bytes 0-0/2").field("cache-control", "max-age=60")
            }
            "/error" => Reply::new(500).field("cache-control", "max-age=60"),
            _ => Reply::ok("nothing said"),
        },
    )
    .await;
    let paths = ["/no-store", "/vary", "/large", "/large-chunked", "/partial", "/error", "/"];
    for path in paths {
        let first = world.text(path).await;
        assert_eq!(world.text(path).await, first);
    }
    assert_eq!((world.asked(), world.cache.figures().entries), (2 * paths.len(), 0));
    world.finish().await;
}

#[tokio::test]
async fn only_a_body_that_came_whole_counts() {
    let world = World::serving(|request| match request.path() {
        "/short" => Reply::raw("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 10\r\n\r\nshort"),
        "/chunked" => Reply::ok("").chunked(["a", "b"]).field("cache-control", "max-age=60"),
        _ => Reply::ok("x".repeat(300_000)).field("cache-control", "max-age=60"),
    })
    .await;
    let short = world.get("/short").send().await.unwrap().bytes().await;
    assert!(short.is_err());
    let unread = patiently("the head", world.get("/unread").send()).await.unwrap();
    drop(unread);
    assert_eq!(world.cache.figures().entries, 0);
    for _ in 0..2 {
        let chunked = world.get("/chunked").send().await.unwrap();
        assert!(!chunked.headers().contains_key("transfer-encoding") || chunked.wire().is_some());
        assert_eq!(chunked.text().await.unwrap(), "ab");
    }
    assert_eq!(world.cache.figures().entries, 1);
    world.finish().await;
}

#[tokio::test]
async fn an_unsafe_method_invalidates_what_it_may_have_changed() {
    let world = World::serving(|request| match (request.method.as_str(), request.path()) {
        ("GET", _) => Reply::ok("list").field("cache-control", "max-age=60"),
        (_, "/fails") => Reply::new(500),
        _ => Reply::new(201).field("location", "/item"),
    })
    .await;
    let both = async |expected: usize| {
        world.text("/").await;
        world.text("/item").await;
        assert_eq!(world.asked(), expected);
    };
    both(2).await;
    both(2).await;
    text(world.session.post(world.origin.url("/")).unwrap()).await;
    both(5).await;
    text(world.session.post(world.origin.url("/fails")).unwrap()).await;
    both(6).await;
    world.cache.remove(&world.origin.url("/item"));
    both(7).await;
    world.cache.clear();
    both(9).await;
    world.finish().await;
}

#[tokio::test]
async fn a_coded_body_is_stored_as_it_came_and_decoded_each_time() {
    let world = World::serving(|request| {
        let reply = Reply::ok("").field("cache-control", "max-age=60").field("vary", "accept-encoding");
        match request.path() {
            "/chunked" => reply.chunked(HELLO.chunks(7).map(<[u8]>::to_vec)).field("content-encoding", "gzip"),
            _ => reply.body(&HELLO[..]).field("content-encoding", "gzip"),
        }
    })
    .await;
    for path in ["/", "/chunked"] {
        for _ in 0..3 {
            assert_eq!(world.text(path).await, "hello hello hello");
        }
        let request = world.session.connect(&world.origin.origin()).unwrap();
        let request = request.open_request(hinternet::Method::GET, path).unwrap();
        request.send(()).await.unwrap();
        request.receive_response().await.unwrap();
        assert_eq!(request.read_exact(17).await.unwrap(), "hello hello hello");
        request.close().await.unwrap();
    }
    assert_eq!((world.asked(), world.cache.figures().entries), (2, 2));
    world.finish().await;
}

/// The library's own `Accept-Encoding` is one too, though no caller has written it.
#[tokio::test]
async fn who_asks_for_no_codings_is_not_given_a_coded_body() {
    let world = World::serving(|request| {
        let reply = Reply::ok("plain").field("cache-control", "max-age=60").field("vary", "accept-encoding");
        match request.field("accept-encoding") {
            Some(asked) if asked.contains("gzip") => reply.body(&HELLO[..]).field("content-encoding", "gzip"),
            _ => reply,
        }
    })
    .await;
    for _ in 0..2 {
        assert_eq!(world.text("/").await, "hello hello hello");
        assert_eq!(text(world.get("/").decompression(Decompression::NONE)).await, "plain");
    }
    assert_eq!((world.asked(), world.cache.figures().entries), (2, 2));
    world.finish().await;
}

/// As HSTS has it: what came from who may be anybody is not given to those who check.
#[tokio::test]
async fn what_came_over_a_wire_with_a_check_given_up_is_not_stored() {
    let recorder = Recorder::start();
    let tls = Tls::new(&Authority::new("Nobody's").issue(Leaf::for_names(["127.0.0.1"])));
    let origin = Origin::secure(&tls, |_| Reply::ok("from anybody").field("cache-control", "max-age=60")).await;
    let cache = Cache::in_memory();
    let session = recorder
        .session(Session::builder().cache(cache.clone()).tls(TlsOptions::new().dangerous(AcceptAnyCertificate)));
    for _ in 0..2 {
        assert_eq!(text(session.get(origin.url("/")).unwrap()).await, "from anybody");
    }
    assert_eq!((origin.log().len(), cache.figures().entries), (2, 0));
    recorder.finish(session).await;
}

/// Somebody, whom the library cannot know.
#[derive(Debug)]
struct Whoever;

impl ClientCertificates for Whoever {
    fn choose(&self, _acceptable_authorities: &[&[u8]]) -> Option<ClientIdentity> {
        None
    }
}

/// As with `Authorization`: what a server says to whom it knows by the wire is for nobody else.
#[tokio::test]
async fn what_came_over_a_wire_that_shows_who_asks_is_for_no_other() {
    let (recorder, count, cache) = (Recorder::start(), AtomicUsize::new(0), Cache::in_memory());
    let authority = Authority::new("Everybody's");
    let tls = Tls::new(&authority.issue(Leaf::for_names(["127.0.0.1"])));
    let origin = Origin::secure(&tls, move |_| {
        Reply::ok(count.fetch_add(1, Ordering::SeqCst).to_string()).field("cache-control", "max-age=60")
    })
    .await;
    let session = recorder.session(Session::builder().cache(cache.clone()));
    let anybody = TlsOptions::new().trust_only([authority.certificate()]);
    let [alice, bob] = ["alice", "bob"].map(|name| {
        let identity = authority.issue(Leaf::for_client(name)).client();
        anybody.clone().client_identity(identity)
    });
    let whoever = anybody.clone().client_certificates(Whoever);
    let connection = session.connect(&origin.origin()).unwrap();
    for (tls, expected) in [
        (&alice, "0"),
        (&bob, "1"),
        (&anybody, "2"),
        (&alice, "0"),
        (&bob, "1"),
        (&anybody, "2"),
        (&whoever, "3"),
        (&whoever, "4"),
    ] {
        let request = connection.open_request(Method::GET, "/").unwrap();
        let mut options = request.options();
        options.tls = tls.clone();
        request.set_options(options).unwrap();
        request.send(()).await.unwrap();
        request.receive_response().await.unwrap();
        assert_eq!(read_all(&request).await.unwrap(), expected.as_bytes());
    }
    assert_eq!(cache.figures().entries, 3);
    drop(connection);
    recorder.finish(session).await;
}

/// `hello hello hello`, by gzip.
const HELLO: [u8; 28] =
    [31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 203, 72, 205, 201, 201, 87, 200, 64, 144, 0, 128, 136, 249, 229, 17, 0, 0, 0];

/// What all requests of a session say counts as what a request says itself: the server answers both.
#[tokio::test]
async fn a_range_or_a_condition_that_all_requests_have_is_not_answered_from_the_cache() {
    let world = World::with(
        Cache::in_memory(),
        |builder| builder.default_header("if-none-match", "\"mine\""),
        |request| match request.field("if-none-match") {
            Some(_) => Reply::new(304).field("etag", "\"mine\"").field("cache-control", "max-age=60"),
            None => Reply::ok("whole").field("cache-control", "max-age=60"),
        },
    )
    .await;
    let other = world.recorder.session(Session::builder().cache(world.cache.clone()));
    assert_eq!(text(other.get(world.origin.url("/")).unwrap()).await, "whole");
    assert_eq!(world.cache.figures().entries, 1);
    let response = world.get("/").send().await.unwrap();
    assert_eq!(response.status(), 304, "its caller has asked whether what it has holds");
    drop(response);
    other.close().await.unwrap();
    world.finish().await;
}

/// Many that are read at a time have one bound together; who finds no room is read all the same.
#[tokio::test]
async fn what_is_being_read_to_be_stored_has_one_bound() {
    let mut options = CacheOptions::default();
    options.under_way = 5_000_000;
    let body = "x".repeat(4_000_000);
    let served = body.clone();
    let serve =
        move |_: &integration_tests::request::Request| Reply::ok(served.clone()).field("cache-control", "max-age=60");
    let world = World::with(Cache::in_memory_with(options), |builder| builder, serve).await;
    let mut first = world.get("/1").send().await.unwrap();
    let mut begun = first.chunk().await.unwrap().unwrap().len();
    while begun < 2_000_000 {
        begun += first.chunk().await.unwrap().unwrap().len();
    }
    assert_eq!(world.text("/2").await, body);
    assert_eq!(world.cache.figures().entries, 0, "the first one has half of the room by now");
    while let Some(piece) = first.chunk().await.unwrap() {
        begun += piece.len();
    }
    assert_eq!(begun, body.len());
    drop(first);
    assert_eq!(world.text("/2").await, body);
    assert_eq!(world.cache.figures().entries, 2);
    world.finish().await;
}
