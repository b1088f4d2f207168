//! The `robots.txt` of a lab host: what it says, and what it means (RFC 9309).

use std::fmt::Write;
use std::time::Duration;

/// What a host answers for `/robots.txt`.
#[derive(Clone, Debug)]
pub(super) enum Robots {
    /// These rules, for everybody.
    Rules(Rules),
    /// The same, but `/robots.txt` is a redirect to [`MOVED_TO`] (RFC 9309 2.3.1.2).
    Moved(Rules),
    /// 404: everything may be fetched (2.3.1.3).
    Missing,
    /// 503: nothing may be fetched (2.3.1.4).
    Unavailable,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    pub(super) rules: Vec<Rule>,
    pub(super) crawl_delay: Option<Duration>,
    /// Written with CR LF, comments, odd case and lines nobody knows.
    pub(super) untidy: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    Allow(&'static str),
    Disallow(&'static str),
}

/// Where `/robots.txt` has moved to.
pub(super) const MOVED_TO: &str = "/meta/robots.txt";

impl Robots {
    /// May a crawler that the file does not name fetch this path?
    pub(super) fn allows(&self, path_and_query: &str) -> bool {
        match self {
            Self::Missing => true,
            Self::Unavailable => false,
            Self::Rules(rules) | Self::Moved(rules) => rules.allow(path_and_query),
        }
    }

    pub(super) fn crawl_delay(&self) -> Option<Duration> {
        match self {
            Self::Rules(rules) | Self::Moved(rules) => rules.crawl_delay,
            Self::Missing | Self::Unavailable => None,
        }
    }
}

impl Rules {
    /// The longest rule that matches decides, and `Allow` among equals (2.2.2).
    fn allow(&self, path: &str) -> bool {
        let matching = self.rules.iter().filter(|rule| matches(rule.pattern().as_bytes(), path.as_bytes()));
        let longest = matching.max_by_key(|rule| (rule.pattern().len(), matches!(rule, Rule::Allow(_))));
        longest.is_none_or(|rule| matches!(rule, Rule::Allow(_)))
    }

    /// The file's text. A group for another crawler, which forbids everything, must not be taken for ours.
    pub(super) fn text(&self) -> String {
        let mut text = String::from("User-agent: greedybot\nDisallow: /\n\nUser-agent: *\n");
        let (first, second) = self.rules.split_at(self.rules.len() / 2);
        write_rules(&mut text, first);
        if let Some(delay) = self.crawl_delay {
            let _never_fails = writeln!(text, "Crawl-delay: {}", delay.as_secs_f64());
        }
        if self.untidy {
            // Two groups for the same crawler are one (2.2.1).
            text.push_str(
                "Sitemap: /sitemap.xml\n\n# once more, for everybody\nUSER-AGENT: *   # all of you\nNoindex: /x\n",
            );
        }
        write_rules(&mut text, second);
        if self.untidy { text.replace('\n', "\r\n") } else { text }
    }
}

impl Rule {
    fn pattern(&self) -> &'static str {
        match self {
            Self::Allow(pattern) | Self::Disallow(pattern) => pattern,
        }
    }
}

fn write_rules(text: &mut String, rules: &[Rule]) {
    for rule in rules {
        let word = if matches!(rule, Rule::Allow(_)) { "Allow" } else { "Disallow" };
        let _never_fails = writeln!(text, "{word}: {}", rule.pattern());
    }
}

/// A pattern matches a beginning of the path; `*` stands for anything, `$` for the end (2.2.3).
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    match pattern {
        [] => true,
        [b'$'] => path.is_empty(),
        [b'*', rest @ ..] => (0..=path.len()).any(|skip| matches(rest, &path[skip..])),
        [octet, rest @ ..] => path.first() == Some(octet) && matches(rest, &path[1..]),
    }
}
