//! A site that is crawled again: what has not changed is not sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crawler::crawl::crawl;
use crawler::kept;
use crawler::plan::Plan;
use crawler::report::Report;
use hinternet::Cache;
use integration_tests::coded::Coded;
use integration_tests::origin::{Origin, Reply};
use integration_tests::patiently;

/// Three pages and a redirect, each with a tag; `/news` is another one in each version. All of them say that they are fresh for a day.
async fn site(version: Arc<AtomicUsize>) -> Origin {
    Origin::start(move |request| {
        let version = version.load(Ordering::SeqCst);
        let (tag, reply) = match request.path() {
            "/robots.txt" => ("robots".to_owned(), Reply::ok("User-agent: *\nDisallow: /private\n")),
            "/" => ("home".to_owned(), Reply::html("<a href=/news>n</a><a href=/old>o</a><a href=/private>p</a>")),
            "/news" => (format!("news{version}"), Reply::html(format!("<a href=/story/{version}>s</a>"))),
            "/old" => ("old".to_owned(), Reply::redirect(301, "/news")),
            _ => ("story".to_owned(), Reply::html("a story")),
        };
        let tag = format!("\"{tag}\"");
        let reply = if request.field("if-none-match") == Some(&tag) { Reply::new(304) } else { reply };
        reply.field("etag", tag).field("cache-control", "max-age=86400")
    })
    .await
}

async fn crawled(site: &Origin, cache: Option<Cache>) -> Report {
    let plan = Plan { cache, list_pages: true, ..Plan::new(vec![url::Url::parse(&site.url("/")).unwrap()]) };
    patiently("the crawl", crawl(&plan, None, std::future::pending())).await.unwrap()
}

fn statuses(site: &Origin, from: usize) -> Vec<(String, u16)> {
    let mut all: Vec<_> = site.log().into_iter().skip(from).map(|visit| (visit.target, visit.status)).collect();
    all.sort();
    all
}

fn pages(report: &Report) -> Vec<(&str, u16, u64)> {
    let mut all: Vec<_> = report.fetched.iter().flatten().map(|it| (&*it.url, it.status, it.octets)).collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_is_asked_for_what_has_changed_and_the_report_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let version = Arc::new(AtomicUsize::new(1));
    let site = site(Arc::clone(&version)).await;

    let cache = kept::open(folder.path(), 1024).unwrap();
    let first = crawled(&site, Some(cache.clone())).await;
    cache.close().await;
    assert_eq!((first.wire.unchanged, first.disallowed), (0, 1));
    let asked = site.log().len();
    assert_eq!(asked, 5, "{:?}", site.log());

    // Another process would find the same in the folder.
    let cache = kept::open(folder.path(), 1024).unwrap();
    let again = crawled(&site, Some(cache.clone())).await;
    assert_eq!(pages(&again), pages(&first), "it is read from what was kept, links and all");
    assert_eq!((again.disallowed, again.wire.unchanged), (1, 5));
    assert!(again.to_string().contains("unchanged    5 answers"), "{again}");
    assert!(statuses(&site, asked).iter().all(|(_, status)| *status == 304), "{:?}", statuses(&site, asked));

    version.store(2, Ordering::SeqCst);
    let asked = site.log().len();
    let changed = crawled(&site, Some(cache.clone())).await;
    cache.close().await;
    let seen = statuses(&site, asked);
    let answered = |path: &str| seen.iter().find(|(target, _)| target == path).map(|(_, status)| *status);
    assert_eq!((answered("/"), answered("/news"), answered("/story/2")), (Some(304), Some(200), Some(200)));
    assert_eq!((answered("/story/1"), changed.wire.unchanged), (None, 3), "nothing links to it any more");
}

/// Nothing but the redirect leads to the page.
#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_that_was_kept_is_asked_for_and_followed_again() {
    let folder = tempfile::tempdir().unwrap();
    let target = Arc::new(AtomicUsize::new(1));
    let now = Arc::clone(&target);
    let site = Origin::start(move |request| {
        let target = now.load(Ordering::SeqCst);
        let (tag, reply) = match request.path() {
            "/robots.txt" => return Reply::new(404),
            "/" => ("home".to_owned(), Reply::html("<a href=/old>o</a>")),
            "/old" => (format!("old{target}"), Reply::redirect(301, format!("/new/{target}")).body("moved")),
            path => (path.to_owned(), Reply::html(format!("this is {path}"))),
        };
        let tag = format!("\"{tag}\"");
        let reply = if request.field("if-none-match") == Some(&tag) { Reply::new(304) } else { reply };
        reply.field("etag", tag).field("cache-control", "max-age=86400")
    })
    .await;
    let cache = kept::open(folder.path(), 1024).unwrap();
    let first = crawled(&site, Some(cache.clone())).await;
    cache.close().await;
    let cache = kept::open(folder.path(), 1024).unwrap();
    assert_eq!((first.redirects.followed, first.pages, first.statuses[&301]), (1, 2, 1));

    let asked = site.log().len();
    let again = crawled(&site, Some(cache.clone())).await;
    assert_eq!((pages(&again), &again.chains), (pages(&first), &first.chains));
    assert_eq!((again.wire.unchanged, again.redirects), (3, first.redirects));
    let seen = statuses(&site, asked);
    assert_eq!(seen.iter().map(|(_, status)| *status).collect::<Vec<_>>(), [304, 304, 304, 404], "{seen:?}");

    target.store(2, Ordering::SeqCst);
    let asked = site.log().len();
    let changed = crawled(&site, Some(cache.clone())).await;
    cache.close().await;
    let seen = statuses(&site, asked);
    let seen: Vec<_> = seen.iter().map(|(path, status)| (&**path, *status)).collect();
    assert_eq!(seen, [("/", 304), ("/new/2", 200), ("/old", 301), ("/robots.txt", 404)]);
    assert_eq!((changed.redirects.followed, changed.pages), (1, 2));
}

#[tokio::test]
async fn without_a_cache_nothing_is_said_of_one() {
    let site = site(Arc::default()).await;
    let report = crawled(&site, None).await;
    assert_eq!(report.wire.unchanged, 0);
    assert!(!report.to_string().contains("unchanged"), "{report}");
    assert!(
        site.log().iter().all(|visit| visit.field("cache-control").is_none() && visit.field("if-none-match").is_none())
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_had_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let refusal = kept::open(file.path(), 1024).unwrap_err();
    assert!(refusal.contains(&file.path().display().to_string()), "{refusal}");
}

#[tokio::test]
async fn pages_are_asked_for_and_read_in_every_coding() {
    for coded in Coded::ALL {
        let site = Origin::start(move |request| match request.path() {
            "/robots.txt" => Reply::new(404),
            "/" => Reply::html(coded.code(b"<a href=/linked>here</a>")).field("content-encoding", coded.name()),
            _ => Reply::html("linked"),
        })
        .await;
        let report = crawled(&site, None).await;
        assert_eq!(
            (report.pages, report.octets),
            (2, 24 + 6),
            "{}: the octets of the content are counted",
            coded.name()
        );
        let asked = site.log()[1].field("accept-encoding").unwrap_or_default().to_owned();
        assert!(asked.split(", ").any(|one| one == coded.name()), "{} in {asked}", coded.name());
    }
}
