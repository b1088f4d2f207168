//! The test of the public suffix list, by the jar: which domain a host may set cookies for, and which is anybody's.
//!
//! The registrable domain of a host is the shortest one that it may set a cookie for. Where there is none the host has cookies for itself
//! alone.

mod runner;

use std::path::Path;
use std::process::ExitCode;

use hinternet::CookieJar;
use runner::{Case, Suite, judge};

fn main() -> ExitCode {
    let suite = Suite {
        name: "psl",
        place: "psl/test_psl.txt",
        cases: 78,
        known_differences: include_str!("psl.known_differences"),
        most_known: 0,
    };
    suite.run(|place| async move { play_all(&place).await })
}

async fn play_all(file: &Path) -> Vec<Case> {
    let lines = std::fs::read_to_string(file).expect("a text");
    let calls = lines.lines().filter_map(|line| line.trim().strip_prefix("checkPublicSuffix(")?.strip_suffix(");"));
    let mut cases = Vec::new();
    for call in calls {
        let (host, domain) = call.split_once(", ").expect("two arguments");
        let (host, domain) = (argument(host), argument(domain));
        cases.push(judge(call.replace(' ', ""), None, async move { check(host.as_deref(), domain.as_deref()) }).await);
    }
    cases
}

fn argument(written: &str) -> Option<String> {
    (written != "null").then(|| written.trim_matches('\'').to_owned())
}

fn check(host: Option<&str>, domain: Option<&str>) -> Result<(), String> {
    let found = host.and_then(registrable);
    // Names are the same in either spelling.
    let canonical =
        |name: &str| url::Url::parse(&format!("http://{name}/")).ok().and_then(|url| url.host_str().map(str::to_owned));
    let wanted = domain.and_then(canonical);
    if found == wanted { Ok(()) } else { Err(format!("{found:?} in place of {wanted:?}")) }
}

/// The shortest domain that this host may set a cookie for.
fn registrable(host: &str) -> Option<String> {
    let labels: Vec<_> = host.split('.').collect();
    (0..labels.len()).rev().find_map(|first| {
        let (jar, domain) = (CookieJar::new(), labels[first..].join("."));
        jar.set(format!("http://{host}/"), format!("a=b; domain={domain}")).ok()?;
        let cookie = jar.list().pop()?;
        (!cookie.is_host_only()).then(|| cookie.domain().to_owned())
    })
}
