//! An address policy is asked of every address before it is connected to, however the URL or the resolver names it (SSRF).

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use hinternet::network::{AddressPolicy, PublicAddresses};
use hinternet::{Blame, DialOptions, ErrorCode, Limits, Method, Session, SessionBuilder, Stage};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::scene::sending;
use integration_tests::{FakeDialer, FakeResolver, patiently};

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
const PUBLIC: &str = "1.1.1.1";

fn guarded(dial: DialOptions) -> SessionBuilder {
    Session::builder().dial(dial.address_policy(PublicAddresses))
}

#[tokio::test]
async fn no_spelling_of_a_private_address_is_connected_to() {
    let (recorder, origin) = (Recorder::start(), Origin::start(|_| Reply::ok("a secret")).await);
    let resolver = FakeResolver::knowing("localhost.", &["127.0.0.1"])
        .and("localhost", &["::1", "127.0.0.1"])
        .and("metadata.example", &["169.254.169.254"])
        .and("mapped.example", &["::ffff:127.0.0.1", "64:ff9b::7f00:1"]);
    let session = recorder.session(guarded(DialOptions::default().resolver(resolver.clone())));
    let literals = [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "017700000001",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "10.0.0.1",
        "[fe80::1]",
        "[fd00::1]",
        "１２７.0.0.1",
    ];
    let names = ["localhost.", "localhost", "metadata.example", "mapped.example"];
    for host in literals.into_iter().chain(names) {
        let origin = format!("http://{host}:{}", origin.address().port());
        let request = session.connect(&origin).unwrap().open_request(Method::GET, "/").unwrap();
        let error = recorder.failure(request.id(), patiently("the send", request.send(())).await);
        let facts = (error.code(), error.stage(), error.blame());
        assert_eq!(facts, (ErrorCode::CannotConnect, Stage::Connect, Blame::Caller), "{host}: {error}");
        assert!(!error.is_retryable(), "{host}");
        assert!(error.to_string().contains("is not an address of the public internet"), "{host}: {error}");
        recorder.wait_for_status(request.id(), "RequestError").await;
        assert_eq!(recorder.count_of(request.id(), "ConnectingToServer"), 0, "{host}");
    }
    assert_eq!(resolver.asked(), names, "a literal is no name");
    assert_eq!(origin.connections(), 0);
    recorder.finish(session).await;
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_connected_to_and_the_name_is_not_looked_up_again() {
    let recorder = Recorder::start();
    let (dialer, mut attempts) = FakeDialer::new();
    let resolver = FakeResolver::knowing("rebind.example", &[PUBLIC]);
    let session = recorder.session(guarded(DialOptions::default().resolver(resolver.clone()).dialer(dialer)));
    let request = session.connect("http://rebind.example").unwrap().open_request(Method::GET, "/").unwrap();
    let send = sending(&request, ());
    let attempt = attempts.next().await;
    // Whoever asks from now on is told another one.
    let resolver = resolver.and("rebind.example", &["127.0.0.1"]);
    assert_eq!(attempt.to.address, SocketAddr::new(PUBLIC.parse().unwrap(), 80));
    attempt.connect(HELLO);
    patiently("the send", send).await.unwrap().unwrap();
    assert_eq!(resolver.asked(), ["rebind.example"]);
    request.cancel();

    // The next wire asks anew, and is refused.
    let again = session.connect("http://rebind.example").unwrap().open_request(Method::GET, "/").unwrap();
    let error = recorder.failure(again.id(), patiently("the send", again.send(())).await);
    assert_eq!((error.code(), error.blame()), (ErrorCode::CannotConnect, Blame::Caller));
    assert!(attempts.is_empty());
    drop((request, again));
    recorder.finish(session).await;
}

#[tokio::test]
async fn of_several_addresses_only_those_that_may_be_are_tried_and_count() {
    let recorder = Recorder::start();
    let (dialer, mut attempts) = FakeDialer::new();
    let found = ["127.0.0.1", "::1", "10.0.0.1", PUBLIC, "192.168.0.1", "2606:4700::1111", "8.8.8.8"];
    let resolver = FakeResolver::knowing("mixed.example", &found);
    let mut limits = Limits::default();
    limits.addresses = 2;
    let builder = guarded(DialOptions::default().resolver(resolver).dialer(dialer)).limits(limits);
    let session = recorder.session(builder);
    let request = session.connect("http://mixed.example").unwrap().open_request(Method::GET, "/").unwrap();
    let send = sending(&request, ());
    for address in [PUBLIC, "2606:4700::1111"] {
        let attempt = attempts.next().await;
        assert_eq!(attempt.to.address.ip(), address.parse::<IpAddr>().unwrap());
        attempt.refuse();
    }
    let error = recorder.failure(request.id(), patiently("the send", send).await.unwrap());
    assert_eq!((error.code(), error.blame()), (ErrorCode::CannotConnect, Blame::Network), "{error}");
    assert!(attempts.is_empty());
    recorder.finish(session).await;
}

/// Allows what it is asked, and remembers it.
#[derive(Clone, Debug, Default)]
struct Asked(Arc<Mutex<Vec<String>>>);

impl AddressPolicy for Asked {
    fn check(&self, host: &str, address: SocketAddr) -> Result<(), String> {
        self.0.lock().unwrap().push(format!("{host} {address}"));
        if host == "no.example" { Err("not that one".to_owned()) } else { Ok(()) }
    }
}

#[tokio::test]
async fn a_policy_of_ones_own_sees_host_and_address_and_gives_the_reason() {
    let (recorder, policy) = (Recorder::start(), Asked::default());
    let (dialer, mut attempts) = FakeDialer::new();
    let resolver = FakeResolver::knowing("no.example", &["192.0.2.1", "192.0.2.2"]).and("yes.example", &["192.0.2.3"]);
    let dial = DialOptions::default().resolver(resolver).dialer(dialer).address_policy(policy.clone());
    let session = recorder.session(Session::builder().dial(dial));
    let open = |host: &str| session.connect(&format!("http://{host}")).unwrap().open_request(Method::GET, "/").unwrap();

    let refused = open("no.example");
    let error = recorder.failure(refused.id(), patiently("the send", refused.send(())).await);
    assert_eq!(
        error.to_string(),
        "error 12029 CANNOT_CONNECT in WinHttpSendRequest (send), connecting no.example: the address policy lets no \
         address of it through: not that one [http://no.example/]"
    );
    for host in ["yes.example", "[2001:db8::1]"] {
        let request = open(host);
        let send = sending(&request, ());
        attempts.next().await.connect(HELLO);
        patiently("the send", send).await.unwrap().unwrap();
    }
    let asked = policy.0.lock().unwrap().clone();
    let expected = [
        "no.example 192.0.2.1:80",
        "no.example 192.0.2.2:80",
        "yes.example 192.0.2.3:80",
        "[2001:db8::1] [2001:db8::1]:80",
    ];
    assert_eq!(asked, expected);
    drop(refused);
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_redirect_leads_to_no_private_address_either() {
    let recorder = Recorder::start();
    let (dialer, mut attempts) = FakeDialer::new();
    let resolver = FakeResolver::knowing("public.example", &[PUBLIC]).and("inside.example", &["10.0.0.1"]);
    let session = recorder.session(guarded(DialOptions::default().resolver(resolver).dialer(dialer)));
    for answer in [
        "HTTP/1.1 302 Found\r\nLocation: http://inside.example/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: http://127.1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 307 \r\nLocation: http://[::ffff:169.254.169.254]/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ] {
        let call = tokio::spawn(session.get("http://public.example/").unwrap().send());
        attempts.next().await.connect(answer);
        let error = patiently("the end", call).await.unwrap().unwrap_err();
        let facts = (error.code(), error.stage(), error.blame());
        assert_eq!(facts, (ErrorCode::CannotConnect, Stage::Connect, Blame::Caller), "{error}");
        assert!(attempts.is_empty(), "{answer}");
    }
    recorder.finish(session).await;
}
