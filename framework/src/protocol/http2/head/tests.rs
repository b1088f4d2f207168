//! What a request says over HTTP/2, and which responses pass.

use super::*;
use crate::protocol::http1::{BodyLength, field};

/// A GET that each test changes in what it is about.
struct Draft {
    method: Method,
    target: &'static str,
    headers: HeaderMap,
    defaults: HeaderMap,
    body: BodyLength,
}

impl Draft {
    fn new(method: Method, target: &'static str) -> Self {
        let (headers, defaults) = (HeaderMap::new(), HeaderMap::new());
        Self { method, target, headers, defaults, body: BodyLength::None }
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        let (name, value) = field(name, value.as_bytes()).expect("a valid field");
        self.headers.append(name, value);
        self
    }

    fn default(mut self, name: &str, value: &str) -> Self {
        let (name, value) = field(name, value.as_bytes()).expect("a valid field");
        self.defaults.append(name, value);
        self
    }

    fn body(self, body: BodyLength) -> Self {
        Self { body, ..self }
    }

    fn request(&self) -> Result<Box<Request<()>>, Misuse> {
        self.request_with(None, None)
    }

    fn request_with(
        &self,
        accept_encoding: Option<&'static str>,
        plain: Option<&Plain>,
    ) -> Result<Box<Request<()>>, Misuse> {
        let Self { method, target, headers, defaults, body } = self;
        let head = RequestHead {
            version: Version::HTTP_11,
            method,
            target,
            host: "example.com",
            headers,
            defaults,
            accept_encoding,
            body: *body,
        };
        request(&head, &head.settle()?, true, &mut None, plain)
    }

    fn fields(&self) -> String {
        lines(self.request().expect("a valid request").headers())
    }
}

fn lines(fields: &HeaderMap) -> String {
    fields.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap())).collect()
}

fn map(fields: &[(&str, &str)]) -> HeaderMap {
    fields.iter().map(|(name, value)| field(name, value.as_bytes()).expect("a valid field")).collect()
}

fn within(fields: &[(&str, &str)], limits: HeadLimits) -> Result<Arc<ResponseHead>, Fault> {
    response_head(StatusCode::OK, map(fields), &limits)
}

#[test]
fn rfc9113_8_3_1_the_target_becomes_pseudo_fields() {
    let cases = [
        (Method::GET, "/a?b=c", "https://example.com/a?b=c", "/a?b=c"),
        (Method::GET, "/?u=http://x/", "https://example.com/?u=http://x/", "/?u=http://x/"),
        (Method::GET, "http://other:81/a?b", "http://example.com/a?b", "/a?b"),
        (Method::GET, "http://other?b", "http://example.com/?b", "/?b"),
        (Method::GET, "http://other", "http://example.com/", "/"),
        (Method::OPTIONS, "*", "https://example.com*", "*"),
    ];
    for (method, target, whole, path) in cases {
        let request = Draft::new(method, target).request().unwrap();
        assert_eq!(request.uri().to_string(), whole);
        assert_eq!(request.uri().path_and_query().unwrap().as_str(), path);
        assert_eq!(request.version(), Version::HTTP_2);
    }
}

#[test]
fn rfc9113_8_5_connect_has_an_authority_and_neither_scheme_nor_path() {
    let request = Draft::new(Method::CONNECT, "far.example:443").request().unwrap();
    assert_eq!(request.uri().authority().unwrap(), "far.example:443");
    assert_eq!((request.uri().scheme(), request.uri().path_and_query()), (None, None));
}

#[test]
fn the_callers_host_is_the_authority_and_no_field() {
    let draft = Draft::new(Method::GET, "/").header("host", "other:81").header("x", "y");
    assert_eq!(draft.request().unwrap().uri().authority().unwrap(), "other:81");
    assert_eq!(draft.fields(), "x: y\n");
}

#[test]
fn what_http1_refuses_is_refused_alike() {
    let get = || Draft::new(Method::GET, "/");
    assert_eq!(get().header("host", "a").header("host", "b").request().unwrap_err(), Misuse::RepeatedHost);
    assert_eq!(get().header("transfer-encoding", "chunked").request().unwrap_err(), Misuse::TransferEncoding);
    assert_eq!(Draft::new(Method::GET, "a").request().unwrap_err(), Misuse::Target { at: 0 });
    let with_both = get().header("content-length", "1").body(BodyLength::Chunked);
    assert_eq!(with_both.request().unwrap_err(), Misuse::ContentLengthWithChunked);
}

#[test]
fn what_no_path_may_hold_is_refused_where_it_stands() {
    assert_eq!(Draft::new(Method::GET, "/a<").request().unwrap_err(), Misuse::Target { at: 2 });
    assert_eq!(Draft::new(Method::GET, "/?a=\"").request().unwrap_err(), Misuse::Target { at: 4 });
    assert_eq!(Draft::new(Method::GET, "/").header("host", "a%b").request().unwrap_err(), Misuse::Host { at: 1 });
}

