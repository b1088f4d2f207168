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
    let before_1970 = std::time::UNIX_EPOCH - Duration::from_secs(1);
    let judged = |o: &mut SessionOptions| o.request.tls = TlsOptions::new().dangerous(tls::VerifyAt(before_1970));
    assert!(refused(judged).contains("before 1970"));
    assert!(refused(|o| o.idle_timeout = Duration::ZERO).contains("idle_timeout"));
    assert!(refused(|o| o.request.expect_continue = Some(Duration::ZERO)).contains("expect_continue"));
}

#[test]
fn e_every_timeout_is_checked() {
    type Field = fn(&mut Timeouts) -> &mut Option<Duration>;
    let fields: [(&str, Field); 7] = [
        ("resolve", |t| &mut t.resolve),
        ("connect", |t| &mut t.connect),
        ("send", |t| &mut t.send),
        ("receive", |t| &mut t.receive),
        ("receive_response", |t| &mut t.receive_response),
        ("queue", |t| &mut t.queue),
        ("total", |t| &mut t.total),
    ];
    let year = Duration::from_secs(366 * 24 * 60 * 60);
    for (name, field) in fields {
        let sentence = refused(|o| *field(&mut o.request.timeouts) = Some(Duration::ZERO));
        assert!(sentence.contains(&format!("the timeout {name} is zero")), "{sentence}");
        let sentence = refused(|o| *field(&mut o.request.timeouts) = Some(year + Duration::from_nanos(1)));
        assert!(sentence.contains(&format!("the timeout {name} is over a year")), "{sentence}");
        let mut options = SessionOptions::default();
        for meant in [None, Some(Duration::from_nanos(1)), Some(year)] {
            *field(&mut options.request.timeouts) = meant;
            options.check().unwrap();
        }
    }
}

#[test]
fn e_a_minimum_rate_of_nothing_or_in_no_time_is_refused_by_name() {
    let second = Duration::from_secs(1);
    let rate = |octets, within| refused(|o| o.request.minimum_rate = Some(MinimumRate { octets, within }));
    assert!(rate(0, second).contains("minimum_rate.octets is zero"));
    assert!(rate(1, Duration::ZERO).contains("minimum_rate.within is zero"));
    assert!(rate(1, Duration::MAX).contains("minimum_rate.within is over a year"));
    let mut options = SessionOptions::default();
    options.request.minimum_rate = Some(MinimumRate { octets: u64::MAX, within: second });
    options.check().unwrap();
}

#[test]
fn e_limits_that_let_nothing_through_are_refused() {
    refused(|o| o.wires_per_origin = Some(0));
    refused(|o| o.wire_max_requests = Some(0));
    refused(|o| o.wire_max_age = Some(Duration::ZERO));
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
    assert_eq!((options.request.timeouts.total, options.request.minimum_rate), (None, None));
    assert_eq!(options.request.limits.response_head, 65_536);
    assert_eq!(options.idle_timeout, Duration::from_secs(60));
}

#[test]
fn e_settings_of_http2_that_no_server_could_take_are_refused() {
    let http2 = |change: fn(&mut Http2Options)| refused(|o| change(&mut o.request.http2));
    assert!(http2(|o| o.stream_window = 65_534).contains("window"));
    assert!(http2(|o| o.connection_window = 1 << 31).contains("window"));
    assert!(http2(|o| o.max_frame_size = 16_383).contains("max_frame_size"));
    assert!(http2(|o| o.max_frame_size = 1 << 24).contains("max_frame_size"));
    assert!(http2(|o| o.control_frames = 99).contains("control_frames"));
    assert!(http2(|o| o.ping_timeout = Duration::ZERO).contains("ping_timeout is zero"));
    assert!(http2(|o| o.ping_after = Some(Duration::ZERO)).contains("ping_after is zero"));
    assert!(http2(|o| o.ping_every = Some(Duration::MAX)).contains("ping_every is over a year"));
}
