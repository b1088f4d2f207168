//! Lays out the web: what kinds of resources a host has, and how they are woven together.

use std::collections::BTreeMap;
use std::time::Duration;

use super::LabSize;
use super::plan::{Host, Kind, Link, Place, Plan, Resource, Spelling};
use super::robots::{Robots, Rule, Rules};
use crate::seeded::Seeded;

pub(super) fn lay_out(authorities: Vec<String>, size: LabSize, mut chance: Seeded) -> Plan {
    let count = authorities.len() - 1;
    let hosts = authorities.into_iter().enumerate().map(|(n, authority)| {
        let robots = robots(n);
        let share = if robots.crawl_delay().is_some() { size.pages.div_ceil(100) } else { size.pages / count };
        let resources = resources(share.max(12), &mut chance);
        Host { authority, robots, resources, in_scope: n < count }
    });
    let mut plan = Plan { hosts: hosts.collect() };
    for host in 0..count {
        weave(&mut plan, host, &mut chance);
    }
    plan
}

/// Every kind of `robots.txt` has a host, and further hosts have rules.
fn robots(host: usize) -> Robots {
    use Rule::{Allow, Disallow};
    let rules = vec![Disallow("/private/"), Allow("/private/open/"), Disallow("/*.bak$"), Disallow("/*?print=")];
    match host {
        1 => Robots::Missing,
        2 => Robots::Unavailable,
        3 => Robots::Rules(Rules { crawl_delay: Some(CRAWL_DELAY), rules, ..Rules::default() }),
        4 => Robots::Rules(Rules::default()),
        5 => Robots::Moved(Rules { rules, ..Rules::default() }),
        _ => Robots::Rules(Rules { untidy: host % 2 == 1, rules, ..Rules::default() }),
    }
}

fn resources(count: usize, chance: &mut Seeded) -> BTreeMap<String, Resource> {
    let mut resources = BTreeMap::from([("/".to_owned(), Resource::new(Kind::Page))]);
    for n in 1..count {
        let (path, kind) = path_and_kind(n, chance);
        let mut resource = Resource::new(kind);
        resource.text = chance.between(200, 4_000);
        resource.chunked = kind == Kind::Page && chance.percent(20);
        resource.base = (kind == Kind::Page && chance.percent(5)).then_some("/based/here/");
        match chance.below(100) {
            0 | 1 => resource.after = Some(Duration::from_millis(chance.between(50, 200) as u64)),
            2 if kind == Kind::Page => resource.text = chance.between(200_000, 900_000),
            3 => resource.drops = 1,
            _ => {}
        }
        resources.insert(path, resource);
    }
    resources
}

fn path_and_kind(n: usize, chance: &mut Seeded) -> (String, Kind) {
    let directory = chance.below(7);
    match chance.below(100) {
        0..=4 => (format!("/moved/{n}"), Kind::Redirect(*chance.pick(&[301, 302, 307, 308]))),
        5..=7 => (format!("/gone/{n}.html"), Kind::Missing),
        8..=10 => (format!("/files/{n}.txt"), Kind::Plain("text/plain; charset=utf-8")),
        11 => (format!("/files/{n}.bin"), Kind::Plain("application/octet-stream")),
        12 => (format!("/files/{n}.json"), Kind::Plain("application/json")),
        13..=17 => (format!("/private/{n}.html"), Kind::Page),
        18 | 19 => (format!("/private/open/{n}.html"), Kind::Page),
        20 => (format!("/d{directory}/{n}.bak"), Kind::Page),
        21 => (format!("/d{directory}/{n}.bak.html"), Kind::Page),
        22 => (format!("/privateer/{n}.html"), Kind::Page),
        23..=25 => (format!("/hidden/{n}.html"), Kind::Page),
        26..=35 => (format!("/list?item={n}&lang=en"), Kind::Page),
        36 => (format!("/list?print={n}"), Kind::Page),
        37 | 38 => (format!("/d{directory}/a%20page%20{n}.html"), Kind::Page),
        39 | 40 => (format!("/d{directory}/k%C3%A4se-{n}.html"), Kind::Page),
        _ => (format!("/d{directory}/p{n}.html"), Kind::Page),
    }
}

