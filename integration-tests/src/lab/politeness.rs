//! Judges a crawl by the lab's own log.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::robots::MOVED_TO;
use super::{Fetch, GroundTruth, Politeness};

/// Compares what was fetched with what should have been.
pub(super) fn judge(truth: &GroundTruth, log: &[Fetch], connections: BTreeMap<String, usize>) -> Politeness {
    let mut report = Politeness { connections, ..Politeness::default() };
    let mut answered: BTreeMap<String, usize> = BTreeMap::new();
    let mut hosts: BTreeMap<&str, Vec<&Fetch>> = BTreeMap::new();
    for fetch in log {
        hosts.entry(&fetch.host).or_default().push(fetch);
        let url = format!("http://{}{}", fetch.host, fetch.path);
        if is_robots(fetch) {
            continue;
        }
        if truth.disallowed.contains(&url) {
            report.disallowed.push(url);
        } else if truth.out_of_scope.contains(&url) {
            report.out_of_scope.push(url);
        } else if !truth.pages.contains_key(&url) {
            report.unlinked.push(url);
        } else if fetch.status != 0 {
            *answered.entry(url).or_default() += 1;
        }
    }
    let fetched: BTreeSet<&String> = answered.keys().collect();
    report.missed = truth.pages.keys().filter(|url| !fetched.contains(url)).cloned().collect();
    report.repeated = answered.into_iter().filter(|(_, times)| *times > 1).collect();
    for (host, fetches) in hosts {
        report.smallest_gap.extend(smallest_gap(&fetches).map(|gap| (host.to_owned(), gap)));
        report.highest_concurrency.insert(host.to_owned(), highest_concurrency(&fetches));
        report.before_robots.extend(before_robots(&fetches));
    }
    report
}

fn is_robots(fetch: &Fetch) -> bool {
    matches!(fetch.path.as_str(), "/robots.txt" | MOVED_TO)
}

fn smallest_gap(fetches: &[&Fetch]) -> Option<Duration> {
    fetches.windows(2).map(|pair| pair[1].started.saturating_duration_since(pair[0].started)).min()
}

fn highest_concurrency(fetches: &[&Fetch]) -> usize {
    // An end sorts before a beginning of the same moment.
    let ends = fetches.iter().filter_map(|fetch| fetch.ended).map(|at| (at, false));
    let mut moments: Vec<(Instant, bool)> = fetches.iter().map(|fetch| (fetch.started, true)).chain(ends).collect();
    moments.sort_unstable();
    let (mut now, mut most) = (0_usize, 0);
    for (_, begins) in moments {
        now = if begins { now + 1 } else { now.saturating_sub(1) };
        most = most.max(now);
    }
    most
}

/// What was fetched from a host before its first `robots.txt` had been answered.
fn before_robots(fetches: &[&Fetch]) -> Vec<String> {
    let known = fetches.iter().filter(|fetch| is_robots(fetch)).filter_map(|fetch| fetch.ended).min();
    let too_early = |fetch: &&&Fetch| !is_robots(fetch) && known.is_none_or(|known| fetch.started < known);
    fetches.iter().filter(too_early).map(|fetch| format!("http://{}{}", fetch.host, fetch.path)).collect()
}
