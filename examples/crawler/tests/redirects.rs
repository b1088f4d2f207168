//! Where redirects lead is followed by the request that met them, if that is new, allowed, and can be asked for now.

use std::time::Duration;

use crawler::crawl::crawl;
use crawler::plan::Plan;
use crawler::report::{Led, Report, Stopped};
use crawler::scope::Reach;
use integration_tests::Gate;
use integration_tests::origin::{Origin, Reply};
use integration_tests::patiently;
use url::Url;

use Led::{Followed, Known, Left, Waits};

/// A site without rules.
async fn site(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Origin {
    Origin::start(move |request| match request.path() {
        "/robots.txt" => Reply::new(404),
        path => answer(path),
    })
    .await
}

fn plan(starts: &[&Origin]) -> Plan {
    let starts = starts.iter().map(|origin| Url::parse(&origin.url("/")).unwrap()).collect();
    let mut plan = Plan { list_pages: true, public_only: false, ..Plan::new(starts) };
    plan.bounds.back_off = Duration::from_millis(1);
    plan
}

async fn crawled(plan: &Plan) -> Report {
    patiently("the crawl", crawl(plan, None, std::future::pending())).await.unwrap()
}

/// What was asked for but the rules, in the order of arrival.
fn asked(origin: &Origin) -> Vec<String> {
    origin.log().into_iter().map(|visit| visit.target).filter(|target| target != "/robots.txt").collect()
}

/// Path, status, path and end of each redirect of each chain; the chains sorted.
fn chains(report: &Report) -> Vec<Vec<(String, u16, String, Led)>> {
    let path = |url: &str| Url::parse(url).unwrap()[url::Position::BeforePath..].to_owned();
    let mut all: Vec<Vec<_>> = report
        .chains
        .iter()
        .flatten()
        .map(|chain| chain.iter().map(|one| (path(&one.from), one.status, path(&one.to), one.led)).collect())
        .collect();
    all.sort_by_key(|chain: &Vec<(String, u16, String, Led)>| chain[0].0.clone());
    all
}

fn hop(from: &str, status: u16, to: &str, led: Led) -> (String, u16, String, Led) {
    (from.to_owned(), status, to.to_owned(), led)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_is_followed_by_one_request_and_each_of_its_urls_is_an_answer() {
    let site = site(|path| match path {
        "/" => Reply::html("<a href=/a>a</a>"),
        "/a" => Reply::redirect(301, "b").body("moved"),
        "/b" => Reply::redirect(308, "/folder/c#part").body("moved again"),
        "/folder/c" => Reply::html("<a href=d>relative to where it is</a>"),
        _ => Reply::html("d"),
    })
    .await;
    let report = crawled(&plan(&[&site])).await;
    assert_eq!(asked(&site), ["/", "/a", "/b", "/folder/c", "/folder/d"]);
    assert_eq!(chains(&report), [vec![hop("/a", 301, "/b", Followed), hop("/b", 308, "/folder/c", Followed)]]);
    assert_eq!((report.pages, report.links.followed, report.errors), (3, 5, 0));
    assert_eq!((report.statuses[&301], report.statuses[&308]), (1, 1));
    let octets: u64 = site.log().iter().filter(|visit| visit.target != "/robots.txt").map(|visit| visit.octets).sum();
    assert_eq!(report.octets, octets, "what the redirects announced is counted");
    assert_eq!(report.wire.requests, 6, "each URL and the rules are a request");
    assert!(report.to_string().contains("redirects    2 followed, 0 to known URLs, 0 to new"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_ends_where_it_began() {
    let site = site(|path| match path {
        "/" => Reply::html("<a href=/self>1</a><a href=/one>2</a>"),
        "/self" => Reply::redirect(302, "/self"),
        "/one" => Reply::redirect(302, "/two"),
        _ => Reply::redirect(302, "/one"),
    })
    .await;
    let report = crawled(&plan(&[&site])).await;
    let mut paths = asked(&site);
    paths.sort();
    assert_eq!(paths, ["/", "/one", "/self", "/two"]);
    assert_eq!(
        chains(&report),
        [
            vec![hop("/one", 302, "/two", Followed), hop("/two", 302, "/one", Known)],
            vec![hop("/self", 302, "/self", Known)]
        ]
    );
    assert_eq!((report.statuses[&302], report.errors), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_many_lead_is_fetched_once_whoever_comes_first() {
    let site = site(|path| match path {
        "/" => {
            Reply::html((0..20).map(|n| format!("<a href=/old/{n}>o</a>")).collect::<String>() + "<a href=/page>p</a>")
        }
        "/page" => Reply::html("a page"),
        "/new" => Reply::html("a new page"),
        path if path.ends_with('7') => Reply::redirect(301, "/page"),
        _ => Reply::redirect(301, "/new"),
    })
    .await;
    let mut plan = plan(&[&site]);
    plan.bounds.per_host = 8;
    let report = crawled(&plan).await;
    let times = |path: &str| asked(&site).iter().filter(|asked| *asked == path).count();
    assert_eq!((times("/page"), times("/new")), (1, 1));
    let redirects = report.redirects;
    assert_eq!((redirects.known, redirects.followed + redirects.waited), (19, 1), "{redirects:?}");
    assert_eq!((report.pages, report.statuses[&301]), (3, 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_robots_txt_forbids_is_not_fetched_through_a_redirect() {
    let site = Origin::start(|request| match request.path() {
        "/robots.txt" => Reply::ok("User-agent: *\nDisallow: /private/\n"),
        "/" => Reply::html("<a href=/go>g</a>"),
        "/go" => Reply::redirect(302, "/step"),
        "/step" => Reply::redirect(302, "/private/x"),
        _ => Reply::html("private"),
    })
    .await;
    let report = crawled(&plan(&[&site])).await;
    assert_eq!(asked(&site), ["/", "/go", "/step"]);
    assert_eq!((report.disallowed, report.errors), (1, 0));
    assert_eq!(chains(&report), [vec![hop("/go", 302, "/step", Followed), hop("/step", 302, "/private/x", Waits)]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_is_asked_for_its_rules_first() {
    let other = Origin::start(|request| match request.path() {
        "/robots.txt" => Reply::ok("User-agent: *\nDisallow: /private\n"),
        _ => Reply::html("there"),
    })
    .await;
    let (there, forbidden) = (other.url("/there"), other.url("/private"));
    let site = site(move |path| match path {
        "/" => Reply::html("<a href=/go>g</a><a href=/on>o</a>"),
        "/go" => Reply::redirect(307, there.clone()),
        _ => Reply::redirect(307, forbidden.clone()),
    })
    .await;
    let mut plan = plan(&[&site]);
    plan.reach = Reach::Hosts;
    let report = crawled(&plan).await;
    let log: Vec<_> = other.log().into_iter().map(|visit| visit.target).collect();
    assert_eq!(log, ["/robots.txt", "/there"]);
    assert_eq!((report.pages, report.disallowed, report.errors), (2, 1, 0));
    assert_eq!(chains(&report), [vec![hop("/go", 307, "/there", Waits)], vec![hop("/on", 307, "/private", Waits)]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_whose_rules_are_known_is_asked_by_the_same_request() {
    let other = site(|path| if path == "/there" { Reply::html("<a href=next>n</a>") } else { Reply::html("") }).await;
    let (there, seen) = (other.url("/there"), Gate::new());
    let answered = seen.clone();
    let site = site(move |path| match path {
        "/" => Reply::html("<a href=/go>g</a>"),
        _ => Reply::redirect(302, there.clone()).held(&answered),
    })
    .await;
    let plan = plan(&[&site, &other]);
    let rules_are_known = async {
        other.wait_for_requests(2).await;
        seen.open();
    };
    let (report, ()) = tokio::join!(crawled(&plan), rules_are_known);
    assert_eq!(asked(&other), ["/", "/there", "/next"], "what it links to is relative to where it is");
    assert_eq!(chains(&report), [vec![hop("/go", 302, "/there", Followed)]]);
    let host = |origin: &Origin| {
        report.hosts.iter().find(|host| format!("{}/", host.origin) == origin.url("/")).map(|host| host.answers)
    };
    assert_eq!((host(&site), host(&other)), (Some(2), Some(3)), "each answer is its own host's");
}

/// One job at a time, so that the order is known: the other host has answered when the redirect comes.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_asked_to_be_left_alone_is_not_asked_through_a_redirect() {
    let other = Origin::start(|request| match request.path() {
        "/robots.txt" => Reply::new(404),
        "/" => Reply::new(429).field("retry-after", "1"),
        _ => Reply::html("there"),
    })
    .await;
    let there = other.url("/there");
    let site = site(move |path| match path {
        "/" => Reply::html("<a href=/go>g</a>"),
        _ => Reply::redirect(302, there.clone()),
    })
    .await;
    let mut plan = plan(&[&other, &site]);
    plan.bounds.in_flight = 1;
    let stop = async {
        // The rules, the page that is refused, and the next thing it is asked for.
        other.wait_for_requests(3).await;
    };
    let report = patiently("the crawl", crawl(&plan, None, stop)).await.unwrap();
    assert_eq!(chains(&report), [vec![hop("/go", 302, "/there", Waits)]]);
    let log = other.log();
    assert!(log[2].started - log[1].ended.unwrap() >= Duration::from_secs(1), "{log:?}");
}

/// The redirects of a host without a pause may not take that of another one away.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_with_a_delay_is_asked_no_sooner_through_redirects() {
    let pause = Duration::from_millis(100);
    let other = Origin::start(|request| match request.path() {
        "/robots.txt" => Reply::ok("User-agent: *\nCrawl-delay: 0.1\n"),
        "/" => Reply::html("<a href=/1>1</a><a href=/2>2</a>"),
        "/1" => Reply::redirect(302, "/later"),
        _ => Reply::html("there"),
    })
    .await;
    let there = other.url("/there/");
    let site = site(move |path| match path {
        "/" => Reply::html((0..5).map(|n| format!("<a href=/go/{n}>g</a>")).collect::<String>()),
        path => Reply::redirect(302, format!("{there}{}", path.replace('/', "-"))),
    })
    .await;
    let mut plan = plan(&[&other, &site]);
    plan.bounds.per_host = 4;
    let report = crawled(&plan).await;
    let log = other.log();
    assert_eq!((log.len(), report.pages, report.redirects.known), (10, 9, 0));
    assert!(
        chains(&report).contains(&vec![hop("/1", 302, "/later", Waits)]),
        "its own redirect would wait in the framework"
    );
    for pair in log.windows(2) {
        assert!(pair[1].started - pair[0].started >= pause, "{pair:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_pages_than_asked_for_though_each_leads_to_another() {
    let site = site(|path| {
        let n: usize = path[1..].parse().unwrap_or_default();
        Reply::redirect(302, format!("/{}", n + 1))
    })
    .await;
    let mut plan = plan(&[&site]);
    plan.bounds.max_pages = Some(7);
    let report = crawled(&plan).await;
    assert_eq!(asked(&site), ["/", "/1", "/2", "/3", "/4", "/5", "/6"]);
    assert_eq!((report.stopped, report.statuses[&302], report.left), (Stopped::PageLimit, 7, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_deeper_than_asked_for_though_each_leads_to_another() {
    let site = site(|path| {
        let n: usize = path[1..].parse().unwrap_or_default();
        Reply::redirect(302, format!("/{}", n + 1))
    })
    .await;
    let mut plan = plan(&[&site]);
    plan.bounds.max_depth = Some(3);
    let report = crawled(&plan).await;
    assert_eq!(asked(&site), ["/", "/1", "/2", "/3"]);
    assert_eq!((report.stopped, report.too_deep, report.redirects.left), (Stopped::Finished, 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_longer_chain_than_one_request_follows_is_gone_on_with_by_another() {
    let site = site(|path| match path[1..].parse().unwrap_or_default() {
        25 => Reply::html("the end"),
        n => Reply::redirect(301, format!("/{}", n + 1_usize)),
    })
    .await;
    let report = crawled(&plan(&[&site])).await;
    assert_eq!(asked(&site).len(), 26);
    let lengths: Vec<_> = chains(&report).iter().map(Vec::len).collect();
    assert_eq!(lengths.iter().sum::<usize>(), 25);
    assert_eq!(lengths.iter().max(), Some(&11), "ten are followed, and the last one waits");
    assert_eq!((report.pages, report.errors, report.redirects.waited), (1, 0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_after_a_redirect_is_tried_again_from_there() {
    let failures = std::sync::atomic::AtomicUsize::new(2);
    let site = site(move |path| match path {
        "/" => Reply::html("<a href=/go>g</a>"),
        "/go" => Reply::redirect(302, "/flaky"),
        _ if failures.fetch_sub(1, std::sync::atomic::Ordering::SeqCst) == 2 => Reply::drop_connection(),
        _ => Reply::html("at last"),
    })
    .await;
    let report = crawled(&plan(&[&site])).await;
    assert_eq!(asked(&site), ["/", "/go", "/flaky", "/flaky"]);
    assert_eq!((report.pages, report.retries, report.errors), (2, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_out_of_the_crawl_is_an_answer_and_one_to_no_page_an_error() {
    let other = site(|_| Reply::html("")).await;
    let elsewhere = other.url("/");
    let site = site(move |path| match path {
        "/" => Reply::html("<a href=/out>o</a><a href=/mail>m</a><a href=/empty>e</a>"),
        "/out" => Reply::redirect(302, elsewhere.clone()),
        "/mail" => Reply::redirect(302, "mailto:somebody@example.com"),
        _ => Reply::new(302),
    })
    .await;
    let report = crawled(&plan(&[&site])).await;
    assert_eq!(other.log().len(), 0);
    assert_eq!(chains(&report), [vec![hop("/out", 302, "/", Left)]]);
    assert_eq!((report.statuses[&302], report.links.outside, report.errors), (2, 1, 1));
    assert!(
        report.failed[0].url.ends_with("/mail") && report.failed[0].reason.contains("mailto"),
        "{:?}",
        report.failed
    );
}

/// Its robots.txt lies on the other host, which is met by that.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_holds_the_rules_of_another_is_asked_for_its_own_before_a_page() {
    let other = Origin::start(|request| match request.path() {
        "/rules" => Reply::ok("User-agent: *\nAllow: /\n"),
        "/robots.txt" => Reply::ok("User-agent: *\nDisallow: /private\n"),
        _ => Reply::html("there"),
    })
    .await;
    let (rules, links) =
        (other.url("/rules"), format!("<a href={0}there>t</a><a href={0}private>p</a>", other.url("/")));
    let site = Origin::start(move |request| match request.path() {
        "/robots.txt" => Reply::redirect(302, rules.clone()),
        _ => Reply::html(links.clone()),
    })
    .await;
    let mut plan = plan(&[&site]);
    plan.reach = Reach::Hosts;
    let report = crawled(&plan).await;
    let log: Vec<_> = other.log().into_iter().map(|visit| visit.target).collect();
    assert_eq!(log, ["/rules", "/robots.txt", "/there"]);
    assert_eq!((report.stopped, report.pages, report.disallowed), (Stopped::Finished, 2, 1));
}
