//! Other ways to a server: through a proxy, with cookies, without async.

use super::site;

/// The site is the proxy: it is asked for a whole URL, of a host that there is not.
#[tokio::test]
async fn both_go_through_a_proxy() {
    let (proxy, url) = site().await;
    assert_eq!(reqwest_proxy(&url).await.unwrap(), "Hello.");
    assert_eq!(hinternet_proxy(&url).await.unwrap(), "Hello.");
    assert!(proxy.log().iter().all(|visit| visit.target == "http://www.example.com/"));
}

// ANCHOR: reqwest_proxy
async fn reqwest_proxy(proxy: &str) -> reqwest::Result<String> {
    let client = reqwest::Client::builder().proxy(reqwest::Proxy::all(proxy)?).build()?;
    client.get("http://www.example.com/").send().await?.text().await
}
// ANCHOR_END: reqwest_proxy

// ANCHOR: hinternet_proxy
async fn hinternet_proxy(proxy: &str) -> hinternet::Result<String> {
    let session = hinternet::Session::builder().proxy(hinternet::network::Proxy::parse(proxy)?).open()?;
    session.get("http://www.example.com/")?.send().await?.text().await
}
// ANCHOR_END: hinternet_proxy

#[tokio::test]
async fn a_session_brings_back_what_it_was_given() {
    let (_site, url) = site().await;
    assert_eq!(hinternet_cookies(&url).await.unwrap(), "sid=7");
}

// ANCHOR: hinternet_cookies
async fn hinternet_cookies(url: &str) -> hinternet::Result<String> {
    let session = hinternet::Session::open()?; // has a jar: `session.cookies()`
    session.get(format!("{url}/login"))?.send().await?.bytes().await?;
    session.get(format!("{url}/whoami"))?.send().await?.text().await
}
// ANCHOR_END: hinternet_cookies

/// The site has a runtime of its own; neither library waits on a thread that has one.
#[test]
fn both_wait_without_async() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (_site, url) = runtime.block_on(site());
    assert_eq!(reqwest_blocking(&url).unwrap(), "Hello.");
    assert_eq!(hinternet_blocking(&url).unwrap(), "Hello.");
}

// ANCHOR: reqwest_blocking
fn reqwest_blocking(url: &str) -> reqwest::Result<String> {
    let client = reqwest::blocking::Client::new();
    client.get(url).send()?.text()
}
// ANCHOR_END: reqwest_blocking

// ANCHOR: hinternet_blocking
fn hinternet_blocking(url: &str) -> hinternet::Result<String> {
    let session = hinternet::blocking::Session::open()?;
    session.get(url)?.send()?.text()
}
// ANCHOR_END: hinternet_blocking
