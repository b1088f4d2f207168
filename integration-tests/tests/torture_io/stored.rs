//! Responses that are stored: read again, asked about again, and never half of one.

use hinternet::{Cache, Session, SessionBuilder};
use integration_tests::origin::Reply;
use integration_tests::request::Request as Asked;

use super::{ALL, CONTENT, Torture};

fn answer(request: &Asked) -> Reply {
    let is_known = request.field("if-none-match") == Some("\"1\"");
    let (status, lifetime) = if request.path() == "/fresh" { (200, "max-age=60") } else { (304, "no-cache") };
    let reply = if is_known && status == 304 { Reply::new(304) } else { Reply::ok(CONTENT) };
    reply.field("cache-control", lifetime).field("etag", "\"1\"")
}

/// Three times the same, which must be the same each time.
fn thrice(path: &'static str) {
    let scenario = async move |session: Session, origin: String| {
        let mut bodies = Vec::new();
        for _ in 0..3 {
            bodies.push(session.get(format!("{origin}{path}"))?.send().await?.bytes().await?);
        }
        assert!(bodies.iter().all(|body| *body == CONTENT), "{bodies:?}");
        Ok(CONTENT.into())
    };
    let session = |builder: SessionBuilder| builder.cache(Cache::in_memory());
    Torture::at(|simulation| simulation.site(80, answer), scenario).session(session).run(&ALL);
}

#[test]
fn what_is_fresh_is_read_again_unasked() {
    thrice("/fresh");
}

#[test]
fn what_is_stale_is_asked_about_and_read_again_by_a_304() {
    thrice("/stale");
}
