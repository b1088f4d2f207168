//! The plainest crawler there is: one request at a time, and an eye for HTML of its own.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use super::{Expected, Lab, MOVED_TO};

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

/// Crawls from the lab's seeds. A rude crawl neither reads nor obeys `robots.txt`.
pub(super) async fn crawl(lab: &Lab, polite: bool) -> BTreeMap<String, Expected> {
    let seeds = lab.seeds();
    let hosts: BTreeSet<String> = seeds.iter().map(|seed| authority(&Url::parse(seed).unwrap())).collect();
    let mut found = BTreeMap::new();
    let mut queue: VecDeque<Url> = seeds.iter().map(|seed| Url::parse(seed).unwrap()).collect();
    let mut met: BTreeSet<Url> = queue.iter().cloned().collect();
    if polite {
        for seed in &queue {
            let robots = get(&seed.join("/robots.txt").unwrap()).await.unwrap();
            if robots.status == 301 {
                assert_eq!(get(&seed.join(MOVED_TO).unwrap()).await.unwrap().status, 200);
            }
        }
    }
    while let Some(url) = queue.pop_front() {
        // The rules themselves are tested by name; here the lab's own reading of them will do.
        if polite && lab.truth().disallowed.contains(url.as_str()) {
            continue;
        }
        let mut drops = 0;
        let answer = loop {
            match get(&url).await {
                Some(answer) => break answer,
                None => drops += 1,
            }
        };
        let links = links(&url, &answer);
        found.insert(url.to_string(), Expected { status: answer.status, octets: answer.body.len() as u64, drops });
        for link in links {
            if hosts.contains(&authority(&link)) && met.insert(link.clone()) {
                queue.push_back(link);
            }
        }
    }
    found
}

fn authority(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port().unwrap_or_default())
}

/// `None` when the lab dropped the connection.
async fn get(url: &Url) -> Option<Answer> {
    let mut stream = TcpStream::connect(authority(url)).await.unwrap();
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let request = format!("GET {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", authority(url));
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut octets = Vec::new();
    stream.read_to_end(&mut octets).await.unwrap();
    let end = octets.windows(4).position(|window| window == b"\r\n\r\n")?;
    let body = octets.split_off(end + 4);
    let head = String::from_utf8(octets).unwrap();
    let body = if head.contains("transfer-encoding: chunked") { dechunked(&body) } else { body };
    Some(Answer { status: head[9..12].parse().unwrap(), head, body })
}

fn dechunked(mut octets: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(httparse::Status::Complete((line, size @ 1..))) = httparse::parse_chunk_size(octets) {
        let (chunk, rest) = octets[line..].split_at(usize::try_from(size).unwrap());
        body.extend_from_slice(chunk);
        octets = &rest[2..];
    }
    body
}

fn links(url: &Url, answer: &Answer) -> Vec<Url> {
    let mut links = Vec::new();
    if let Some((_, rest)) = answer.head.split_once("location: ") {
        links.push(rest.lines().next().unwrap_or_default().to_owned());
    }
    let mut base = url.clone();
    if answer.head.contains("text/html") && answer.status == 200 {
        let page = without(
            without(without(String::from_utf8(answer.body.clone()).unwrap(), "<!--", "-->"), "<script", "</script>"),
            "<title",
            "</title>",
        );
        if let Some(directory) = attribute(&page, "<base href=").first() {
            base = url.join(directory).unwrap();
        }
        links.extend(attribute(&page, "<a href="));
        links.extend(attribute(&page, "<a class=x href="));
        links.extend(attribute(&page, "<A TITLE='a > b' HREF="));
    }
    let absolute = links.iter().filter_map(|link| base.join(link).ok());
    absolute
        .map(|mut link| {
            link.set_fragment(None);
            link
        })
        .collect()
}

fn without(page: String, begin: &str, end: &str) -> String {
    let mut kept = String::new();
    let mut rest = page.as_str();
    while let Some((before, after)) = rest.split_once(begin) {
        kept.push_str(before);
        rest = after.split_once(end).map_or("", |(_, after)| after);
    }
    kept + rest
}

/// The values that follow this beginning of a tag: in double quotes, in single ones, or in none.
fn attribute(page: &str, tag: &str) -> Vec<String> {
    let value = |rest: &str| match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => rest[1..].split(quote).next().unwrap_or_default().to_owned(),
        _ => rest.split(['>', ' ']).next().unwrap_or_default().to_owned(),
    };
    let decoded = |text: String| text.replace("&#47;", "/").replace("&#x70;", "p").replace("&amp;", "&");
    page.split(tag).skip(1).map(|rest| decoded(value(rest))).collect()
}
