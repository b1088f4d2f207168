//! The lab web: many hosts on loopback addresses, enough pages for a crawl, and the truth about what a polite crawl
//! must fetch.
//!
//! Every host has its own address (`127.x.y.z`) on one common port, its own pages and its own `robots.txt`. The pages
//! are made from a seed: the same seed gives the same web. The truth is computed from the plan of the web, not from the
//! pages as they are served, so a crawler is not checked against its own idea of HTML.

mod layout;
mod page;
mod plan;
mod politeness;
mod robots;
#[cfg(test)]
mod tests;
mod truth;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;

use self::plan::Plan;
use crate::origin::{Log, Origin, Reply, Visit};
use crate::request::Request;

/// How large a lab web is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabSize {
    /// Hosts; 6 at least, so that every kind of `robots.txt` has one.
    pub hosts: usize,
    /// Resources on all hosts together, roughly: redirects and missing pages included.
    pub pages: usize,
}

impl LabSize {
    /// For a test: 6 hosts, 300 pages.
    pub const SMALL: Self = Self { hosts: 6, pages: 300 };
    /// For a show: 12 hosts, 3,000 pages.
    pub const FULL: Self = Self { hosts: 12, pages: 3_000 };
}

/// A running lab web. Its servers stop when it is dropped.
#[derive(Debug)]
pub struct Lab {
    plan: Plan,
    truth: GroundTruth,
    log: Log,
    _hosts: Vec<Origin>,
}

/// What a polite crawl of the lab finds: `robots.txt` obeyed, every host of [`Lab::seeds`] in scope and no other, a
/// redirect treated as a link, every URL without its fragment fetched once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroundTruth {
    /// Every URL that must be fetched, with what it answers. `robots.txt` files are not among them.
    pub pages: BTreeMap<String, Expected>,
    /// URLs that a crawl meets and must not fetch, because `robots.txt` says so.
    pub disallowed: BTreeSet<String>,
    /// URLs that exist, but that only disallowed pages link to: a polite crawl never hears of them.
    pub hidden: BTreeSet<String>,
    /// URLs that stand in comments, scripts and plain text, and are links nowhere.
    pub decoys: BTreeSet<String>,
    /// URLs that pages link to and that are not the crawl's: other schemes, and a host that no seed names. That host
    /// answers, and what is fetched from it stands in the log.
    pub out_of_scope: BTreeSet<String>,
    /// `host:port` of the hosts whose `robots.txt` asks for a `Crawl-delay`, with the delay.
    pub crawl_delay: BTreeMap<String, Duration>,
}

/// What one URL of the lab answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The status of the (final) answer.
    pub status: u16,
    /// Octets of its body, after chunked framing is undone.
    pub octets: u64,
    /// How often the lab drops the connection instead of answering before it answers: 0 for most pages.
    pub drops: u32,
}

/// One line of the lab's access log.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// `host:port`, from the address the request came in at.
    pub host: String,
    /// Path and query as received.
    pub path: String,
    /// The request's `User-Agent`; empty if it had none.
    pub user_agent: String,
    /// The status that was answered; 0 if the connection was dropped without an answer.
    pub status: u16,
    /// Octets of the answer's body.
    pub octets: u64,
    /// Which connection of the lab it came on, counted from 1.
    pub connection: u64,
    /// When the request's head had arrived.
    pub started: Instant,
    /// Just before the last octets of the answer were handed over; `None` while it is being answered.
    pub ended: Option<Instant>,
}

/// How a crawl behaved, by the lab's own log. Hosts are named `host:port`.
#[derive(Clone, Debug, Default)]
pub struct Politeness {
    /// URLs that were fetched although `robots.txt` forbids it.
    pub disallowed: Vec<String>,
    /// URLs of the host that is out of scope.
    pub out_of_scope: Vec<String>,
    /// URLs that were fetched although no link leads to them: decoys and hidden pages among them.
    pub unlinked: Vec<String>,
    /// URLs that were fetched more often than needed, with how often.
    pub repeated: BTreeMap<String, usize>,
    /// URLs that should have been fetched and were not.
    pub missed: Vec<String>,
    /// The smallest time between the starts of two fetches, per host; `robots.txt` included.
    pub smallest_gap: BTreeMap<String, Duration>,
    /// The most fetches that were under way at one moment, per host.
    pub highest_concurrency: BTreeMap<String, usize>,
    /// Connections opened, per host.
    pub connections: BTreeMap<String, usize>,
    /// Fetches of anything before that host's `robots.txt` had been fetched.
    pub before_robots: Vec<String>,
}

