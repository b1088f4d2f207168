//! Says whether the requests that came are those that curl would have sent, and what was delivered is what curl would have
//! written.
//!
//! Requests are compared one by one, in the order in which they came: method, target and version exactly, but for the case of a
//! host and of `%xx`; the body, without its
//! chunks, exactly; the fields as a set of lower-case names and values. `Authorization` by Digest is a set of parameters, however
//! they are quoted, and `Cookie` a set of pairs. What does not count is little: `Proxy-Connection`, which curl sends from old habit, of `CONNECT` the
//! `User-Agent`, and what the case itself says is to be stripped. Where a case watches connections, they are
//! counted too.

use std::collections::BTreeSet;

use integration_tests::curl_replay::Heard;

use super::vector::find;

/// A request in the shape in which it is compared.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    line: String,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What does not count.
pub(crate) struct Strips {
    lines: Vec<String>,
    parts: Vec<String>,
    keeps_proxy_connection: bool,
}

impl Strips {
    pub(crate) fn new((lines, parts): (Vec<String>, Vec<String>), arguments: &[(String, String)]) -> Self {
        let named = |(_, value): &(String, String)| value.to_ascii_lowercase().starts_with("proxy-connection");
        Self { lines, parts, keeps_proxy_connection: arguments.iter().any(named) }
    }

    /// Compares what was heard with what curl would have sent.
    pub(crate) fn compare(&self, what: &str, heard: &[Heard], expected: &[u8]) -> Result<(), String> {
        let is_watched = find(expected, DISCONNECT).is_some();
        let (expected, ends) = without_disconnects(expected);
        let expected = self.all(&expected);
        let got: Vec<_> = heard.iter().flat_map(|heard| self.all(&heard.octets)).collect();
        for (place, (got, expected)) in got.iter().zip(&expected).enumerate() {
            if got != expected {
                return Err(format!("{what}, request {}: {}", place + 1, difference(got, expected)));
            }
        }
        if got.len() != expected.len() {
            let lines: Vec<_> = got.iter().map(|one| one.line.as_str()).collect();
            return Err(format!("{what}: {} requests, not {}: {lines:?}", got.len(), expected.len()));
        }
        let connections: BTreeSet<_> = heard.iter().map(|heard| heard.connection).collect();
        if is_watched && connections.len() != ends {
            return Err(format!("{what}: {} connections, not {ends}", connections.len()));
        }
        Ok(())
    }

    /// The requests that these octets are.
    fn all(&self, mut octets: &[u8]) -> Vec<Said> {
        let mut all = Vec::new();
        while !octets.is_empty() {
            let (said, rest) = self.one(octets);
            octets = rest;
            all.push(said);
        }
        all
    }

    fn one<'a>(&self, octets: &'a [u8]) -> (Said, &'a [u8]) {
        let end = find(octets, b"\r\n\r\n").map_or(octets.len(), |end| end + 4);
        let head = String::from_utf8_lossy(&octets[..end]).into_owned();
        let mut lines = head.split("\r\n").filter(|line| !line.is_empty());
        let line = without_case(lines.next().unwrap_or_default());
        let is_connect = line.starts_with("CONNECT ");
        let fields = lines.filter(|line| !self.drops(line)).map(|line| self.field(line));
        let mut fields: Vec<_> = fields.filter(|(name, _)| !is_connect || name != "user-agent").collect();
        // Those of one name stay in their order, which means something (RFC 9110 5.3).
        fields.sort_by(|(one, _), (other, _)| one.cmp(other));
        let value = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        let rest = &octets[end..];
        let (body, rest) = if value("transfer-encoding").is_some_and(|coding| coding.ends_with("chunked")) {
            dechunked(rest)
        } else {
            let length = value("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            // A request that was given up, or answered early, is followed by the next one before its body ends.
            let is_whole = rest.len() == length || rest.get(length..).is_some_and(|rest| next_request(rest) == Some(0));
            let length = if is_whole { length } else { length.min(next_request(rest).unwrap_or(rest.len())) };
            (rest[..length].to_vec(), &rest[length..])
        };
        (Said { line, fields, body }, rest)
    }

    fn drops(&self, line: &str) -> bool {
        let lower = line.to_ascii_lowercase();
        self.lines.iter().any(|pattern| match pattern.as_str() {
            "^Authorization.*cnonce" => lower.starts_with("authorization") && lower.contains("cnonce"),
            "^Accept-Encoding:.*" => lower.starts_with("accept-encoding:"),
            other => panic!("{other:?} is stripped by no rule known here"),
        }) || (!self.keeps_proxy_connection && lower.starts_with("proxy-connection:"))
    }

    fn field(&self, line: &str) -> (String, String) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let (name, mut value) = (name.to_ascii_lowercase(), value.trim().to_owned());
        for part in &self.parts {
            match part {
                _ if part.starts_with("s/^Accept-Encoding:") => {
                    if name == "accept-encoding" {
                        value = "xxx".to_owned();
                    }
                }
                _ if part.starts_with("if(s/^(Authorization: Digest )") => {
                    if name == "authorization" {
                        value = without_nonces(&value);
                    }
                }
                other => panic!("{other:?} is stripped by no rule known here"),
            }
        }
        if let Some(parameters) = value.strip_prefix("Digest ") {
            let mut parameters = parameters_of(parameters);
            // A tunnel's host has another name here, so the response is another one too.
            if parameters.iter().any(|one| one.starts_with("uri=") && one.contains(".t")) {
                parameters.retain(|one| !one.starts_with("response="));
            }
            value = format!("Digest {parameters:?}");
        }
        if name == "host" {
            value = value.to_ascii_lowercase();
        }
        if name == "cookie" {
            value = format!("{:?}", value.split(';').map(str::trim).collect::<BTreeSet<_>>());
        }
        (name, value)
    }
}

