//! Servers that go away under load: no request fails.

use std::process::Stdio;
use std::time::Duration;

use hinternet::{Error, Status};
use integration_tests::patiently;
use tokio::task::JoinSet;

use super::place::{SMALL, Site, Visit, World};
use super::servers::{caddy, h2o, haproxy, nginx};

/// 500 requests a second, for four seconds.
const REQUESTS: usize = 2000;
const PACE: Duration = Duration::from_millis(2);
/// After so many requests of the first it happens, and then again.
const EVERY: usize = 400;

/// What became of the requests.
struct Load {
    visit: Visit,
    failed: Vec<Error>,
}

impl Load {
    /// Sends them in step, and lets it happen several times meanwhile. Of every `posts` requests one is a POST.
    async fn run(site: &Site, posts: Option<usize>, mut happen: impl FnMut()) -> Self {
        let visit = site.visit();
        let (mut calls, mut failed) = (JoinSet::new(), Vec::new());
        let mut ticks = tokio::time::interval(PACE);
        for n in 0..REQUESTS {
            ticks.tick().await;
            if n % EVERY == EVERY / 2 {
                happen();
            }
            let is_post = posts.is_some_and(|every| n % every == 0);
            let request = match is_post {
                true => visit.session.post(visit.url("/origin/upload")).unwrap().body(vec![0; 1000]),
                false => visit.session.get(visit.url("/small")).unwrap(),
            };
            calls.spawn(async move {
                let text = request.send().await?.text().await?;
                assert!(is_post || text == SMALL, "{text}");
                Ok(())
            });
        }
        while let Some(call) = patiently("an answer", calls.join_next()).await {
            failed.extend(call.unwrap().err());
        }
        Self { visit, failed }
    }

    /// None of them failed, and there were more wires than this.
    async fn holds(self, name: &str, at_least: usize) {
        let Self { visit, failed } = self;
        visit.close().await;
        let mut healths = std::collections::BTreeMap::new();
        for one in visit.recorder.log() {
            if let Status::WireHealthChanged { health, .. } = one.status {
                *healths.entry(format!("{health:?}")).or_insert(0) += 1;
            }
        }
        let (wires, retried) = (visit.wires().len(), visit.count("Retrying"));
        println!("{name}: {} failed, {wires} wires, {healths:?}, {retried} sent again", failed.len());
        assert!(failed.is_empty(), "{} failed: {failed:#?}", failed.len());
        assert!(wires > at_least, "{wires} wires");
        visit.end().await;
    }
}

const TIMES: usize = REQUESTS / EVERY;

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_is_reloaded_and_no_request_fails() {
    let world = World::new().await;
    let server = nginx(&world, "");
    for site in server.sites() {
        // What `nginx -s reload` sends.
        let load = Load::run(site, Some(4), || server.peer.signal("HUP")).await;
        load.holds("nginx, reloaded", TIMES).await;
    }
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_that_ends_a_wire_after_a_hundred_requests_fails_none() {
    let world = World::new().await;
    let server = nginx(&world, "keepalive_requests 100;");
    for site in server.sites() {
        let load = Load::run(site, Some(4), || {}).await;
        load.holds("nginx, 100 requests a wire", REQUESTS / 100 - 1).await;
    }
}

#[tokio::test]
#[ignore = "needs haproxy"]
async fn haproxy_is_reloaded_and_no_request_fails() {
    let world = World::new().await;
    let server = haproxy(&world);
    for site in server.sites() {
        let load = Load::run(site, Some(4), || server.peer.signal("USR2")).await;
        load.holds("haproxy, reloaded", TIMES).await;
    }
}

#[tokio::test]
#[ignore = "needs caddy"]
async fn caddy_is_reloaded_and_no_request_fails() {
    let world = World::new().await;
    let server = caddy(&world);
    for site in server.sites() {
        let mut reloads = JoinSet::new();
        let load = Load::run(site, Some(4), || {
            let mut command = tokio::process::Command::new("caddy");
            command.args(["reload", "--force", "--config", "Caddyfile", "--adapter", "caddyfile", "--address"]);
            command.arg(format!("unix/{}/admin", server.peer.folder().display())).current_dir(server.peer.folder());
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            reloads.spawn(async move { command.status().await.unwrap().success() });
        });
        let load = load.await;
        while let Some(reload) = patiently("a reload", reloads.join_next()).await {
            assert!(reload.unwrap(), "{}", server.peer.said());
        }
        // What was opened in clear is none of its HTTP server's connections any more, and outlives a reload.
        load.holds("caddy, reloaded", if site.is_secure() { TIMES } else { 0 }).await;
    }
}

#[tokio::test]
#[ignore = "needs h2o"]
async fn h2o_is_restarted_and_no_request_fails() {
    let world = World::new().await;
    let server = h2o(&world);
    for site in server.sites() {
        let load = Load::run(site, Some(4), || server.peer.signal("HUP")).await;
        // Its master takes one signal after the other, up to a second each: the last ones may come when the load is over.
        load.holds("h2o, restarted", TIMES / 2).await;
    }
}
