//! Who is reached without a proxy.

use hinternet::ProxySettings;
use integration_tests::origin::{Origin, Reply};
use integration_tests::proxy::{HttpProxy, Manner};

use crate::place::Place;

#[tokio::test]
async fn an_exception_is_reached_directly_and_everybody_else_through_the_proxy() {
    let origin = Origin::start(|_| Reply::ok("direct")).await;
    let proxy = HttpProxy::start(Manner::open()).await;
    let settings = ProxySettings::named(&proxy.address().to_string(), "127.0.0.1;<local>").unwrap();
    let place = Place::through(settings);
    assert_eq!(place.text(&origin.url("/")).await, "direct");
    assert_eq!(place.text("http://h.example/").await, "forwarded http://h.example/");
    let direct = place.session.get(origin.url("/")).unwrap().proxy(ProxySettings::Direct);
    assert!(direct.send().await.unwrap().proxy().is_none());
    place.end().await;
}

/// curl's cases 1101 and 1248 to 1257: a proxy by option or variable, exceptions by option or variable.
#[tokio::test]
async fn curl_no_proxy_names_exceptions_of_what_the_environment_names() {
    let origin = Origin::start(|_| Reply::ok("direct")).await;
    let proxy = HttpProxy::start(Manner::open()).await;
    let address = proxy.address().to_string();
    let cases = [
        ("127.0.0.1", origin.url("/"), "direct"),
        ("example.com", origin.url("/"), "forwarded"),
        ("example.com", "http://somewhere.example.com/".to_owned(), "error"),
        ("", "http://somewhere.example.com/".to_owned(), "forwarded"),
        ("127.0.0.1", "http://somewhere.example.com/".to_owned(), "forwarded"),
    ];
    for (no_proxy, url, expected) in cases {
        let variable = |name: &str| match name {
            "http_proxy" => Some(format!("http://{address}")),
            "no_proxy" => Some(no_proxy.to_owned()),
            _ => None,
        };
        let place = Place::through(ProxySettings::from_variables(variable).unwrap());
        match expected {
            "error" => drop(place.fails(&url).await),
            expected => assert!(place.text(&url).await.starts_with(expected), "{no_proxy} {url}"),
        }
        place.end().await;
    }
}
