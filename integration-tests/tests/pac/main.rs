//! Proxies chosen by a script: where it comes from, what it is told, and what a hostile one can do (reliability 3.8).

mod automatic;
mod bombs;
mod fetching;

use hinternet::network::Route;
use hinternet::{DialOptions, Pac, PacOptions, Result, Session};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::{FakeResolver, patiently};

/// A session that is watched, and goes on whatever a script does.
struct World {
    recorder: Recorder,
    session: Session,
    origin: Origin,
}

impl World {
    async fn new() -> Self {
        let recorder = Recorder::start();
        let session = recorder.session(Session::builder());
        Self { recorder, session, origin: Origin::start(|_| Reply::ok("hello")).await }
    }

    /// The session goes on; and it told all there was to tell.
    async fn goes_on(self) {
        let response = patiently("the response", self.session.get(self.origin.url("/")).unwrap().send()).await.unwrap();
        assert_eq!(response.text().await.unwrap(), "hello");
        self.recorder.finish(self.session).await;
    }
}

fn shown(routes: Result<Vec<Route>>) -> String {
    match routes {
        Ok(routes) => routes.iter().map(Route::to_string).collect::<Vec<_>>().join(" "),
        Err(error) => error.code().number().to_string(),
    }
}

async fn asked(pac: &Pac, url: &str) -> String {
    shown(patiently("the routes", pac.proxies_for(url)).await)
}

/// A script of one expression.
fn answering(expression: &str) -> Pac {
    Pac::from_text(format!("function FindProxyForURL(url, host) {{ return {expression} }}"))
}

fn with(pac: Pac, set: impl FnOnce(&mut PacOptions)) -> Pac {
    let mut options = PacOptions::default();
    set(&mut options);
    pac.with_options(options).unwrap()
}

#[tokio::test]
async fn a_script_sees_the_host_and_of_a_secure_url_only_the_origin() {
    let world = World::new().await;
    let pac = answering("'PROXY ' + host + '.' + url.length + '.v:1'");
    assert_eq!(asked(&pac, "http://a.example/path?q").await, "http://a.example.23.v:1");
    assert_eq!(asked(&pac, "https://a.example/secret?token").await, "http://a.example.18.v:1");
    let six = answering("host == '2001:db8::1' ? 'PROXY [2001:db8::2]' : 'DIRECT'");
    assert_eq!(asked(&six, "http://[2001:DB8::1]:81/").await, "http://[2001:db8::2]:80");
    assert_eq!(asked(&pac, "http://user:password@a.example/").await, "12005");
    assert_eq!(asked(&pac, "ftp://a.example/").await, "12006");
    world.goes_on().await;
}

#[tokio::test]
async fn names_are_asked_of_the_resolver_it_was_given_once_in_a_run() {
    let world = World::new().await;
    let resolver = FakeResolver::knowing("db.example", &["2001:db8::7", "192.0.2.7"]);
    let script = "[dnsResolve('db.example'), dnsResolve('DB.example'), isInNet('db.example', '192.0.2.0', '255.255.255.0'), \
                  isResolvable('none.example')].join() == '192.0.2.7,192.0.2.7,true,false' ? 'PROXY yes' : 'PROXY no'";
    let dial = DialOptions::default().resolver(resolver.clone());
    let pac = with(answering(script), |options| options.dial = dial);
    assert_eq!(asked(&pac, "http://a.example/").await, "http://yes:80");
    assert_eq!(resolver.asked(), ["db.example", "none.example"]);
    world.goes_on().await;
}

#[tokio::test]
async fn a_look_up_that_is_not_answered_counts_as_no_address() {
    let world = World::new().await;
    let resolver = FakeResolver::knowing("db.example", &["192.0.2.7"]);
    resolver.falls_silent();
    let pac = with(answering("'PROXY ' + dnsResolve('db.example')"), |options| {
        options.dial = DialOptions::default().resolver(resolver);
        options.look_up = std::time::Duration::from_millis(20);
        options.time = std::time::Duration::from_secs(30);
    });
    assert_eq!(asked(&pac, "http://a.example/").await, "http://null:80");
    world.goes_on().await;
}

#[tokio::test]
async fn many_questions_at_a_time_wait_for_their_turn() {
    let world = World::new().await;
    let pac = with(answering("'PROXY ' + host"), |options| options.time = std::time::Duration::from_secs(60));
    let urls: Vec<_> = (0..32).map(|n| format!("http://h{n}.example/")).collect();
    let answers = futures_util::future::join_all(urls.iter().map(|url| asked(&pac, url))).await;
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(*answer, format!("http://h{n}.example:80"));
    }
    world.goes_on().await;
}

#[tokio::test]
async fn questions_wait_as_long_as_runs_before_them_end() {
    let world = World::new().await;
    let resolver = FakeResolver::knowing("db.example", &["192.0.2.7"]);
    resolver.falls_silent();
    // Each run takes its half second, and four are made at a time: the last ones wait longer than one run may take.
    let pac = with(answering("'PROXY ' + dnsResolve('db.example')"), |options| {
        options.dial = DialOptions::default().resolver(resolver);
    });
    let urls: Vec<_> = (0..32).map(|n| format!("http://h{n}.example/")).collect();
    let answers = futures_util::future::join_all(urls.iter().map(|url| asked(&pac, url))).await;
    assert_eq!(answers, vec!["http://null:80"; 32]);
    world.goes_on().await;
}

#[tokio::test]
async fn a_script_that_is_kept_for_ever_is_kept() {
    let world = World::new().await;
    let server = Origin::start(|_| Reply::ok("function FindProxyForURL(url, host) { return 'PROXY p' }")).await;
    let pac = with(Pac::from_url(server.url("/proxy.pac")).unwrap(), |options| {
        options.kept_for = std::time::Duration::MAX;
        options.failure_kept_for = std::time::Duration::MAX;
    });
    assert_eq!([asked(&pac, "http://a.example/").await, asked(&pac, "http://b.example/").await], ["http://p:80"; 2]);
    assert_eq!(server.log().len(), 1);
    world.goes_on().await;
}

#[tokio::test]
async fn a_crashed_actor_is_replaced_and_a_stopped_engine_says_so() {
    let world = World::new().await;
    let engine = hinternet::Engine::builder().shards(1).start().unwrap();
    let pac = answering("'PROXY p'").on(engine.clone());
    assert_eq!(asked(&pac, "http://a.example/").await, "http://p:80");
    assert_eq!(pac.addr().unwrap(), pac.addr().unwrap());
    engine.stop();
    assert_eq!(asked(&pac, "http://a.example/").await, "12012");
    world.goes_on().await;
}