impl Lab {
    /// Makes the web and serves it on the current tokio runtime.
    ///
    /// # Panics
    /// When the loopback addresses cannot be bound: they are all there on Linux, other systems need them set up.
    pub async fn start(size: LabSize, seed: u64) -> Self {
        // One more than the crawl's own: the stranger, whom pages link to and nobody should visit.
        let listeners = bind(size.hosts.max(6) + 1).await.expect("127.0.0.0/8 is ours to bind");
        let address = |listener: &TcpListener| listener.local_addr().expect("the listener is bound");
        let plan = Plan::new(listeners.iter().map(|listener| address(listener).to_string()).collect(), size, seed);
        let log = Log::new();
        let mut expected = HashMap::new();
        let mut hosts = Vec::new();
        for (n, listener) in listeners.into_iter().enumerate() {
            let site = Site::new(&plan, n);
            expected.extend(site.pages.iter().map(|(path, page)| ((n, path.clone()), page.expected())));
            hosts.push(Origin::serve(listener, log.clone(), move |request| site.answer(request)));
        }
        let truth = truth::walk(&plan, |host, path| expected[&(host, path.to_owned())]);
        Self { plan, truth, log, _hosts: hosts }
    }

    /// Where a crawl starts: one URL per host. These hosts are the crawl's scope.
    pub fn seeds(&self) -> Vec<String> {
        let in_scope = self.plan.hosts.iter().filter(|host| host.in_scope);
        in_scope.map(|host| format!("http://{}/", host.authority)).collect()
    }

    /// What a polite crawl finds.
    pub fn truth(&self) -> &GroundTruth {
        &self.truth
    }

    /// What was fetched so far, in the order of arrival.
    pub fn log(&self) -> Vec<Fetch> {
        self.log.visits().into_iter().map(Fetch::from).collect()
    }

    /// The log, judged.
    pub fn report(&self) -> Politeness {
        let mut connections = BTreeMap::new();
        for address in self.log.connections() {
            *connections.entry(address.to_string()).or_default() += 1;
        }
        politeness::judge(&self.truth, &self.log(), connections)
    }
}

/// What one host serves.
#[derive(Debug)]
struct Site {
    robots: robots::Robots,
    pages: HashMap<String, Page>,
}

#[derive(Debug)]
struct Page {
    reply: Reply,
    drops: u32,
    /// How often it is still to be dropped instead of answered.
    drops_left: Mutex<u32>,
}

impl Site {
    fn new(plan: &Plan, host: usize) -> Self {
        let one = &plan.hosts[host];
        let pages = one.resources.iter().map(|(path, resource)| {
            let reply = page::reply(plan, host, path, resource);
            (path.clone(), Page { reply, drops: resource.drops, drops_left: Mutex::new(resource.drops) })
        });
        Self { robots: one.robots.clone(), pages: pages.collect() }
    }

    fn answer(&self, request: &Request) -> Reply {
        if let Some(reply) = page::robots(&self.robots, request.path()) {
            return reply;
        }
        let Some(page) = self.pages.get(&request.target) else { return Reply::new(404) };
        let mut drops = page.drops_left.lock().unwrap_or_else(PoisonError::into_inner);
        match drops.checked_sub(1) {
            Some(left) => {
                *drops = left;
                Reply::drop_connection()
            }
            None => page.reply.clone(),
        }
    }
}

impl Page {
    fn expected(&self) -> Expected {
        Expected { status: self.reply.status(), octets: self.reply.body_octets(), drops: self.drops }
    }
}

impl From<Visit> for Fetch {
    fn from(visit: Visit) -> Self {
        Self {
            host: visit.address.to_string(),
            user_agent: visit.field("user-agent").unwrap_or_default().to_owned(),
            path: visit.target,
            status: visit.status,
            octets: visit.octets,
            connection: visit.connection,
            started: visit.started,
            ended: visit.ended,
        }
    }
}

/// Listeners on so many addresses and one port number.
async fn bind(count: usize) -> io::Result<Vec<TcpListener>> {
    let mut failed = io::Error::other("no attempt was made");
    // The port that is free on the first address may be taken on another.
    for _attempt in 0..16 {
        match bind_on_one_port(count).await {
            Ok(listeners) => return Ok(listeners),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

async fn bind_on_one_port(count: usize) -> io::Result<Vec<TcpListener>> {
    let mut listeners: Vec<TcpListener> = Vec::new();
    for n in 1..=count {
        let port = listeners.first().map_or(Ok(0), |first| first.local_addr().map(|address| address.port()))?;
        let [high, low] = u16::try_from(n).map_err(io::Error::other)?.to_be_bytes();
        let address = SocketAddr::from((Ipv4Addr::new(127, 66, high, low), port));
        listeners.push(TcpListener::bind(address).await?);
    }
    Ok(listeners)
}

impl GroundTruth {
    /// How many URLs answer with each status.
    pub fn statuses(&self) -> BTreeMap<u16, usize> {
        let mut statuses = BTreeMap::new();
        for page in self.pages.values() {
            *statuses.entry(page.status).or_default() += 1;
        }
        statuses
    }

    /// Octets of all bodies together.
    pub fn octets(&self) -> u64 {
        self.pages.values().map(|page| page.octets).sum()
    }
}

impl Politeness {
    /// Was everything fetched once that should be, and nothing else?
    pub fn is_complete_and_polite(&self) -> bool {
        let Self { disallowed, out_of_scope, unlinked, repeated, missed, before_robots, .. } = self;
        [disallowed, out_of_scope, unlinked, missed, before_robots].iter().all(|list| list.is_empty())
            && repeated.is_empty()
    }
}
