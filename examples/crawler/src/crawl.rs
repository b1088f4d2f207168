//! The crawl: one task that owns the frontier, starts what may start, and settles what has ended.
//!
//! ```text
//!   frontier.next() -> Start --> fetch (a task each) --> settle --> figures
//!        ^                        |                        |
//!        |                        v                        |
//!        +---- add_page <--- discovery <------ links ------+
//!                         (redirects: asked by the framework)
//! ```

mod redirects;
mod settle;

use std::collections::HashMap;
use std::pin::pin;
use std::time::Instant;

use actix::Addr;
use hinternet::tls::TlsOptions;
use hinternet::{
    AnyHandle, DialOptions, Error, Notification, NotificationMask, RedirectOptions, RequestOptions, Session, Status,
    Waiting,
};
use tokio::task::JoinSet;
use url::{Position, Url};

use crate::discovery::Discovery;
use crate::fetch::{Answer, Fetcher};
use crate::frontier::{Added, Frontier, Job, Next};
use crate::guard::FoundHosts;
use crate::plan::Plan;
use crate::progress::{Bars, Finish, Progress, Standing, Tally};
use crate::report::{Drained, Figures, Redirected, Report, Stopped};
use crate::scope::{Scope, Verdict};
use redirects::{Questions, redirect_options};

// ANCHOR: crawl
/// Crawls by the plan, until there is nothing left or `stop` resolves.
///
/// # Errors
/// The framework's own, if no session can be opened. What goes wrong with a page stands in the report.
pub async fn crawl(plan: &Plan, bars: Option<Bars>, stop: impl Future<Output = ()>) -> Result<Report, Error> {
    let progress = hinternet::start(Progress::new(bars));
    let (redirects, questions) = redirect_options();
    let session = open_session(plan, redirects, &progress)?;
    let mut crawl = Crawl::new(plan, session.clone(), questions, progress.clone());
    crawl.add_starts(plan);
    let stopped = crawl.run(stop).await;
    let drained = match stopped {
        Stopped::Interrupted => Some(crawl.drain(plan).await),
        Stopped::Finished | Stopped::PageLimit => None,
    };
    session.close().await?;
    session.closed().await;
    // The mailbox fails only with the engine, and then there is nothing to report about it.
    let tally: Tally = progress.send(Finish).await.unwrap_or_default();
    Ok(crawl.figures.report(&crawl.frontier, stopped, crawl.discovery.tally(), tally, drained))
}
// ANCHOR_END: crawl

// ANCHOR: open_session
fn open_session(plan: &Plan, redirects: RedirectOptions, progress: &Addr<Progress>) -> Result<Session, Error> {
    let mut options = RequestOptions::default();
    // What is sent again counts like any other request.
    options.resends = 0;
    options.redirects = redirects;
    options.tls = TlsOptions::new().trust(plan.trusted.iter().cloned());
    if plan.public_only {
        options.dial = DialOptions::default().address_policy(FoundHosts::beside(plan.reach, &plan.starts));
    }
    let mut builder = Session::builder();
    if let Some(cache) = &plan.cache {
        // What is kept is the answer only if its server says that it still is: a crawl is to see the site of today.
        builder = builder.cache(cache.clone()).default_header("cache-control", "no-cache");
    }
    builder
        .request_options(options)
        .user_agent(&plan.user_agent())
        .wires_per_origin(plan.bounds.per_host)
        .requests_at_once(plan.bounds.in_flight)
        .unhandled(MOST_UNHANDLED, 4 * MOST_UNHANDLED)
        .subscriber(progress.clone(), Progress::MASK)
        .open()
}
// ANCHOR_END: open_session

struct Crawl {
    fetcher: Fetcher,
    frontier: Frontier,
    discovery: Discovery,
    figures: Figures,
    fetches: JoinSet<Fetched>,
    /// What is under way, by the number that stands for it in the framework.
    trips: HashMap<u64, Trip>,
    started: u64,
    questions: Questions,
    draining: bool,
    progress: Addr<Progress>,
}

/// A job under way: where it is by now, and by which redirects it came there.
struct Trip {
    job: Job,
    url: String,
    redirects: Vec<Redirected>,
}

/// One that has ended.
struct Fetched {
    number: u64,
    result: Result<Answer, Error>,
}

impl Crawl {
    fn new(plan: &Plan, session: Session, questions: Questions, progress: Addr<Progress>) -> Self {
        let discovery = Discovery::new(Scope::new(plan.reach, &plan.starts, plan.contact.is_some()));
        Self {
            fetcher: Fetcher { session, inkpad: discovery.inkpad(), body_cap: plan.body_cap },
            frontier: Frontier::new(plan.bounds),
            discovery,
            figures: Figures::new(plan.list_pages, Instant::now()),
            fetches: JoinSet::new(),
            trips: HashMap::new(),
            started: 0,
            questions,
            draining: false,
            progress,
        }
    }

    fn add_starts(&mut self, plan: &Plan) {
        for start in &plan.starts {
            if self.discovery.claim(start) == Some(Verdict::Inside) {
                add_page(&mut self.frontier, &mut self.figures, start, 0);
            }
        }
    }

