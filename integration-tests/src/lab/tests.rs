//! The lab web is what its truth says, and its log tells a polite crawl from others.

mod crawl;

use super::robots::{MOVED_TO, Robots, Rule, Rules};
use super::*;

const SEED: u64 = 7;

#[tokio::test]
async fn a_polite_crawl_finds_the_truth() {
    let lab = Lab::start(LabSize::SMALL, SEED).await;
    let found = crawl::crawl(&lab, true).await;
    assert_eq!(found, lab.truth().pages);
    let report = lab.report();
    assert!(report.is_complete_and_polite(), "{report:#?}");
    assert!(report.highest_concurrency.values().all(|most| *most == 1), "one after the other");
    assert_eq!(report.connections.len(), lab.seeds().len());
}

#[tokio::test]
async fn a_rude_crawl_is_seen() {
    let lab = Lab::start(LabSize::SMALL, SEED).await;
    crawl::crawl(&lab, false).await;
    let report = lab.report();
    assert!(!report.is_complete_and_polite());
    assert!(!report.disallowed.is_empty() && !report.before_robots.is_empty());
    let hidden = &lab.truth().hidden;
    assert!(report.unlinked.iter().all(|url| hidden.contains(url)), "decoys are no links");
    assert_eq!(report.missed, [""; 0]);
}

#[tokio::test]
async fn the_web_has_all_that_a_crawl_must_cope_with() {
    let lab = Lab::start(LabSize::FULL, SEED).await;
    let truth = lab.truth();
    let statuses = truth.statuses();
    for status in [200, 301, 302, 307, 308, 404] {
        assert!(statuses[&status] > 10, "{statuses:?}");
    }
    assert!(truth.pages.len() > 2_000, "{} pages", truth.pages.len());
    for (what, urls) in [
        ("disallowed", &truth.disallowed),
        ("hidden", &truth.hidden),
        ("decoys", &truth.decoys),
        ("out of scope", &truth.out_of_scope),
    ] {
        assert!(urls.len() > 5, "{what}: {urls:?}");
    }
    assert_eq!(truth.crawl_delay.len(), 1);
    assert!(truth.pages.values().any(|page| page.drops > 0));
    assert!(truth.pages.values().any(|page| page.octets > 200_000));
    let urls = |part: &str| truth.pages.keys().filter(|url| url.contains(part)).count();
    for part in ["?item=", "a%20page", "k%C3%A4se", "/private/open/", ".bak.html", "/privateer/", ".txt", ".bin"] {
        assert!(urls(part) > 3, "{part}");
    }
    assert_eq!(lab.seeds().len(), 12);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_web() {
    let paths = async |seed| {
        let lab = Lab::start(LabSize::SMALL, seed).await;
        let path = |url: &String| url.splitn(4, '/').nth(3).map(str::to_owned);
        lab.truth().pages.keys().map(path).collect::<Vec<_>>()
    };
    assert_eq!(paths(1).await, paths(1).await);
    assert_ne!(paths(1).await, paths(2).await);
}

#[test]
fn rfc9309_the_longest_rule_decides() {
    let rules = |rules: &[Rule]| Robots::Rules(Rules { rules: rules.to_vec(), ..Rules::default() });
    let robots = rules(&[Rule::Disallow("/private/"), Rule::Allow("/private/open/"), Rule::Disallow("/*.bak$")]);
    for (path, allowed) in [
        ("/", true),
        ("/private", true),
        ("/private/", false),
        ("/private/1.html", false),
        ("/private/open/1.html", true),
        ("/privateer/1.html", true),
        ("/d1/2.bak", false),
        ("/d1/2.bak.html", true),
        ("/private/open/2.bak", true),
    ] {
        assert_eq!(robots.allows(path), allowed, "{path}");
    }
    assert!(rules(&[Rule::Disallow("/a"), Rule::Allow("/a")]).allows("/a"), "the less restrictive of equals");
    assert!(Robots::Missing.allows("/private/") && !Robots::Unavailable.allows("/"));
}

fn fetch(path: &str, started: Instant, milliseconds: u64) -> Fetch {
    Fetch {
        host: "h:1".to_owned(),
        path: path.to_owned(),
        user_agent: String::new(),
        status: 200,
        octets: 0,
        connection: 1,
        started,
        ended: Some(started + Duration::from_millis(milliseconds)),
    }
}

#[test]
fn the_report_counts_gaps_concurrency_and_repetitions() {
    let start = Instant::now();
    let at = |milliseconds| start + Duration::from_millis(milliseconds);
    let page = Expected { status: 200, octets: 0, drops: 0 };
    let pages = [("http://h:1/a".to_owned(), page), ("http://h:1/b".to_owned(), page)];
    let truth = GroundTruth { pages: pages.into(), ..GroundTruth::default() };
    let log =
        [fetch("/robots.txt", at(0), 10), fetch("/a", at(5), 20), fetch("/a", at(25), 10), fetch("/c", at(30), 1)];
    let report = politeness::judge(&truth, &log, BTreeMap::new());
    assert_eq!(report.smallest_gap["h:1"], Duration::from_millis(5));
    assert_eq!(report.highest_concurrency["h:1"], 2, "one ends as the other begins");
    assert_eq!(report.repeated, [("http://h:1/a".to_owned(), 2)].into());
    assert_eq!((report.missed, report.unlinked), (vec!["http://h:1/b".to_owned()], vec!["http://h:1/c".to_owned()]));
    assert_eq!(report.before_robots, ["http://h:1/a"]);
}
