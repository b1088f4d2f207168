//! Scripts of all kinds, with no network: the classic examples, and the bombs.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;

/// Names a.example and six.example, and counts who asks.
#[derive(Clone, Default)]
struct Fixed(Rc<Cell<usize>>);

impl World for Fixed {
    fn addresses(&mut self, host: &str, _until: Instant) -> Vec<IpAddr> {
        self.0.set(self.0.get() + 1);
        let (four, six) = (Ipv4Addr::new(198, 95, 249, 79), Ipv6Addr::LOCALHOST);
        match host {
            "a.example" => vec![four.into()],
            "six.example" => vec![six.into()],
            "both.example" => vec![six.into(), four.into()],
            _ => Vec::new(),
        }
    }

    fn own_addresses(&mut self) -> Vec<IpAddr> {
        vec![Ipv4Addr::new(10, 0, 0, 7).into()]
    }
}

const BOUNDS: Bounds = Bounds { time: Duration::from_secs(60), memory: 16 * 1024 * 1024, look_ups: 20 };
/// Saturday, 7 November 2026, 13:05:09 GMT.
const NOW: u64 = 1_794_056_709;

fn run_with(script: &str, bounds: Bounds) -> Result<Vec<String>, Fault> {
    let time_of_day = UNIX_EPOCH + Duration::from_secs(NOW);
    let question = Question { script, url: "http://www.a.example/path?q", host: "www.a.example", time_of_day };
    let found = evaluate(&question, bounds, Fixed::default())?;
    Ok(found.iter().map(Route::to_string).collect())
}

fn run(script: &str) -> Result<Vec<String>, Fault> {
    run_with(script, BOUNDS)
}

/// What an expression is, as text, by way of the name of a proxy.
fn value(expression: &str) -> String {
    let script = format!(
        "function FindProxyForURL(url, host) {{ return 'PROXY ' + encodeURIComponent(String({expression})).replace(/%/g, '-') + '.v:1' }}"
    );
    let ways = run(&script).unwrap_or_else(|fault| panic!("{expression}: {fault:?}"));
    let shown = ways[0].strip_prefix("http://").and_then(|way| way.strip_suffix(".v:1")).unwrap().to_owned();
    shown.replace("-3b", ";").replace("-3a", ":").replace("-2f", "/").replace("-3f", "?")
}

#[track_caller]
fn all_are(expected: &str, expressions: &[&str]) {
    for expression in expressions {
        assert_eq!(value(expression), expected, "{expression}");
    }
}

#[test]
fn a_script_is_told_url_and_host_and_its_answer_is_read() {
    let script = r#"
        function FindProxyForURL(url, host) {
            if (isPlainHostName(host)) return "DIRECT";
            if (url.substring(0, 5) == "http:" && host == "www.a.example") return "PROXY p:8080; DIRECT";
            return "SOCKS s";
        }"#;
    assert_eq!(run(script).unwrap(), ["http://p:8080", "direct"]);
    assert_eq!(
        run("FindProxyForURL = (url) => { x = 010; return null }").unwrap(),
        ["direct"],
        "sloppy, and null is direct"
    );
    assert_eq!(
        run("function FindProxyForURLEx() { return 'PROXY ex:1' } function FindProxyForURL() { return 'PROXY x:1' }")
            .unwrap(),
        ["http://ex:1"]
    );
}

#[test]
fn the_functions_about_names_are_there() {
    all_are(
        "true",
        &[
            "isPlainHostName('www')",
            "dnsDomainIs('www.mozilla.org', '.mozilla.org')",
            "localHostOrDomainIs('www', 'www.mozilla.org')",
            "shExpMatch('http://home.netscape.com/people/ari/index.html', '*/ari/*')",
            "dnsDomainLevels('www.mozilla.org') === 2",
            "convert_addr('104.16.41.2') === 1745889538",
            "alert('nobody reads this') === undefined",
        ],
    );
    all_are(
        "false",
        &["isPlainHostName()", "dnsDomainIs(null, undefined)", "shExpMatch('a', 'b')"]
            .map(|one| if one == "isPlainHostName()" { "!isPlainHostName()" } else { one }),
    );
}

#[test]
fn the_functions_about_addresses_ask_the_world() {
    all_are(
        "198.95.249.79",
        &[
            "dnsResolve('a.example')",
            "dnsResolve('A.Example')",
            "dnsResolve('both.example')",
            "dnsResolve('198.95.249.79')",
        ],
    );
    all_are(
        "null",
        &["dnsResolve('six.example')", "dnsResolve('none.example')", "dnsResolve('')", "dnsResolve('x'.repeat(254))"],
    );
    all_are(
        "true",
        &[
            "isResolvable('a.example')",
            "isInNet('a.example', '198.95.0.0', '255.255.0.0')",
            "isInNet('198.95.249.79', '198.95.249.79', '255.255.255.255')",
            "isResolvableEx('six.example')",
            "isInNetEx('six.example', '::/64')",
            "isInNetEx('198.95.1.1', '198.95.0.0/16')",
            "sortIpAddressList('x') === ''",
            "getClientVersion() === '1.0'",
        ],
    );
    all_are(
        "false",
        &[
            "isResolvable('six.example')",
            "isResolvable('none.example')",
            "isInNet('none.example', '0.0.0.0', '0.0.0.0')",
            "isInNetEx('none.example', '::/0')",
        ],
    );
    all_are("10.0.0.7", &["myIpAddress()", "myIpAddressEx()"]);
    all_are("::1;198.95.249.79", &["dnsResolveEx('both.example')"]);
}