#[test]
fn a_default_is_sent_unless_the_caller_names_it() {
    let draft = Draft::new(Method::GET, "/").default("user-agent", "hinternet").default("accept", "*/*");
    assert_eq!(
        draft.header("user-agent", "mine").header("a", "1").header("a", "2").fields(),
        "user-agent: mine\na: 1\na: 2\naccept: */*\n"
    );
}

#[test]
fn rfc9113_8_2_2_nothing_of_the_connection_is_sent() {
    let draft = Draft::new(Method::GET, "/")
        .header("connection", "keep-alive, X-Hop")
        .header("connection", "upgrade")
        .header("keep-alive", "5")
        .header("proxy-connection", "keep-alive")
        .header("upgrade", "h2c")
        .header("x-hop", "1")
        .header("x-end", "2")
        .header("expect", "100-continue");
    assert_eq!(draft.fields(), "x-end: 2\nexpect: 100-continue\n");
}

#[test]
fn rfc9113_8_2_2_te_says_trailers_or_nothing() {
    let te = |value| Draft::new(Method::GET, "/").header("connection", "te").header("te", value).fields();
    assert_eq!(te("Trailers"), "te: trailers\n");
    assert_eq!(te("gzip"), "");
    assert_eq!(te("trailers, gzip"), "");
}

#[test]
fn the_length_is_said_as_in_http1() {
    let post = |body| Draft::new(Method::POST, "/").body(body);
    assert_eq!(post(BodyLength::None).fields(), "content-length: 0\n");
    assert_eq!(post(BodyLength::Length(5)).fields(), "content-length: 5\n");
    assert_eq!(post(BodyLength::Length(5)).header("content-length", "5").fields(), "content-length: 5\n");
    assert_eq!(post(BodyLength::Chunked).fields(), "");
    assert_eq!(Draft::new(Method::GET, "/").fields(), "");
}

#[test]
fn rfc7541_7_1_secrets_are_never_indexed() {
    let draft = Draft::new(Method::GET, "/")
        .header("authorization", "a")
        .header("proxy-authorization", "b")
        .header("cookie", "c")
        .header("x", "d");
    let request = draft.request().unwrap();
    let sensitive = |name| request.headers()[name].is_sensitive();
    assert!(sensitive("authorization") && sensitive("proxy-authorization") && sensitive("cookie"));
    assert!(!sensitive("x"));
}

#[test]
fn more_fields_than_a_map_holds_are_refused_and_not_a_panic() {
    let mut draft = Draft::new(Method::GET, "/");
    for number in 0..12_300 {
        draft = draft.header(&format!("a{number}"), "").default(&format!("b{number}"), "");
    }
    assert_eq!(draft.request().unwrap_err(), Misuse::TooManyFields);
}

#[test]
fn request_trailers_obey_the_rules_of_http1() {
    assert_eq!(request_trailers(&map(&[("x", "1")])), Ok(map(&[("x", "1")])));
    let refused = request_trailers(&map(&[("content-length", "1")]));
    assert_eq!(refused, Err(Misuse::Trailer { name: "content-length".into() }));
}

#[test]
fn a_response_reads_as_lines_too() {
    let head = within(&[("server", "x"), ("set-cookie", "a"), ("set-cookie", "b")], HeadLimits::default()).unwrap();
    assert_eq!((head.status(), head.version(), head.reason()), (StatusCode::OK, Version::HTTP_2, &b""[..]));
    assert_eq!(head.raw(), "HTTP/2 200\r\nserver: x\r\nset-cookie: a\r\nset-cookie: b\r\n\r\n");
    assert_eq!(head.headers().get_all("set-cookie").iter().count(), 2);
    let empty = response_head(StatusCode::NO_CONTENT, HeaderMap::new(), &HeadLimits::default()).unwrap();
    assert_eq!(empty.raw(), "HTTP/2 204\r\n\r\n");
}

#[test]
fn a_response_keeps_to_the_limits_of_http1() {
    let fields = [("server", "x"), ("date", "y")];
    let length = within(&fields, HeadLimits::default()).unwrap().raw().len();
    let limits = HeadLimits { head_octets: length, header_fields: 2, ..HeadLimits::default() };
    assert!(within(&fields, limits).is_ok());
    let less = length - 1;
    assert_eq!(
        within(&fields, HeadLimits { head_octets: less, ..limits }).unwrap_err(),
        Fault::HeadTooLarge { limit: less }
    );
    assert_eq!(
        within(&fields, HeadLimits { header_fields: 1, ..limits }).unwrap_err(),
        Fault::TooManyFields { limit: 1 }
    );
}

#[test]
fn rfc9113_8_6_a_101_is_refused() {
    let refused = response_head(StatusCode::SWITCHING_PROTOCOLS, HeaderMap::new(), &HeadLimits::default());
    assert_eq!(refused.unwrap_err(), Fault::UpgradeInHttp2);
}

