//! The time of day jumps, as it does when a machine wakes up, or hears what time it is: what lasts until a date ends with it, and
//! no deadline moves (reliability.md 6, row `host`).
//!
//! The client is a process of its own, this very program once more, with libfaketime between it and its clock: it reads by how much
//! the clock is wrong from a file, each time it is asked.
#![cfg(target_os = "linux")]

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use hinternet::tls::TlsOptions;
use hinternet::{Cache, CookieJar, ErrorCode, HstsStore, RequestBuilder, Session, Timeouts};
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::tls::{EveryName, Tls};
use integration_tests::{Gate, patiently};
use tokio::process::Command;

const CLOCK: &str = "HINTERNET_TEST_WALL_CLOCK";
const CHILD: &str = "the_client_whose_clock_jumps";
const DONE: &str = "all of it was seen";
const NAME: &str = "good.example";
const HOUR: i64 = 60 * 60;

#[tokio::test]
#[ignore = "needs faketime"]
async fn a_clock_that_jumps_ends_what_has_a_date_and_moves_no_deadline() {
    let folders = std::fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
    let library = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|path| path.exists());
    let folder = tempfile::tempdir().unwrap();
    let clock = folder.path().join("clock");
    std::fs::write(&clock, "+0\n").unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", CHILD, "--nocapture"]).env(CLOCK, &clock).kill_on_drop(true);
    child.env("LD_PRELOAD", library.expect("Debian's libfaketime")).env("FAKETIME_TIMESTAMP_FILE", &clock);
    child.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let ended = patiently("the client", child.output()).await.unwrap();
    let (said, complained) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success() && said.contains(DONE), "{said}\n{complained}");
}

/// From now on the clock is wrong by so many seconds.
fn jump(seconds: i64) {
    let clock = PathBuf::from(std::env::var_os(CLOCK).unwrap());
    let now = || i64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
    let wrong_by = || std::fs::read_to_string(&clock).unwrap().trim().parse::<i64>().unwrap();
    let right = now() - wrong_by();
    // Read by others at any time.
    let next = clock.with_extension("next");
    std::fs::write(&next, format!("{seconds:+}\n")).unwrap();
    std::fs::rename(&next, &clock).unwrap();
    assert!((right + seconds..right + seconds + HOUR / 2).contains(&now()), "the clock is not where it was set to");
}

struct Client {
    recorder: Recorder,
    session: Session,
    cookies: CookieJar,
    hosts: HstsStore,
    origin: Origin,
    gate: Gate,
}

impl Client {
    async fn new() -> Self {
        let (gate, authority) = (Gate::new(), Authority::new("The clock's own authority"));
        let held = gate.clone();
        let tls = Tls::new(&authority.issue(Leaf::for_names([NAME])));
        let origin = Origin::secure(&tls, move |request| match request.path() {
            "/held" => Reply::ok("held").held(&held),
            "/cached" => Reply::ok("cached").field("cache-control", "max-age=600"),
            _ => Reply::ok("set")
                .field("cache-control", "no-store")
                .field("set-cookie", "id=1; max-age=600")
                .field("strict-transport-security", "max-age=600"),
        })
        .await;
        let (recorder, cookies, hosts) = (Recorder::start(), CookieJar::new(), HstsStore::new());
        let trusting = TlsOptions::new().trust_only([authority.certificate()]);
        let builder = Session::builder().dial(EveryName::here()).tls(trusting).cache(Cache::in_memory());
        let session = recorder.session(builder.cookie_jar(cookies.clone()).hsts(hosts.clone()));
        Self { recorder, session, cookies, hosts, origin, gate }
    }

    fn get(&self, scheme: &str, path: &str) -> RequestBuilder {
        self.session.get(format!("{scheme}://{NAME}:{}{path}", self.origin.address().port())).unwrap()
    }

    async fn text(&self, scheme: &str, path: &str) -> hinternet::Result<String> {
        patiently("an answer", async { self.get(scheme, path).send().await?.text().await }).await
    }

    /// What is remembered of the server: it is asked by https, with its cookie, and not for what is kept of it.
    async fn remembers(&self) -> (bool, bool, bool) {
        let asked = self.origin.log().len();
        let is_kept = self.text("https", "/cached").await.unwrap() == "cached" && self.origin.log().len() == asked;
        let has_cookie = self.cookies.for_url(&*format!("https://{NAME}/")).unwrap().len() == 1;
        let by_https = self.text("http", "/cached").await.is_ok();
        assert_eq!(by_https, self.hosts.is_known(NAME));
        (by_https, has_cookie, is_kept)
    }

    async fn is_told(&self) {
        assert_eq!(self.text("https", "/").await.unwrap(), "set");
        assert_eq!(self.text("https", "/cached").await.unwrap(), "cached");
    }
}

/// The client. Where nobody has given it a clock of its own it has nothing to do.
#[tokio::test]
async fn the_client_whose_clock_jumps() {
    if std::env::var_os(CLOCK).is_none() {
        return;
    }
    let client = Client::new().await;
    client.is_told().await;
    assert_eq!(client.remembers().await, (true, true, true));

    // It waits for an answer for a minute at most, while an hour comes and goes.
    let asked = client.origin.log().len();
    let waiting = client.get("https", "/held").timeouts(Timeouts::all(Duration::from_secs(60)));
    let waiting = tokio::spawn(async move { waiting.send().await?.text().await });
    client.origin.wait_for_requests(asked + 1).await;
    jump(HOUR);
    assert_eq!(client.remembers().await, (false, false, false), "ten minutes are over");
    client.is_told().await;
    assert_eq!(client.remembers().await, (true, true, true), "what is said now holds from now on");

    jump(-24 * HOUR);
    assert!(!waiting.is_finished(), "{:?}", waiting.await);
    assert_eq!(client.remembers().await, (true, true, false), "how old that is nobody knows now");
    client.is_told().await;
    assert_eq!(client.remembers().await, (true, true, true));
    let mut soon = Timeouts::default();
    soon.receive_response = Some(Duration::from_millis(50));
    let late = client.get("https", "/held").timeouts(soon).send();
    assert_eq!(patiently("a deadline", late).await.unwrap_err().code(), ErrorCode::Timeout);
    jump(-24 * HOUR + 601);
    assert_eq!(client.remembers().await, (false, false, false), "what was said last counts");

    client.gate.open();
    assert_eq!(patiently("the answer that was waited for", waiting).await.unwrap().unwrap(), "held");
    let Client { recorder, session, .. } = client;
    recorder.finish(session).await;
    println!("\n{DONE}");
}
