//! Turns the plan into what goes over the wire.

use std::fmt::Write;

use super::plan::{Kind, Link, Place, Plan, Resource, Spelling};
use super::robots::{MOVED_TO, Robots, Rules};
use crate::origin::Reply;

/// What a host answers for `/robots.txt`, and for where that has moved to.
pub(super) fn robots(robots: &Robots, path: &str) -> Option<Reply> {
    let text = |rules: &Rules| Reply::ok(rules.text()).field("content-type", "text/plain; charset=utf-8");
    match (robots, path) {
        (Robots::Rules(rules), "/robots.txt") | (Robots::Moved(rules), MOVED_TO) => Some(text(rules)),
        (Robots::Moved(_), "/robots.txt") => Some(Reply::redirect(301, MOVED_TO)),
        (Robots::Missing, "/robots.txt") => Some(Reply::new(404)),
        (Robots::Unavailable, "/robots.txt") => Some(Reply::new(503)),
        _ => None,
    }
}

/// The answer for one resource.
pub(super) fn reply(plan: &Plan, host: usize, path: &str, resource: &Resource) -> Reply {
    let reply = match resource.kind {
        Kind::Missing => {
            Reply::html("<!doctype html><title>not here</title><p>There is no such page.").with_status(404)
        }
        Kind::Plain(kind) => Reply::ok(plain(resource)).field("content-type", kind),
        Kind::Redirect(status) => {
            let to = resource.links.first().map(|link| target(plan, host, path, resource, link)).unwrap_or_default();
            Reply::redirect(status, to).body("moved\n").field("content-type", "text/plain")
        }
        Kind::Page if resource.chunked => {
            let page = html(plan, host, path, resource);
            // Odd pieces, so that tags are cut in the middle.
            let pieces = page.as_bytes().chunks(page.len() / 7 + 1).map(<[u8]>::to_vec);
            Reply::new(200).field("content-type", "text/html").chunked(pieces)
        }
        Kind::Page => Reply::html(html(plan, host, path, resource)),
    };
    match resource.after {
        Some(time) => reply.after(time),
        None => reply,
    }
}

/// Looks like links and is none.
fn plain(resource: &Resource) -> String {
    "<a href=\"/decoy/plain.html\">not a link</a>\n".repeat(resource.text / 45 + 1)
}

fn html(plan: &Plan, host: usize, path: &str, resource: &Resource) -> String {
    let mut page =
        format!("<!doctype html>\n<html><head><meta charset=utf-8><title>{path} <a href=/decoy/title.html></title>\n");
    if let Some(base) = resource.base {
        let _never_fails = writeln!(page, "<base href=\"{base}\">");
    }
    page.push_str("<script>document.write('<a href=\"/decoy/script.html\">');</script>\n</head><body>\n");
    let between = resource.text / (resource.links.len() + 1);
    for link in &resource.links {
        paragraph(&mut page, between);
        anchor(&mut page, plan, host, path, resource, link);
    }
    paragraph(&mut page, between);
    page.push_str("</body></html>\n");
    page
}

fn paragraph(page: &mut String, octets: usize) {
    page.push_str("<p>");
    let end = page.len() + octets;
    while page.len() < end {
        page.push_str("All work and no play makes a crawler dull. ");
    }
    page.push_str("</p>\n");
}

fn anchor(page: &mut String, plan: &Plan, host: usize, path: &str, resource: &Resource, link: &Link) {
    let written = target(plan, host, path, resource, link);
    let _never_fails = match (&link.to, link.spelling) {
        (Place::Decoy(_), _) => writeln!(page, "<!-- <a href=\"{written}\">not yet</a> -->"),
        (_, Spelling::SingleQuotes) => writeln!(page, "<a class=x href='{written}'>here</a>"),
        (_, Spelling::Unquoted) if !written.contains(' ') => writeln!(page, "<a href={written}>here</a>"),
        (_, Spelling::UpperCaseTag) => writeln!(page, "<A TITLE='a > b' HREF=\"{written}\">here</A>"),
        (_, Spelling::Padded) => writeln!(page, "<a href=\" \n{written}\t \">here</a>"),
        (_, Spelling::Entities) => writeln!(page, "<a href=\"{}\">here</a>", entities(&written)),
        _ => writeln!(page, "<a href=\"{written}\">here</a>"),
    };
}

/// The target as this link spells it, before its characters become HTML.
fn target(plan: &Plan, host: usize, from: &str, resource: &Resource, link: &Link) -> String {
    let (to_host, to) = match &link.to {
        Place::Lab(to_host, to) => (*to_host, to.as_str()),
        Place::Elsewhere(url) => return (*url).to_owned(),
        Place::Decoy(path) => return path.clone(),
    };
    let authority = &plan.hosts[to_host].authority;
    let same_host = to_host == host;
    let readable = || to.replace("%20", " ").replace("%C3%A4", "\u{e4}");
    match link.spelling {
        Spelling::UpperCaseScheme => format!("HTTP://{authority}{to}"),
        Spelling::SchemeRelative => format!("//{authority}{to}"),
        Spelling::Fragment => format!("http://{authority}{to}#part-{}", to.len()),
        Spelling::AbsolutePath | Spelling::Unquoted | Spelling::Entities if same_host => to.to_owned(),
        Spelling::Padded | Spelling::SingleQuotes if same_host => readable(),
        Spelling::DotSegments if same_host => format!("/x/./y/../..{to}"),
        Spelling::Relative | Spelling::UpperCaseTag if same_host => relative(resource.base.unwrap_or(from), to),
        _ => format!("http://{authority}{to}"),
    }
}

/// `to` as seen from the directory of `from`.
fn relative(from: &str, to: &str) -> String {
    let directory =
        |path: &str| path.split('?').next().unwrap_or_default().rsplit_once('/').map(|(dir, _)| format!("{dir}/"));
    let (here, there) = (directory(from).unwrap_or_default(), directory(to).unwrap_or_default());
    let rest = if here == there {
        to[there.len()..].to_owned()
    } else {
        format!("{}{}", "../".repeat(here.matches('/').count() - 1), &to[1..])
    };
    // Nothing would mean the page itself.
    if rest.is_empty() { "./".to_owned() } else { rest }
}

/// Some characters as references: by name, decimal, hexadecimal.
fn entities(text: &str) -> String {
    text.replace('&', "\0").replace('/', "&#47;").replace('p', "&#x70;").replace('\0', "&amp;")
}
