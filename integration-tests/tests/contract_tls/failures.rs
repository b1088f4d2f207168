//! Every way in which a wire cannot be secured: its flag, its sequence, its sentence (C.9, D.3, N-44).

use std::time::Duration;

use hinternet::tls::{Roots, TlsOptions, TlsVersions};
use hinternet::{Blame, ErrorCode, Operation, SecureFailureFlags as Flags, Session, Stage, Timeouts};
use integration_tests::certificates::{Authority, Identity, Leaf};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::tls::Tls;

use crate::place::{Asked, NAME, ask, authority, builder, leaf, origin, serving, trusting, trusting_nobody};

async fn ask_for(identity: &Identity, options: TlsOptions) -> Asked {
    let (origin, _tls) = origin(identity).await;
    ask(&origin, NAME, options).await
}

#[tokio::test]
async fn c9_the_sequence_of_a_tls_failure() {
    let authority = authority();
    let asked = ask_for(&authority.issue(leaf().expired()), trusting(&authority)).await;
    let dial = ["ResolvingName", "NameResolved", "ConnectingToServer", "ConnectedToServer"];
    let fails = ["SecuringConnection", "SecureFailure", "ClosingConnection", "ConnectionClosed", "RequestError"];
    assert_eq!(asked.names, [&["HandleCreated"], &dial[..], &fails, &["HandleClosing"]].concat());
    let error = asked.refused_for(Flags::CERT_DATE_INVALID);
    assert_eq!((error.operation(), error.stage(), error.blame()), (Operation::Send, Stage::Tls, Blame::Peer));
    assert!(error.is_connect() && !error.is_retryable());
}

#[tokio::test]
async fn c9_the_sequence_of_a_secure_request_and_what_is_known_of_its_wire() {
    let authority = authority();
    let identity = authority.issue(leaf());
    let (origin, tls) = origin(&identity).await;
    let asked = ask(&origin, NAME, trusting(&authority)).await;
    let names = asked.names.clone();
    let place = names.iter().position(|name| *name == "ConnectedToServer").unwrap();
    assert_eq!(
        names[place..place + 4],
        ["ConnectedToServer", "SecuringConnection", "ConnectionSecured", "WireAcquired"],
        "{names:?}"
    );
    let security = asked.security();
    assert_eq!(security.protocol, "TLS 1.3");
    assert!(security.cipher_suite.starts_with("TLS_"), "{}", security.cipher_suite);
    assert!(!security.cipher_suite.contains("TLS13"), "the IANA name, not rustls': {}", security.cipher_suite);
    assert_eq!(security.application_protocol.as_deref(), Some("http/1.1"));
    assert!(!security.resumed);
    let shown: Vec<_> = security.certificates.iter().map(|one| one.to_vec()).collect();
    assert_eq!(shown, identity.chain.iter().map(|one| one.to_vec()).collect::<Vec<_>>());
    assert_eq!(tls.seen()[0].server_name.as_deref(), Some(NAME));
}

#[tokio::test]
async fn d3_an_expired_certificate() {
    let authority = authority();
    let identity = authority.issue(leaf().expired());
    let error = ask_for(&identity, trusting(&authority)).await.refused_for(Flags::CERT_DATE_INVALID);
    let text = error.to_string();
    assert!(
        text.starts_with("error 12175 SECURE_FAILURE in WinHttpSendRequest (send), securing the connection"),
        "{text}"
    );
    assert!(text.contains("the certificate of good.example expired on 2002-01-02"), "{text}");
    let details = error.tls().unwrap();
    assert_eq!(details.certificates.len(), 1);
    assert_eq!(details.certificates[0], identity.chain[0].as_ref());
    let alert = details.alert.unwrap();
    assert_eq!(alert, hinternet::tls::TlsAlert::Sent(45));
    assert_eq!(alert.to_string(), "certificate_expired (45)");
}

#[tokio::test]
async fn d3_a_certificate_that_is_not_valid_yet() {
    let authority = authority();
    let asked = ask_for(&authority.issue(leaf().not_yet_valid()), trusting(&authority)).await;
    let text = asked.refused_for(Flags::CERT_DATE_INVALID).to_string();
    assert!(text.contains("the certificate of good.example is not valid before 3000-01-03"), "{text}");
}

