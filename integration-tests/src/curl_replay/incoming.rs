//! What a request asks for, by the rules of curl's server.

/// The head of a request, as far as the server looks into it.
#[derive(Debug)]
pub(super) struct Incoming {
    /// Octets up to and with the empty line.
    pub(super) head: usize,
    pub(super) body: Body,
    /// What the target asks for.
    pub(super) part: u32,
    pub(super) is_connect: bool,
    /// HTTP/1.0.
    pub(super) is_old: bool,
    pub(super) shows_credentials: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    Length(usize),
    Chunked,
}

impl Incoming {
    /// `None` until the head is whole.
    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        let head = octets.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let text = String::from_utf8_lossy(&octets[..head]).into_owned();
        let first = text.lines().next().unwrap_or_default();
        let mut words = first.split(' ');
        let is_connect = words.next() == Some("CONNECT");
        let target = words.next().unwrap_or_default();
        let lower = text.to_ascii_lowercase();
        let mut part = if is_connect { part_of_host(target) } else { part_of_path(target) };
        if lower.contains("authorization: digest") {
            part += 1000;
        } else if part >= 1000 && lower.contains("authorization: basic") {
            part += 1;
        }
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let is_chunked = lower.contains("\r\ntransfer-encoding: chunked");
        Some(Self {
            head,
            body: if is_chunked { Body::Chunked } else { Body::Length(length.unwrap_or(0)) },
            part,
            is_connect,
            is_old: first.ends_with("HTTP/1.0"),
            shows_credentials: lower.contains("authorization:"),
        })
    }

    /// The octets of the whole request once they are there, with so many left out at the end of its body.
    pub(super) fn whole(&self, octets: &[u8], skipped: usize) -> Option<usize> {
        match self.body {
            Body::Length(length) => {
                let whole = self.head + length.saturating_sub(skipped);
                (octets.len() >= whole).then_some(whole)
            }
            Body::Chunked => {
                let ends = |end: &[u8]| octets[self.head - 2..].windows(end.len()).position(|some| some == end);
                ends(b"\r\n0\r\n\r\n").map(|at| self.head - 2 + at + 7)
            }
        }
    }

    /// The octets of a body of known length that are not there yet.
    pub(super) fn missing(&self, octets: &[u8]) -> usize {
        match self.body {
            Body::Length(length) => (self.head + length).saturating_sub(octets.len()),
            Body::Chunked => 0,
        }
    }
}

/// The digits after the last slash.
fn part_of_path(target: &str) -> u32 {
    let last = target.rsplit_once('/').map_or("", |(_, last)| last);
    number(last.trim_start_matches(|c: char| !c.is_ascii_digit()))
}

/// The digits of the last label before the port.
fn part_of_host(authority: &str) -> u32 {
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let label = host.rsplit_once('.').map_or("", |(_, label)| label);
    number(label.trim_start_matches(|c: char| !c.is_ascii_digit()))
}

fn number(text: &str) -> u32 {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    let number: u64 = digits.parse().unwrap_or(0);
    if number > 10_000 { u32::try_from(number % 10_000).unwrap_or(0) } else { 0 }
}
