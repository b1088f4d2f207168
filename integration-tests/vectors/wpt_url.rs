//! What browsers make of URLs (WPT's `urltestdata.json`): those of http and https that need no base, by `Target::parse` and by
//! `crack_url`.
//!
//! A target is what the suite says, or refused where it could not be asked for: with credentials, to port 0, with CR or LF in it.
//! `crack_url` changes nothing in a URL, so it is not asked what the parts look like: it must refuse what is none, and where it finds
//! a host and a port they are those that the suite says.

mod runner;

use std::path::Path;
use std::process::ExitCode;

use hinternet::{Target, UrlFlags, crack_url};
use runner::{Case, Suite, judge};
use serde_json::Value;

fn main() -> ExitCode {
    let suite = Suite {
        name: "wpt_url",
        place: "wpt/urltestdata.json",
        cases: 342,
        known_differences: include_str!("wpt_url.known_differences"),
        most_known: 1,
    };
    suite.run(|place| async move { play_all(&place).await })
}

async fn play_all(file: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(file).expect("a text");
    let all: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let mut cases = Vec::new();
    for (number, one) in all.into_iter().enumerate() {
        let input = one["input"].as_str().unwrap_or_default().to_lowercase();
        if input.starts_with("http://") || input.starts_with("https://") {
            cases.push(judge(number.to_string(), None, async move { check(&one) }).await);
        }
    }
    cases
}

fn check(case: &Value) -> Result<(), String> {
    let said = |name: &str| case[name].as_str().unwrap_or_default();
    let input = said("input");
    let (target, cracked) = (Target::parse(input), crack_url(input, UrlFlags::empty()));
    if case["failure"] == true {
        return match (target, cracked) {
            (Err(_), Err(_)) => Ok(()),
            (target, cracked) => Err(format!("{input:?} is no URL, and becomes {target:?} and {cracked:?}")),
        };
    }
    let own_port = if said("protocol") == "https:" { 443 } else { 80 };
    let port = said("port").parse().unwrap_or(own_port);
    let may_be_refused = !said("username").is_empty() || !said("password").is_empty() || port == 0;
    match target {
        Ok(target) => {
            let found = (target.origin().host(), target.origin().port(), target.path_and_query(), target.fragment());
            let path = format!("{}{}", said("pathname"), said("search"));
            let wanted = (said("hostname"), port, path.as_str(), said("hash").strip_prefix('#'));
            // Of `?` and `#` alone the suite says that there is nothing behind them.
            let bare = |it: (&str, u16, &str, Option<&str>)| {
                let path = it.2.trim_end_matches('?').replace("%09", "");
                (it.0.to_owned(), it.1, path, it.3.unwrap_or_default().replace("%09", ""))
            };
            if bare(found) != bare(wanted) {
                return Err(format!("{input:?}: {found:?} in place of {wanted:?}"));
            }
        }
        Err(_) if may_be_refused || input.contains(['\r', '\n', '\t', '\0']) => {}
        Err(error) => return Err(format!("{input:?}: {error}")),
    }
    let Ok(cracked) = cracked else { return Ok(()) };
    let host = url::Host::parse(&cracked.host).map(|host| host.to_string());
    if host.as_deref() != Ok(said("hostname")) || cracked.port != Some(port) {
        return Err(format!("{input:?} leads to {} and is cracked to {cracked:?}", said("host")));
    }
    Ok(())
}
