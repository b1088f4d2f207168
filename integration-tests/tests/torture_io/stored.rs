//! Responses that are stored, in memory and in a file: read again, asked about again, and never half of one.

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hinternet::{Cache, CacheOptions, Result, Session, SessionBuilder};
use integration_tests::HANG;
use integration_tests::origin::Reply;
use integration_tests::request::Request as Asked;
use integration_tests::simulation::Simulation;

use super::{ALL, CONTENT, Torture};

fn answer(request: &Asked) -> Reply {
    let is_known = request.field("if-none-match") == Some("\"1\"");
    let (status, lifetime) = if request.path() == "/fresh" { (200, "max-age=60") } else { (304, "no-cache") };
    let reply = if is_known && status == 304 { Reply::new(304) } else { Reply::ok(CONTENT) };
    reply.field("cache-control", lifetime).field("etag", "\"1\"")
}

/// Three times the same, which must be the same each time.
async fn thrice(path: &str, session: Session, origin: String) -> Result<Vec<u8>> {
    let mut bodies = Vec::new();
    for _ in 0..3 {
        bodies.push(session.get(format!("{origin}{path}"))?.send().await?.bytes().await?);
    }
    assert!(bodies.iter().all(|body| *body == CONTENT), "{bodies:?}");
    Ok(CONTENT.into())
}

fn in_memory(path: &'static str) {
    let scenario = async move |session: Session, origin: String| thrice(path, session, origin).await;
    let session = |builder: SessionBuilder| builder.cache(Cache::in_memory());
    Torture::at(|simulation| simulation.site(80, answer), scenario).session(session).run(&ALL);
}

/// Each session has a file of its own, in which there is one response at its end, and that a whole one.
fn on_disk(path: &'static str) {
    let (folder, files) = (tempfile::tempdir().unwrap(), Rc::new(Cell::new(0)));
    let scenario = async move |session: Session, origin: String| thrice(path, session, origin).await;
    let (place, count) = (folder.path().to_owned(), Rc::clone(&files));
    let session = move |builder: SessionBuilder| {
        count.set(count.get() + 1);
        builder.cache(file(&place, count.get()).unwrap())
    };
    // The file is another thread's, and while that is waited for the time of the simulation runs on.
    let serves = |simulation: Simulation| {
        simulation.site(80, answer).network(|network| {
            network.simulation_duration(Duration::from_secs(24 * 60 * 60));
        })
    };
    Torture::at(serves, scenario).session(session).run(&ALL);
    assert!(files.get() > 20, "{} files", files.get());
    for n in 1..=files.get() {
        assert_eq!(opened_again(folder.path(), n).figures().entries, 1, "in file {n}");
    }
}

fn file(folder: &Path, n: usize) -> Result<Cache> {
    Cache::on_disk(folder.join(n.to_string()), CacheOptions::default())
}

/// The thread that had it may not have ended.
fn opened_again(folder: &Path, n: usize) -> Cache {
    let began = Instant::now();
    loop {
        match file(folder, n) {
            Ok(cache) => return cache,
            Err(error) => assert!(began.elapsed() < HANG, "{error}"),
        }
        std::thread::yield_now();
    }
}

#[test]
fn what_is_fresh_is_read_again_unasked() {
    in_memory("/fresh");
}

#[test]
fn what_is_stale_is_asked_about_and_read_again_by_a_304() {
    in_memory("/stale");
}

#[test]
fn what_is_fresh_is_read_again_from_a_file() {
    on_disk("/fresh");
}

#[test]
fn what_is_stale_is_asked_about_and_read_again_from_a_file() {
    on_disk("/stale");
}
