//! Client certificates: shown, chosen, missing, unfit (R-29, options 47 and 94).

use std::sync::{Arc, Mutex};

use hinternet::tls::{ClientCertificates, ClientIdentity, TlsOptions};
use hinternet::{Blame, ErrorCode, Method, Operation, Session, Stage};
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::recorder::Recorder;
use integration_tests::tls::Tls;

use crate::place::{NAME, ask, authority, builder, leaf, serving, trusting};

#[tokio::test]
async fn a_client_certificate_is_shown_to_who_asks_and_to_nobody_else() {
    let authority = authority();
    let identity = authority.issue(Leaf::for_client("me"));
    let options = || trusting(&authority).client_identity(identity.client());
    for is_tls12 in [false, true] {
        let tls = Tls::asking(&authority.issue(leaf()), &authority, is_tls12);
        ask(&serving(&tls).await, NAME, options()).await.security();
        let seen = tls.seen();
        assert_eq!((seen[0].client_certificates, seen[0].is_tls12), (1, is_tls12));
    }
    let tls = Tls::new(&authority.issue(leaf()));
    ask(&serving(&tls).await, NAME, options()).await.security();
    assert_eq!(tls.seen()[0].client_certificates, 0);
}

/// Gives the identity whose authority's name is among those accepted, and keeps what it was asked.
#[derive(Debug)]
struct ByIssuer {
    identities: Vec<(Vec<u8>, ClientIdentity)>,
    asked: Arc<Mutex<Vec<usize>>>,
}

impl ClientCertificates for ByIssuer {
    fn choose(&self, acceptable_authorities: &[&[u8]]) -> Option<ClientIdentity> {
        self.asked.lock().unwrap().push(acceptable_authorities.len());
        let fits = |(issuer, _): &&(Vec<u8>, ClientIdentity)| acceptable_authorities.contains(&issuer.as_slice());
        self.identities.iter().find(fits).map(|(_, identity)| identity.clone())
    }
}

/// The name of an authority in DER, as a server sends it: a `Name` of one common name.
fn name_of(common_name: &str) -> Vec<u8> {
    let text = common_name.as_bytes();
    let length = u8::try_from(text.len()).unwrap();
    let mut name = vec![0x30, length + 11, 0x31, length + 9, 0x30, length + 7, 6, 3, 0x55, 4, 3, 0x0c, length];
    name.extend_from_slice(text);
    name
}

#[tokio::test]
async fn a_client_certificate_is_chosen_by_who_the_server_accepts() {
    let (server, mine, other) = (authority(), Authority::new("Clients"), Authority::new("Others"));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let chooser = ByIssuer {
        identities: vec![
            (name_of("Others"), other.issue(Leaf::for_client("other")).client()),
            (name_of("Clients"), mine.issue(Leaf::for_client("me")).client()),
        ],
        asked: Arc::clone(&asked),
    };
    let tls = Tls::asking(&server.issue(leaf()), &mine, false);
    ask(&serving(&tls).await, NAME, trusting(&server).client_certificates(chooser)).await.security();
    assert_eq!(tls.seen()[0].client_certificates, 1);
    assert_eq!(*asked.lock().unwrap(), [1]);
}

#[tokio::test]
async fn r29_a_missing_client_certificate_fails_the_handshake_of_tls_1_2() {
    let (server, clients) = (authority(), Authority::new("Clients"));
    let tls = Tls::asking(&server.issue(leaf()), &clients, true);
    let asked = ask(&serving(&tls).await, NAME, trusting(&server)).await;
    // 12044 is no failure of the server's certificate.
    assert!(!asked.names.contains(&"SecureFailure"), "{:?}", asked.names);
    let error = asked.error();
    assert_eq!((error.code(), error.stage()), (ErrorCode::ClientAuthCertNeeded, Stage::Tls), "{error}");
    assert_is_needed(&error);
}

#[tokio::test]
async fn r29_a_missing_client_certificate_fails_receive_response_with_tls_1_3() {
    let (server, clients) = (authority(), Authority::new("Clients"));
    let tls = Tls::asking(&server.issue(leaf()), &clients, false);
    let origin = serving(&tls).await;
    let recorder = Recorder::start();
    let session = recorder.session(builder(trusting(&server)));
    let connection = session.connect(&origin.origin_named(NAME)).unwrap();
    let request = connection.open_request(hinternet::Method::GET, "/").unwrap();
    request.send(()).await.expect("R-29: SendRequest succeeds");
    let error = recorder.failure(request.id(), request.receive_response().await);
    assert_eq!((error.code(), error.operation()), (ErrorCode::ClientAuthCertNeeded, Operation::Receive), "{error}");
    assert_is_needed(&error);
    // After setting a certificate the same request can be sent again.
    let mut options = request.options();
    options.tls = options.tls.client_identity(clients.issue(Leaf::for_client("me")).client());
    request.set_options(options).unwrap();
    request.send(()).await.unwrap();
    assert_eq!(request.receive_response().await.unwrap().status(), 200);
    drop((request, connection));
    recorder.finish(session).await;
}

