//! The examples of Netscape's page and of Mozilla's, and what they leave out.

use super::*;

#[test]
fn is_plain_host_name_has_no_dot() {
    assert!(is_plain_host_name("www") && is_plain_host_name("localhost"));
    assert!(!is_plain_host_name("www.mozilla.org") && !is_plain_host_name("::1"));
}

#[test]
fn dns_domain_is_compares_the_end() {
    assert!(dns_domain_is("www.mozilla.org", ".mozilla.org") && dns_domain_is("WWW.Mozilla.org", ".mozilla.ORG"));
    assert!(!dns_domain_is("www", ".mozilla.org") && !dns_domain_is("", "a"));
    assert!(dns_domain_is("notmozilla.org", "mozilla.org"), "as browsers do");
    assert!(!dns_domain_is("é", "xé"));
}

#[test]
fn local_host_or_domain_is_takes_the_whole_or_the_plain_name() {
    assert!(local_host_or_domain_is("www.mozilla.org", "www.mozilla.org"));
    assert!(local_host_or_domain_is("www", "www.mozilla.org"));
    assert!(!local_host_or_domain_is("www.google.com", "www.mozilla.org"));
    assert!(!local_host_or_domain_is("home.mozilla.org", "www.mozilla.org"));
    assert!(!local_host_or_domain_is("ww", "www.mozilla.org"));
}

#[test]
fn dns_domain_levels_counts_dots() {
    assert_eq!(["www", "mozilla.org", "www.mozilla.org", ""].map(dns_domain_levels), [0, 1, 2, 0]);
}

#[test]
fn sh_exp_match_is_a_shell_expression_over_the_whole_text() {
    let matches = shell_expression_matches;
    assert!(matches("http://home.netscape.com/people/ari/index.html", "*/ari/*"));
    assert!(!matches("http://home.netscape.com/people/montulli/index.html", "*/ari/*"));
    assert!(matches("www.a.example", "*.a.example") && !matches("a.example", "*.a.example"));
    assert!(matches("abc", "a?c") && !matches("ac", "a?c") && matches("", "*") && matches("", "") && !matches("", "?"));
    assert!(!matches("wwwxa", "www.a"), "a dot is a dot");
    assert!(matches("a[b](c)+^$|{1}\\", "a[b](c)+^$|{1}\\"), "and all else stands for itself");
    assert!(matches("aXbXc", "a*X*c") && matches("aaab", "*aab") && !matches("aaac", "*aab"));
    assert!(matches("täst", "t?st"), "a character, not an octet");
}

#[test]
fn sh_exp_match_takes_no_longer_than_both_lengths_multiplied() {
    let (text, pattern) = ("a".repeat(LONGEST), format!("{}b", "*a".repeat(LONGEST / 2 - 1)));
    assert!(!shell_expression_matches(&text, &pattern));
    assert!(!shell_expression_matches(&"a".repeat(LONGEST + 1), "*"), "longer than a URL may be");
}
