//! URLs: what is asked for, where a redirect leads, and what of it stands in a request.

use bytes::BytesMut;
use http::header::LOCATION;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use url::Url;

use crate::options::RedirectOptions;
use crate::policy::redirect::{Answered, Hop, Verdict, judge};
use crate::protocol::http1::{BodyLength, HeadLimits, RequestHead, SendHead};
use crate::target::{Origin, Target};

/// A URL is read as the crate `url` reads it, whatever is spared on the way; it is the same when it is read again; and it can be
/// asked for, also as the path of a request and as the place a redirect leads to.
pub fn url(octets: &[u8]) {
    if let Ok(text) = std::str::from_utf8(octets) {
        parsed(text);
        let origin = Origin::parse("http://h:81").expect("an origin");
        if let Ok(target) = Target::on(&origin, text, false) {
            assert_eq!(target.origin(), &origin);
            holds(&target);
        }
        if let Ok(origin) = Origin::parse(text) {
            assert_eq!(Origin::parse(&origin.to_string()).ok(), Some(origin));
        }
    }
    redirected(octets);
}

fn parsed(text: &str) {
    let ours = Target::parse(text);
    let theirs = Url::parse(&text.replace('\t', "%09")).ok().and_then(|url| Some((Target::from_url(&url).ok()?, url)));
    match (&ours, theirs) {
        (Ok(ours), Some((target, url))) => {
            assert_eq!((ours, ours.fragment()), (&target, target.fragment()));
            assert_eq!(
                (Some(ours.origin().host()), Some(ours.origin().port())),
                (url.host_str(), url.port_or_known_default())
            );
            holds(ours);
        }
        (Err(_), None) => {}
        // CR and LF vanish from a URL, and NUL is encoded: who brings them is refused.
        (Err(_), Some(_)) => assert!(text.contains(['\r', '\n', '\0']), "{text:?}"),
        (Ok(ours), None) => panic!("{ours} is no URL"),
    }
}

fn redirected(octets: &[u8]) {
    let Ok(location) = HeaderValue::from_bytes(octets) else { return };
    let here = Target::parse("https://a.example/b/c?d#e").expect("a target");
    let headers = HeaderMap::from_iter([(LOCATION, location)]);
    let status = StatusCode::FOUND;
    let answered = Answered { method: &Method::GET, target: &here, status, headers: &headers, hops: 0 };
    if let Verdict::Follow(Hop { target, .. }) = judge(&answered, &RedirectOptions::default(), |_| None) {
        assert!(target.origin().is_secure(), "from https to {target}");
        assert!(target.fragment().is_some());
        holds(&target);
    }
}

fn holds(target: &Target) {
    let again = Target::parse(&target.url());
    assert_eq!(again.as_ref().ok(), Some(target), "{target} read again");
    let path = target.path_and_query();
    assert!(path.starts_with('/') && path.bytes().all(|octet| octet.is_ascii_graphic()), "{path:?}");
    let none = HeaderMap::new();
    let head = RequestHead {
        version: Version::HTTP_11,
        method: &Method::GET,
        target: path,
        host: target.origin().authority(),
        headers: &none,
        defaults: &none,
        accept_encoding: None,
        body: BodyLength::None,
    };
    let written = SendHead::new(HeadLimits::default()).encode(&head, &mut BytesMut::new());
    assert!(written.is_ok(), "{target} cannot be asked for: {written:?}");
}
