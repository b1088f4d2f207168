//! Every kind of exchange there is, with a secret in each place that holds one: no log, `Debug`, error, notification and snapshot shows
//! any of them (P7).
//!
//! All that is logged is heard, at every level and from whomever: from this library, and from what it is built on.

mod kinds;
#[path = "../planted_secrets_walks/logs.rs"]
mod logs;
mod refusals;
#[path = "../planted_secrets_walks/secrets.rs"]
#[allow(dead_code, reason = "others walk with them")]
mod secrets;
mod upgrades;

use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hinternet::{Error, RequestBuilder, Session, SessionBuilder};
use integration_tests::recorder::Recorder;
use integration_tests::{Seeded, patiently};

use crate::secrets::{Parties, Secrets};

/// All secrets, and all that was shown to people.
struct Stage(Mutex<State>);

struct State {
    chance: Seeded,
    secrets: Secrets,
    shown: Vec<(String, String)>,
    exchanges: usize,
}

/// A session of one kind of exchange.
struct Place<'a> {
    stage: &'a Stage,
    recorder: Recorder,
    session: Session,
}

#[tokio::test]
async fn p7_no_kind_of_exchange_shows_a_secret_in_a_log_a_debug_an_error_or_a_notification() {
    logs::listen();
    let stage = &Stage::new();
    kinds::plain(stage).await;
    kinds::in_parts(stage).await;
    kinds::challenged(stage).await;
    kinds::by_http2(stage).await;
    kinds::through_proxies(stage).await;
    kinds::redirected(stage).await;
    kinds::cached(stage).await;
    kinds::events(stage).await;
    kinds::downloaded(stage).await;
    upgrades::by_http1(stage).await;
    upgrades::compressed(stage).await;
    upgrades::by_http2(stage).await;
    upgrades::self_healing(stage).await;
    refusals::answers_that_break_the_rules(stage).await;
    refusals::calls_that_are_refused(stage).await;
    refusals::proxies_that_refuse(stage).await;

    let log = logs::take();
    for whose in ["hinternet", "h2"] {
        assert!(log.lines().any(|line| line.starts_with(whose)), "nothing of {whose} was heard");
    }
    let mut state = stage.state();
    let (planted, exchanges) = (state.secrets.len(), state.exchanges);
    let lines = log.lines().map(|line| ("the log".to_owned(), line.to_owned())).collect::<Vec<_>>();
    println!(
        "{exchanges} exchanges, {planted} secrets, {} lines of log, {} values shown",
        lines.len(),
        state.shown.len()
    );
    assert!(exchanges >= 25 && planted >= 60);
    let shown = std::mem::take(&mut state.shown);
    let mut leaks = Vec::new();
    for (place, text) in shown.iter().chain(&lines) {
        if let Some(found) = state.secrets.shown_in(text.as_bytes()).first() {
            leaks.push(format!("{} is in {place}: {text}", state.secrets.get_mut(*found).what));
        }
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

/// A secret that is shown is found, as it is, within Base64 and octet by octet.
#[test]
fn what_is_shown_is_found() {
    let stage = Stage::new();
    let token = stage.plant("a token");
    let coded = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, format!("user:{token}"));
    for shown in [format!("a {token} b"), coded, format!("{:?}", token.as_bytes())] {
        assert_eq!(stage.state().secrets.shown_in(shown.as_bytes()).first(), Some(&0), "{shown}");
    }
}

impl Stage {
    fn new() -> Self {
        let (chance, secrets) = (Seeded::new(7), Secrets::default());
        Self(Mutex::new(State { chance, secrets, shown: Vec::new(), exchanges: 0 }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new secret, which is found wherever it comes out.
    fn plant(&self, what: &str) -> String {
        let State { chance, secrets, .. } = &mut *self.state();
        secrets.plant(chance, what, Parties::NOBODY)
    }

    /// Somebody has it shown.
    fn show(&self, what: &str, value: &impl Debug) {
        self.state().shown.push((format!("the Debug of {what}"), format!("{value:?} {value:#?}")));
    }

    fn show_error(&self, error: &Error) {
        self.show("an error", error);
        let mut next: Option<&dyn std::error::Error> = Some(error);
        while let Some(error) = next {
            self.state().shown.push(("an error".to_owned(), format!("{error} {error:?}")));
            next = error.source();
        }
    }

    fn exchanged(&self) {
        self.state().exchanges += 1;
    }
}

impl<'a> Place<'a> {
    fn of(stage: &'a Stage, builder: SessionBuilder) -> Self {
        let builder = builder.trace(1000);
        stage.show("a session's builder", &builder);
        let recorder = Recorder::start().with_frames();
        let session = recorder.session(builder);
        Self { stage, recorder, session }
    }

    /// Sends it, reads the answer to its end, and shows all there is to be shown of both.
    async fn ask(&self, request: hinternet::Result<RequestBuilder>) -> Option<String> {
        let stage = self.stage;
        stage.exchanged();
        let request = match request {
            Ok(request) => request,
            Err(error) => {
                stage.show_error(&error);
                return None;
            }
        };
        stage.show("a request's builder", &request);
        let text = match patiently("an answer", request.send()).await {
            Ok(response) => {
                stage.show("a response", &response);
                stage.show("a head", response.head());
                stage.show("a request", response.handle());
                stage.show("a request's options", &response.handle().options());
                patiently("a body", response.text()).await
            }
            Err(error) => Err(error),
        };
        stage.show("a snapshot", &self.session.snapshot().await);
        text.inspect_err(|error| stage.show_error(error)).ok()
    }

    async fn end(self) {
        let Self { stage, recorder, session } = self;
        stage.show("a session", &session);
        stage.show("a session's options", &session.options());
        stage.show("a jar of cookies", &session.cookies());
        stage.show("cookies", &session.cookies().list());
        stage.show("credentials", &session.credentials());
        stage.show("a snapshot", &session.snapshot().await);
        stage.show("notifications", &recorder.log());
        for one in recorder.log() {
            stage.show("a status", &one.status);
        }
        recorder.finish(session).await;
    }
}
