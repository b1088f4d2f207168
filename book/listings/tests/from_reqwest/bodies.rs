//! Bodies that are more than a text.

use super::site;

#[tokio::test]
async fn both_send_a_form_of_parts() {
    let (_site, url) = site().await;
    let theirs = reqwest_multipart(&format!("{url}/films")).await.unwrap();
    assert_eq!(theirs, "5", "the site finds all that is in the form");
    assert_eq!(hinternet_multipart(&format!("{url}/films")).await.unwrap(), theirs);
}

// ANCHOR: reqwest_multipart
async fn reqwest_multipart(url: &str) -> reqwest::Result<String> {
    use reqwest::multipart::{Form, Part};

    let film = Part::bytes(b"octets".as_slice()).file_name("film.mp4").mime_str("video/mp4")?;
    let form = Form::new().text("title", "A film").part("film", film);
    reqwest::Client::new().post(url).multipart(form).send().await?.text().await
}
// ANCHOR_END: reqwest_multipart

// ANCHOR: hinternet_multipart
async fn hinternet_multipart(url: &str) -> hinternet::Result<String> {
    use hinternet::{Form, Session};

    let form = Form::new().text("title", "A film").bytes("film", "film.mp4", "octets").content_type("video/mp4");
    Session::open()?.post(url)?.multipart(form).send().await?.text().await
}
// ANCHOR_END: hinternet_multipart

#[tokio::test]
async fn both_read_in_pieces() {
    let (_site, url) = site().await;
    assert_eq!(reqwest_pieces(&format!("{url}/large")).await.unwrap(), 256 * 1024);
    assert_eq!(hinternet_pieces(&format!("{url}/large")).await.unwrap(), 256 * 1024);
}

// ANCHOR: reqwest_pieces
async fn reqwest_pieces(url: &str) -> reqwest::Result<usize> {
    let mut response = reqwest::Client::new().get(url).send().await?;
    let mut octets = 0;
    while let Some(piece) = response.chunk().await? {
        octets += piece.len();
    }
    Ok(octets)
}
// ANCHOR_END: reqwest_pieces

// ANCHOR: hinternet_pieces
async fn hinternet_pieces(url: &str) -> hinternet::Result<usize> {
    let mut response = hinternet::Session::open()?.get(url)?.send().await?;
    let mut octets = 0;
    while let Some(piece) = response.chunk().await? {
        octets += piece.len();
    }
    Ok(octets)
}
// ANCHOR_END: hinternet_pieces

#[tokio::test]
async fn both_send_a_stream() {
    let (_site, url) = site().await;
    assert_eq!(reqwest_stream(&format!("{url}/upload")).await.unwrap(), "5");
    assert_eq!(hinternet_stream(&format!("{url}/upload")).await.unwrap(), "5");
}

// ANCHOR: reqwest_stream
async fn reqwest_stream(url: &str) -> reqwest::Result<String> {
    let pieces = futures_util::stream::iter([std::io::Result::Ok("hel"), Ok("lo")]);
    let body = reqwest::Body::wrap_stream(pieces);
    reqwest::Client::new().post(url).body(body).send().await?.text().await
}
// ANCHOR_END: reqwest_stream

// ANCHOR: hinternet_stream
async fn hinternet_stream(url: &str) -> hinternet::Result<String> {
    use hinternet::{Bytes, Payload, Session};

    let pieces = futures_util::stream::iter([Ok(Bytes::from("hel")), Ok(Bytes::from("lo"))]);
    Session::open()?.post(url)?.body(Payload::stream(pieces)).send().await?.text().await
}
// ANCHOR_END: hinternet_stream
