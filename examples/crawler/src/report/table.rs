//! The report as people read it.

use std::fmt::{self, Display, Formatter};

use super::{HostReport, Report};

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let per_second = self.pages as f64 / self.seconds.max(0.001);
        row(f, "pages", format!("{} in {:.2} s, {} a second", count(self.pages), self.seconds, rate(per_second)))?;
        row(f, "bytes", format!("{} ({})", count(self.octets), size(self.octets)))?;
        let statuses = self.statuses.iter().map(|(status, answers)| format!("{status}: {}", count(*answers)));
        row(f, "answers", statuses.reduce(|row, next| format!("{row}   {next}")).unwrap_or_else(|| "none".to_owned()))?;
        if !self.statuses.is_empty() {
            let latency = &self.latency;
            let times =
                [("p50", latency.p50_ms), ("p90", latency.p90_ms), ("p99", latency.p99_ms), ("max", latency.max_ms)];
            row(f, "latency", times.map(|(name, ms)| format!("{name} {ms:.1} ms")).join("   "))?;
        }
        row(
            f,
            "connections",
            format!("{} opened for {}", count(self.wire.connections), counted(self.wire.requests, "request")),
        )?;
        if self.wire.unchanged > 0 {
            row(f, "unchanged", counted(self.wire.unchanged, "answer"))?;
        }
        row(f, "retries", count(self.retries))?;
        row(f, "errors", count(self.errors))?;
        let links = &self.links;
        let kinds = [
            (links.followed, "followed"),
            (links.outside, "out of scope"),
            (links.not_spoken, "not http"),
            (links.invalid, "no URLs"),
        ];
        row(f, "links", kinds.map(|(links, kind)| format!("{} {kind}", count(links))).join(", "))?;
        self.redirects(f)?;
        self.not_fetched(f)?;
        self.slowest_hosts(f)?;
        self.hosts_without_rules(f)?;
        self.failures(f)?;
        if let Some(drained) = self.drained {
            let kinds =
                [(drained.completed, "completed"), (drained.cancelled, "cut off"), (drained.never_sent, "never sent")];
            row(f, "under way", kinds.map(|(requests, kind)| format!("{requests} {kind}")).join(", "))?;
        }
        row(f, "stopped", self.stopped.explain())
    }
}

impl Report {
    fn redirects(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let redirects = &self.redirects;
        let kinds = [
            (redirects.followed, "followed"),
            (redirects.known, "to known URLs"),
            (redirects.waited, "to new ones in their turn"),
            (redirects.left, "out of the crawl"),
        ];
        match kinds.iter().map(|(redirects, _)| redirects).sum() {
            0_u64 => Ok(()),
            _ => row(f, "redirects", kinds.map(|(redirects, kind)| format!("{} {kind}", count(redirects))).join(", ")),
        }
    }

    fn not_fetched(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let kinds = [
            (self.disallowed, "disallowed by robots.txt"),
            (self.too_large, "cut off for their length"),
            (self.too_deep, "too deep"),
            (self.left, "left undone"),
        ];
        let kinds =
            kinds.into_iter().filter(|(urls, _)| *urls > 0).map(|(urls, kind)| format!("{} {kind}", count(urls)));
        let kinds = kinds.collect::<Vec<_>>().join(", ");
        if kinds.is_empty() { Ok(()) } else { row(f, "not fetched", kinds) }
    }

    fn slowest_hosts(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut hosts: Vec<&HostReport> = self.hosts.iter().filter(|host| host.answers > 0).collect();
        hosts.sort_by(|one, other| other.mean_ms.total_cmp(&one.mean_ms));
        hosts.truncate(SHOWN);
        let width = |cell: fn(&HostReport) -> String| hosts.iter().map(|host| cell(host).len()).max().unwrap_or(0);
        let [origin, mean, max] = [width(|host| host.origin.clone()), width(mean_ms), width(max_ms)];
        for (place, host) in hosts.iter().enumerate() {
            let times = format!("mean {:>mean$} ms  max {:>max$} ms", mean_ms(host), max_ms(host));
            let figures = format!("{:<origin$}  {times}  {}", host.origin, counted(host.answers, "answer"));
            row(f, if place == 0 { "slowest" } else { "" }, figures)?;
        }
        Ok(())
    }

    /// Hosts that answered, but not what they allow.
    fn hosts_without_rules(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let silent = self.hosts.iter().filter(|host| host.robots_unavailable && host.errors == 0);
        let lines = silent.map(|host| format!("{}  robots.txt unreadable: no page fetched", host.origin));
        some(f, "no rules", &lines.collect::<Vec<_>>())
    }

    fn failures(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let lines = self.failed.iter().map(|failed| format!("{}  {}", failed.url, failed.reason));
        some(f, "failed", &lines.collect::<Vec<_>>())
    }
}

fn mean_ms(host: &HostReport) -> String {
    format!("{:.1}", host.mean_ms)
}

fn max_ms(host: &HostReport) -> String {
    format!("{:.1}", host.max_ms)
}

/// The first few lines, and how many there are more.
fn some(f: &mut Formatter<'_>, name: &str, lines: &[String]) -> fmt::Result {
    for (place, line) in lines.iter().take(SHOWN).enumerate() {
        row(f, if place == 0 { name } else { "" }, line)?;
    }
    match lines.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => row(f, "", format!("and {} more", count(more as u64))),
    }
}

fn row(f: &mut Formatter<'_>, name: &str, value: impl Display) -> fmt::Result {
    writeln!(f, "{name:<13}{value}")
}

/// With its thousands set apart.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut spaced = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            spaced.push(',');
        }
        spaced.push(digit);
    }
    spaced
}

fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// With a decimal where it makes a difference.
fn rate(per_second: f64) -> String {
    if per_second < 10.0 { format!("{per_second:.1}") } else { count(per_second.round() as u64) }
}

fn size(octets: u64) -> String {
    if octets < 1024 {
        return format!("{octets} B");
    }
    let mut size = octets as f64 / 1024.0;
    let mut units = ["KiB", "MiB", "GiB"].into_iter().peekable();
    loop {
        let unit = units.next().unwrap_or("TiB");
        if size < 1024.0 || units.peek().is_none() {
            return format!("{size:.1} {unit}");
        }
        size /= 1024.0;
    }
}

/// Hosts and failures that the table names; the JSON report names them all.
const SHOWN: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0, 1, 1000].map(|number| counted(number, "answer")), ["0 answers", "1 answer", "1,000 answers"]);
        assert_eq!([0.25, 3.49, 1234.5].map(rate), ["0.2", "3.5", "1,235"]);
        assert_eq!([512, 1536, 5 << 30].map(size), ["512 B", "1.5 KiB", "5.0 GiB"]);
    }
}
