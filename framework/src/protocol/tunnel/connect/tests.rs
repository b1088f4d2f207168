//! CONNECT, and every kind of answer to it, cut in any way.

use super::*;
use crate::protocol::tunnel::trial::{play, play_all};
use http::HeaderValue;
use http::header::{PROXY_AUTHORIZATION, USER_AGENT};

fn machine() -> Connect {
    Connect::new(Version::HTTP_11, "h.example:443", &HeaderMap::new(), &HeaderMap::new()).unwrap()
}

fn answer(octets: &[u8]) -> Box<ConnectAnswer> {
    let (mut machine, mut received) = (machine(), BytesMut::from(octets));
    let step = match machine.handle_input(&mut received) {
        Ok(Step::NeedMore(_)) => machine.handle_end(),
        other => other,
    };
    match step {
        Err(TunnelFault::Refused(answer)) => answer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn rfc9110_connect_names_host_and_port_and_a_2xx_opens_the_tunnel() {
    let (written, outcome, left) = play_all(machine, b"HTTP/1.1 200 Connection established\r\n\r\n");
    assert_eq!(written, [b"CONNECT h.example:443 HTTP/1.1\r\nhost: h.example:443\r\n\r\n"]);
    assert_eq!((outcome, left.len()), (Ok(()), 0));
    for status in ["200", "201", "204", "299"] {
        let octets = format!("HTTP/1.0 {status} x\r\n\r\n");
        assert_eq!(play_all(machine, octets.as_bytes()).1, Ok(()), "{status}");
    }
}

#[test]
fn the_fields_of_the_proxy_are_sent() {
    let mut fields = HeaderMap::new();
    fields.insert(PROXY_AUTHORIZATION, HeaderValue::from_static("Basic eDp5"));
    let defaults = HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static("us"))]);
    let mut machine = Connect::new(Version::HTTP_11, "[::1]:8443", &fields, &defaults).unwrap();
    let written = machine.output().unwrap();
    let expected =
        "CONNECT [::1]:8443 HTTP/1.1\r\nhost: [::1]:8443\r\nproxy-authorization: Basic eDp5\r\nuser-agent: us\r\n\r\n";
    assert_eq!(String::from_utf8_lossy(&written), expected);
    assert!(Connect::new(Version::HTTP_11, "h:1\r\nx: y", &fields, &defaults).is_err());
}

#[test]
fn a_proxy_of_http_1_0_is_asked_in_its_version() {
    let none = HeaderMap::new();
    let mut machine = Connect::new(Version::HTTP_10, "h:80", &none, &none).unwrap();
    assert_eq!(machine.output().unwrap().as_slice(), b"CONNECT h:80 HTTP/1.0\r\nhost: h:80\r\n\r\n");
}

#[test]
fn a_2xx_has_no_body_whatever_its_fields_say() {
    for fields in ["Content-Length: 5", "Transfer-Encoding: chunked", "Content-Length: 5\r\nTransfer-Encoding: chunked"]
    {
        let octets = format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\nhello");
        let (_, outcome, left) = play(machine(), octets.as_bytes(), usize::MAX);
        assert_eq!((outcome, left.as_slice()), (Ok(()), &b"hello"[..]), "{fields}");
    }
}

#[test]
fn interim_responses_are_passed_over_but_not_without_end() {
    let one = b"HTTP/1.1 100 x\r\n\r\n";
    let ends = |count| {
        let octets = [one.repeat(count).as_slice(), b"HTTP/1.1 200 OK\r\n\r\n"].concat();
        play_all(machine, &octets).1
    };
    assert_eq!(ends(10), Ok(()));
    assert!(ends(11).unwrap_err().contains("more than 10 interim responses"));
}

#[test]
fn any_other_answer_is_a_refusal_that_can_be_read() {
    let refused =
        answer(b"HTTP/1.1 403 No way\r\nSet-Cookie: a=b\r\nLocation: http://evil/\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!((refused.head().status().as_u16(), &refused.body()[..]), (403, &b"hello"[..]));
    assert!(refused.is_whole() && refused.may_go_on());
    assert_eq!(TunnelFault::Refused(refused).verdict(), crate::policy::proxy::Verdict::Final);
    let until_close = answer(b"HTTP/1.1 502 x\r\n\r\nhel");
    assert!(until_close.is_whole() && !until_close.may_go_on());
    assert_eq!(TunnelFault::Refused(until_close).verdict(), crate::policy::proxy::Verdict::NotThere);
    let cut_short = answer(b"HTTP/1.1 407 x\r\nContent-Length: 5\r\n\r\nhel");
    assert!(!cut_short.is_whole() && !cut_short.may_go_on());
    assert!(TunnelFault::Refused(cut_short).is_about_credentials());
    assert!(!answer(b"HTTP/1.1 407 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").may_go_on());
    assert!(!answer(b"HTTP/1.1 407 x\r\nContent-Length: 0\r\n\r\nmore").may_go_on());
}

#[test]
fn of_an_endless_refusal_64_kib_are_kept() {
    let mut octets = b"HTTP/1.1 503 x\r\n\r\n".to_vec();
    octets.resize(200_000, b'x');
    let refused = answer(&octets);
    assert_eq!((refused.body().len(), refused.is_whole(), refused.may_go_on()), (64 * 1024, false, false));
}

#[test]
fn a_refusal_whose_body_never_ends_is_one_when_the_time_is_over() {
    let mut machine = machine();
    let mut received = BytesMut::from(&b"HTTP/1.1 403 x\r\nContent-Length: 9\r\n\r\nhel"[..]);
    assert!(machine.handle_failure().is_none(), "nothing is known yet");
    assert!(!machine.is_refused());
    assert!(matches!(machine.handle_input(&mut received), Ok(Step::NeedMore(_))));
    assert!(machine.is_refused());
    match machine.handle_failure() {
        Some(TunnelFault::Refused(answer)) => assert_eq!((&answer.body()[..], answer.is_whole()), (&b"hel"[..], false)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_answer_is_an_error() {
    for octets in [&b"SSH-2.0-x\r\n"[..], b"HTTP/2 200\r\n\r\n", b"HTTP/1.1 20 x\r\n\r\n", b"HTTP/1.1 200 OK\n\n"] {
        assert!(play_all(machine, octets).1.is_err(), "{octets:?}");
    }
    let whole = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
    for cut in 0..whole.len() {
        let said = play_all(machine, &whole[..cut]).1.unwrap_err();
        assert_eq!(said, "it closed the connection before it had answered", "{cut}");
    }
    assert!(play_all(machine, b"HTTP/1.1 101 x\r\n\r\n").1.is_err(), "nobody asked for an upgrade");
    let endless = [b"HTTP/1.1 200 OK\r\nA: ".as_slice(), &[b'x'; 70_000]].concat();
    assert!(play(machine(), &endless, 4096).1.unwrap_err().contains("larger than"));
}
