//! Is a server reached without a proxy?

use std::net::IpAddr;

use crate::options::{BypassList, Hosts, Rule};
use crate::target::Origin;

impl BypassList {
    /// Is the server in the list (`WinHttpIsHostInProxyBypassList`)?
    #[doc(alias = "WinHttpIsHostInProxyBypassList")]
    pub fn covers(&self, origin: &Origin) -> bool {
        if self.is_empty() {
            return false;
        }
        let host = Host::of(origin.host());
        self.rules().iter().any(|rule| matches(rule, &host, origin))
    }
}

enum Host<'a> {
    Address(IpAddr, &'a str),
    /// Without the dot that ends an absolute name.
    Name(&'a str),
}

impl<'a> Host<'a> {
    fn of(host: &'a str) -> Self {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        match bare.parse::<IpAddr>() {
            // `::ffff:127.0.0.1` is in the networks that 127.0.0.1 is in.
            Ok(address) => Self::Address(address.to_canonical(), bare),
            Err(_) => Self::Name(host.strip_suffix('.').unwrap_or(host)),
        }
    }
}

fn matches(rule: &Rule, host: &Host<'_>, origin: &Origin) -> bool {
    if rule.port.is_some_and(|port| port != origin.port())
        || rule.secure.is_some_and(|secure| secure != origin.is_secure())
    {
        return false;
    }
    match (&rule.hosts, host) {
        (Hosts::All, _) => true,
        (Hosts::Local, Host::Name(name)) => !name.contains('.'),
        (Hosts::Like(pattern), Host::Name(text) | Host::Address(_, text)) => is_like(text, pattern),
        (Hosts::Within(domain), Host::Name(name)) => is_within(name, domain),
        (Hosts::Network(network), Host::Address(address, _)) => network.contains(address),
        _ => false,
    }
}

/// A suffix, but of whole labels: `notexample.com` is not within `example.com`.
fn is_within(name: &str, domain: &str) -> bool {
    match name.strip_suffix(domain) {
        Some(before) => before.is_empty() || before.ends_with('.'),
        None => false,
    }
}

/// Each piece between two `*` is taken where it stands first: what comes later can only have more room by that.
fn is_like(text: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let (between, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for piece in between.split('*') {
        let Some((_, rest)) = text.split_once(piece) else { return false };
        text = rest;
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(list: &BypassList, url: &str) -> bool {
        list.covers(&Origin::parse(url).unwrap_or_else(|error| panic!("{url}: {error}")))
    }

    /// List, covered, not covered.
    type Case<'a> = (&'a str, &'a [&'a str], &'a [&'a str]);

    #[test]
    fn no_proxy_means_a_name_and_all_below_it_on_whole_labels() {
        let cases: [Case<'_>; 12] = [
            ("", &[], &["http://h"]),
            ("*", &["http://h", "https://10.0.0.1", "http://[::1]:8"], &[]),
            (
                "example.com",
                &["http://example.com", "https://a.b.Example.com", "http://example.com."],
                &["http://notexample.com", "http://example.com.evil", "http://com"],
            ),
            (".example.com", &["http://example.com", "http://a.example.com"], &["http://notexample.com"]),
            ("*.example.com", &["http://a.example.com"], &["http://notexample.com"]),
            ("example.com.", &["http://example.com"], &[]),
            ("a.example, B.example", &["http://a.example", "http://x.b.example"], &["http://c.example"]),
            ("example.com:8080", &["http://example.com:8080"], &["http://example.com", "http://example.com:80"]),
            (
                "127.0.0.1",
                &["http://127.0.0.1", "http://127.1:9", "http://[::ffff:127.0.0.1]"],
                &["http://127.0.0.2", "http://127.0.0.1.example"],
            ),
            (
                "10.0.0.0/8,fd00::/8",
                &["http://10.255.0.1", "http://[fd12::1]"],
                &["http://11.0.0.1", "http://[fe80::1]", "http://10.example"],
            ),
            ("[::1]:80,[fe80::1]", &["http://[::1]", "https://[fe80::1]"], &["http://[::1]:81"]),
            (
                "0.0.1,fe80::1%eth0,10.0.0.0/33,:80,h:0",
                &[],
                &["http://127.0.0.1", "http://[fe80::1]", "http://10.0.0.1", "http://h"],
            ),
        ];
        for (list, inside, outside) in cases {
            let read = BypassList::no_proxy(list);
            for url in inside {
                assert!(covers(&read, url), "{list:?} {url}");
            }
            for url in outside {
                assert!(!covers(&read, url), "{list:?} {url}");
            }
        }
    }

    #[test]
    fn winhttps_list_has_wildcards_local_names_schemes_and_ports() {
        let cases: [Case<'_>; 8] = [
            (
                "<local>",
                &["http://intranet", "https://intranet:8"],
                &["http://a.b", "http://127.0.0.1", "http://[::1]"],
            ),
            ("example.com", &["http://example.com"], &["http://a.example.com"]),
            ("*.example.com;10.0.0.0/8", &["http://a.example.com", "http://10.1.2.3"], &["http://example.com"]),
            (".example.com", &["http://example.com", "http://a.example.com"], &["http://badexample.com"]),
            ("192.168.*", &["http://192.168.0.1"], &["http://192.169.0.1"]),
            ("a*c*e", &["http://ace", "http://abcde", "http://acce"], &["http://ac", "http://aec", "http://bace"]),
            ("https://h;http://i", &["https://h", "http://i"], &["http://h", "https://i"]),
            ("*:8080", &["http://h:8080"], &["http://h"]),
        ];
        for (list, inside, outside) in cases {
            let read = BypassList::parse(list).unwrap_or_else(|error| panic!("{list}: {error}"));
            for url in inside {
                assert!(covers(&read, url), "{list:?} {url}");
            }
            for url in outside {
                assert!(!covers(&read, url), "{list:?} {url}");
            }
        }
    }
}
