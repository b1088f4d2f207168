//! Which pages of a folder of HTML can be reached from its index: worked out from the files, without the crawler.
//!
//! The reading is as plain as these files allow: comments and scripts are cut out, and every `<a ... href="...">` of the
//! rest is a link.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use url::Url;

/// The paths, as a browser would name them, of all pages that exist, that can be reached, and that `allowed` lets pass.
pub(crate) fn pages(root: &Path, index: &str, allowed: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let site = Url::parse("http://site/").unwrap();
    let mut known = BTreeSet::from([site.join(index).unwrap()]);
    let mut unread: Vec<Url> = known.iter().cloned().collect();
    let mut pages = BTreeSet::new();
    while let Some(url) = unread.pop() {
        if !allowed(url.path()) {
            continue;
        }
        let file = file_of(root, &url);
        let mut found = Vec::new();
        if file.is_dir() && !url.path().ends_with('/') {
            found.push(site.join(&format!("{}/", url.path())).unwrap());
        } else if file.extension().is_some_and(|extension| extension == "html") && file.is_file() {
            pages.insert(url[url::Position::BeforePath..].to_owned());
            let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
            found.extend(hrefs(&text).filter_map(|href| url.join(&href).ok()));
        }
        for mut link in found {
            link.set_fragment(None);
            if link.origin() == site.origin() && known.insert(link.clone()) {
                unread.push(link);
            }
        }
    }
    pages
}

fn file_of(root: &Path, url: &Url) -> PathBuf {
    let path = percent_decode(url.path());
    let index = if path.ends_with('/') { "index.html" } else { "" };
    root.join(format!("{}{index}", path.trim_start_matches('/')))
}

fn hrefs(text: &str) -> impl Iterator<Item = String> {
    let text = without(&without(text, "<!--", "-->"), "<script", "</script>");
    let tags: Vec<String> =
        text.split('<').filter(|tag| tag.starts_with("a ") || tag.starts_with("a\n")).map(str::to_owned).collect();
    tags.into_iter().filter_map(|tag| attribute(&tag, "href"))
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag.split_once([' ', '\n'])?.1.trim_start();
    loop {
        let (key, after) = rest.split_once('=')?;
        if key.contains('>') {
            return None;
        }
        let (value, after) = match after.chars().next()? {
            quote @ ('"' | '\'') => after[1..].split_once(quote)?,
            _ => after.split_once([' ', '>'])?,
        };
        if key.split_whitespace().next_back()? == name {
            return Some(
                value
                    .trim()
                    .replace("&amp;", "&")
                    .replace("&quot;", "\"")
                    .replace("&#39;", "'")
                    .replace("&lt;", "<")
                    .replace("&gt;", ">"),
            );
        }
        rest = after;
    }
}

fn without(text: &str, start: &str, end: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(start) {
        kept.push_str(before);
        rest = after.split_once(end).map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept
}

fn percent_decode(path: &str) -> String {
    let mut octets = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(octet) => {
                octets.push(octet);
                rest = &after[2..];
            }
            None => {
                octets.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}