#[test]
fn weekday_range_is_netscapes() {
    all_are(
        "true",
        &[
            "weekdayRange('SAT', 'GMT')",
            "weekdayRange('MON', 'SAT', 'GMT')",
            "weekdayRange('sat', 'mon', 'GMT')",
            "weekdayRange('FRI', 'MON', 'GMT')",
        ],
    );
    all_are(
        "false",
        &[
            "weekdayRange('FRI', 'GMT')",
            "weekdayRange('MON', 'FRI', 'GMT')",
            "weekdayRange('XXX', 'GMT')",
            "weekdayRange('GMT')",
            "weekdayRange()",
        ],
    );
}

#[test]
fn date_range_is_netscapes() {
    all_are(
        "true",
        &[
            "dateRange(7, 'GMT')",
            "dateRange(1, 15, 'GMT')",
            "dateRange(7, 'NOV', 'GMT')",
            "dateRange(7, 'nov', 2026, 'GMT')",
            "dateRange('NOV', 'GMT')",
            "dateRange('OCT', 'DEC', 'GMT')",
            "dateRange('OCT', 'MAR', 'GMT')",
            "dateRange(1, 'JUN', 15, 'NOV', 'GMT')",
            "dateRange(20, 'OCT', 15, 'FEB', 'GMT')",
            "dateRange('OCT', 2026, 'MAR', 2027, 'GMT')",
            "dateRange(1, 'JUN', 2025, 7, 'NOV', 2026, 'GMT')",
            "dateRange(2026, 'GMT')",
            "dateRange(2020, 2030, 'GMT')",
        ],
    );
    all_are(
        "false",
        &[
            "dateRange(8, 'GMT')",
            "dateRange(8, 31, 'GMT')",
            "dateRange(24, 'DEC', 'GMT')",
            "dateRange(7, 'NOV', 2025, 'GMT')",
            "dateRange('JAN', 'MAR', 'GMT')",
            "dateRange(1, 'JUN', 6, 'NOV', 'GMT')",
            "dateRange('OCT', 1995, 'MAR', 1996, 'GMT')",
            "dateRange(2027, 2020, 'GMT')",
            "dateRange('GMT')",
            "dateRange('XXX', 'GMT')",
            "dateRange(0, 'GMT')",
            "dateRange(1, 2, 3, 'GMT')",
        ],
    );
}

#[test]
fn time_range_is_netscapes() {
    all_are(
        "true",
        &[
            "timeRange(13, 'GMT')",
            "timeRange(12, 13, 'GMT')",
            "timeRange(9, 17, 'GMT')",
            "timeRange(22, 13, 'GMT')",
            "timeRange(13, 0, 13, 5, 'GMT')",
            "timeRange(13, 5, 9, 13, 5, 9, 'GMT')",
            "timeRange(13, 5, 10, 13, 5, 9, 'GMT')",
        ],
    );
    all_are(
        "false",
        &[
            "timeRange(12, 'GMT')",
            "timeRange(14, 20, 'GMT')",
            "timeRange(13, 6, 14, 0, 'GMT')",
            "timeRange(0, 0, 0, 0, 0, 30, 'GMT')",
            "timeRange(13, 5, 9, 'GMT')",
            "timeRange('x', 'GMT')",
            "timeRange()",
        ],
    );
    let local = run(
        "function FindProxyForURL() { return 'PROXY ' + [dateRange(2026), weekdayRange('FRI','SUN'), timeRange(0, 23)].join('-') + ':1' }",
    );
    assert_eq!(local.unwrap(), ["http://true-true-true:1"]);
}

#[test]
fn what_is_no_script_is_told_from_one_that_fails() {
    for no_script in [
        "",
        "var x = 1",
        "FindProxyForURL = 5",
        "function (",
        "<html>404</html>",
        "function FindProxyForURL() { \0 }",
        "FindProxyForURL =",
    ] {
        let fault = run(no_script).unwrap_err();
        assert!(matches!(fault, Fault::NoScript(_)), "{no_script:?}: {fault:?}");
    }
    for failing in [
        "throw 1",
        "missing()",
        "function FindProxyForURL() { throw new Error(arguments[0]) }",
        "function FindProxyForURL() { return Symbol() }",
        "function FindProxyForURL() { null.x }",
    ] {
        let fault = run(failing).unwrap_err();
        assert!(matches!(fault, Fault::Failed(_) | Fault::NoScript(_)), "{failing:?}: {fault:?}");
        assert!(!fault.to_string().contains("?q"), "{fault}");
    }
    for useless in ["'QUIC a:1'", "5", "({})", "true"] {
        let fault = run(&format!("function FindProxyForURL() {{ return {useless} }}")).unwrap_err();
        assert_eq!(fault, Fault::Answer(Unreadable::NoWay), "{useless}");
    }
}

