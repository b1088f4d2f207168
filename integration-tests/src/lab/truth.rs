//! Walks the plan as a polite crawl would, and writes down what it must find.

use std::collections::{BTreeSet, VecDeque};

use super::plan::{Place, Plan};
use super::{Expected, GroundTruth};

/// What a polite crawl finds; `expected` tells what a resource answers.
pub(super) fn walk(plan: &Plan, expected: impl Fn(usize, &str) -> Expected) -> GroundTruth {
    let mut truth = GroundTruth::default();
    let mut queue: VecDeque<(usize, String)> = VecDeque::new();
    let mut met = BTreeSet::new();
    for (host, one) in plan.hosts.iter().enumerate().filter(|(_, host)| host.in_scope) {
        queue.push_back((host, "/".to_owned()));
        met.insert((host, "/".to_owned()));
        truth.crawl_delay.extend(one.robots.crawl_delay().map(|delay| (one.authority.clone(), delay)));
    }
    while let Some((host, path)) = queue.pop_front() {
        let url = plan.url(host, &path);
        if !plan.hosts[host].in_scope {
            truth.out_of_scope.insert(url);
            continue;
        }
        if !plan.hosts[host].robots.allows(&path) {
            truth.disallowed.insert(url);
            continue;
        }
        truth.pages.insert(url, expected(host, &path));
        for link in plan.resource(host, &path).into_iter().flat_map(|resource| &resource.links) {
            match &link.to {
                Place::Lab(to_host, to) => {
                    let to = (*to_host, to.clone());
                    if met.insert(to.clone()) {
                        queue.push_back(to);
                    }
                }
                Place::Elsewhere(url) => drop(truth.out_of_scope.insert((*url).to_owned())),
                Place::Decoy(path) => drop(truth.decoys.insert(plan.url(host, path))),
            }
        }
    }
    for (host, one) in plan.hosts.iter().enumerate().filter(|(_, host)| host.in_scope) {
        let unmet = one.resources.keys().filter(|path| !met.contains(&(host, (*path).clone())));
        truth.hidden.extend(unmet.map(|path| plan.url(host, path)));
    }
    truth
}
