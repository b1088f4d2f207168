//! RFC 9309 by its sections, then a comparison with the port of Google's matcher.

use super::*;

fn robots(text: &str) -> Robots {
    Robots::parse(text.as_bytes(), "FooBot")
}

fn allows(text: &str, path: &str) -> bool {
    robots(text).allows(path)
}

#[test]
fn s2_2_1_the_product_token_ignores_case_and_version() {
    for agent in ["FooBot", "foobot", "FOOBOT/2.1", "FooBot (of the Foo company)"] {
        assert!(!allows(&format!("User-agent: {agent}\nDisallow: /\n"), "/x"), "{agent}");
    }
    for agent in ["FooBotNews", "Foo", "BarBot FooBot", "FooBot-Image"] {
        assert!(allows(&format!("User-agent: {agent}\nDisallow: /\n"), "/x"), "{agent}");
    }
}

#[test]
fn s2_2_1_groups_for_one_crawler_are_merged() {
    let text =
        "user-agent: FooBot\nDisallow: /a\n\nUser-Agent: BarBot\nDisallow: /b\n\nuser-agent: foobot\nDisallow: /c";
    assert!(!allows(text, "/a") && allows(text, "/b") && !allows(text, "/c"));
}

#[test]
fn s2_2_1_the_star_is_for_those_who_are_not_named() {
    let text = "User-agent: *\nDisallow: /\n\nUser-agent: FooBot\nCrawl-delay: 2\n";
    assert!(allows(text, "/x"), "named, though without a rule");
    assert!(!Robots::parse(text.as_bytes(), "BarBot").allows("/x"));
    assert!(!allows("User-agent: * # all\nDisallow: /x", "/x"));
    assert!(allows("Disallow: /x", "/x"), "a rule before any group is nobody's");
}

#[test]
fn s2_2_1_lines_of_agents_head_one_group() {
    let text =
        "User-agent: FooBot\nUser-agent: BarBot\n\nSitemap: http://x/s\nDisallow: /a\nUser-agent: BazBot\nDisallow: /b";
    assert!(!allows(text, "/a") && allows(text, "/b"));
}

#[test]
fn s2_2_2_the_longest_match_decides_and_allow_wins_ties() {
    let text = "User-agent: *\nDisallow: /page\nAllow: /page/open\nDisallow: /page/open/not\nAllow: /page/open/not";
    assert!(!allows(text, "/page/x") && allows(text, "/page/open/y") && allows(text, "/page/open/not/z"));
    assert!(allows(text, "/Page"), "paths mind their case");
    assert!(allows("User-agent: *\nDisallow:\n", "/x"), "an empty rule forbids nothing");
}

#[test]
fn s2_2_2_octets_are_compared_percent_encoded() {
    let text = "User-agent: *\nDisallow: /foo/bar?baz=https://foo.bar\nDisallow: /ツ\nDisallow: /%e3%83%84x\nDisallow: /%62%61%7A\nDisallow: /a%2Fb";
    assert!(!allows(text, "/foo/bar?baz=https://foo.bar&x"));
    assert!(!allows(text, "/%E3%83%84"));
    assert!(!allows(text, "/baz") && !allows(text, "/%62az"));
    assert!(!allows(text, "/a%2fb") && allows(text, "/a/b"));
}

#[test]
fn s2_2_3_wildcards() {
    let text =
        "User-agent: *\nDisallow: /*.gif$\nDisallow: /p*/q\nDisallow: /file-with-a-%2A.html\nDisallow: /price-$5";
    assert!(!allows(text, "/x/y.gif") && allows(text, "/y.gif?big") && allows(text, "/y.gifs"));
    assert!(!allows(text, "/pie/and/q/uote") && !allows(text, "/p/q") && allows(text, "/pq"));
    assert!(!allows(text, "/file-with-a-*.html") && allows(text, "/file-with-a-b.html"));
    assert!(!allows(text, "/price-$50"));
    assert!(!allows("User-agent: *\nDisallow: *\n", "/"));
    assert!(!allows("User-agent: *\nDisallow: /$\n", "/") && allows("User-agent: *\nDisallow: /$\n", "/x"));
}

#[test]
fn s2_2_3_many_stars_take_bounded_time() {
    let text = format!("User-agent: *\nDisallow: /{}b", "*a".repeat(500));
    assert!(allows(&text, &format!("/{}", "a".repeat(2000))));
}

#[test]
fn s2_2_4_line_ends_remarks_and_a_byte_order_mark() {
    assert!(!allows("\u{feff}User-agent: * \r\n  disallow :  /x  # not there\r\r\nnonsense\n", "/x"));
}

#[test]
fn s2_3_1_what_stands_in_for_rules() {
    assert!(Robots::allow_all().allows("/x"));
    assert!(!Robots::disallow_all().allows("/x"));
    assert!(Robots::disallow_all().allows("/robots.txt"), "2.2.2: implicitly allowed");
}