/// Links every resource of the host into a tree from `/`, and then here and there.
fn weave(plan: &mut Plan, host: usize, chance: &mut Seeded) {
    let paths: Vec<String> = plan.hosts[host].resources.keys().cloned().collect();
    let hidden = |path: &str| path.starts_with("/hidden/");
    let private = |path: &str| path.starts_with("/private/") && !path.starts_with("/private/open/");
    let is_page = |path: &String| plan.resource(host, path).is_some_and(|one| one.kind == Kind::Page);
    // Only open pages carry the tree, so that all of it but the hidden pages is within reach.
    let open: Vec<String> =
        paths.iter().filter(|path| is_page(path) && !hidden(path) && !private(path)).cloned().collect();
    let closed: Vec<String> = paths.iter().filter(|path| private(path)).cloned().collect();
    let mut links = Vec::new();
    let mut next = 0;
    for path in paths.iter().filter(|path| *path != "/") {
        let above = if hidden(path) {
            let Some(above) = closed.get(next % closed.len().max(1)) else { continue };
            above.clone()
        } else {
            // "/" sorts first; each open page takes eight.
            open[(next / 8).min(open.len() - 1)].clone()
        };
        next += 1;
        links.push((above, Place::Lab(host, path.clone())));
    }
    for path in &open {
        for _ in 0..chance.between(1, 5) {
            links.push((path.clone(), anywhere(plan, host, chance)));
        }
    }
    for (from, to) in links {
        add_link(plan, host, &from, to, chance);
    }
    aim_redirects(plan, host, chance);
}

fn add_link(plan: &mut Plan, host: usize, from: &str, to: Place, chance: &mut Seeded) {
    let times = if chance.percent(15) { 2 } else { 1 };
    for _ in 0..times {
        let spelling = *chance.pick(&Spelling::ALL);
        if let Some(page) = plan.hosts[host].resources.get_mut(from) {
            page.links.push(Link { to: to.clone(), spelling });
        }
    }
}

fn anywhere(plan: &Plan, host: usize, chance: &mut Seeded) -> Place {
    let other = match chance.below(10) {
        0 => plan.hosts.len() - 1,
        1..=4 => chance.below(plan.hosts.len() - 1),
        _ => host,
    };
    match chance.below(20) {
        0 => Place::Elsewhere(ELSEWHERE[chance.below(ELSEWHERE.len())]),
        1 => Place::Decoy(format!("/decoy/{}.html", chance.below(100_000))),
        _ => {
            let paths = &plan.hosts[other].resources;
            let open: Vec<&String> = paths.keys().filter(|path| !path.starts_with("/hidden/")).collect();
            Place::Lab(other, (*chance.pick(&open)).clone())
        }
    }
}

/// A redirect leads to a page, to another redirect, in a circle, or to another host.
fn aim_redirects(plan: &mut Plan, host: usize, chance: &mut Seeded) {
    let is_redirect = |resource: &Resource| matches!(resource.kind, Kind::Redirect(_));
    let all = &plan.hosts[host].resources;
    let redirects: Vec<String> = all.iter().filter(|(_, one)| is_redirect(one)).map(|(path, _)| path.clone()).collect();
    for (n, from) in redirects.iter().enumerate() {
        let to = match chance.below(10) {
            0 | 1 => Place::Lab(host, redirects[(n + 1) % redirects.len()].clone()),
            2 => Place::Lab(plan.hosts.len() - 1, "/".to_owned()),
            _ => loop {
                if let place @ Place::Lab(..) = anywhere(plan, host, chance) {
                    break place;
                }
            },
        };
        let spelling =
            *chance.pick(&[Spelling::Absolute, Spelling::AbsolutePath, Spelling::Relative, Spelling::Fragment]);
        if let Some(redirect) = plan.hosts[host].resources.get_mut(from) {
            redirect.links = vec![Link { to, spelling }];
        }
    }
}

const CRAWL_DELAY: Duration = Duration::from_millis(100);

const ELSEWHERE: [&str; 5] = [
    "mailto:web@lab.invalid",
    "javascript:void(0)",
    "ftp://lab.invalid/pub/",
    "tel:+4912345",
    "data:text/html,%3Ca%20href=/decoy/data.html%3E",
];
