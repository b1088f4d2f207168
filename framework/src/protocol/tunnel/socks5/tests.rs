//! SOCKS5 and its login, octet by octet.

use super::*;
use crate::network::Proxy;
use crate::protocol::tunnel::trial::play_all;

fn anonymous() -> Socks5 {
    Socks5::new(&Goal::Name("h.example".to_owned(), 443), None).unwrap()
}

fn known() -> Socks5 {
    let proxy = Proxy::parse("socks5h://user:pass@p").unwrap();
    Socks5::new(&Goal::Address("[2001:db8::1]:80".parse().unwrap()), proxy.secret()).unwrap()
}

const NAMED: &[u8] = b"\x05\x01\0\x03\x09h.example\x01\xbb";

#[test]
fn rfc1928_a_name_is_handed_on_without_a_login() {
    let (written, outcome, left) = play_all(anonymous, b"\x05\0\x05\0\0\x01\0\0\0\0\0\0tunnel");
    assert_eq!(written, [&b"\x05\x01\0"[..], NAMED]);
    assert_eq!((outcome, left.as_slice()), (Ok(()), &b"tunnel"[..]), "what follows the reply is the tunnel's");
}

#[test]
fn rfc1929_a_login_is_sent_if_the_proxy_wants_it_and_only_then() {
    let request = b"\x05\x01\0\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\0\x50";
    let (written, outcome, _) = play_all(known, b"\x05\x02\x01\0\x05\0\0\x04aaaaaaaaaaaaaaaapp");
    assert_eq!(written, [&b"\x05\x02\0\x02"[..], b"\x01\x04user\x04pass", request]);
    assert_eq!(outcome, Ok(()));
    let (written, outcome, _) = play_all(known, b"\x05\0\x05\0\0\x03\x01xpp");
    assert_eq!(written, [&b"\x05\x02\0\x02"[..], request]);
    assert_eq!(outcome, Ok(()));
}

#[test]
fn an_ipv4_address_goes_as_four_octets() {
    let goal = Goal::Address("[::ffff:192.0.2.7]:80".parse().unwrap());
    let (written, ..) = play_all(|| Socks5::new(&goal, None).unwrap(), b"\x05\0\x05\0\0\x01aaaapp");
    assert_eq!(written[1], b"\x05\x01\0\x01\xc0\0\x02\x07\0\x50");
}

#[test]
fn a_name_longer_than_255_octets_cannot_be_said() {
    let named = |length: usize| Socks5::new(&Goal::Name("x".repeat(length), 80), None);
    assert!(named(255).is_ok() && named(256).is_err());
}

#[test]
fn every_reply_code_has_its_name() {
    let names = [
        "general failure (1)",
        "not allowed by its rules (2)",
        "network unreachable (3)",
        "host unreachable (4)",
        "connection refused (5)",
        "TTL expired (6)",
        "command not supported (7)",
        "kind of address not supported (8)",
        "an unknown code (9)",
    ];
    for (code, name) in (1..).zip(names) {
        let said = play_all(anonymous, &[5, 0, 5, code]).1.unwrap_err();
        assert_eq!(said, format!("it refuses: {name}"));
    }
}

#[test]
fn what_breaks_the_rules_is_an_error_at_every_octet() {
    let said = |answer: &[u8]| play_all(anonymous, answer).1.unwrap_err();
    assert_eq!(said(b"\x04\0"), "its answer begins with 0x04, which is not its version of SOCKS");
    assert_eq!(said(b"\x05\xff"), "it takes none of the methods of authentication that it was offered");
    assert_eq!(said(b"\x05\x02"), "it chose the method of authentication 0x02, which it was not offered");
    assert_eq!(said(b"\x05\x01"), "it chose the method of authentication 0x01, which it was not offered");
    assert_eq!(said(b"\x05\0\x01\0\0\x01"), "its answer begins with 0x01, which is not its version of SOCKS");
    assert_eq!(said(b"\x05\0\x05\0\0\x02aaaa"), "its answer holds an address of the unknown kind 0x02");
    let with_login = |answer: &[u8]| play_all(known, answer).1.unwrap_err();
    assert_eq!(with_login(b"\x05\x02\x01\x01"), "it does not take the user name and password");
    assert_eq!(with_login(b"\x05\x02\x05\0"), "its answer begins with 0x05, which is not its version of SOCKS");
    let whole = b"\x05\x02\x01\0\x05\0\0\x03\xff";
    for cut in 0..=whole.len() {
        assert_eq!(with_login(&whole[..cut]), "it closed the connection before it had answered", "{cut}");
    }
}

#[test]
fn no_more_octets_are_asked_for_than_the_answer_has_for_certain() {
    for reply in [&b"\x05\0\0\x01aaaapp"[..], b"\x05\0\0\x04aaaaaaaaaaaaaaaapp", b"\x05\0\0\x03\x09h.examplepp"] {
        let mut socks = anonymous();
        let mut look = |octets: &[u8]| socks.handle_input(&mut BytesMut::from(octets)).unwrap();
        assert_eq!([look(b""), look(b"\x05"), look(b"\x05\0")], [Step::NeedMore(2), Step::NeedMore(1), Step::Write]);
        for there in 0..reply.len() {
            let missing = match there {
                0 | 1 => 2 - there,
                2 | 3 => 4 - there,
                4 if reply[3] == NAME => 1,
                _ => reply.len() - there,
            };
            assert_eq!(look(&reply[..there]), Step::NeedMore(missing), "{reply:?} {there}");
        }
        assert_eq!(look(reply), Step::Open);
    }
}
