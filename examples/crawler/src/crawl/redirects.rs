//! Where redirects lead: the framework asks the crawl about each, and follows it if the crawl says so.
//!
//! ```text
//!   a fetch ---> 3xx ---> Guide (actor) --- question ---> the loop: a link like any other?
//!      ^                                                      |
//!      +---- goes on / delivers the 3xx <------ answer -------+
//! ```

use std::time::Instant;

use actix::{Actor, Context, Handler, Recipient, ResponseFuture};
use hinternet::{Governor, Redirect, RedirectDecider, RedirectDecision, RedirectOptions, RedirectPolicy};
use tokio::sync::{mpsc, oneshot};
use url::Url;

use super::{Crawl, Trip, add_page, parts};
use crate::frontier::{Added, HostId, Job, Purpose};
use crate::report::{Led, Redirected};
use crate::robots::MAX_REDIRECTS;
use crate::scope::Verdict;

/// A redirect that waits for a decision. No more of them wait than requests are under way.
#[derive(Debug)]
pub(super) struct Question {
    redirect: Redirect,
    answer: oneshot::Sender<RedirectDecision>,
}

pub(super) type Questions = mpsc::UnboundedReceiver<Question>;

// ANCHOR: guide
/// Whom the framework asks. It hands the question on to the loop, which alone knows what the crawl knows.
#[derive(Debug)]
struct Guide {
    questions: mpsc::UnboundedSender<Question>,
}

impl Actor for Guide {
    type Context = Context<Self>;
}

impl Handler<Redirect> for Guide {
    type Result = ResponseFuture<RedirectDecision>;

    fn handle(&mut self, redirect: Redirect, _: &mut Self::Context) -> Self::Result {
        let (answer, answered) = oneshot::channel();
        // With the loop gone the answer is dropped, too.
        let _gone = self.questions.send(Question { redirect, answer });
        Box::pin(async { answered.await.unwrap_or(RedirectDecision::Deliver) })
    }
}
// ANCHOR_END: guide

// ANCHOR: redirect_options
/// What the session does about redirects, and where its questions arrive.
pub(super) fn redirect_options() -> (RedirectOptions, Questions) {
    let (questions, asked) = mpsc::unbounded_channel();
    let guide: Recipient<Redirect> = hinternet::start(Guide { questions }).recipient();
    // Whether http is in scope after https is the crawl's to say, and so is when a chain is over.
    let mut options = RedirectOptions::from(RedirectPolicy::Always);
    options.limit = MOST_IN_A_ROW + 1;
    options.decider = Some(RedirectDecider::actor(guide));
    (options, asked)
}
// ANCHOR_END: redirect_options

impl Crawl {
    // ANCHOR: decide
    /// The same request goes on to where a redirect leads if that is new, and may be fetched now. If not, the redirect is the answer.
    pub(super) fn decide(&mut self, Question { mut redirect, answer }: Question) {
        let decision = match self.goes_on(&redirect) {
            Some(governor) => {
                redirect.governor = Some(governor);
                RedirectDecision::Follow(redirect)
            }
            None => RedirectDecision::Deliver,
        };
        // Who asked may have been cancelled.
        let _cancelled = answer.send(decision);
    }
    // ANCHOR_END: decide

    /// What the request is held to where it goes on.
    fn goes_on(&mut self, redirect: &Redirect) -> Option<Governor> {
        let to = Url::parse(&redirect.target.url()).ok()?;
        let mut trip = self.trips.remove(&redirect.context())?;
        let (led, next) = self.lead(&trip.job, &to, redirect.hops());
        let (from, to) = (trip.url.clone(), String::from(to));
        trip.redirects.push(Redirected { from, status: redirect.status().as_u16(), to: to.clone(), led });
        let governor = next.as_ref().map(|next| next.governor);
        if let Some(next) = next {
            self.leave(&trip, redirect);
            (trip.job, trip.url) = (next, to);
        }
        self.trips.insert(redirect.context(), trip);
        governor
    }

    fn lead(&mut self, job: &Job, to: &Url, hops: u32) -> (Led, Option<Job>) {
        let now = Instant::now();
        self.frontier.asked(job.host, now);
        let may_follow = !self.draining && hops < MOST_IN_A_ROW;
        match job.work.purpose {
            Purpose::Page => self.lead_page(job, to, may_follow, now),
            Purpose::Robots { of, redirects } => self.lead_robots(job, (of, redirects), to, may_follow, now),
        }
    }

    // ANCHOR: lead_page
    fn lead_page(&mut self, job: &Job, to: &Url, may_follow: bool, now: Instant) -> (Led, Option<Job>) {
        match self.discovery.claim(to) {
            None => return (Led::Known, None),
            Some(Verdict::Inside) => {}
            Some(Verdict::Outside | Verdict::NotSpoken) => return (Led::Left, None),
        }
        let depth = job.work.depth.saturating_add(1);
        if may_follow && let Some(next) = self.frontier.go_on(job, parts(to), (depth, Purpose::Page), now) {
            return (Led::Followed, Some(next));
        }
        match add_page(&mut self.frontier, &mut self.figures, to, depth) {
            Added::Waits => (Led::Waits, None),
            Added::TooDeep | Added::HostLost(_) => (Led::Left, None),
        }
    }
    // ANCHOR_END: lead_page

    /// A robots.txt is looked for where its host says (RFC 9309 2.3.1.2). That may be out of the crawl's scope, but no host that must
    /// not be asked.
    fn lead_robots(
        &mut self,
        job: &Job,
        (of, before): (HostId, u8),
        to: &Url,
        may_follow: bool,
        now: Instant,
    ) -> (Led, Option<Job>) {
        if before >= MAX_REDIRECTS || !self.discovery.scope().may_ask(to) {
            return (Led::Left, None);
        }
        let (origin, path) = parts(to);
        let purpose = Purpose::Robots { of, redirects: before + 1 };
        if may_follow && let Some(next) = self.frontier.go_on(job, (origin, path), (0, purpose), now) {
            return (Led::Followed, Some(next));
        }
        match self.frontier.add_robots(origin, path, of, before + 1, now) {
            Added::Waits => (Led::Waits, None),
            Added::TooDeep | Added::HostLost(_) => (Led::Left, None),
        }
    }

    /// A redirect that is followed is the answer of the page that it was met on.
    fn leave(&mut self, trip: &Trip, redirect: &Redirect) {
        if trip.job.work.purpose == Purpose::Page {
            let announced = redirect.response_headers().get("content-length").and_then(|length| length.to_str().ok());
            let octets = announced.and_then(|length| length.parse().ok()).unwrap_or_default();
            let status = redirect.status().as_u16();
            self.figures.answered(trip.job.host, &trip.url, status, octets, redirect.answered_after());
        }
    }
}

/// So many redirects one request follows. Where one more leads is a link.
const MOST_IN_A_ROW: u32 = 10;