    // ANCHOR: run
    async fn run(&mut self, stop: impl Future<Output = ()>) -> Stopped {
        let mut stop = pin!(stop);
        let Ok(mut pauses) = self.fetcher.session.notifications(NotificationMask::QUEUED) else {
            return Stopped::Interrupted;
        };
        loop {
            let wake = match self.frontier.next(Instant::now()) {
                Next::Start(job) => {
                    self.start(job);
                    continue;
                }
                Next::Wait(then) => Some(then),
                Next::Idle => None,
                Next::Over if self.frontier.waiting() > 0 => return Stopped::PageLimit,
                Next::Over => return Stopped::Finished,
            };
            self.show(wake);
            // In this order: a pause is told before the answer that caused it is settled, and nothing else starts on the host.
            tokio::select! { biased;
                () = &mut stop => return Stopped::Interrupted,
                Some(told) = pauses.next() => self.hear(&told),
                Some(question) = self.questions.recv() => self.decide(question),
                Some(fetched) = self.fetches.join_next() => self.settle(whole(fetched)),
                () = until(wake) => {}
            }
        }
    }
    // ANCHOR_END: run

    // ANCHOR: drain
    /// Takes no new work, follows no redirect, and settles what is under way.
    async fn drain(&mut self, plan: &Plan) -> Drained {
        let session = self.fetcher.session.clone();
        self.draining = true;
        let settled = async {
            while !self.fetches.is_empty() {
                tokio::select! { biased;
                    Some(question) = self.questions.recv() => self.decide(question),
                    Some(fetched) = self.fetches.join_next() => self.settle(whole(fetched)),
                }
                self.show(None);
            }
        };
        let (report, (), ()) = tokio::join!(session.shutdown(plan.deadline), settled, give_up_turns(&session));
        Drained { completed: report.completed, cancelled: report.cancelled, never_sent: report.never_sent }
    }
    // ANCHOR_END: drain

    // ANCHOR: start
    fn start(&mut self, job: Job) {
        let fetcher = self.fetcher.clone();
        let url = format!("{}{}", self.frontier.origin(job.host), job.work.path);
        self.started += 1;
        let number = self.started;
        self.trips.insert(number, Trip { job: job.clone(), url: url.clone(), redirects: Vec::new() });
        self.fetches.spawn(async move { Fetched { number, result: fetcher.fetch(&url, &job, number).await } });
    }
    // ANCHOR_END: start

    // ANCHOR: hear
    /// A host that the framework leaves alone is left alone here too.
    fn hear(&mut self, told: &Notification) {
        if let (Status::OriginPaused { length, .. }, Some(trip)) = (&told.status, self.trips.get(&told.context)) {
            self.frontier.rest(trip.job.host, told.at + *length);
        }
    }
    // ANCHOR_END: hear

    fn show(&self, next: Option<Instant>) {
        self.progress.do_send(Standing {
            settled: self.figures.settled() + self.frontier.all_disallowed(),
            known: self.discovery.tally().followed,
            retries: self.figures.retries(),
            errors: self.figures.errors(),
            under_way: self.fetches.len(),
            next,
        });
    }
}

// ANCHOR: give_up_turns
/// Those that wait for their turn at a host would be waited for in vain. The snapshot is of a moment that has passed: each is
/// asked again.
async fn give_up_turns(session: &Session) {
    let in_line = |waits_for: Option<Waiting>| matches!(waits_for, Some(Waiting::Governor { .. }));
    for shown in session.snapshot().await.requests.into_iter().filter(|request| in_line(request.waits_for)) {
        let Some(AnyHandle::Request(request)) = session.handle(shown.id) else { continue };
        if in_line(request.why_waiting().await) {
            request.cancel();
        }
    }
}
// ANCHOR_END: give_up_turns

fn add_page(frontier: &mut Frontier, figures: &mut Figures, url: &Url, depth: u16) -> Added {
    let (origin, path) = parts(url);
    let added = frontier.add_page(origin, path, depth, Instant::now());
    match added {
        Added::Waits => {}
        Added::TooDeep => figures.was_too_deep(),
        Added::HostLost(host) => figures.failed(host, url.to_string(), HOST_LOST.to_owned()),
    }
    added
}

/// Of which origin, and what of it.
fn parts(url: &Url) -> (&str, &str) {
    (&url[..Position::BeforePath], &url[Position::BeforePath..Position::AfterQuery])
}

/// A fetch that panicked is a fault of this program, and ends it.
fn whole(fetched: Result<Fetched, tokio::task::JoinError>) -> Fetched {
    match fetched {
        Ok(fetched) => fetched,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

async fn until(then: Option<Instant>) {
    match then {
        Some(then) => tokio::time::sleep_until(then.into()).await,
        None => std::future::pending().await,
    }
}

/// Notifications the progress actor may leave unhandled before the less important ones are dropped.
const MOST_UNHANDLED: usize = 4096;

const HOST_LOST: &str = "its host could not be reached";
