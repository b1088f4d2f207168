//! The crawl of a web made for the purpose, whose every page is known beforehand.

use std::collections::BTreeMap;
use std::time::Duration;

use integration_tests::lab::{GroundTruth, Lab, Politeness};
use url::Url;

use crate::plan::Plan;
use crate::report::{Report, Stopped};

/// The plan, made to start at the lab's pages and to list what it finds.
pub fn plan_for(lab: &Lab, plan: &Plan) -> Plan {
    let starts = lab.seeds().iter().map(|seed| Url::parse(seed).expect("the lab's seeds are URLs")).collect();
    Plan { starts, list_pages: true, ..plan.clone() }
}

/// In what the report differs from the truth, and the crawl from good manners. `None` for a crawl that was not meant to
/// see everything.
pub fn differences(lab: &Lab, plan: &Plan, report: &Report) -> Option<Vec<String>> {
    let bounded = plan.bounds.max_depth.is_some() || report.stopped != Stopped::Finished;
    (!bounded).then(|| {
        let mut differences = from_truth(lab.truth(), report);
        differences.extend(from_manners(lab, plan, &lab.report()));
        differences
    })
}

/// What [`differences`] come to, in a sentence.
pub fn verdict(differences: Option<&[String]>) -> String {
    match differences {
        None => "not checked, since the crawl did not see all of it".to_owned(),
        Some([]) => "the report equals its ground truth; its log shows a polite crawl".to_owned(),
        Some(all) => format!("differences from its ground truth: {}; the first: {}", all.len(), all[0]),
    }
}

fn from_truth(truth: &GroundTruth, report: &Report) -> Vec<String> {
    let mut differences = Vec::new();
    let fetched: BTreeMap<&str, _> =
        report.fetched.iter().flatten().map(|page| (&*page.url, (page.status, page.octets))).collect();
    for (url, expected) in &truth.pages {
        let expected = (expected.status, expected.octets);
        match fetched.get(url.as_str()) {
            Some(found) if *found == expected => {}
            Some(found) => differences.push(format!("{url} gave {found:?} (status, octets) instead of {expected:?}")),
            None => differences.push(format!("{url} is missing")),
        }
    }
    let unknown = fetched.keys().filter(|url| !truth.pages.contains_key(**url));
    differences.extend(unknown.map(|url| format!("{url} is in the report and not in the truth")));
    let sums = [
        ("errors", report.errors, 0),
        ("URLs", report.statuses.values().sum(), truth.pages.len() as u64),
        ("octets", report.octets, truth.octets()),
        ("disallowed URLs", report.disallowed, truth.disallowed.len() as u64),
        ("notifications missed", report.wire.missed, 0),
    ];
    let sums = sums.into_iter().filter(|(_, found, expected)| found != expected);
    differences.extend(sums.map(|(name, found, expected)| format!("{found} {name} instead of {expected}")));
    differences
}

fn from_manners(lab: &Lab, plan: &Plan, manners: &Politeness) -> Vec<String> {
    let mut offences: Vec<String> = [
        ("was fetched although it is disallowed", &manners.disallowed),
        ("was fetched although nothing links to it", &manners.unlinked),
        ("was fetched before robots.txt", &manners.before_robots),
        ("was not fetched", &manners.missed),
    ]
    .into_iter()
    .flat_map(|(offence, urls)| urls.iter().map(move |url| format!("{url} {offence}, by the lab's log")))
    .collect();
    offences.extend(manners.repeated.iter().map(|(url, times)| format!("{url} was fetched {times} times")));
    for (host, gap) in &manners.smallest_gap {
        let asked = lab.truth().crawl_delay.get(host).copied().unwrap_or_default();
        let delay: Duration = asked.max(plan.bounds.delay.unwrap_or_default());
        if *gap < delay {
            offences.push(format!("{host} was asked {gap:?} after it had been asked, instead of {delay:?}"));
        }
    }
    for (what, most) in [("requests", &manners.highest_concurrency), ("connections", &manners.connections)] {
        let too_many = most.iter().filter(|(_, most)| what == "requests" && **most > plan.bounds.per_host);
        offences.extend(too_many.map(|(host, most)| format!("{host} had {most} {what} at once")));
    }
    offences
}
