//! Where TLS meets the process: the machine's authorities, `SSLKEYLOGFILE`, and what is logged.

#[path = "contract_tls/place.rs"]
#[allow(dead_code, reason = "what only the contract's own tests use")]
mod place;

use std::fmt;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use hinternet::tls::TlsOptions;
use hinternet::tls::danger::{IgnoreDate, IgnoreName, VerifyAt};
use hinternet::{Blame, ErrorCode};
use integration_tests::certificates::Leaf;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use place::{NAME, ask, authority, leaf, origin, trusting};

/// Runs this test once more in a process of its own, where these variables are set: in ours, other tests read them.
fn in_a_process_where(variables: &[(&str, &str)], test: &str) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test]).env(INSIDE, "1").envs(variables.iter().copied());
    let output = command.output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && shown.contains("1 passed"), "{shown}");
}

fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

const INSIDE: &str = "HINTERNET_TEST_INSIDE";

#[tokio::test]
async fn a_machine_without_authorities_is_told_what_it_lacks() {
    if !is_inside() {
        let nowhere = "/nowhere/at/all";
        let variables = [("SSL_CERT_FILE", nowhere), ("SSL_CERT_DIR", nowhere)];
        return in_a_process_where(&variables, "a_machine_without_authorities_is_told_what_it_lacks");
    }
    let authority = authority();
    let (origin, _tls) = origin(&authority.issue(leaf())).await;
    let asked = ask(&origin, NAME, TlsOptions::new()).await;
    assert!(!asked.names.contains(&"ResolvingName"), "nothing is dialed: {:?}", asked.names);
    let error = asked.error();
    assert_eq!((error.code(), error.blame()), (ErrorCode::SecureFailure, Blame::Caller), "{error}");
    let text = error.to_string();
    assert!(text.contains("`webpki-roots`") && text.contains("`Roots::Webpki`"), "{text}");
    // Those that are named do.
    ask(&origin, NAME, trusting(&authority)).await.security();
    ask(&origin, NAME, TlsOptions::new().trust([authority.certificate()])).await.security();
}

#[tokio::test]
async fn secrets_are_written_only_where_that_was_asked_for() {
    let test = "secrets_are_written_only_where_that_was_asked_for";
    if !is_inside() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys");
        return in_a_process_where(&[("SSLKEYLOGFILE", file.to_str().unwrap())], test);
    }
    let keys = || std::fs::read_to_string(std::env::var_os("SSLKEYLOGFILE").unwrap()).unwrap_or_default();
    let authority = authority();
    let (origin, _tls) = origin(&authority.issue(leaf())).await;
    ask(&origin, NAME, trusting(&authority)).await.security();
    assert_eq!(keys(), "");
    ask(&origin, NAME, trusting(&authority).key_log_from_environment(true)).await.security();
    assert!(keys().contains("CLIENT_TRAFFIC_SECRET_0 "), "{}", keys());
}

static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Writes down all that is said at the level of a warning.
struct Listener;

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= Level::WARN && metadata.target().starts_with("hinternet")
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        TOLD.lock().unwrap_or_else(PoisonError::into_inner).push(text.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0 += &format!("{field}={value:?} ");
    }
}

#[tokio::test]
async fn the_first_use_of_a_danger_is_logged_by_name_once_an_origin() {
    tracing::subscriber::set_global_default(Listener).unwrap();
    let told = || std::mem::take(&mut *TOLD.lock().unwrap());
    let authority = authority();
    let (good, _tls) = origin(&authority.issue(leaf())).await;
    let (bad, _tls) = origin(&authority.issue(Leaf::for_names(["other.example"]).expired())).await;
    let both = || trusting(&authority).dangerous(IgnoreDate).dangerous(IgnoreName);

    ask(&good, NAME, both()).await.security();
    assert_eq!(told(), [""; 0], "given up, but not made use of");
    ask(&bad, NAME, trusting(&authority).dangerous(IgnoreName)).await.error();
    assert_eq!(told(), [""; 0], "refused all the same");

    let recorder = integration_tests::recorder::Recorder::start();
    let session = recorder.session(place::builder(both()));
    for _ in 0..2 {
        let request = session.get(format!("{}/", bad.origin_named(NAME))).unwrap();
        let response = request.header("connection", "close").send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "ok");
    }
    recorder.finish(session).await;
    let warnings = told();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("IgnoreName") && warnings[0].contains("IgnoreDate"), "{warnings:?}");
    assert!(!warnings[0].contains(NAME), "{warnings:?}");

    let at = VerifyAt(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000));
    ask(&good, NAME, trusting(&authority).dangerous(at)).await.security();
    let warnings = told();
    assert!(warnings.len() == 1 && warnings[0].contains("VerifyAt"), "{warnings:?}");
}
