//! WinHTTP's lists, and what they refuse.

use super::*;
use crate::network::Route;

fn routes(settings: &ProxySettings, secure: bool) -> String {
    let ProxySettings::Named(named) = settings else { panic!("{settings:?}") };
    named.routes(secure).iter().map(Route::to_string).collect::<Vec<_>>().join(", ")
}

#[test]
fn winhttps_list_names_proxies_by_scheme_in_order() {
    let cases = [
        ("p:3128", "http://p:3128", "http://p:3128"),
        ("p", "http://p:80", "http://p:80"),
        ("p:1;q:2", "http://p:1, http://q:2", "http://p:1, http://q:2"),
        ("http=p:80;https=q:8080", "http://p:80", "http://q:8080"),
        ("HTTP=p:1 https=https://q", "http://p:1", "https://q:443"),
        ("http=p:1", "http://p:1", ""),
        ("ftp=x:1;https=q:1;https=r:1", "", "http://q:1, http://r:1"),
        ("socks=s:1080;http=p:1", "http://p:1", "socks4://s:1080"),
        ("socks=socks5h://s", "socks5h://s:1080", "socks5h://s:1080"),
        ("http://u:a=b@p:1", "http://p:1", "http://p:1"),
    ];
    for (list, http, https) in cases {
        let settings = ProxySettings::named(list, "").unwrap_or_else(|error| panic!("{list}: {error}"));
        assert_eq!((routes(&settings, false).as_str(), routes(&settings, true).as_str()), (http, https), "{list}");
    }
}

#[test]
fn p_01_a_list_without_a_proxy_and_what_cannot_be_read_are_refused() {
    for list in ["", " ; ", "ftp=p:1", "gopher=p:1", "http=", "p:0", "p:65536", "http://p/path", "pr\u{f6}xy:1"] {
        assert!(ProxySettings::named(list, "").is_err(), "{list:?}");
    }
    for bypass in ["http:/x", "gopher://x", "h:0", "h:1:x", "fe80::1%eth0", "[fe80::1%25eth0]", "10.0.0.0/33", "a b/c"]
    {
        assert!(ProxySettings::named("p", bypass).is_err(), "{bypass:?}");
    }
    assert!(ProxySettings::named("p", "").is_ok(), "no exceptions");
}

#[test]
fn a_list_has_at_most_twenty() {
    let list = |count: usize| ProxySettings::from(NamedProxies::read(&"p ".repeat(count)).unwrap());
    assert!(list(20).check(Operation::SetOption).is_ok());
    assert!(list(21).check(Operation::SetOption).is_err());
}