/// A request line with its host in lower case (RFC 9110 4.2.3), and the digits of `%xx` in upper case (RFC 3986 6.2.2.1).
fn without_case(line: &str) -> String {
    let begin = line.find("://").map(|at| at + 3);
    let end = begin.map(|begin| line[begin..].find(['/', '?', ' ']).map_or(line.len(), |at| begin + at));
    let mut octets = line.as_bytes().to_vec();
    if let (Some(begin), Some(end)) = (begin, end) {
        octets[begin..end].make_ascii_lowercase();
    }
    for at in 0..octets.len().saturating_sub(2) {
        if octets[at] == b'%' && octets[at + 1].is_ascii_hexdigit() && octets[at + 2].is_ascii_hexdigit() {
            octets[at + 1..at + 3].make_ascii_uppercase();
        }
    }
    String::from_utf8(octets).expect("only letters were changed")
}

/// The octets without the marks of connections that ended, and how many did.
fn without_disconnects(octets: &[u8]) -> (Vec<u8>, usize) {
    let (mut all, mut ends, mut rest) = (Vec::new(), 0, octets);
    while let Some(at) = find(rest, DISCONNECT) {
        all.extend_from_slice(&rest[..at]);
        rest = &rest[at + DISCONNECT.len()..];
        ends += 1;
    }
    all.extend_from_slice(rest);
    (all, ends)
}

/// Where, in what follows a head, another request begins.
fn next_request(octets: &[u8]) -> Option<usize> {
    let starts = ["GET ", "PUT ", "POST ", "HEAD ", "CONNECT "];
    let is_line = |at: usize| {
        let line = octets[at..].split(|octet| *octet == b'\r').next().unwrap_or_default();
        line.ends_with(b" HTTP/1.1") && starts.iter().any(|start| line.starts_with(start.as_bytes()))
    };
    (0..octets.len()).find(|at| is_line(*at))
}

fn dechunked(mut octets: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut body = Vec::new();
    loop {
        let Some(end) = find(octets, b"\r\n") else { return (body, &[]) };
        let digits = std::str::from_utf8(&octets[..end]).unwrap_or_default();
        let Ok(size) = usize::from_str_radix(digits, 16) else { return (body, octets) };
        octets = &octets[end + 2..];
        if size == 0 {
            let end = find(octets, b"\r\n").map_or(octets.len(), |end| end + 2);
            return (body, &octets[end..]);
        }
        let size = size.min(octets.len());
        body.extend_from_slice(&octets[..size]);
        octets = octets.get(size + 2..).unwrap_or_default();
    }
}

/// The parameters of a Digest field, unquoted.
fn parameters_of(text: &str) -> BTreeSet<String> {
    let (mut parameters, mut one, mut is_quoted, mut is_escaped) = (BTreeSet::new(), String::new(), false, false);
    for c in text.chars() {
        match c {
            '"' if !is_escaped => is_quoted = !is_quoted,
            ',' if !is_quoted => {
                parameters.insert(std::mem::take(&mut one).trim().to_owned());
            }
            c => one.push(c),
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    parameters.insert(one.trim().to_owned());
    parameters
}

fn without_nonces(value: &str) -> String {
    let Some(parameters) = value.strip_prefix("Digest ") else { return value.to_owned() };
    let kept = parameters_of(parameters);
    let kept = kept.iter().map(|one| match one.split_once('=') {
        Some((name @ ("cnonce" | "response"), _)) => format!("{name}=REMOVED"),
        _ => one.clone(),
    });
    format!("Digest {}", kept.collect::<Vec<_>>().join(", "))
}

/// What of the heads and bodies that curl writes out are bodies.
pub(crate) fn bodies(octets: &[u8]) -> Vec<u8> {
    let (mut bodies, mut rest) = (Vec::new(), octets);
    while let Some(begin) = find(rest, b"HTTP/1.") {
        bodies.extend_from_slice(&rest[..begin]);
        rest = &rest[begin..];
        let end = find(rest, b"\r\n\r\n").map(|end| end + 4).or_else(|| find(rest, b"\n\n").map(|end| end + 2));
        rest = &rest[end.unwrap_or(rest.len())..];
    }
    bodies.extend_from_slice(rest);
    bodies
}

fn difference(got: &Said, expected: &Said) -> String {
    if got.line != expected.line {
        return format!("{:?}, not {:?}", got.line, expected.line);
    }
    let more: Vec<_> = got.fields.iter().filter(|field| !expected.fields.contains(field)).collect();
    let fewer: Vec<_> = expected.fields.iter().filter(|field| !got.fields.contains(field)).collect();
    if !more.is_empty() || !fewer.is_empty() {
        return format!("{}: has {more:?}, has not {fewer:?}", got.line);
    }
    let (ours, theirs) = (got.body.escape_ascii(), expected.body.escape_ascii());
    format!("{}: the body is {}, not {}", got.line, short(&ours.to_string()), short(&theirs.to_string()))
}

pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{:?}... ({} long)", &text[..end], text.len()),
        None => format!("{text:?}"),
    }
}

const DISCONNECT: &[u8] = b"[DISCONNECT]\n";
