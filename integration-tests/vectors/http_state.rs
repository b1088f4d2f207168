//! The cases of the IETF's http-state group, by the jar: what a server sets at one URL, and what a request to another one carries.
//!
//! Of the dates it is told here whether they are dates, and whether they are over: a jar keeps no other. To which second they are read
//! a unit test beside the parser says (`http_state_dates`).

mod runner;

use std::path::Path;
use std::process::ExitCode;

use hinternet::CookieJar;
use runner::{Case, Suite, judge, list, read_json, text};
use serde_json::Value;

fn main() -> ExitCode {
    let suite = Suite {
        name: "http_state",
        place: "http-state",
        cases: 222 + 70,
        known_differences: include_str!("http_state.known_differences"),
        most_known: 3,
    };
    suite.run(|place| async move { play_all(&place).await })
}

async fn play_all(folder: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    for vector in list(&read_json(&folder.join("parser.json"))) {
        let (id, vector) = (text(&vector["test"]).to_owned(), vector.clone());
        cases.push(judge(id, None, async move { compare(&vector) }).await);
    }
    for name in ["dates-bsd", "dates-examples"] {
        for (at, vector) in list(&read_json(&folder.join(name).with_extension("json"))).iter().enumerate() {
            let vector = vector.clone();
            cases.push(judge(format!("{name}/{at}"), None, async move { compare_date(&vector) }).await);
        }
    }
    cases
}

/// Cookies are set at this URL.
const SET_AT: &str = "http://home.example.org:8888/cookie-parser";

fn compare(vector: &Value) -> Result<(), String> {
    let (test, jar) = (text(&vector["test"]).to_lowercase(), CookieJar::new());
    for line in list(&vector["received"]) {
        // A cookie that is refused is one that is not sent.
        let _refused = jar.set(format!("{SET_AT}?{test}"), text(line).as_bytes());
    }
    let sent_to = match vector.get("sent-to").map(text) {
        None => format!("http://home.example.org:8888/cookie-parser-result?{test}"),
        Some(path) if path.starts_with('/') => format!("http://home.example.org:8888{path}"),
        Some(url) => url.to_owned(),
    };
    let sent = jar.for_url(sent_to.as_str()).map_err(|error| error.to_string())?;
    let pair = |cookie: &hinternet::Cookie| (cookie.name().to_vec(), cookie.value().to_vec());
    let sent: Vec<_> = sent.iter().map(pair).collect();
    let octets = |value: &Value| text(value).as_bytes().to_vec();
    let wanted = list(&vector["sent"]).iter().map(|cookie| (octets(&cookie["name"]), octets(&cookie["value"])));
    let wanted: Vec<_> = wanted.collect();
    if sent == wanted {
        return Ok(());
    }
    let shown = |pairs: &[(Vec<u8>, Vec<u8>)]| {
        let pair = |(name, value): &(Vec<u8>, Vec<u8>)| {
            format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
        };
        pairs.iter().map(pair).collect::<Vec<_>>().join("; ")
    };
    Err(format!("{:?} is sent in place of {:?}", shown(&sent), shown(&wanted)))
}

fn compare_date(vector: &Value) -> Result<(), String> {
    let jar = CookieJar::new();
    let line = format!("a=b; expires={}", text(&vector["test"]));
    jar.set(SET_AT, &line).map_err(|error| error.to_string())?;
    let kept = jar.list();
    let seen = match kept.first() {
        None => "over",
        Some(cookie) if cookie.expires().is_some() => "to come",
        Some(_) => "no date",
    };
    // What is to come is so for as long as these vectors are of use.
    let is_to_come =
        |date: &str| date.split(' ').nth(3).and_then(|year| year.parse().ok()).is_some_and(|year: u32| year > 2026);
    let wanted = match vector["expected"].as_str() {
        None => "no date",
        Some(date) if is_to_come(date) => "to come",
        Some(_) => "over",
    };
    if seen == wanted { Ok(()) } else { Err(format!("{line}: {seen} in place of {wanted}")) }
}
