//! The lines of a robots.txt, and which of them are ours (RFC 9309 2.2).

use std::time::Duration;

use super::pattern::Pattern;
use super::{MAX_CRAWL_DELAY, Robots, Rule};

/// Which crawlers the group being read is for. `User-agent` lines that follow each other head one group; the first
/// rule ends its heading, so that the next `User-agent` begins another.
#[derive(Default)]
struct Group {
    names_us: bool,
    names_all: bool,
    heading_over: bool,
}

pub(super) fn parse(text: &[u8], product_token: &str) -> Robots {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let (mut ours, mut everyones) = (Robots::default(), Robots::default());
    let mut we_are_named = false;
    let mut group = Group::default();

    for (key, value) in text.split(|octet| matches!(octet, b'\r' | b'\n')).filter_map(record) {
        if key.eq_ignore_ascii_case(b"user-agent") {
            if group.heading_over {
                group = Group::default();
            }
            group.names_all |= names_all(value);
            group.names_us |= product_of(value).eq_ignore_ascii_case(product_token.as_bytes());
            we_are_named |= group.names_us;
            continue;
        }
        let Some(field) = Field::read(key, value) else { continue };
        group.heading_over |= matches!(field, Field::Rule(_));
        if group.names_us {
            field.clone().add_to(&mut ours);
        }
        if group.names_all {
            field.add_to(&mut everyones);
        }
    }
    if we_are_named { ours } else { everyones }
}

#[derive(Clone)]
enum Field {
    /// `None` for an empty `Disallow`, which forbids nothing but is a rule all the same.
    Rule(Option<Rule>),
    CrawlDelay(Duration),
}

impl Field {
    fn read(key: &[u8], value: &[u8]) -> Option<Self> {
        let rule = |allow| Self::Rule((!value.is_empty()).then(|| Rule { pattern: Pattern::new(value), allow }));
        match key.to_ascii_lowercase().as_slice() {
            b"allow" => Some(rule(true)),
            b"disallow" => Some(rule(false)),
            b"crawl-delay" => seconds(value).map(Self::CrawlDelay),
            _ => None,
        }
    }

    fn add_to(self, robots: &mut Robots) {
        match self {
            Self::Rule(rule) => robots.rules.extend(rule),
            Self::CrawlDelay(delay) => robots.crawl_delay = robots.crawl_delay.max(Some(delay)),
        }
    }
}

/// `key: value # remark`, without what is not part of either.
fn record(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.split(|octet| *octet == b'#').next()?;
    let colon = line.iter().position(|octet| *octet == b':')?;
    Some((line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()))
}

/// `*`, also when something follows it after a blank.
fn names_all(agent: &[u8]) -> bool {
    agent.split(u8::is_ascii_whitespace).next() == Some(b"*")
}

/// The product token at the front of a `User-agent` value: `Foo` of `Foo/1.0 (x)`.
fn product_of(agent: &[u8]) -> &[u8] {
    let end = agent.iter().position(|octet| !(octet.is_ascii_alphabetic() || matches!(octet, b'-' | b'_')));
    &agent[..end.unwrap_or(agent.len())]
}

fn seconds(value: &[u8]) -> Option<Duration> {
    let seconds: f64 = std::str::from_utf8(value).ok()?.parse().ok()?;
    (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(MAX_CRAWL_DELAY.as_secs_f64())))
}
