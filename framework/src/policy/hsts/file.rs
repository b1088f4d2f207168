//! The hosts as lines of a file: `host`, or `.host` where those below are meant too, and the second in which that ends.
//!
//! Lines and names are as in curl's file; the time is seconds since 1970, which curl does not read.

use super::store::Entry;
use crate::policy::domains;

/// A line that is not of such a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// Counted from 1.
    pub(crate) line: usize,
}

/// The lines of these hosts.
pub(crate) fn write(entries: &[Entry]) -> Vec<u8> {
    let line = |entry: &Entry| {
        let dot = if entry.include_subdomains { "." } else { "" };
        format!("{dot}{} {}\n", entry.host, entry.expires)
    };
    let lines: String = entries.iter().map(line).collect();
    [HEAD, lines.as_bytes()].concat()
}

/// The hosts of such lines. Comments and empty lines are passed over.
pub(crate) fn read(file: &[u8]) -> Result<Vec<Entry>, Unreadable> {
    let lines = file.split(|&octet| octet == b'\n').map(<[u8]>::trim_ascii).enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with(b"#"));
    lines.map(|(at, line)| entry(line).ok_or(Unreadable { line: at + 1 })).collect()
}

fn entry(line: &[u8]) -> Option<Entry> {
    let (host, expires) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    let name = host.strip_prefix('.').unwrap_or(host);
    let canonical = domains::canonical(name.as_bytes())?;
    let host_name = domains::of_url(&canonical);
    if domains::has_empty_label(host_name) {
        return None;
    }
    Some(Entry { host: host_name.into(), expires: expires.parse().ok()?, include_subdomains: name.len() < host.len() })
}

const HEAD: &[u8] = b"# Hosts that are asked by https only (RFC 6797)\n";
