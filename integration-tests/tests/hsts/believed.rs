//! Who is believed: a server whose certificate was checked, by name, over a secure wire (RFC 6797 8.1).

use std::time::Duration;

use hinternet::Status;
use hinternet::tls::TlsOptions;
use hinternet::tls::danger::AcceptAnyCertificate;
use integration_tests::origin::{Origin, Reply};

use crate::place::{NAME, Place};

#[tokio::test]
async fn what_is_said_over_a_secure_wire_is_noted_and_told() {
    let place = Place::saying("max-age=1000; includeSubDomains").await;
    place.ask(&place.url("https", NAME)).await.unwrap();
    assert_eq!(place.store.list(), [(NAME.to_owned(), true)]);
    assert_eq!(place.session.hsts().expect("it was given one").list().len(), 1);
    let second = Duration::from_secs(1000);
    let is_told = |status: &Status| matches!(status, Status::HttpsWanted { max_age, include_subdomains: true } if *max_age == second);
    assert_eq!(place.told(is_told).await, 1);
    place.end().await;
}

#[tokio::test]
async fn what_is_said_over_http_is_not_believed() {
    let place = Place::saying("max-age=1000").await;
    let plain = Origin::start(|_| Reply::ok("ok").field("strict-transport-security", "max-age=1000")).await;
    place.ask(&format!("{}/", plain.origin_named("plain.example"))).await.unwrap();
    assert!(place.store.list().is_empty());
    assert_eq!(place.told(|status| matches!(status, Status::HttpsWanted { .. })).await, 0);
    place.end().await;
}

#[tokio::test]
async fn an_address_is_not_believed() {
    let place = Place::saying("max-age=1000").await;
    place.ask(&place.url("https", "127.0.0.1")).await.unwrap();
    assert!(place.store.list().is_empty());
    place.end().await;
}

#[tokio::test]
async fn nobody_is_believed_over_a_wire_with_a_check_given_up() {
    let careless =
        |builder: hinternet::SessionBuilder, _: &_| builder.tls(TlsOptions::new().dangerous(AcceptAnyCertificate));
    let place = Place::with("max-age=1000", careless).await;
    assert_eq!(place.ask(&place.url("https", NAME)).await.unwrap(), "ok");
    assert!(place.store.list().is_empty());
    place.end().await;
}

#[tokio::test]
async fn a_time_of_zero_is_the_end_of_it() {
    let place = Place::saying("max-age=0").await;
    place.store.add(NAME, Duration::from_secs(1000), true).unwrap();
    place.ask(&place.url("http", NAME)).await.unwrap();
    assert!(place.store.list().is_empty());
    place.end().await;
}

#[tokio::test]
async fn what_keeps_to_no_grammar_is_as_if_it_were_not_there() {
    for field in ["", "max-age", "max-age=-1", "includeSubDomains", "max-age=1; max-age=2"] {
        let place = Place::saying(field).await;
        place.ask(&place.url("https", NAME)).await.unwrap();
        assert!(place.store.list().is_empty(), "{field}");
        place.end().await;
    }
}
