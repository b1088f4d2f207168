//! SOCKS4 and 4a, octet by octet.

use super::*;
use crate::network::Proxy;
use crate::protocol::tunnel::trial::play_all;

fn by_name() -> Socks4 {
    let proxy = Proxy::parse("socks4a://user@p").unwrap();
    Socks4::new(&Goal::Name("h.example".to_owned(), 443), proxy.secret()).unwrap()
}

#[test]
fn socks4_sends_an_address_and_4a_a_name() {
    let here = || Socks4::new(&Goal::Address("192.0.2.7:80".parse().unwrap()), None).unwrap();
    let (written, outcome, left) = play_all(here, b"\0\x5a\0\0\0\0\0\0tunnel");
    assert_eq!(written, [b"\x04\x01\0\x50\xc0\0\x02\x07\0"]);
    assert_eq!((outcome, left.as_slice()), (Ok(()), &b"tunnel"[..]), "what follows the answer is the tunnel's");
    let (written, outcome, _) = play_all(by_name, b"\0\x5aportaddr");
    assert_eq!(written, [b"\x04\x01\x01\xbb\0\0\0\x01user\0h.example\0"]);
    assert_eq!(outcome, Ok(()));
}

#[test]
fn socks4_has_no_ipv6() {
    let refused = Socks4::new(&Goal::Address("[2001:db8::1]:80".parse().unwrap()), None).unwrap_err();
    assert!(refused.is_about_the_address());
    assert!(Socks4::new(&Goal::Address("[::ffff:192.0.2.7]:80".parse().unwrap()), None).is_ok());
}

#[test]
fn every_refusal_of_socks4_has_its_name_and_whatever_else_comes_is_one() {
    let said = |answer: &[u8]| play_all(by_name, answer).1.unwrap_err();
    assert_eq!(said(b"\0\x5b"), "it refuses: rejected or failed (91)");
    assert_eq!(said(b"\0\x5c\0\0\0\0\0\0"), "it refuses: it cannot reach our identd (92)");
    assert_eq!(said(b"\0\x5d\0\0\0\0\0\0"), "it refuses: our identd names another user (93)");
    assert_eq!(said(b"\0\0\0\0\0\0\0\0"), "it refuses: an unknown code (0)");
    assert_eq!(said(b"\x04\x5a\0\0\0\0\0\0"), "its answer begins with 0x04, which is not its version of SOCKS");
    assert_eq!(said(b"HTTP/1.1 400 no\r\n\r\n"), "its answer begins with 0x48, which is not its version of SOCKS");
    for cut in 0..8 {
        assert_eq!(said(&b"\0\x5a\0\0\0\0\0\0"[..cut]), "it closed the connection before it had answered", "{cut}");
    }
}
