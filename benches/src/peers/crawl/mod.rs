//! A crawl of a site of HTML files: the crawler of the examples, beside one written by hand for the purpose.
//!
//! Each crawl is a process of its own. All must find the same pages: the number of answers with a 2xx.

mod by_hand;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use crawler::plan::Plan;
use url::Url;

use super::contest::{Contender, Terms};
use super::meter::{self, Meter, Sample};
use super::runtimes::Threads;
use super::server::{Endpoint, Endpoints, Server};
use super::table::{self, Column};
use super::{Failed, child};

/// A crawl of a site.
#[derive(Clone, Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    terms: Terms,
    /// The folder of the site; Debian's rust-doc by default
    #[arg(long, default_value = "/usr/share/doc/rust-doc/html")]
    folder: PathBuf,
    /// Where a crawl starts in it
    #[arg(long, default_value = "/index.html")]
    start: String,
    /// Only have a turn: the program starts itself with this
    #[arg(long, hide = true, requires = "server")]
    turn: Option<usize>,
    #[arg(long, hide = true)]
    server: Option<String>,
}

/// Prints a table, or has a turn.
pub(super) fn measure(options: &Options) -> Result<(), Failed> {
    if let (Some(turn), Some(server)) = (options.turn, &options.server) {
        return have_turn(turn, &Endpoints::parse(server)?.plain, &options.start);
    }
    if !options.folder.is_dir() {
        return Err(
            format!("{} is no folder: install Debian's rust-doc, or name another", options.folder.display()).into()
        );
    }
    let server = Server::of_site(&options.folder)?;
    let results = options.terms.play_by(&CRAWLERS, |row, _| {
        let arguments =
            ["crawl", "--start", &options.start, "--turn", &row.to_string(), "--server", &server.endpoints.line()];
        Crawled::from_figures(&child::run(&arguments.map(str::to_owned))?)
    })?;
    let mut pages = results.rounds.iter().flatten().map(|crawled| crawled.cost.done);
    let first = pages.next().unwrap_or_default();
    if let Some(other) = pages.find(|pages| *pages != first) {
        return Err(format!("one crawl found {first} pages, another {other}").into());
    }
    let cpu = |crawled: &Crawled| crawled.cost.cpu_each() / 1000.0;
    let rate = |crawled: &Crawled| crawled.cost.rate();
    let columns = [
        Column::new("CPU s/1,000 pages", 3, cpu),
        Column::new("pages/s", 0, rate),
        Column::new("peak MiB", 1, |crawled: &Crawled| crawled.peak as f64 / 1024.0),
        Column::new("links followed", 0, |crawled: &Crawled| crawled.links as f64),
        Column::ratio("CPU x by hand", BY_HAND, cpu),
        Column::ratio("pages/s x by hand", BY_HAND, rate),
    ];
    table::print(&results, &format!("A crawl of {first} pages, {IN_FLIGHT} in flight"), None, &columns);
    Ok(())
}

fn have_turn(turn: usize, endpoint: &Endpoint, start: &str) -> Result<(), Failed> {
    let start = Url::parse(&endpoint.url(start))?;
    let crawler = CRAWLERS.get(turn).ok_or("there is no such crawler")?;
    let Crawled { cost, links, peak } = (crawler.run)(&start)?;
    child::tell(&[cost.done as f64, cost.cpu.as_secs_f64(), cost.wall.as_secs_f64(), links as f64, peak as f64]);
    Ok(())
}

const CRAWLERS: [Contender<Url, Crawled>; 2] = [
    Contender { name: BY_HAND, place: "", run: |start| crawled(by_hand::crawl(start.clone(), IN_FLIGHT)) },
    Contender {
        name: "hinternet, the crawler of the examples",
        place: "",
        run: |start| crawled(by_ours(start.clone())),
    },
];

/// What a crawl cost and found.
struct Crawled {
    /// Done are pages.
    cost: Sample,
    /// URLs that were found and asked for.
    links: u64,
    /// The most memory it ever had, in KiB.
    peak: u64,
}

impl Crawled {
    fn from_figures(figures: &[f64]) -> Result<Self, Failed> {
        let &[pages, cpu, wall, links, peak] = figures else {
            return Err(format!("its process told {} figures", figures.len()).into());
        };
        let (cpu, wall) = (Duration::from_secs_f64(cpu), Duration::from_secs_f64(wall));
        let cost = Sample { done: pages as u64, cpu, wall, allocations: None };
        Ok(Self { cost, links: links as u64, peak: peak as u64 })
    }
}

/// What was found.
struct Found {
    pages: u64,
    links: u64,
}

fn crawled(crawl: impl Future<Output = Result<Found, Failed>>) -> Result<Crawled, Failed> {
    let meter = Meter::start()?;
    let Found { pages, links } = Threads::Two.runtime()?.block_on(crawl)?;
    Ok(Crawled { cost: meter.stop(pages)?, links, peak: meter::kibibytes("/proc/self/status", "VmHWM:")? })
}

async fn by_ours(start: Url) -> Result<Found, Failed> {
    let mut plan = Plan::new(vec![start]);
    (plan.bounds.per_host, plan.bounds.in_flight) = (IN_FLIGHT, IN_FLIGHT);
    plan.body_cap = BODY_CAP;
    let report = crawler::crawl::crawl(&plan, None, std::future::pending()).await?;
    if report.errors > 0 {
        return Err(format!("{} URLs got no answer", report.errors).into());
    }
    Ok(Found { pages: report.pages, links: report.links.followed })
}

const BY_HAND: &str = "reqwest + lol_html by hand";
const IN_FLIGHT: usize = 16;
/// Some pages of the site are huge.
const BODY_CAP: u64 = 64 * 1024 * 1024;
