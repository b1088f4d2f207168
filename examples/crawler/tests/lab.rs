//! The crawler on the lab web, judged by the lab's ground truth and by its own log.

use std::time::Duration;

use crawler::crawl::crawl;
use crawler::lab::{differences, plan_for};
use crawler::plan::Plan;
use crawler::report::{Report, Stopped};
use integration_tests::lab::{Fetch, Lab, LabSize};
use integration_tests::origin::{Origin, Reply};
use integration_tests::patiently;

async fn lab() -> Lab {
    Lab::start(LabSize::SMALL, 2).await
}

/// What the lab fails to answer is tried again at once: nobody else is waiting for it.
fn plan(lab: &Lab) -> Plan {
    let mut plan = plan_for(lab, &Plan::new(Vec::new()));
    plan.bounds.back_off = Duration::from_millis(10);
    plan
}

async fn whole_crawl(plan: &Plan) -> Report {
    crawl(plan, None, std::future::pending()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_equals_the_ground_truth() {
    let lab = lab().await;
    let plan = plan(&lab);
    let report = whole_crawl(&plan).await;
    assert_eq!(differences(&lab, &plan, &report), Some(Vec::new()));
    assert!(report.retries > 0, "the lab drops some connections, and the robots.txt of one host cannot be read");
    assert_eq!(report.hosts.iter().filter(|host| host.robots_unavailable).count(), 1);
}

#[tokio::test]
async fn a_single_thread_finds_the_same() {
    let lab = lab().await;
    let plan = plan(&lab);
    let report = whole_crawl(&plan).await;
    assert_eq!(differences(&lab, &plan, &report), Some(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_gap_is_at_least_the_delay_by_the_labs_clock() {
    let lab = lab().await;
    let mut plan = plan(&lab);
    plan.bounds.delay = Some(Duration::from_millis(20));
    let report = whole_crawl(&plan).await;
    let manners = lab.report();
    for (host, gap) in &manners.smallest_gap {
        let asked = lab.truth().crawl_delay.get(host).copied().unwrap_or_default();
        assert!(*gap >= asked.max(Duration::from_millis(20)), "{host}: {gap:?}");
    }
    assert_eq!(manners.disallowed, Vec::<String>::new());
    assert_eq!(differences(&lab, &plan, &report), Some(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_host_is_asked_more_at_once_than_allowed() {
    for per_host in [1, 3] {
        let lab = lab().await;
        let mut plan = plan(&lab);
        plan.bounds.per_host = per_host;
        whole_crawl(&plan).await;
        let manners = lab.report();
        assert!(
            manners.highest_concurrency.values().all(|most| *most <= per_host),
            "{:?}",
            manners.highest_concurrency
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_limit_ends_it() {
    let lab = lab().await;
    let mut plan = plan(&lab);
    plan.bounds.max_pages = Some(40);
    let report = whole_crawl(&plan).await;
    assert_eq!(report.stopped, Stopped::PageLimit);
    assert_eq!(report.statuses.values().sum::<u64>(), 40);
    assert!(report.left > 0);
    assert_eq!(differences(&lab, &plan, &report), None, "nothing to compare with");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_crawl_drains_and_reports() {
    let lab = lab().await;
    let mut plan = plan(&lab);
    plan.bounds.delay = Some(Duration::from_millis(20));
    plan.deadline = Duration::from_millis(1);
    // More than all hosts together may be asked for at once: some of the answers have been taken.
    let report = crawl(&plan, None, answered(&lab, 30)).await.unwrap();
    let asked = lab.log().len();
    assert_eq!(report.stopped, Stopped::Interrupted);
    assert_eq!(report.errors, 0, "what was cut off did not fail: {:?}", report.failed);
    let drained = report.drained.expect("it was drained");
    assert!(report.pages > 0);
    let answered: u64 = report.statuses.values().sum();
    assert_eq!(answered + report.disallowed + report.left, report.links.followed, "every URL is accounted for");
    tokio::time::sleep(Duration::from_millis(100)).await;
    let more = lab.log().len() - asked;
    assert!(
        more as u64 <= drained.cancelled,
        "{more} were asked for after the report, beside what was cut off on its way"
    );
}

/// Resolves when the lab has answered so many pages.
async fn answered(lab: &Lab, pages: usize) {
    let is_page = |fetch: &&Fetch| fetch.ended.is_some() && fetch.path != "/robots.txt";
    let all = async {
        while lab.log().iter().filter(is_page).count() < pages {
            tokio::task::yield_now().await;
        }
    };
    patiently("answers", all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_not_there_is_an_error_and_no_end() {
    let lab = lab().await;
    let mut plan = plan(&lab);
    plan.starts.push(nobody().await);
    let report = whole_crawl(&plan).await;
    assert_eq!(report.errors, 1, "{:?}", report.failed);
    assert!(report.failed[0].reason.contains("CANNOT_CONNECT"), "{:?}", report.failed);
    assert_eq!(report.statuses.values().sum::<u64>(), lab.truth().pages.len() as u64);
}

/// The first and the last of them within a host, the second to another.
#[tokio::test(flavor = "multi_thread")]
async fn rfc9309_2_3_1_2_rules_are_looked_for_where_five_redirects_lead_and_not_six() {
    for (redirects, asked_for) in [(5, false), (6, true)] {
        let elsewhere = Origin::start(move |request| {
            let hop: usize = request.path().trim_start_matches("/hop").parse().unwrap();
            match hop {
                hop if hop == redirects => Reply::ok("User-agent: *\nDisallow: /private\n"),
                hop => Reply::redirect(308, format!("hop{}", hop + 1)),
            }
        })
        .await;
        let there = elsewhere.url("/hop2");
        let site = Origin::start(move |request| match request.path() {
            "/robots.txt" => Reply::redirect(302, "/hop1"),
            "/hop1" => Reply::redirect(307, &*there),
            "/" => Reply::html("<a href=/private>p</a>"),
            _ => Reply::html(""),
        })
        .await;
        let mut plan = Plan::new(vec![url::Url::parse(&site.url("/")).unwrap()]);
        plan.public_only = false;
        let report = whole_crawl(&plan).await;
        assert_eq!(site.log().iter().any(|visit| visit.target == "/private"), asked_for, "{redirects}");
        assert_eq!((report.disallowed, report.errors), (u64::from(!asked_for), 0));
        assert_eq!((site.log()[0].target.as_str(), site.log()[1].target.as_str()), ("/robots.txt", "/hop1"));
        assert_eq!(elsewhere.log().len(), 4, "the sixth is not followed: {:?}", elsewhere.log());
    }
}

/// Each would stand in its line for a minute, and hold the place of another.
#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_pause_do_not_hold_up_the_others() {
    let busy = || Origin::start(|_| Reply::new(503).field("retry-after", "60"));
    let mut hostile = Vec::new();
    for _ in 0..12 {
        hostile.push(busy().await);
    }
    let site = Origin::start(|request| match request.path() {
        "/robots.txt" => Reply::new(404),
        "/" => Reply::html("<a href=/1>1</a><a href=/2>2</a>"),
        _ => Reply::html(""),
    })
    .await;
    let starts = hostile.iter().chain([&site]).map(|origin| url::Url::parse(&origin.url("/")).unwrap()).collect();
    let mut plan = Plan::new(starts);
    plan.bounds.in_flight = 2;
    plan.bounds.back_off = Duration::from_millis(1);
    let report = patiently("the crawl of the others", crawl(&plan, None, site.wait_for_requests(4))).await.unwrap();
    assert_eq!(report.stopped, Stopped::Interrupted);
    assert!(hostile.iter().all(|origin| origin.log().len() == 1), "it asked to be left alone");
}

/// A port that was free a moment ago.
async fn nobody() -> url::Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    url::Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap()
}
