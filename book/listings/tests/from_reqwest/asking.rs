//! Clients and sessions, and what is asked by them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::site;

#[tokio::test]
async fn both_get_a_text() {
    let (_site, url) = site().await;
    let theirs = reqwest_get(&url).await.unwrap();
    assert_eq!(theirs, "Hello.");
    assert_eq!(hinternet_get(&url).await.unwrap(), theirs);
}

// ANCHOR: reqwest_get
async fn reqwest_get(url: &str) -> reqwest::Result<String> {
    let client = reqwest::Client::new();
    client.get(url).send().await?.text().await
}
// ANCHOR_END: reqwest_get

// ANCHOR: hinternet_get
async fn hinternet_get(url: &str) -> hinternet::Result<String> {
    let session = hinternet::Session::open()?;
    session.get(url)?.send().await?.text().await
}
// ANCHOR_END: hinternet_get

#[tokio::test]
async fn both_send_what_is_said_for_all_requests() {
    let (_site, url) = site().await;
    let theirs = reqwest_built().unwrap().get(format!("{url}/fields")).send().await.unwrap().text().await.unwrap();
    assert_eq!(theirs, "my-program/1.0, de");
    let session = hinternet_built().unwrap();
    assert_eq!(session.get(format!("{url}/fields")).unwrap().send().await.unwrap().text().await.unwrap(), theirs);
}

// ANCHOR: reqwest_built
fn reqwest_built() -> reqwest::Result<reqwest::Client> {
    use reqwest::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderValue};

    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("de"));
    reqwest::Client::builder()
        .user_agent("my-program/1.0")
        .default_headers(headers)
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(30))
        .build()
}
// ANCHOR_END: reqwest_built

// ANCHOR: hinternet_built
fn hinternet_built() -> hinternet::Result<hinternet::Session> {
    use hinternet::{Session, Timeouts};

    let mut timeouts = Timeouts::default();
    timeouts.connect = Some(Duration::from_secs(5));
    timeouts.receive_response = Some(Duration::from_secs(10)); // for the head,
    timeouts.receive = Some(Duration::from_secs(10)); // and for each piece of the body
    timeouts.total = Some(Duration::from_secs(30));
    Session::builder().user_agent("my-program/1.0").default_header("accept-language", "de").timeouts(timeouts).open()
}
// ANCHOR_END: hinternet_built

// ANCHOR: note
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Note {
    title: String,
}
// ANCHOR_END: note

#[tokio::test]
async fn both_send_and_read_json() {
    let (_site, url) = site().await;
    let note = Note { title: "Both".to_owned() };
    assert_eq!(reqwest_json(&format!("{url}/notes"), &note).await.unwrap(), note);
    assert_eq!(hinternet_json(&format!("{url}/notes"), &note).await.unwrap(), note);
}

// ANCHOR: reqwest_json
async fn reqwest_json(url: &str, note: &Note) -> reqwest::Result<Note> {
    let client = reqwest::Client::new();
    let request = client.post(url).header("x-api-key", "secret").json(note);
    request.send().await?.error_for_status()?.json().await
}
// ANCHOR_END: reqwest_json

// ANCHOR: hinternet_json
async fn hinternet_json(url: &str, note: &Note) -> hinternet::Result<Note> {
    let session = hinternet::Session::open()?;
    let request = session.post(url)?.header("x-api-key", "secret").json(note);
    request.send().await?.error_for_status()?.json().await
}
// ANCHOR_END: hinternet_json

#[tokio::test]
async fn both_write_a_query_and_a_form_alike() {
    let (_site, url) = site().await;
    let theirs = reqwest_form(&format!("{url}/form")).await.unwrap();
    assert_eq!(theirs, "/form?page=1&of=a+b title=A+note&text=1+%2B+1");
    assert_eq!(hinternet_form(&format!("{url}/form")).await.unwrap(), theirs);
}

// ANCHOR: reqwest_form
async fn reqwest_form(url: &str) -> reqwest::Result<String> {
    let client = reqwest::Client::new();
    let request =
        client.post(url).query(&[("page", "1"), ("of", "a b")]).form(&[("title", "A note"), ("text", "1 + 1")]);
    request.send().await?.text().await
}
// ANCHOR_END: reqwest_form

// ANCHOR: hinternet_form
async fn hinternet_form(url: &str) -> hinternet::Result<String> {
    let session = hinternet::Session::open()?;
    let request =
        session.post(url)?.query(&[("page", "1"), ("of", "a b")]).form(&[("title", "A note"), ("text", "1 + 1")]);
    request.send().await?.text().await
}
// ANCHOR_END: hinternet_form