#[test]
fn rfc9113_8_2_2_a_response_with_fields_of_the_connection_is_refused() {
    for name in OF_THE_CONNECTION {
        let refused = within(&[("a", "b"), (name, "x")], HeadLimits::default());
        assert_eq!(refused.unwrap_err(), Fault::ConnectionField { name });
    }
}

#[test]
fn interim_responses_are_counted_and_the_final_one_is_not() {
    let limits = HeadLimits { interim_responses: 2, ..HeadLimits::default() };
    let hints = StatusCode::from_u16(103).unwrap();
    let mut heads = ResponseHeads::new(limits);
    assert!(heads.receive(hints, HeaderMap::new()).is_ok() && heads.receive(hints, HeaderMap::new()).is_ok());
    assert!(heads.receive(StatusCode::OK, HeaderMap::new()).is_ok());
    assert_eq!(heads.receive(hints, HeaderMap::new()).unwrap_err(), Fault::TooManyInterims { limit: 2 });
}

#[test]
fn interim_responses_are_limited_in_size_together() {
    let limits = HeadLimits { head_octets: 40, ..HeadLimits::default() };
    let mut heads = ResponseHeads::new(limits);
    let hints = || map(&[("link", "123456")]);
    assert!(heads.receive(StatusCode::CONTINUE, hints()).is_ok());
    assert_eq!(heads.receive(StatusCode::CONTINUE, hints()).unwrap_err(), Fault::InterimsTooLarge { limit: 40 });
    assert_eq!(heads.check_trailers(&HeaderMap::new()), Ok(()));
}

#[test]
fn response_trailers_keep_to_their_limits() {
    let trailers = map(&[("a", "1"), ("b", "2")]);
    let check = |trailer_octets, trailer_fields| {
        check_response_trailers(&trailers, &HeadLimits { trailer_octets, trailer_fields, ..HeadLimits::default() })
    };
    let length = "a: 1\r\nb: 2\r\n\r\n".len();
    assert_eq!(check(length, 2), Ok(()));
    assert_eq!(check(length - 1, 2), Err(Fault::TrailersTooLarge { limit: length - 1 }));
    assert_eq!(check(length, 1), Err(Fault::TooManyTrailers { limit: 1 }));
    let refused = check_response_trailers(&map(&[("upgrade", "x")]), &HeadLimits::default());
    assert_eq!(refused, Err(Fault::ConnectionField { name: "upgrade" }));
}

#[test]
fn rfc8441_5_an_upgrade_becomes_an_extended_connect_without_what_is_of_http1() {
    let draft = Draft::new(Method::GET, "/chat?x=1").body(BodyLength::Length(0));
    let draft =
        draft.header("upgrade", "websocket").header("connection", "Upgrade").header("sec-websocket-key", "a2V5");
    let draft = draft.header("sec-websocket-version", "13").header("content-length", "0").header("origin", "http://o");
    let mut request = draft.request().expect("a valid request");
    extend_connect(&mut request);
    assert_eq!(
        (request.method(), request.uri().to_string()),
        (&Method::CONNECT, "https://example.com/chat?x=1".into())
    );
    let said = lines(request.headers());
    let mut said: Vec<_> = said.lines().collect();
    said.sort_unstable();
    assert_eq!(said, ["origin: http://o", "sec-websocket-version: 13"]);
}

#[test]
fn codings_are_asked_for_as_http1_would() {
    let nothing = HeaderMap::new();
    let head = RequestHead {
        version: Version::HTTP_11,
        method: &Method::GET,
        target: "/",
        host: "example.com",
        headers: &nothing,
        defaults: &nothing,
        accept_encoding: Some("accept-encoding: gzip, br\r\n"),
        body: BodyLength::None,
    };
    let request = request(&head, &head.settle().unwrap(), true, &mut None, None).unwrap();
    assert_eq!(lines(request.headers()), "accept-encoding: gzip, br\n");
}

#[test]
fn fields_that_are_made_once_for_a_session_are_those_that_would_be_made_each_time() {
    let plain = Plain::default();
    let draft = |method| {
        let draft = Draft::new(method, "/").default("user-agent", "a").default("authorization", "Basic secret");
        draft.default("connection", "close, x-hop").default("x-hop", "1").default("te", "trailers")
    };
    let all = [Method::GET, Method::POST, Method::HEAD].map(draft);
    let codings = [Some("accept-encoding: gzip\r\n"), None, Some("accept-encoding: br\r\n")];
    // Twice, so that each is given what another has left.
    for accept_encoding in codings.into_iter().chain(codings) {
        for draft in &all {
            let (kept, made) = (Some(&plain), None);
            let [kept, made] = [kept, made].map(|plain| draft.request_with(accept_encoding, plain).unwrap());
            assert_eq!(kept.headers(), made.headers(), "{:?}", draft.method);
            let secret = kept.headers().get("authorization").expect("it is sent");
            assert!(secret.is_sensitive());
        }
    }
    assert!(plain.0.get().is_some_and(|(_, fields)| !fields.contains_key(CONTENT_LENGTH)));
}
