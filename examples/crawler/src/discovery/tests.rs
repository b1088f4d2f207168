//! What is new, and how little of it is resolved.

use super::*;
use crate::links::LinkReader;
use crate::scope::Reach;

struct Site {
    discovery: Discovery,
}

impl Site {
    fn new() -> Self {
        let start = Url::parse("http://127.0.0.1/").unwrap();
        Self { discovery: Discovery::new(Scope::new(Reach::Origin, [&start], false)) }
    }

    fn page(&mut self, url: &str, html: &str) -> Vec<String> {
        let mut reader = LinkReader::new(self.discovery.inkpad());
        reader.feed(html.as_bytes());
        let mut found = Vec::new();
        self.discovery
            .page(&Url::parse(url).unwrap(), &reader.end(), |url| found.push(url[Position::BeforePath..].to_owned()));
        found
    }
}

#[test]
fn a_url_is_found_once_however_it_is_written() {
    let mut site = Site::new();
    let html =
        "<a href=x><a href=./x><a href=/d/x><a href='http://127.0.0.1:80/d/e/../x#y'><a href='HTTP://127.0.0.1/d/%78'>";
    assert_eq!(
        site.page("http://127.0.0.1/d/1", html),
        ["/d/x", "/d/%78"],
        "RFC 3986 6.2.2.2 would go further than WHATWG"
    );
    assert_eq!(site.page("http://127.0.0.1/d/2", html), [""; 0]);
    assert_eq!(site.page("http://127.0.0.1/e/1", html), ["/e/x"]);
}

#[test]
fn a_query_alone_is_relative_to_its_page() {
    let mut site = Site::new();
    assert_eq!(site.page("http://127.0.0.1/d/1?a", "<a href='?b'>"), ["/d/1?b"]);
    assert_eq!(site.page("http://127.0.0.1/d/2", "<a href='?b'>"), ["/d/2?b"]);
}

#[test]
fn a_base_counts_for_its_page_alone() {
    let mut site = Site::new();
    assert_eq!(site.page("http://127.0.0.1/d/1", "<base href=/b/><a href=x>"), ["/b/x"]);
    assert_eq!(site.page("http://127.0.0.1/d/2", "<a href=x>"), ["/d/x"]);
    assert_eq!(site.page("http://127.0.0.1/d/3", "<base href='http://['><a href=y>"), ["/d/y"]);
}

#[test]
fn what_is_not_followed_is_counted_once() {
    let mut site = Site::new();
    let html = "<a href=http://example.com/><a href=//example.com><a href=ftp://127.0.0.1/><a href=mailto:a@b><a href='http://['>";
    assert_eq!(site.page("http://127.0.0.1/", html), [""; 0]);
    assert_eq!(site.page("http://127.0.0.1/e/", "<a href=http://example.com/>"), [""; 0]);
    assert_eq!(site.discovery.tally(), LinkTally { followed: 0, outside: 1, not_spoken: 2, invalid: 1 });
}

#[test]
fn forgetting_hrefs_finds_nothing_twice() {
    let mut site = Site::new();
    site.page("http://127.0.0.1/", "<a href=x>");
    site.discovery.folders.remembered = MOST_REMEMBERED;
    assert_eq!(site.page("http://127.0.0.1/", "<a href=x><a href=y>"), ["/y"]);
}
