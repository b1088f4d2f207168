//! Wires that are secured: TLS by itself, below HTTP/2, and in a tunnel.

use hinternet::network::Proxy;
use hinternet::tls::TlsOptions;
use hinternet::{Method, Result, Session, SessionBuilder, Stage};
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::http2_peer::frames;
use integration_tests::scripted_peer::Script;
use integration_tests::simulation::Call;
use integration_tests::tls::Tls;

use super::http2::{BY_DRIVER, UNSEEN};
use super::{ALL, ANSWER, CONTENT, Torture, open, sent};

/// To look at an idle wire with TLS is to read what is below.
const LOOKS: &[Call] = &[Call::Look, Call::Read];

/// Who the server is, and who trusts it.
fn server() -> (Tls, TlsOptions) {
    let authority = Authority::new("Authority of the torture");
    let tls = Tls::new(&authority.issue(Leaf::for_names(["server"])));
    (tls, TlsOptions::new().trust_only([authority.certificate()]))
}

async fn got(session: Session, origin: String) -> Result<Vec<u8>> {
    sent(open(&session, &origin.replace("http:", "https:"), Method::GET).await?).await
}

fn two(script: Script) -> Script {
    (0..4).fold(script, |script, _| script.read_request().send(ANSWER)).keep()
}

#[test]
fn two_gets_on_a_wire_with_tls() {
    let (tls, trust) = server();
    let scenario = async |session: Session, origin: String| {
        got(session.clone(), origin.clone()).await?;
        got(session, origin).await
    };
    let session = move |builder: SessionBuilder| builder.tls(trust.clone());
    Torture::of(two(Script::new().start_tls(&tls)), scenario)
        .session(session)
        .stages(&[Stage::Tls])
        .unseen(LOOKS)
        .run(&ALL);
}

#[test]
fn two_streams_of_http2_with_tls() {
    let (tls, trust) = server();
    let tls = tls.offering(&["h2"]);
    let script = Script::new().answering_pings().start_tls(&tls).read_preface().send(frames::settings(&[]));
    let script =
        (0..4).fold(script, |script, n| script.read_streams(n + 1).send(frames::answer(2 * n as u32 + 1, CONTENT)));
    let scenario = async |session: Session, origin: String| {
        got(session.clone(), origin.clone()).await?;
        got(session, origin).await
    };
    let session = move |builder: SessionBuilder| builder.tls(trust.clone());
    let torture = Torture::of(script.keep(), scenario).session(session).unseen(UNSEEN);
    torture.stages(BY_DRIVER).run(&ALL);
}

#[test]
fn a_request_with_tls_through_a_tunnel() {
    let (tls, trust) = server();
    let opened = Script::new().read_head().send("HTTP/1.1 200 Connection established\r\n\r\n").start_tls(&tls);
    let session = move |builder: SessionBuilder| {
        let proxy = Proxy::parse("http://server:80").expect("a proxy");
        builder.tls(trust.clone()).proxy(proxy)
    };
    let scenario = async |session: Session, origin: String| got(session, origin).await;
    Torture::of(two(opened), scenario).session(session).stages(&[Stage::Tunnel, Stage::Tls]).unseen(LOOKS).run(&ALL);
}