#[tokio::test]
async fn d3_an_authority_that_has_expired_is_named() {
    let authority = authority();
    let between = authority.intermediate("Old and tired", Leaf::expired);
    let asked = ask_for(&between.issue(leaf()), trusting(&authority)).await;
    let text = asked.refused_for(Flags::CERT_DATE_INVALID).to_string();
    assert!(text.contains("the certificate of the authority CN=Old and tired expired on 2002-01-02"), "{text}");
}

#[tokio::test]
async fn d3_a_certificate_for_another_name() {
    let authority = authority();
    let asked = ask_for(&authority.issue(Leaf::for_names(["a.example", "b.example"])), trusting(&authority)).await;
    let text = asked.refused_for(Flags::CERT_CN_INVALID).to_string();
    assert!(text.contains("the certificate is for a.example, b.example, not for good.example"), "{text}");
}

#[tokio::test]
async fn d3_a_certificate_of_an_unknown_authority() {
    let asked = ask_for(&Authority::new("Nobody knows me").issue(leaf()), trusting(&authority())).await;
    let text = asked.refused_for(Flags::INVALID_CA).to_string();
    assert!(text.contains("no trusted authority vouches for the certificate of good.example"), "{text}");
    assert!(text.contains("its issuer is CN=Nobody knows me"), "{text}");
}

#[tokio::test]
async fn d3_a_chain_with_a_gap_is_of_an_unknown_authority() {
    let authority = authority();
    let between = authority.intermediate("Not shown", |leaf| leaf);
    let asked = ask_for(&between.issue(leaf()).alone(), trusting(&authority)).await;
    let text = asked.refused_for(Flags::INVALID_CA).to_string();
    assert!(text.contains("its issuer is CN=Not shown"), "{text}");
    ask_for(&between.issue(leaf()), trusting(&authority)).await.security();
}

