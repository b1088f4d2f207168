//! Exchanges that go the same with every server: bodies both ways, heads, refusals, and a thousand at a time.

use futures_util::stream;
use hinternet::{Blame, Method, Payload, Status, Version, WireState};
use integration_tests::patiently;
use tokio::task::JoinSet;

use super::place::{FILE, LARGE_FIELD, SMALL, Site, TOO_MUCH, UPLOAD, World, content, wrong};
use super::servers::{Server, caddy, h2o, haproxy, nghttpd, nginx};

/// What a server serves from its own folder.
async fn serves_files(site: &Site) {
    let visit = site.visit();
    let response = visit.get("/file").await;
    assert_eq!((response.status().as_u16(), response.content_length()), (200, Some(FILE as u64)));
    let body = response.bytes().await.unwrap();
    assert_eq!((body.len(), wrong(&body)), (FILE, 0));
    let response = visit.session.head(visit.url("/file")).unwrap().send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_2));
    assert_eq!(response.content_length(), Some(FILE as u64));
    assert!(response.bytes().await.unwrap().is_empty());
    let response = visit.get("/missing").await;
    assert_eq!(response.status(), 404);
    response.bytes().await.unwrap();
    assert_eq!(visit.get("/small").await.text().await.unwrap(), SMALL);
    visit.close().await;
    // One wire did it all, and is told as reused from the second request on.
    let reused = |wanted: bool| {
        visit.recorder.count(move |status| matches!(status, Status::WireAcquired { reused, .. } if *reused == wanted))
    };
    assert_eq!((visit.wires().len(), reused(false), reused(true)), (1, 1, 3));
    assert_eq!(visit.count("Retrying"), 0);
    visit.end().await;
}

/// More at once than a wire carries: there are other wires, and where there may be no more, a line.
async fn serves_a_thousand_at_once(site: &Site) {
    for (limit, makes_a_line) in [(256, false), (4, true)] {
        let visit = site.visit_as(site.builder().wires_per_origin(limit));
        let mut calls = JoinSet::new();
        for _ in 0..1000 {
            let (session, url) = (visit.session.clone(), visit.url("/small"));
            calls.spawn(async move {
                let response = session.get(url)?.send().await?;
                Ok::<_, hinternet::Error>((response.version(), response.text().await?))
            });
        }
        while let Some(answer) = patiently("an answer", calls.join_next()).await {
            assert_eq!(answer.unwrap().unwrap(), (Version::HTTP_2, SMALL.to_owned()));
        }
        visit.close().await;
        let wires = visit.wires().len();
        let (queued, retried) = (visit.count("Queued"), visit.count("Retrying"));
        println!("{}: {wires} wires of {limit}, {queued} times queued, {retried} sent again", site.base);
        assert_eq!(visit.count("WireAcquired"), 1000 + retried);
        assert!(wires <= limit, "{wires} wires");
        assert!(!makes_a_line || queued > 0);
        visit.end().await;
    }
}

/// Bodies to the origin behind the server, of a known length and of an unknown one.
async fn passes_bodies_on(site: &Site) {
    let visit = site.visit();
    let whole = content(UPLOAD);
    let pieces: Vec<_> = whole.chunks(70_001).map(|piece| Ok(piece.to_vec().into())).collect();
    for payload in [Payload::bytes(whole.clone()), Payload::stream(stream::iter(pieces))] {
        let response = visit.session.post(visit.url("/origin/upload")).unwrap().body(payload).send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_2));
        assert_eq!(response.text().await.unwrap(), format!("{UPLOAD} octets, 0 of them wrong, 0 in a field"));
    }
    visit.close().await;
    assert_eq!(visit.wires().len(), 1);
    visit.end().await;
}

/// Fields that fill more than a frame, both ways.
async fn passes_large_heads_on(site: &Site) {
    let visit = site.visit();
    let large = "v".repeat(LARGE_FIELD);
    let request = visit.session.put(visit.url("/origin/upload")).unwrap().header("x-large", &large);
    let response = request.body("").send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), format!("0 octets, 0 of them wrong, {LARGE_FIELD} in a field"));
    let response = visit.get("/origin/large").await;
    for n in 0..5 {
        assert_eq!(response.headers()[&format!("x-large-{n}")], large.as_str());
    }
    assert_eq!(response.text().await.unwrap(), "a large head");
    visit.close().await;
    assert_eq!(visit.wires().len(), 1);
    visit.end().await;
}

