//! A real documentation site, as Debian packages it, served by nginx: every page that can be reached is fetched.

mod nginx;
mod reachable;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use crawler::crawl::crawl;
use crawler::plan::Plan;
use crawler::report::{Report, Stopped};
use integration_tests::certificates::{Authority, Leaf};
use nginx::Nginx;
use url::Url;

const SITE: &str = "/usr/share/doc/rust-doc/html";

/// Most of the pages are those of `core`. One test needs them all, the other only a crawl with a middle.
const WITHOUT_CORE: &str = "User-agent: *\nDisallow: /core/\n";

const PER_HOST: usize = 8;

fn plan(nginx: &Nginx) -> Plan {
    let mut plan = Plan::new(vec![Url::parse(&nginx.url("/index.html")).unwrap()]);
    plan.bounds.per_host = PER_HOST;
    plan.body_cap = 64 * 1024 * 1024;
    plan.list_pages = true;
    plan
}

fn answered(report: &Report, status: u16) -> BTreeSet<String> {
    let fetched = report.fetched.iter().flatten().filter(|page| page.status == status);
    fetched.map(|page| path_of(&page.url)).collect()
}

fn html_pages(report: &Report) -> BTreeSet<String> {
    let is_html =
        |path: &str| path.split('?').next().is_some_and(|path| path.ends_with(".html") || path.ends_with('/'));
    answered(report, 200).into_iter().filter(|path| is_html(path)).collect()
}

fn path_of(url: &str) -> String {
    Url::parse(url).unwrap()[url::Position::BeforePath..].to_owned()
}

fn assert_same(one: &BTreeSet<String>, other: &BTreeSet<String>, what: &str) {
    let differences: Vec<_> = one.symmetric_difference(other).take(10).collect();
    assert!(differences.is_empty(), "{what}: {} and {} differ, as in {differences:?}", one.len(), other.len());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx and rust-doc"]
async fn every_page_is_fetched_over_a_few_wires() {
    let nginx = Nginx::start(Path::new(SITE), None);
    every_page_is_fetched_from(&nginx, &plan(&nginx)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx and rust-doc"]
async fn every_page_is_fetched_over_a_few_secure_wires() {
    let authority = Authority::new("The authority of the documentation");
    let nginx = Nginx::secure(Path::new(SITE), &authority.issue(Leaf::for_names(["127.0.0.1"])));
    let mut plan = plan(&nginx);
    plan.trusted = vec![authority.certificate()];
    every_page_is_fetched_from(&nginx, &plan).await;
}

async fn every_page_is_fetched_from(nginx: &Nginx, plan: &Plan) {
    let report = crawl(plan, None, std::future::pending()).await.unwrap();
    assert_eq!((report.stopped, report.errors, report.retries), (Stopped::Finished, 0, 0), "{:?}", report.failed);

    let log = nginx.log();
    let served = log
        .iter()
        .filter(|line| line.status == 200 && line.path != "/robots.txt")
        .map(|line| line.path.clone())
        .collect();
    assert_same(&answered(&report, 200), &served, "the report's pages and those of nginx's log");

    let reachable = reachable::pages(Path::new(SITE), "/index.html", |_| true);
    let pages = html_pages(&report);
    assert_same(&pages, &reachable, "the report's pages and those that can be reached");
    assert!(pages.len() > 1000, "only {} pages", pages.len());

    let wires: BTreeSet<_> = log.iter().map(|line| line.connection).collect();
    assert!(wires.len() <= PER_HOST, "{} wires", wires.len());
    assert_eq!(report.wire.connections, wires.len() as u64);
    assert_eq!(report.wire.requests, log.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx and rust-doc"]
async fn a_server_killed_in_the_middle_costs_retries_and_no_pages() {
    let mut nginx = Nginx::start(Path::new(SITE), Some(WITHOUT_CORE));
    let reachable = reachable::pages(Path::new(SITE), "/index.html", |path| !path.starts_with("/core/"));
    let plan = plan(&nginx);
    let crawl = tokio::spawn(async move { crawl(&plan, None, std::future::pending()).await.unwrap() });
    while nginx.log().len() < reachable.len() / 4 {
        assert!(!crawl.is_finished(), "the crawl was over before the server could be killed");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    nginx.kill();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    nginx.restart();

    let report = crawl.await.unwrap();
    assert!(report.retries > 0);
    assert_eq!((report.stopped, report.errors), (Stopped::Finished, 0), "{:?}", report.failed);
    let pages = html_pages(&report);
    assert_same(&pages, &reachable, "the report's pages and those that can be reached");
}