#[tokio::test]
async fn d3_a_certificate_that_signed_itself() {
    for identity in [Identity::self_signed(leaf()), Identity::self_signed(leaf().as_authority())] {
        let text = ask_for(&identity, trusting(&authority())).await.refused_for(Flags::INVALID_CA).to_string();
        assert!(
            text.contains("no trusted authority vouches for the certificate of good.example: it signed itself"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn d3_a_certificate_that_was_not_made_for_servers() {
    let authority = authority();
    let asked = ask_for(&authority.issue(leaf().for_clients()), trusting(&authority)).await;
    let text = asked.refused_for(Flags::CERT_WRONG_USAGE).to_string();
    assert!(text.contains("was not made for servers but for client authentication"), "{text}");
}

#[tokio::test]
async fn d3_all_that_is_wrong_is_told_at_once() {
    let leaf = Leaf::for_names(["other.example"]).expired().for_clients();
    let asked = ask_for(&Authority::new("Nobody knows me").issue(leaf), trusting(&authority())).await;
    let all = Flags::CERT_DATE_INVALID | Flags::CERT_CN_INVALID | Flags::CERT_WRONG_USAGE | Flags::INVALID_CA;
    let text = asked.refused_for(all).to_string();
    for part in ["expired on", "not for good.example", "not made for servers", "its issuer is"] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn d3_nobody_is_trusted_where_nobody_is_named() {
    let authority = authority();
    let asked = ask_for(&authority.issue(leaf()), TlsOptions::new().trust_only([])).await;
    asked.refused_for(Flags::INVALID_CA);
}

#[tokio::test]
async fn d3_the_authorities_of_this_machine_do_not_know_the_tests() {
    let asked = ask_for(&authority().issue(leaf()), TlsOptions::new()).await;
    if !asked.machine_trusts_nobody() {
        asked.refused_for(Flags::INVALID_CA);
    }
    let mozillas = || TlsOptions::new().roots(Roots::Webpki);
    ask_for(&authority().issue(leaf()), mozillas()).await.refused_for(Flags::INVALID_CA);
    let authority = authority();
    for others in [TlsOptions::new(), mozillas()] {
        ask_for(&authority.issue(leaf()), others.trust([authority.certificate()])).await.security();
    }
}

#[tokio::test]
async fn d3_a_server_without_the_key_of_its_certificate_is_refused_whatever_is_given_up() {
    let authority = authority();
    let stolen = authority.issue(leaf()).with_key_of(authority.issue(leaf()));
    let accepts_any = trusting(&authority).dangerous(hinternet::tls::danger::AcceptAnyCertificate);
    for tls in [Tls::only12(&stolen), Tls::only13(&stolen)] {
        let origin = serving(&tls).await;
        for options in [trusting(&authority), accepts_any.clone()] {
            let error = ask(&origin, NAME, options).await.refused_for(Flags::SECURITY_CHANNEL_ERROR);
            assert!(error.to_string().contains("does not hold the key of the certificate"), "{error}");
        }
    }
}

#[tokio::test]
async fn n44_a_server_that_does_not_speak_tls() {
    let octets = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
    let peer = ScriptedPeer::always(Script::new().read_exactly(1).send(octets).close()).await.secure();
    let recorder = Recorder::start();
    let session = recorder.session(builder(trusting_nobody()));
    let request = session.connect(&peer.origin()).unwrap().open_request(hinternet::Method::GET, "/").unwrap();
    let error = recorder.failure(request.id(), request.send(()).await);
    assert_eq!(error.code(), ErrorCode::SecureFailure);
    assert_eq!(error.tls().unwrap().flags, Flags::SECURITY_CHANNEL_ERROR);
    assert!(error.to_string().contains("the server does not speak TLS"), "{error}");
    drop(request);
    recorder.finish(session).await;
}

#[tokio::test]
async fn r26_a_plain_request_to_a_secure_port_is_an_ordinary_exchange_that_comes_to_nothing() {
    let authority = authority();
    let (origin, tls) = origin(&authority.issue(leaf())).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let plain = origin.origin().replace("https", "http");
    let request = session.connect(&plain).unwrap().open_request(hinternet::Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    let error = recorder.failure(request.id(), request.receive_response().await);
    // What comes back is a TLS alert, or nothing: no HTTP, and no secure wire that failed.
    assert!(matches!(error.code(), ErrorCode::InvalidServerResponse | ErrorCode::ConnectionError), "{error}");
    assert!(error.tls().is_none() && tls.seen().is_empty());
    drop(request);
    recorder.finish(session).await;
}

async fn alerted(number: u8) -> hinternet::Error {
    let alert = vec![21, 3, 3, 0, 2, 2, number];
    let peer = ScriptedPeer::always(Script::new().read_exactly(1).send(alert).close()).await.secure();
    let recorder = Recorder::start();
    let session = recorder.session(builder(trusting_nobody()));
    let request = session.connect(&peer.origin()).unwrap().open_request(hinternet::Method::GET, "/").unwrap();
    let error = recorder.failure(request.id(), request.send(()).await);
    drop(request);
    recorder.finish(session).await;
    error
}

#[tokio::test]
async fn d3_an_alert_is_told_by_name_and_number() {
    for (number, name, meaning) in [
        (40, "handshake_failure (40)", "suits both sides"),
        (70, "protocol_version (70)", "none of the TLS versions"),
        (112, "unrecognized_name (112)", "no host of this name"),
        (120, "no_application_protocol (120)", "none of the protocols"),
        (80, "internal_error (80)", "ended it"),
    ] {
        let error = alerted(number).await;
        assert_eq!(error.code(), ErrorCode::SecureFailure);
        let details = error.tls().unwrap();
        assert_eq!(details.flags, Flags::SECURITY_CHANNEL_ERROR);
        assert_eq!(details.alert, Some(hinternet::tls::TlsAlert::Received(number)));
        let text = error.to_string();
        assert!(text.contains(name) && text.contains(meaning), "{text}");
    }
}

#[tokio::test]
async fn d3_no_version_in_common() {
    let authority = authority();
    let identity = authority.issue(leaf());
    for (tls, versions) in
        [(Tls::only12(&identity), TlsVersions::Only13), (Tls::only13(&identity), TlsVersions::Only12)]
    {
        let asked = ask(&serving(&tls).await, NAME, trusting(&authority).versions(versions)).await;
        let text = asked.refused_for(Flags::SECURITY_CHANNEL_ERROR).to_string();
        assert!(text.contains("none of the TLS versions"), "{text}");
    }
}

#[tokio::test]
async fn d3_no_protocol_in_common() {
    let authority = authority();
    let tls = Tls::new(&authority.issue(leaf())).offering(&["h3-only"]);
    let asked = ask(&serving(&tls).await, NAME, trusting(&authority)).await;
    let text = asked.refused_for(Flags::SECURITY_CHANNEL_ERROR).to_string();
    assert!(text.contains("no_application_protocol"), "{text}");
    // One that knows nothing of ALPN gets what everybody speaks.
    let tls = Tls::new(&authority.issue(leaf())).offering(&[]);
    let security = ask(&serving(&tls).await, NAME, trusting(&authority)).await.security();
    assert_eq!(security.application_protocol, None);
}

#[tokio::test]
async fn a_network_that_fails_in_the_handshake_is_no_secure_failure() {
    for script in [Script::new().read_exactly(1).close(), Script::new().read_exactly(1).reset()] {
        let peer = ScriptedPeer::always(script).await.secure();
        let recorder = Recorder::start();
        let session = recorder.session(builder(trusting_nobody()));
        let request = session.connect(&peer.origin()).unwrap().open_request(hinternet::Method::GET, "/").unwrap();
        let error = recorder.failure(request.id(), request.send(()).await);
        assert_eq!(error.code(), ErrorCode::ConnectionError, "{error}");
        assert_eq!((error.stage(), error.blame()), (Stage::Tls, Blame::Network));
        assert!(error.is_retryable() && error.tls().is_none());
        recorder.wait_for_status(request.id(), "RequestError").await;
        assert_eq!(recorder.count_of(request.id(), "SecureFailure"), 0);
        assert_eq!(recorder.count_of(request.id(), "ConnectionClosed"), 1);
        drop(request);
        recorder.finish(session).await;
    }
}

#[tokio::test]
async fn a_server_that_has_spoken_before_and_breaks_a_handshake_off_is_dialed_once_more() {
    let (authority, ok) = (authority(), "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
    let tls = Tls::new(&authority.issue(leaf()));
    let serves = || Script::new().start_tls(&tls).read_request().send(ok).close();
    let breaks = || Script::new().read_exactly(1).reset();
    let scripts = vec![serves(), breaks(), serves(), breaks(), breaks()];
    let peer = ScriptedPeer::start_with_default(scripts, serves()).await.secure();
    let recorder = Recorder::start();
    let session = recorder.session(builder(trusting(&authority)));
    let ask = || session.get(format!("{}/", peer.origin())).unwrap().send();
    for connections in [1, 3] {
        assert_eq!(ask().await.unwrap().text().await.unwrap(), "ok");
        assert_eq!(peer.connections(), connections);
    }
    let error = ask().await.unwrap_err();
    assert_eq!((error.code(), error.stage()), (ErrorCode::ConnectionError, Stage::Tls), "{error}");
    assert_eq!(peer.connections(), 5, "not more than once");
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_over_with_the_time_for_connecting() {
    let peer = ScriptedPeer::always(Script::new().keep()).await.secure();
    let recorder = Recorder::start();
    let mut timeouts = Timeouts::default();
    timeouts.connect = Some(Duration::from_millis(50));
    let session = recorder.session(builder(trusting_nobody()).timeouts(timeouts));
    let request = session.connect(&peer.origin()).unwrap().open_request(hinternet::Method::GET, "/").unwrap();
    let error = recorder.failure(request.id(), request.send(()).await);
    assert_eq!((error.code(), error.stage()), (ErrorCode::Timeout, Stage::Tls), "{error}");
    assert_eq!(error.waited(), Some(Duration::from_millis(50)));
    drop(request);
    recorder.finish(session).await;
}

#[tokio::test]
async fn e_a_secure_origin_serves_at_an_address_only_with_a_certificate_for_it() {
    let authority = authority();
    let (origin, tls) = origin(&authority.issue(leaf())).await;
    ask(&origin, "127.0.0.1", trusting(&authority)).await.security();
    assert_eq!(tls.seen()[0].server_name, None, "an address is never told (RFC 6066 section 3)");
    let elsewhere = Origin::secure(&Tls::new(&authority.issue(Leaf::for_names([NAME]))), |_| Reply::ok("ok")).await;
    let asked = ask(&elsewhere, "127.0.0.1", trusting(&authority)).await;
    let text = asked.refused_for(Flags::CERT_CN_INVALID).to_string();
    assert!(text.contains("is for good.example, not for 127.0.0.1"), "{text}");
}
