//! What goes wrong, what is tried again, and what is followed.

use std::time::Duration;

use super::site;

#[tokio::test]
async fn both_tell_what_went_wrong() {
    let (_site, url) = site().await;
    // Time runs out only where it is meant to, on a busy machine too.
    let (short, long) = (Duration::from_millis(200), Duration::from_secs(60));
    let cases = [
        (format!("{url}/slow"), short, "too slow"),
        ("http://127.0.0.1:1/".to_owned(), long, "not reached"),
        (format!("{url}/missing"), long, "refused"),
        ("no URL".to_owned(), long, "not meant"),
    ];
    for (url, within, told) in cases {
        assert_eq!(reqwest_told(&reqwest_asked(&url, within).await.unwrap_err()), told, "{url}");
        assert_eq!(hinternet_told(&hinternet_asked(&url, within).await.unwrap_err()), told, "{url}");
    }
}

// ANCHOR: reqwest_told
async fn reqwest_asked(url: &str, within: Duration) -> reqwest::Result<String> {
    let request = reqwest::Client::new().get(url).timeout(within);
    request.send().await?.error_for_status()?.text().await
}

fn reqwest_told(error: &reqwest::Error) -> &'static str {
    match error {
        error if error.is_timeout() => "too slow",
        error if error.is_connect() => "not reached",
        error if error.is_status() => "refused",
        error if error.is_builder() => "not meant",
        _ => "broken",
    }
}
// ANCHOR_END: reqwest_told

// ANCHOR: hinternet_told
async fn hinternet_asked(url: &str, within: Duration) -> hinternet::Result<String> {
    let request = hinternet::Session::open()?.get(url)?.timeout(within);
    request.send().await?.error_for_status()?.text().await
}

fn hinternet_told(error: &hinternet::Error) -> &'static str {
    use hinternet::{Operation, Stage};

    match (error.operation(), error.stage()) {
        _ if error.is_timeout() => "too slow",
        _ if error.is_connect() => "not reached",
        (Operation::Response, Stage::Head) => "refused",
        (_, Stage::Arguments) => "not meant",
        _ => "broken",
    }
}
// ANCHOR_END: hinternet_told

#[tokio::test]
async fn both_leave_a_redirect_where_told_to() {
    let (_site, url) = site().await;
    assert_eq!(reqwest_redirect(&format!("{url}/old")).await.unwrap(), 301);
    assert_eq!(hinternet_redirect(&format!("{url}/old")).await.unwrap(), 301);
}

// ANCHOR: reqwest_redirect
async fn reqwest_redirect(url: &str) -> reqwest::Result<u16> {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    Ok(client.get(url).send().await?.status().as_u16())
}
// ANCHOR_END: reqwest_redirect

// ANCHOR: hinternet_redirect
async fn hinternet_redirect(url: &str) -> hinternet::Result<u16> {
    let session = hinternet::Session::builder().redirects(hinternet::RedirectPolicy::Never).open()?;
    Ok(session.get(url)?.send().await?.status().as_u16())
}
// ANCHOR_END: hinternet_redirect

#[tokio::test]
async fn both_ask_a_busy_server_again() {
    let (_site, url) = site().await;
    assert_eq!(reqwest_retry(&format!("{url}/busy")).await.unwrap(), "Here I am.");
    let (_site, url) = site().await;
    assert_eq!(hinternet_retry(&format!("{url}/busy")).await.unwrap(), "Here I am.");
}

// ANCHOR: reqwest_retry
async fn reqwest_retry(url: &str) -> reqwest::Result<String> {
    let policy = reqwest::retry::for_host("127.0.0.1").max_retries_per_request(2).classify_fn(|tried| {
        match (tried.method(), tried.status()) {
            (&reqwest::Method::GET, Some(reqwest::StatusCode::SERVICE_UNAVAILABLE)) => tried.retryable(),
            _ => tried.success(),
        }
    });
    let client = reqwest::Client::builder().retry(policy).build()?;
    client.get(url).send().await?.text().await
}
// ANCHOR_END: reqwest_retry

// ANCHOR: hinternet_retry
async fn hinternet_retry(url: &str) -> hinternet::Result<String> {
    let policy = hinternet::RetryPolicy::new().attempts(3).first_pause(Duration::from_millis(50));
    let session = hinternet::Session::builder().retry(policy).open()?;
    session.get(url)?.send().await?.text().await
}
// ANCHOR_END: hinternet_retry