#[test]
fn a_loop_without_end_ends_within_the_limit_of_time_whatever_it_catches() {
    let bounds = Bounds { time: Duration::from_millis(50), ..BOUNDS };
    for endless in [
        "while (1);",
        "function FindProxyForURL() { while (1); }",
        "function FindProxyForURL() { for (;;) try { for (;;); } catch (e) {} finally { continue } }",
        "function FindProxyForURL() { return /^(a+)+$/.test('a'.repeat(64) + 'b') ? 'x' : 'y' }",
        "function FindProxyForURL() { while (1) dnsResolve('a.example'); }",
        "function FindProxyForURL() { while (1) try { shExpMatch('a'.repeat(8000), '*a'.repeat(4000) + 'b') } catch (e) {} }",
        "function FindProxyForURL() { return { toString() { while (1); } } }",
    ] {
        assert_eq!(run_with(endless, bounds), Err(Fault::Time(bounds.time)), "{endless}");
    }
}

#[test]
fn a_script_that_needs_too_much_memory_is_ended() {
    for hungry in [
        "function FindProxyForURL() { return 'x'.repeat(1 << 30).length }",
        "function FindProxyForURL() { return 'x'.repeat((1 << 29) - 1) + 'y' }",
        "function FindProxyForURL() { var all = []; while (1) all.push('x'.repeat(1000) + all.length) }",
        "function FindProxyForURL() { var s = 'x'; while (1) s += s; }",
        "var all = {}; for (var i = 0; ; i++) all['k' + i] = [i];",
    ] {
        let fault = run(hungry).unwrap_err();
        assert!(matches!(fault, Fault::Memory(_) | Fault::Leaves(_) | Fault::Failed(_)), "{hungry}: {fault:?}");
    }
}

#[test]
fn deep_recursion_a_million_entries_and_a_loop_of_look_ups_end() {
    let deep = run("function f() { return f() + 1 } function FindProxyForURL() { return f() }").unwrap_err();
    assert!(matches!(deep, Fault::Failed(_)), "{deep:?}");
    let nested = format!("function FindProxyForURL() {{ return {}1{} }}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(matches!(run(&nested).unwrap_err(), Fault::NoScript(_) | Fault::Memory(_) | Fault::Failed(_)));
    let million = run("function FindProxyForURL() { return 'PROXY a:1;'.repeat(1000000) }").unwrap_err();
    assert!(matches!(million, Fault::Answer(Unreadable::TooLong(_)) | Fault::Memory(_)), "{million:?}");
    let look_ups =
        run("function FindProxyForURL() { for (var i = 0; ; i++) try { dnsResolve('h' + i) } catch (e) {} }");
    assert_eq!(look_ups, Err(Fault::LookUps(20)));
}

#[test]
fn a_name_is_looked_up_once_and_an_address_never() {
    let asked = Fixed::default();
    let script = "function FindProxyForURL() { for (var i = 0; i < 50; i++) { dnsResolve('a.example'); dnsResolve('1.2.3.4') } return isInNet('A.EXAMPLE', '0.0.0.0', '0.0.0.0') ? 'DIRECT' : 'PROXY x:1' }";
    let question = Question { script, url: "http://x/", host: "x", time_of_day: UNIX_EPOCH };
    assert_eq!(evaluate(&question, BOUNDS, asked.clone()).unwrap(), [Route::Direct]);
    assert_eq!(asked.0.get(), 1);
}

#[test]
fn a_sandbox_has_no_way_out_and_nothing_of_an_earlier_run() {
    for absent in [
        "require",
        "process",
        "std",
        "os",
        "print",
        "console",
        "setTimeout",
        "fetch",
        "XMLHttpRequest",
        "WebAssembly",
        "SharedArrayBuffer",
        "Atomics",
        "Proxy",
        "ArrayBuffer",
        "performance",
        "scriptArgs",
    ] {
        all_are("undefined", &[&format!("typeof {absent}")]);
    }
    let count = "var n; function FindProxyForURL() { n = (n || 0) + 1; Object.prototype.spoiled = n; return 'PROXY n' + n + ':1' }";
    assert_eq!(run(count).unwrap(), ["http://n1:1"]);
    assert_eq!(run(count).unwrap(), ["http://n1:1"]);
    assert_eq!(
        run("import('x'); function FindProxyForURL() { return 'DIRECT' }").unwrap(),
        ["direct"],
        "nothing is imported"
    );
    let later = "var said = 'PROXY a:1'; Promise.resolve().then(() => { while (1); }); function FindProxyForURL() { return said }";
    assert_eq!(run(later).unwrap(), ["http://a:1"], "nothing is run later");
}
