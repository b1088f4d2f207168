//! The command line.

mod units;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use url::Url;

use units::Authorities;

use crate::frontier::Bounds;
use crate::plan::Plan;
use crate::scope::Reach;

/// Crawls sites politely, and reports what it found. Without a URL it crawls a web of its own, made for the purpose.
#[derive(Debug, Parser)]
#[command(name = "crawler", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Arguments {
    /// Where to start; each adds its origin to the crawl
    #[arg(value_name = "URL", value_parser = units::url)]
    pub starts: Vec<Url>,

    /// Which links are followed: to the origins of the start URLs, to their hosts on any port, or all
    #[arg(long, value_enum, default_value_t)]
    pub scope: Reach,

    /// Whom the owner of a site can turn to; hosts that are not your own are not crawled without it
    #[arg(long, value_name = "MAIL-OR-URL", value_parser = units::contact)]
    pub contact: Option<String>,

    /// Requests to one host at once
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = units::at_least_one, allow_negative_numbers = true)]
    pub per_host: usize,

    /// Pause between two requests to one host, such as 250ms or 2s [default: 0 on loopback and private networks, else 1s]
    #[arg(long, value_name = "TIME", value_parser = units::duration, allow_hyphen_values = true)]
    pub delay: Option<Duration>,

    /// Requests at once, to all hosts together
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = units::at_least_one, allow_negative_numbers = true)]
    pub in_flight: usize,

    /// Pause before a second attempt at what failed; it doubles with each further one
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = units::duration, allow_hyphen_values = true)]
    pub back_off: Duration,

    /// Stop after so many pages; a redirect counts as one, and so does where it leads
    #[arg(long, value_name = "N", value_parser = units::at_least_one, allow_negative_numbers = true)]
    pub max_pages: Option<usize>,

    /// Follow at most so many links and redirects in a row
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub max_depth: Option<u16>,

    /// Leave an answer that is longer, such as 512KiB or 8MiB
    #[arg(long, value_name = "SIZE", default_value = "8MiB", value_parser = units::size, allow_hyphen_values = true)]
    pub body_cap: u64,

    /// Ask hosts that were found on pages only on addresses of the public internet, so that no page sends the crawler into a
    /// private network; start URLs may be anywhere
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub public_only: bool,

    /// Trust the authorities in this PEM file, too, for https sites
    #[arg(long, value_name = "FILE", value_parser = units::authorities)]
    pub trust: Option<Authorities>,

    /// Keep the answers in this folder, and let the next crawl ask only for what has changed since
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,

    /// How long requests under way may take to finish after Ctrl-C; a second one ends them at once
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = units::duration, allow_hyphen_values = true)]
    pub deadline: Duration,

    /// Write the report as JSON, too; `-` is the standard output
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Let the JSON report list every URL with its answer, and where each redirect led
    #[arg(long, requires = "json")]
    pub list_pages: bool,

    /// Show no progress bars
    #[arg(long, short)]
    pub quiet: bool,
}

impl Arguments {
    /// What the crawl is asked to do; without its cache, which is opened by who carries it out.
    pub fn plan(&self) -> Plan {
        Plan {
            starts: self.starts.clone(),
            reach: self.scope,
            bounds: Bounds {
                per_host: self.per_host,
                in_flight: self.in_flight,
                delay: self.delay,
                back_off: self.back_off,
                max_pages: self.max_pages,
                max_depth: self.max_depth,
            },
            body_cap: self.body_cap,
            contact: self.contact.clone(),
            public_only: self.public_only,
            trusted: self.trust.iter().flat_map(|authorities| authorities.0.iter().cloned()).collect(),
            cache: None,
            deadline: self.deadline,
            list_pages: self.list_pages,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  crawler                                         a web of its own
  crawler http://127.0.0.1:8000/                  a site of yours
  crawler http://127.0.0.1:8000/ --json -         its report as JSON
  crawler http://127.0.0.1:8000/ --cache DIR      again, and only what has changed
  crawler https://site.example/ --contact MAIL    somebody else's";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &str) -> Result<Arguments, String> {
        let words = std::iter::once("crawler").chain(arguments.split_whitespace());
        Arguments::try_parse_from(words).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_are_those_of_a_plan() {
        let plan = parse("http://localhost/").unwrap().plan();
        assert_eq!(format!("{plan:?}"), format!("{:?}", Plan::new(vec![Url::parse("http://localhost/").unwrap()])));
    }

    #[test]
    fn everything_can_be_set() {
        let plan =
            parse("http://a/ http://b/ --scope any --per-host 4 --delay 250ms --body-cap 1MiB --contact me@x.org")
                .unwrap()
                .plan();
        assert_eq!((plan.starts.len(), plan.reach, plan.bounds.per_host), (2, Reach::Any, 4));
        let open = parse("http://a/ --public-only=false").unwrap().plan();
        assert!(plan.public_only && !open.public_only && plan.trusted.is_empty());
        assert_eq!((plan.bounds.delay, plan.body_cap), (Some(Duration::from_millis(250)), 1024 * 1024));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_a_sentence() {
        for (arguments, sentence) in [
            ("/docs", "an absolute URL such as http://localhost/"),
            ("http://[::1/", "invalid IPv6 address"),
            ("localhost:8080/docs", "such as http://localhost:8080/docs"),
            ("http://x/ --per-host 0", "at least 1"),
            ("http://x/ --per-host -1", "at least 1"),
            ("http://x/ --max-depth -1", "not in 0..=65535"),
            ("http://x/ --delay soon", "such as 250ms"),
            ("http://x/ --delay -1s", "such as 250ms"),
            ("http://x/ --body-cap big", "such as 512KiB"),
            ("http://x/ --body-cap -1KiB", "such as 512KiB"),
            ("http://x/ --list-pages", "--json <FILE>"),
            ("http://x/ --contact me", "a mail address or a URL"),
            ("http://x/ --public-only=perhaps", "possible values: true, false"),
            ("http://x/ --trust /nowhere", "No such file"),
        ] {
            let refusal = parse(arguments).unwrap_err();
            assert!(refusal.contains(sentence), "{arguments}: {refusal}");
        }
    }
}
