//! In memory and in a file; shared by sessions; over HTTP/2.

use hinternet::{Cache, CacheOptions, Engine, Session};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;

use super::{World, text};

#[tokio::test]
async fn a_file_answers_after_its_session_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("responses");
    let open = || Cache::on_disk(&path, CacheOptions::default()).unwrap();
    let secret = |request: &integration_tests::request::Request| {
        let _asked = request.path();
        Reply::ok("kept").field("cache-control", "max-age=600").field("vary", "cookie")
    };
    let world = World::with(open(), |builder| builder, secret).await;
    let request =
        || world.get("/").header("cookie", "id=planted-secret").header("authorization", "Bearer planted-secret");
    assert_eq!(text(request()).await, "kept");
    world.cache.close().await;
    let World { recorder, session, origin, .. } = world;
    recorder.finish(session).await;
    let octets = std::fs::read(&path).unwrap();
    assert!(!octets.windows(14).any(|part| part == b"planted-secret"), "only digests of credentials are kept");

    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().cache(open()));
    let request = || {
        let request = session.get(origin.url("/")).unwrap();
        request.header("cookie", "id=planted-secret").header("authorization", "Bearer planted-secret")
    };
    assert_eq!(text(request()).await, "kept");
    assert_eq!(text(session.get(origin.url("/")).unwrap()).await, "kept");
    assert_eq!(origin.log().len(), 2, "the second one asked as somebody else");
    recorder.finish(session).await;
}

#[tokio::test]
async fn sessions_share_what_they_are_given() {
    let world = World::counting().await;
    assert_eq!(world.text("/").await, "answer 0");
    let other = world.recorder.session(Session::builder().cache(world.cache.clone()));
    assert_eq!(text(other.get(world.origin.url("/")).unwrap()).await, "answer 0");
    assert_eq!(world.asked(), 1);
    other.close().await.unwrap();
    world.finish().await;
}

#[tokio::test]
async fn many_at_a_time_get_what_is_theirs() {
    let world = World::serving(|request| Reply::ok(request.target.clone()).field("cache-control", "max-age=60")).await;
    for _ in 0..3 {
        let paths: Vec<_> = (0..40).map(|n| format!("/{n}")).collect();
        let answers = futures_util::future::join_all(paths.iter().map(|path| world.text(path))).await;
        assert_eq!(answers, paths);
    }
    assert_eq!(world.asked(), 40);
    world.finish().await;
}

/// A redirect to a server whose home is another shard: its response is stored, and given, at home.
#[tokio::test]
async fn hops_to_other_shards_use_the_same_cache() {
    let far: Vec<Origin> = {
        let mut far = Vec::new();
        for n in 0..4 {
            far.push(
                Origin::start(move |request| match request.field("if-none-match") {
                    Some(_) => Reply::new(304).field("etag", "\"1\""),
                    None if request.path() == "/old" => {
                        Reply::ok(format!("old {n}")).field("cache-control", "no-cache").field("etag", "\"1\"")
                    }
                    None => Reply::ok(format!("far {n} ").repeat(5000)).field("cache-control", "max-age=60"),
                })
                .await,
            );
        }
        far
    };
    let urls: Vec<_> = far.iter().map(|origin| origin.origin()).collect();
    let engine = Engine::builder().shards(3).start().unwrap();
    let world = World::with(
        Cache::in_memory(),
        |builder| builder.engine(engine.clone()),
        move |request| {
            let (n, path) = request.path()[1..].split_once('/').unwrap();
            Reply::redirect(302, format!("{}/{path}", urls[n.parse::<usize>().unwrap()]))
        },
    )
    .await;
    for _ in 0..3 {
        for n in 0..4 {
            assert_eq!(world.text(&format!("/{n}/new")).await, format!("far {n} ").repeat(5000));
            assert_eq!(world.text(&format!("/{n}/old")).await, format!("old {n}"));
        }
    }
    for origin in &far {
        let asked: Vec<_> = origin.log().iter().map(|visit| visit.target.clone()).collect();
        assert_eq!(asked, ["/new", "/old", "/old", "/old"]);
    }
    world.finish().await;
    engine.stop();
}

/// What was composed for the hop that went to another shard is not what the next one says, which is at home again.
#[tokio::test]
async fn a_hop_from_another_shard_home_again_asks_for_what_it_is() {
    let home = Origin::start(|request| match request.query("to") {
        Some(to) => Reply::redirect(302, to),
        None => Reply::ok(format!("{} {:?}", request.target, request.field("host"))).field("cache-control", "no-store"),
    })
    .await;
    let engine = Engine::builder().shards(4).start().unwrap();
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().engine(engine.clone()).cache(Cache::in_memory()));
    let end = home.url("/end");
    let host = home.address().to_string();
    for _ in 0..12 {
        let back = end.clone();
        let way = Origin::start(move |_| Reply::redirect(302, &back)).await;
        let first = home.url(&format!("/begin?to={}", way.url("/way")));
        assert_eq!(text(session.get(first).unwrap()).await, format!("/end {:?}", Some(&*host)));
    }
    recorder.finish(session).await;
    engine.stop();
}

/// What is coded is stored as it came, wherever it came: at once with its head, or piece by piece.
#[tokio::test]
async fn coded_bodies_from_another_shard_are_stored_too() {
    let text_of =
        |n: usize| (0..60_000).map(|at| char::from(b'a' + ((at * at + at / 7 + n) % 26) as u8)).collect::<String>();
    let mut far = Vec::new();
    for n in 0..6 {
        let coded = integration_tests::coded::Coded::Gzip.code(text_of(n).as_bytes());
        let small = integration_tests::coded::Coded::Gzip.code(b"small");
        far.push(
            Origin::start(move |request| {
                let reply = Reply::ok("").field("cache-control", "max-age=60").field("content-encoding", "gzip");
                match request.path() {
                    "/small" => reply.body(small.clone()),
                    "/large" => reply.body(coded.clone()),
                    _ => reply.chunked(coded.chunks(9_000).map(<[u8]>::to_vec)),
                }
            })
            .await,
        );
    }
    let urls: Vec<_> = far.iter().map(|origin| origin.origin()).collect();
    let engine = Engine::builder().shards(3).start().unwrap();
    let lead = move |request: &integration_tests::request::Request| {
        let (n, path) = request.path()[1..].split_once('/').unwrap();
        Reply::redirect(302, format!("{}/{path}", urls[n.parse::<usize>().unwrap()]))
    };
    let world = World::with(Cache::in_memory(), |builder| builder.engine(engine.clone()), lead).await;
    for _ in 0..2 {
        for n in 0..6 {
            assert_eq!(world.text(&format!("/{n}/small")).await, "small");
            assert_eq!(world.text(&format!("/{n}/large")).await, text_of(n));
            assert_eq!(world.text(&format!("/{n}/chunked")).await, text_of(n));
        }
    }
    for origin in &far {
        let asked: Vec<_> = origin.log().iter().map(|visit| visit.target.clone()).collect();
        assert_eq!(asked, ["/small", "/large", "/chunked"]);
    }
    world.finish().await;
    engine.stop();
}
