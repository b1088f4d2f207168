//! The actor behind a proxy script: it keeps the script, has it fetched when it is due, and has it run.
//!
//! It lives on a shard, and does nothing there that takes time: scripts run on threads of their own. A crash loses what it
//! remembers and nothing else: the next question starts another.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix::{Actor, Context, Handler, Message, ResponseFuture};
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared};

use super::engine::Fault;
use super::fetching::{Fetched, fetch};
use super::running::{Ended, Run, Runs};
use super::{PacOptions, Source};
use crate::clock;
use crate::engine::Engine;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::network::Route;
use crate::policy::pac::{held_until, shown_to_script};
use crate::target::Target;

/// The actor behind a [`Pac`](crate::Pac).
///
/// An example is at [`Pac`](crate::Pac).
pub struct PacActor {
    state: Rc<State>,
}

/// Asks the script for the ways to a URL: [`Pac::proxies_for`](crate::Pac::proxies_for) as a message.
///
/// An example is at [`Pac`](crate::Pac).
#[doc(alias = "WinHttpGetProxyForUrl")]
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<Vec<Route>>")]
pub struct FindProxies {
    /// The URL. The script sees of it what it may.
    pub target: Target,
}

/// Forgets what was fetched, and what a script was found guilty of.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Reset;

struct State {
    source: Source,
    options: PacOptions,
    engine: Engine,
    runs: Runs,
    kept: RefCell<Kept>,
    /// How often it was told to forget.
    resets: Cell<u64>,
}

/// What is known of the script.
#[derive(Default)]
struct Kept {
    script: Option<(Arc<str>, Instant)>,
    failure: Option<(String, Instant)>,
    fetching: Option<Shared<LocalBoxFuture<'static, Result<Fetched, String>>>>,
    /// It did not end and could not be ended, or left memory behind. It is not run again.
    condemned: Option<Arc<str>>,
}

impl PacActor {
    pub(super) fn new(source: Source, options: PacOptions, engine: Engine, runs: Runs) -> Self {
        Self {
            state: Rc::new(State { source, options, engine, runs, kept: RefCell::default(), resets: Cell::default() }),
        }
    }
}

impl Actor for PacActor {
    type Context = Context<Self>;
}

impl Handler<FindProxies> for PacActor {
    type Result = ResponseFuture<Result<Vec<Route>>>;

    fn handle(&mut self, message: FindProxies, _: &mut Context<Self>) -> Self::Result {
        let state = Rc::clone(&self.state);
        Box::pin(
            async move { state.find(&message.target).await.map_err(|error| error.with_url(&message.target.url())) },
        )
    }
}

impl Handler<Reset> for PacActor {
    type Result = ();

    fn handle(&mut self, _: Reset, _: &mut Context<Self>) {
        self.state.resets.set(self.state.resets.get() + 1);
        self.state.kept.take();
    }
}

impl State {
    async fn find(self: Rc<Self>, target: &Target) -> Result<Vec<Route>> {
        let script = self.script().await?;
        if self.kept.borrow().condemned.as_ref().is_some_and(|condemned| **condemned == *script) {
            let detail = "the proxy script did harm before and is not run again".to_owned();
            return Err(failure(ErrorCode::ScriptExecutionError, detail));
        }
        let host = target.origin().host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let url = shown_to_script(target);
        let run = Run { script: Arc::clone(&script), url, host, time_of_day: clock::time_of_day() };
        let ended = match self.runs.run(run).await {
            Ok(routes) => return Ok(routes),
            Err(ended) => ended,
        };
        if let Ended::Hangs(_) | Ended::By(Fault::Leaves(_)) = ended {
            self.kept.borrow_mut().condemned = Some(script);
        }
        Err(explain(ended))
    }

    /// The script, as it is kept, or else fetched: once for all who wait for it.
    async fn script(self: &Rc<Self>) -> Result<Arc<str>> {
        let target = match &self.source {
            Source::Text(script) => return Ok(Arc::clone(script)),
            Source::Url(target) | Source::Discovered(target) => target,
        };
        let now = clock::now();
        let fetching = {
            let mut kept = self.kept.borrow_mut();
            match (&kept.script, &kept.failure) {
                (Some((script, until)), _) if now < *until => return Ok(Arc::clone(script)),
                (None, Some((why, until))) if now < *until => return Err(self.not_fetched(why)),
                _ => {}
            }
            kept.fetching.get_or_insert_with(|| Rc::clone(self).fetch(target.clone()).boxed_local().shared()).clone()
        };
        let fetched = fetching.await;
        match fetched {
            Ok(Fetched { script, .. }) => Ok(script),
            // What there was may be old, and is more than nothing.
            Err(why) => match &self.kept.borrow().script {
                Some((script, _)) => Ok(Arc::clone(script)),
                None => Err(self.not_fetched(&why)),
            },
        }
    }

    async fn fetch(self: Rc<Self>, target: Target) -> Result<Fetched, String> {
        let resets = self.resets.get();
        let fetched = fetch(target, &self.options, &self.engine).await;
        if self.resets.get() != resets {
            // Those who waited for it have it; what was forgotten meanwhile does not come back by it.
            return fetched;
        }
        let mut kept = self.kept.borrow_mut();
        kept.fetching = None;
        let now = clock::now();
        match &fetched {
            Ok(Fetched { script, lifetime }) => {
                kept.script = Some((Arc::clone(script), held_until(now, *lifetime)));
                kept.failure = None;
            }
            Err(why) => {
                let until = held_until(now, self.options.failure_kept_for);
                kept.failure = Some((why.clone(), until));
                if let Some((_, holds)) = &mut kept.script {
                    *holds = until;
                }
            }
        }
        fetched
    }

    fn not_fetched(&self, why: &str) -> Error {
        let code = match self.source {
            Source::Discovered(_) => ErrorCode::AutodetectionFailed,
            _ => ErrorCode::UnableToDownloadScript,
        };
        failure(code, format!("the proxy script could not be fetched: {why}"))
    }
}

fn explain(ended: Ended) -> Error {
    let (code, detail) = match ended {
        Ended::By(fault @ Fault::NoScript(_)) => (ErrorCode::BadAutoProxyScript, fault.to_string()),
        Ended::By(fault) => (ErrorCode::ScriptExecutionError, fault.to_string()),
        Ended::Hangs(limit) => (
            ErrorCode::ScriptExecutionError,
            format!("the proxy script did not end within {limit:?}, and could not be ended"),
        ),
        Ended::NoPlace => {
            (ErrorCode::AutoProxyServiceError, "all threads for proxy scripts are taken, and none came free".to_owned())
        }
        Ended::Crashed(why) => (ErrorCode::AutoProxyServiceError, format!("the proxy script could not be run: {why}")),
    };
    failure(code, detail)
}

pub(super) fn failure(code: ErrorCode, detail: String) -> Error {
    Error::new(code, Operation::ProxyForUrl, Stage::FindProxy, Blame::Network, detail)
}

impl std::fmt::Debug for PacActor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PacActor")
    }
}
