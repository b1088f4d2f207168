//! Options that differ in any single field never share a wire, a ticket or a verdict (P5, reliability 3.2).

use std::time::{Duration, UNIX_EPOCH};

use hinternet::tls::danger::{
    AcceptAnyCertificate, IgnoreDate, IgnoreName, IgnoreUnknownAuthority, IgnoreUsage, VerifyAt,
};
use hinternet::tls::{ClientCertificates, ClientIdentity, Revocation, Roots, TlsOptions, TlsVersions};
use hinternet::{DialOptions, Session};
use integration_tests::certificates::{Authority, Identity, Leaf};
use integration_tests::recorder::Recorder;
use integration_tests::tls::{EveryName, Tls};

use crate::place::{NAME, authority, builder, leaf, serving, sha256, trusting};

#[derive(Debug)]
struct Nothing;

impl ClientCertificates for Nothing {
    fn choose(&self, _: &[&[u8]]) -> Option<ClientIdentity> {
        None
    }
}

/// One set of options for every field, which differs from the first in that field alone.
fn every_field(authority: &Authority, identity: &Identity) -> Vec<(&'static str, TlsOptions)> {
    let base = || trusting(authority);
    let other = Authority::new("Another");
    let list = Revocation::by_lists([authority.revoke([])]);
    let any = || base().dangerous(AcceptAnyCertificate);
    vec![
        ("none", base()),
        ("roots", base().roots(Roots::Platform)),
        ("extra roots", base().trust([other.certificate()])),
        ("roots of the program", base().roots(Roots::Webpki)),
        ("pins", base().pin_sha256([sha256(&identity.public_key_info())])),
        ("versions", base().versions(TlsVersions::Only13)),
        ("server name", base().server_name_indication(false)),
        ("identity", base().client_identity(other.issue(Leaf::for_client("me")).client())),
        ("chooser", base().client_certificates(Nothing)),
        ("another chooser of the kind", base().client_certificates(Nothing)),
        ("revocation", base().revocation(list.clone())),
        ("revocation, chain", base().revocation(list.clone().whole_chain())),
        ("revocation, unknown", base().revocation(list.allow_unknown())),
        ("unknown authority", base().dangerous(IgnoreUnknownAuthority)),
        ("name", base().dangerous(IgnoreName)),
        ("date", base().dangerous(IgnoreDate)),
        ("usage", base().dangerous(IgnoreUsage)),
        ("anything", any()),
        ("verify at", base().dangerous(VerifyAt(UNIX_EPOCH + Duration::from_secs(1_000_000_000)))),
        ("key log", base().key_log_from_environment(true)),
    ]
}

#[tokio::test]
async fn p5_options_that_differ_in_one_field_share_no_wire_and_no_ticket() {
    let authority = authority();
    let identity = authority.issue(leaf());
    let origin = serving(&Tls::new(&identity)).await;
    let recorder = Recorder::start();
    let session = recorder.session(builder(trusting(&authority)));
    let connection = session.connect(&origin.origin_named(NAME)).unwrap();
    let all = every_field(&authority, &identity);
    let mut wires = std::collections::HashSet::new();
    for round in 0..2 {
        for (field, options) in &all {
            let request = connection.open_request(hinternet::Method::GET, "/").unwrap();
            let mut of_request = request.options();
            of_request.tls = options.clone();
            request.set_options(of_request).unwrap();
            request.send(()).await.unwrap_or_else(|error| panic!("{field}: {error}"));
            request.receive_response().await.unwrap();
            let resumed = request.security_info().unwrap().resumed;
            assert!(!resumed, "{field}: a ticket of another's");
            while !request.read().await.unwrap().is_empty() {}
            let acquired = recorder.wait_for_status(request.id(), "WireAcquired").await;
            let hinternet::Status::WireAcquired { wire, reused, .. } = acquired.status else { unreachable!() };
            assert_eq!(reused, round == 1, "{field}: a wire of another's");
            assert_eq!(wires.insert(wire), round == 0, "{field}");
        }
    }
    assert_eq!(origin.connections(), all.len());
    drop(connection);
    recorder.finish(session).await;
}

#[tokio::test]
async fn p5_a_verdict_that_was_given_up_is_nobody_elses() {
    let authority = authority();
    let tls = Tls::new(&authority.issue(leaf().expired()));
    let origin = serving(&tls).await;
    let recorder = Recorder::start();
    let session = recorder.session(builder(trusting(&authority)));
    let connection = session.connect(&origin.origin_named(NAME)).unwrap();
    for danger in [true, false, true, false] {
        let request = connection.open_request(hinternet::Method::GET, "/").unwrap();
        let mut options = request.options();
        if danger {
            options.tls = options.tls.dangerous(IgnoreDate);
        }
        request.set_options(options).unwrap();
        let sent = request.send(()).await;
        if danger {
            sent.unwrap();
            request.receive_response().await.unwrap();
            while !request.read().await.unwrap().is_empty() {}
        } else {
            let error = recorder.failure(request.id(), sent);
            assert_eq!(error.code(), hinternet::ErrorCode::SecureFailure);
        }
    }
    drop(connection);
    recorder.finish(session).await;
}

#[tokio::test]
async fn p5_sessions_share_no_ticket() {
    let authority = authority();
    let tls = Tls::new(&authority.issue(leaf()));
    let origin = serving(&tls).await;
    for _ in 0..2 {
        let recorder = Recorder::start();
        let session = recorder.session(Session::builder().dial(dial()).tls(trusting(&authority)));
        let response = session.get(format!("{}/", origin.origin_named(NAME))).unwrap().send().await.unwrap();
        assert!(!response.security_info().unwrap().resumed);
        assert_eq!(response.text().await.unwrap(), "ok");
        recorder.finish(session).await;
    }
    assert!(tls.seen().iter().all(|handshake| !handshake.resumed));
}

fn dial() -> DialOptions {
    EveryName::here()
}