/// The origin's trailers, through a server that keeps them.
async fn passes_trailers_on(site: &Site) {
    let visit = site.visit();
    let mut response = visit.get("/origin/trailers").await;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        body.extend_from_slice(&chunk);
    }
    assert_eq!(body, b"with trailers");
    assert_eq!(response.trailers()["x-moral"], "be polite");
    drop(response);
    visit.end().await;
}

/// A body that is too large is answered before it is sent, and the wire serves on where the server lets it.
async fn refuses_early(site: &Site, statuses: &[u16]) {
    let visit = site.visit();
    let request = visit.session.post(visit.url("/origin/limited")).unwrap().body(content(TOO_MUCH));
    let response = patiently("the refusal", request.send()).await.unwrap();
    assert!(statuses.contains(&response.status().as_u16()), "{}", response.status());
    assert_eq!(response.version(), Version::HTTP_2);
    response.bytes().await.unwrap();
    assert_eq!(visit.get("/small").await.text().await.unwrap(), SMALL);
    visit.close().await;
    println!("{}: {} wires after an early refusal", site.base, visit.wires().len());
    visit.end().await;
}

/// All of it, for a server with the origin behind it.
async fn holds_for(server: &Server) {
    for site in server.sites() {
        serves_files(site).await;
        passes_bodies_on(site).await;
        passes_large_heads_on(site).await;
        serves_a_thousand_at_once(site).await;
    }
}

#[tokio::test]
#[ignore = "needs nghttpd"]
async fn nghttpd_is_spoken_to() {
    let world = World::new().await;
    let server = nghttpd(&world, &["--echo-upload", "--trailer=x-moral: be polite"]);
    for site in server.sites() {
        serves_files(site).await;
        serves_a_thousand_at_once(site).await;
        let visit = site.visit();
        let request = visit.session.post(visit.url("/echo")).unwrap().body(content(UPLOAD));
        let echoed = patiently("the echo", request.send()).await.unwrap().bytes().await.unwrap();
        assert_eq!((echoed.len(), wrong(&echoed)), (UPLOAD, 0));
        let mut response = visit.get("/small").await;
        while response.chunk().await.unwrap().is_some() {}
        assert_eq!(response.trailers()["x-moral"], "be polite");
        visit.end().await;
    }
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_is_spoken_to() {
    let world = World::new().await;
    let server = nginx(&world, "keepalive_requests 100000;");
    holds_for(&server).await;
    for site in server.sites() {
        refuses_early(site, &[413]).await;
    }
}

#[tokio::test]
#[ignore = "needs caddy"]
async fn caddy_is_spoken_to() {
    let world = World::new().await;
    let server = caddy(&world);
    holds_for(&server).await;
    for site in server.sites() {
        passes_trailers_on(site).await;
        // Before 2.7 the proxy blames the origin for the body it was not let read.
        refuses_early(site, &[413, 502]).await;
    }
}

#[tokio::test]
#[ignore = "needs haproxy"]
async fn haproxy_is_spoken_to() {
    let world = World::new().await;
    let server = haproxy(&world);
    holds_for(&server).await;
    for site in server.sites() {
        passes_trailers_on(site).await;
        refuses_early(site, &[413]).await;
    }
}

#[tokio::test]
#[ignore = "needs h2o"]
async fn h2o_is_spoken_to() {
    let world = World::new().await;
    let server = h2o(&world);
    holds_for(&server).await;
    for site in server.sites() {
        // It refuses the stream rather than answer (RFC 9113 8.7), as often as it is asked.
        let visit = site.visit();
        let request = visit.session.connect(&site.base).unwrap().open_request(Method::POST, "/origin/limited").unwrap();
        let sent = patiently("the send", request.send(content(TOO_MUCH))).await;
        let refused = match sent {
            Ok(()) => patiently("the refusal", request.receive_response()).await.map(drop),
            refused => refused,
        };
        let error = visit.recorder.failure(request.id(), refused);
        assert_eq!((error.wire_state(), error.blame()), (WireState::RefusedByPeer, Blame::Peer), "{error}");
        assert_eq!(visit.get("/small").await.text().await.unwrap(), SMALL);
        drop(request);
        visit.close().await;
        assert_eq!(visit.wires().len(), 1);
        visit.end().await;
    }
}
