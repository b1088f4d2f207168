//! In memory and in a file; shared by sessions; over HTTP/2.

use hinternet::{Cache, CacheOptions, Session};
use integration_tests::origin::Reply;
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