#[test]
fn s2_3_1_what_an_answer_means() {
    let allows = |status| match Robots::read(status, b"User-agent: *\nDisallow: /") {
        Reading::Rules(robots) => Some(robots.allows("/x")),
        Reading::Elsewhere | Reading::Unknown => None,
    };
    assert_eq!([200, 404, 401, 410, 304].map(allows), [Some(false), Some(true), Some(true), Some(true), Some(true)]);
    assert_eq!([301, 308, 429, 500, 503].map(allows), [None; 5]);
    assert!(matches!(Robots::read(302, b""), Reading::Elsewhere) && matches!(Robots::read(429, b""), Reading::Unknown));
}

#[test]
fn s2_5_what_comes_after_the_limit_does_not_count() {
    let mut text = String::from("User-agent: *\nDisallow: /early\n");
    text.push_str(&"# padding padding padding\n".repeat(MAX_OCTETS / 26));
    text.push_str("Disallow: /late\n");
    assert!(!allows(&text, "/early") && allows(&text, "/late"));
}

#[test]
fn crawl_delay_is_honoured_up_to_half_a_minute() {
    let delay = |value: &str| robots(&format!("User-agent: *\nCrawl-delay: {value}\nDisallow: /x")).crawl_delay();
    assert_eq!(delay("2"), Some(Duration::from_secs(2)));
    assert_eq!(delay("0.25"), Some(Duration::from_millis(250)));
    assert_eq!(delay("86400"), Some(MAX_CRAWL_DELAY));
    for nonsense in ["-1", "soon", "NaN", ""] {
        assert_eq!(delay(nonsense), None, "{nonsense:?}");
    }
}

/// Where the two are known to differ, the generator does not go: escapes of unreserved octets (RFC 9309 2.2.2 decodes
/// them, Google does not), `index.html` (which Google takes for its folder), a path that begins with `//` (which it takes
/// for a host), lines that it mends, and a `*` before other octets, where the port inserts what the original overwrites.
#[test]
fn agrees_with_googles_matcher() {
    let mut random = fastrand::Rng::with_seed(9309);
    let mut disallowed = 0;
    for _ in 0..20_000 {
        let text = some_robots(&mut random);
        let ours = robots(&text);
        for _ in 0..4 {
            let path = format!("/{}", some_path(&mut random, &["a", "b", "a/", "x.gif", "?q=", "*", "$", "%2F", "ö"]));
            let url = url::Url::parse(&format!("http://host{path}")).unwrap();
            let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
            let googles =
                robotstxt::DefaultMatcher::default().one_agent_allowed_by_robots(&text, "FooBot", url.as_str());
            assert_eq!(ours.allows(path), googles, "{path} by\n{text}");
            disallowed += usize::from(!googles);
        }
    }
    assert!(disallowed > 10_000, "only {disallowed} were disallowed: the comparison says little");
}

#[test]
fn matches_what_the_definition_says() {
    let mut random = fastrand::Rng::with_seed(9309);
    let mut matched = 0;
    for _ in 0..50_000 {
        let pattern = some_path(&mut random, &["a", "b", "*", "ab", "*a", "$"]);
        let path = some_path(&mut random, &["a", "b", "ab", "ba"]);
        let defined = fits(pattern.as_bytes(), path.as_bytes());
        assert_eq!(Pattern::new(pattern.as_bytes()).matches(path.as_bytes()), defined, "{pattern} on {path}");
        matched += usize::from(defined);
    }
    assert!((10_000..40_000).contains(&matched), "{matched} matched: too many or too few to say much");
}

/// RFC 9309 2.2.3 word for word, and as slow as that.
fn fits(pattern: &[u8], path: &[u8]) -> bool {
    match pattern {
        [] => true,
        b"$" => path.is_empty(),
        [b'*', rest @ ..] => (0..=path.len()).any(|skipped| fits(rest, &path[skipped..])),
        [octet, rest @ ..] => path.first() == Some(octet) && fits(rest, &path[1..]),
    }
}

fn some_robots(random: &mut fastrand::Rng) -> String {
    let mut text = String::new();
    for _ in 0..random.usize(1..5) {
        for _ in 0..random.usize(1..3) {
            let agent = random.choice(["*", "FooBot", "foobot/1.0", "BarBot", "FooBotNews"]).unwrap();
            text.push_str(&format!("User-agent: {agent}\n"));
        }
        for _ in 0..random.usize(0..4) {
            let key = random.choice(["Allow", "Disallow", "disallow"]).unwrap();
            let value = some_path(random, &["a", "b", "a/", "x.gif", "$", "?q="]);
            let end = random.choice(["", "*", "$"]).unwrap();
            text.push_str(&format!("{key}: /{value}{end}\n"));
        }
    }
    text
}

fn some_path(random: &mut fastrand::Rng, parts: &[&'static str]) -> String {
    (0..random.usize(0..5)).map(|_| *random.choice(parts).unwrap()).collect()
}