fn assert_is_needed(error: &hinternet::Error) {
    let details = error.tls().expect("it is known what was asked");
    assert!(details.flags.is_empty());
    assert_eq!(details.acceptable_authorities, [name_of("Clients")]);
    assert!(matches!(details.alert, Some(hinternet::tls::TlsAlert::Received(_))), "{:?}", details.alert);
    assert_eq!(error.blame(), Blame::Caller);
    assert!(error.to_string().contains("the server wants a client certificate of CN=Clients"), "{error}");
}

#[tokio::test]
async fn a_client_certificate_that_is_not_accepted_is_another_failure() {
    let (server, clients) = (authority(), Authority::new("Clients"));
    let tls = Tls::asking(&server.issue(leaf()), &clients, true);
    let stranger = Authority::new("Strangers").issue(Leaf::for_client("me"));
    let error = ask(&serving(&tls).await, NAME, trusting(&server).client_identity(stranger.client())).await.error();
    assert_eq!(error.code(), ErrorCode::SecureFailure, "{error}");
    assert!(error.to_string().contains("does not accept our certificate"), "{error}");
}

#[derive(Debug)]
struct Always(ClientIdentity);

impl ClientCertificates for Always {
    fn choose(&self, _: &[&[u8]]) -> Option<ClientIdentity> {
        Some(self.0.clone())
    }
}

#[tokio::test]
async fn a_key_that_does_not_fit_is_12185() {
    let authority = authority();
    let unfit = authority.issue(Leaf::for_client("me")).with_key_of(authority.issue(Leaf::for_client("you")));
    let origin = serving(&Tls::asking(&authority.issue(leaf()), &authority, false)).await;
    let set = trusting(&authority).client_identity(unfit.client());
    let chosen = trusting(&authority).client_certificates(Always(unfit.client()));
    for (options, is_dialed) in [(set, false), (chosen, true)] {
        let asked = ask(&origin, NAME, options).await;
        assert_eq!(asked.names.contains(&"ConnectedToServer"), is_dialed);
        let error = asked.error();
        assert_eq!((error.code(), error.blame()), (ErrorCode::ClientCertNoPrivateKey, Blame::Caller), "{error}");
        assert!(error.to_string().contains("the private key is not that of the client certificate"), "{error}");
    }
}

#[tokio::test]
async fn p7_no_part_of_a_client_key_is_shown() {
    let identity = authority().issue(Leaf::for_client("me"));
    let options = TlsOptions::new().client_identity(identity.client());
    let session = Session::builder().tls(options.clone());
    let secret = identity.key();
    let secret = secret.secret_der();
    let octets = format!("{secret:?}");
    let numbers = octets.trim_matches(['[', ']']);
    let hexadecimal: String = secret.iter().map(|octet| format!("{octet:02x}")).collect();
    for shown in [format!("{options:?} {session:?} {:?}", identity.client()), format!("{options:#?} {session:#?}")] {
        assert!(shown.contains("key ***"), "{shown}");
        let plain = shown.replace(['\n', ' '], "");
        // Any sixteen octets of it, as numbers or as digits.
        for start in 0..secret.len() - 16 {
            let part: Vec<_> = numbers.split(", ").skip(start).take(16).collect();
            assert!(!plain.contains(&part.join(",")), "{shown}");
            assert!(!plain.contains(&hexadecimal[start * 2..start * 2 + 32]), "{shown}");
        }
    }
}

/// Chooses nobody, and never again.
#[derive(Debug)]
struct Crash;

impl ClientCertificates for Crash {
    fn choose(&self, _: &[&[u8]]) -> Option<ClientIdentity> {
        panic!("the chooser of the test crashes");
    }
}

#[tokio::test]
async fn b9_a_chooser_that_panics_fails_its_request_and_is_the_callers_fault() {
    let authority = authority();
    let tls = Tls::asking(&authority.issue(leaf()), &authority, false);
    let origin = serving(&tls).await;
    let recorder = Recorder::start();
    // Nothing else of the caller's takes part.
    let session = recorder.session(Session::builder().tls(trusting(&authority).client_certificates(Crash)));
    let request = session.connect(&origin.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    let error = recorder.failure(request.id(), request.send(()).await);
    drop(request);
    recorder.finish(session).await;
    assert_eq!((error.code(), error.blame()), (ErrorCode::InternalError, Blame::Caller), "{error}");
}
