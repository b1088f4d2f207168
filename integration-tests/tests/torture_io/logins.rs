//! Servers and proxies that ask who is there.

use hinternet::network::Proxy;
use hinternet::{Method, Result, Session, SessionBuilder, Stage};
use integration_tests::guard::Guard;
use integration_tests::origin::Reply;
use integration_tests::scripted_peer::Script;
use integration_tests::simulation::Simulation;

use super::{ALL, ANSWER, CONTENT, Torture, answered, open, sent};

const ALICE: (&str, &str) = ("alice", "s3cret");

async fn posted(session: &Session, origin: &str) -> Result<Vec<u8>> {
    let request = open(session, origin, Method::POST).await?;
    request.send("a body").await?;
    answered(&request).await
}

/// 401 and 200; then what is known of the server is shown at once, and never twice with the same count.
#[test]
fn a_server_that_asks_by_digest() {
    let scenario = async |session: Session, origin: String| {
        posted(&session, &origin).await?;
        posted(&session, &origin).await
    };
    let guarded = |simulation: Simulation| {
        let guard = Guard::digest("MD5", "auth", ALICE.0, ALICE.1);
        simulation.site(80, guard.before(|_| Reply::ok(CONTENT)))
    };
    let session = |builder: SessionBuilder| builder.credentials("http://server", ALICE);
    Torture::at(guarded, scenario).session(session).run(&ALL);
}

fn knowing_proxy() -> Proxy {
    let proxy = Proxy::parse("http://server:80").expect("a proxy");
    proxy.credentials(ALICE.0, ALICE.1).expect("credentials").wait_for_challenge()
}

/// 407 and 200.
#[test]
fn a_proxy_that_forwards_and_asks_by_digest() {
    let scenario =
        async |session: Session, _: String| sent(open(&session, "http://elsewhere.example", Method::GET).await?).await;
    let guarded = |simulation: Simulation| {
        let guard = Guard::digest_of_a_proxy(ALICE.0, ALICE.1);
        simulation.site(80, guard.before(|_| Reply::ok(CONTENT)))
    };
    let session = |builder: SessionBuilder| builder.proxy(knowing_proxy());
    Torture::at(guarded, scenario).session(session).run(&ALL);
}

/// 407 and 200 before the tunnel is there. What a later wire shows at first is always stale.
#[test]
fn a_proxy_that_opens_a_tunnel_and_asks_by_digest() {
    let who = "HTTP/1.1 407 Who\r\nproxy-authenticate: Digest realm=\"p\", nonce=\"1\", qop=\"auth\", stale=true\r\n\
        content-length: 3\r\n\r\nwho";
    let opened = Script::new().read_head().send(who).read_head().send("HTTP/1.1 200 Connection established\r\n\r\n");
    let script = (0..4).fold(opened, |script, _| script.read_request().send(ANSWER)).keep();
    let scenario = async |session: Session, _: String| {
        let request = open(&session, "http://elsewhere.example", Method::GET).await?;
        let mut options = request.options();
        options.dial = options.dial.proxy(knowing_proxy()).always_tunnel(true);
        request.set_options(options)?;
        sent(request).await
    };
    Torture::of(script, scenario).stages(&[Stage::Tunnel]).run(&ALL);
}
