//! Which options are refused, and what the defaults are.

mod identity;

use super::*;
use crate::error::ErrorCode;

fn refused(change: impl FnOnce(&mut SessionOptions)) -> String {
    let mut options = SessionOptions::default();
    change(&mut options);
    let error = options.check().unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidParameter);
    error.to_string()
}

#[test]
fn e_zero_and_absurd_timeouts_are_refused_by_name() {
    assert!(refused(|o| o.request.timeouts.send = Some(Duration::ZERO)).contains("send is zero"));
    assert!(refused(|o| o.request.timeouts.connect = Some(Duration::MAX)).contains("connect is over a year"));
    assert!(refused(|o| o.idle_timeout = Duration::ZERO).contains("idle_timeout"));
    assert!(refused(|o| o.request.expect_continue = Some(Duration::ZERO)).contains("expect_continue"));
}

#[test]
fn e_limits_that_let_nothing_through_are_refused() {
    refused(|o| o.wires_per_origin = Some(0));
    refused(|o| o.request.limits.response_head = 1);
    refused(|o| o.request.limits.header_fields = 0);
    refused(|o| o.request.limits.addresses = 0);
    refused(|o| o.unhandled_total = 0);
}

#[test]
fn p7_debug_shows_no_value_of_a_field() {
    let user_agent = HeaderValue::from_static("s3cret/1.0");
    let mut options = SessionOptions { user_agent, ..SessionOptions::default() };
    options.default_headers.insert(http::header::AUTHORIZATION, HeaderValue::from_static("Bearer s3cret"));
    let shown = format!("{options:?} {options:#?}");
    assert!(!shown.contains("s3cret") && shown.contains("authorization"), "{shown}");
}

#[test]
fn e_defaults_are_the_contracts() {
    let options = SessionOptions::default();
    options.check().unwrap();
    assert_eq!(options.wires_per_origin, Some(256));
    assert_eq!(options.request.timeouts.receive_response, Some(Duration::from_secs(90)));
    assert_eq!(options.request.limits.response_head, 65_536);
    assert_eq!(options.idle_timeout, Duration::from_secs(60));
}
