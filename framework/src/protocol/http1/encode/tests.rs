//! What is written, and what may not be.

use super::*;

/// A GET that each test changes in what it is about.
struct Draft {
    version: Version,
    method: Method,
    target: &'static str,
    host: &'static str,
    headers: HeaderMap,
    defaults: HeaderMap,
    body: BodyLength,
}

impl Draft {
    fn new(method: Method, body: BodyLength) -> Self {
        let (headers, defaults) = (HeaderMap::new(), HeaderMap::new());
        Self { version: Version::HTTP_11, method, target: "/", host: "example.com", headers, defaults, body }
    }

    fn get() -> Self {
        Self::new(Method::GET, BodyLength::None)
    }

    fn http10(self) -> Self {
        Self { version: Version::HTTP_10, ..self }
    }

    fn target(self, target: &'static str) -> Self {
        Self { target, ..self }
    }

    fn host(self, host: &'static str) -> Self {
        Self { host, ..self }
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

    fn encode(&self) -> Result<String, Misuse> {
        let Self { version, method, target, host, headers, defaults, body } = self;
        let head = RequestHead {
            version: *version,
            method,
            target,
            host,
            headers,
            defaults,
            accept_encoding: None,
            body: *body,
        };
        let mut out = BytesMut::from("before|");
        let result = encode_head(&head, &mut out);
        let written = String::from_utf8(out.to_vec()).expect("ASCII");
        let written = written.strip_prefix("before|").expect("what was there stays").to_owned();
        assert!(result.is_ok() || written.is_empty(), "an error wrote {written:?}");
        result.map(|()| written)
    }
}

/// Appends the head to `out`; a head that may not be written leaves `out` as it was.
fn encode_head(head: &RequestHead<'_>, out: &mut BytesMut) -> Result<(), Misuse> {
    let (settled, before) = (head.settle_lines()?, out.len());
    write_head(head, &settled, out);
    assert_eq!(settled.octets, out.len() - before, "it is as long as was said");
    Ok(())
}

#[test]
fn host_comes_first_then_the_callers_fields_then_the_defaults() {
    let head = Draft::get()
        .target("/a?b")
        .header("b", "1")
        .header("User-Agent", "mine")
        .header("a", "2")
        .default("user-agent", "hinternet")
        .default("accept", "*/*");
    assert_eq!(
        head.encode().unwrap(),
        "GET /a?b HTTP/1.1\r\nhost: example.com\r\nb: 1\r\nuser-agent: mine\r\na: 2\r\naccept: */*\r\n\r\n"
    );
}

#[test]
fn the_callers_host_replaces_the_targets() {
    let head = Draft::get().header("x", "y").header("Host", "other:81");
    assert_eq!(head.encode().unwrap(), "GET / HTTP/1.1\r\nhost: other:81\r\nx: y\r\n\r\n");
    assert_eq!(Draft::get().header("host", "a").header("host", "a").encode(), Err(Misuse::RepeatedHost));
    assert_eq!(Draft::get().header("host", "a b").encode(), Err(Misuse::Host { at: 1 }));
}

#[test]
fn hosts_that_may_not_be_sent() {
    for host in ["example.com:8080", "[::1]:80", "127.0.0.1", "a_b.example", "xn--bcher-kva.example"] {
        assert!(Draft::get().host(host).encode().is_ok(), "{host:?}");
    }
    for (host, at) in [("", 0), ("a b", 1), ("a\r\nx: y", 1), ("a/b", 1), ("u:p@h", 3), ("a#b", 1), ("b\u{fc}cher", 1)]
    {
        assert_eq!(Draft::get().host(host).encode(), Err(Misuse::Host { at }), "{host:?}");
    }
}

#[test]
fn targets_have_the_form_their_method_wants() {
    let connect = |target| Draft::new(Method::CONNECT, BodyLength::None).target(target).encode();
    assert_eq!(connect("h:443").unwrap(), "CONNECT h:443 HTTP/1.1\r\nhost: example.com\r\n\r\n");
    assert!(Draft::new(Method::OPTIONS, BodyLength::None).target("*").encode().is_ok());
    for target in ["/", "/a//b?c=%20&d=\"<>\"", "//a", "http://h/", "http://h:81?a@b"] {
        assert!(Draft::get().target(target).encode().is_ok(), "{target:?}");
    }
    for target in ["", "*", "a", "a:80", "?a", "://", "http://", "http://u:p@h/"] {
        assert_eq!(Draft::get().target(target).encode(), Err(Misuse::Target { at: 0 }), "{target:?}");
    }
    for target in ["/", "h", "http://h:80/", "u:p@h:80"] {
        assert_eq!(connect(target), Err(Misuse::Target { at: 0 }), "{target:?}");
    }
}

#[test]
fn nothing_injects_through_a_target() {
    for target in ["/a b", "/a\r\nx: y", "/a\nb", "/a\rb", "/a\0b", "/a\tb", "/a\x7fb", "/a#b", "/a\u{e9}"] {
        assert_eq!(Draft::get().target(target).encode(), Err(Misuse::Target { at: 2 }), "{target:?}");
    }
}

#[test]
fn nothing_injects_through_a_field() {
    for value in ["a\r\nX: y", "a\nb", "a\rb", "a\0b", "a\x1bb", "a\x7fb"] {
        let misuse = field("Name", value.as_bytes()).unwrap_err();
        assert_eq!(misuse, Misuse::FieldValue { name: "name".to_owned() }, "{value:?}");
    }
    for name in ["", "a b", "a:", "a\r\nb", "a\0", "\u{e9}", "a(b)"] {
        assert_eq!(field(name, b"x"), Err(Misuse::FieldName { name: name.to_owned() }), "{name:?}");
    }
    for value in ["", "a\tb", "a b", "\u{e9}"] {
        assert!(field("name", value.as_bytes()).is_ok(), "{value:?}");
    }
}

#[test]
fn nothing_injects_through_a_method() {
    for method in ["", "GE T", "GET\r\n", "GET / HTTP/1.1\r\nx: y", "G\0T"] {
        assert!(Method::from_bytes(method.as_bytes()).is_err(), "{method:?}");
    }
}

#[test]
fn a_length_is_said_where_a_body_is_or_could_be() {
    let last_field = |method: Method, body| {
        let head = Draft::new(method, body).encode().unwrap();
        let last = head.trim_end().lines().last().unwrap().to_owned();
        (!last.starts_with("host")).then_some(last)
    };
    for method in [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS] {
        assert_eq!(last_field(method.clone(), BodyLength::None), None);
        assert_eq!(last_field(method.clone(), BodyLength::Length(0)), None);
        assert_eq!(last_field(method, BodyLength::Length(7)).unwrap(), "content-length: 7");
    }
    for method in [Method::POST, Method::PUT, Method::PATCH] {
        assert_eq!(last_field(method.clone(), BodyLength::None).unwrap(), "content-length: 0");
        assert_eq!(last_field(method.clone(), BodyLength::Length(0)).unwrap(), "content-length: 0");
        assert_eq!(last_field(method, BodyLength::Chunked).unwrap(), "transfer-encoding: chunked");
    }
    let longest = last_field(Method::POST, BodyLength::Length(u64::MAX)).unwrap();
    assert_eq!(longest, "content-length: 18446744073709551615");
}

#[test]
fn the_callers_content_length_must_be_true_and_single() {
    let post = |body| Draft::new(Method::POST, body);
    let told = post(BodyLength::Length(5)).header("Content-Length", "5").header("x", "y").encode().unwrap();
    assert_eq!(told, "POST / HTTP/1.1\r\nhost: example.com\r\nx: y\r\ncontent-length: 5\r\n\r\n");
    assert!(Draft::get().header("content-length", "0").encode().unwrap().ends_with("content-length: 0\r\n\r\n"));
    for declared in ["6", "+5", "5, 5", "", "five"] {
        let misuse = Misuse::ContentLengthDiffers { declared: declared.to_owned(), actual: 5 };
        assert_eq!(post(BodyLength::Length(5)).header("content-length", declared).encode(), Err(misuse));
    }
    let twice = post(BodyLength::Length(5)).header("Content-Length", "5").header("content-length", "5");
    assert_eq!(twice.encode(), Err(Misuse::RepeatedContentLength));
    let unknown = post(BodyLength::Chunked).header("content-length", "5");
    assert_eq!(unknown.encode(), Err(Misuse::ContentLengthWithChunked));
}

#[test]
fn transfer_encoding_is_never_the_callers() {
    for body in [BodyLength::None, BodyLength::Length(5), BodyLength::Chunked] {
        let head = Draft::new(Method::POST, body).header("Transfer-Encoding", "chunked");
        assert_eq!(head.encode(), Err(Misuse::TransferEncoding));
    }
}

#[test]
fn some_methods_have_no_body() {
    let trace = Draft::new(Method::TRACE, BodyLength::Length(1)).encode();
    assert_eq!(trace, Err(Misuse::BodyNotAllowed { method: Method::TRACE }));
    let connect = Draft::new(Method::CONNECT, BodyLength::Chunked).target("h:443").encode();
    assert_eq!(connect, Err(Misuse::BodyNotAllowed { method: Method::CONNECT }));
}

#[test]
fn what_is_written_reads_back_as_one_request() {
    let written = Draft::new("PURGE".parse().unwrap(), BodyLength::Length(3))
        .target("/path?query")
        .header("a", "1")
        .header("a", "2")
        .header("empty", "")
        .default("accept", "*/*")
        .encode()
        .unwrap();
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut request = httparse::Request::new(&mut headers);
    assert_eq!(request.parse(written.as_bytes()), Ok(httparse::Status::Complete(written.len())));
    assert_eq!((request.method, request.path, request.version), (Some("PURGE"), Some("/path?query"), Some(1)));
    let fields: Vec<_> = request.headers.iter().map(|field| (field.name, field.value)).collect();
    let expected: [(&str, &[u8]); 6] = [
        ("host", b"example.com"),
        ("a", b"1"),
        ("a", b"2"),
        ("empty", b""),
        ("accept", b"*/*"),
        ("content-length", b"3"),
    ];
    assert_eq!(fields, expected);
}

#[test]
fn trailers_hold_nothing_a_receiver_must_know_earlier() {
    let encode = |name: &str| {
        let (name, value) = field(name, b"1").unwrap();
        let mut out = BytesMut::new();
        encode_trailers(&HeaderMap::from_iter([(name, value)]), &mut out).map(|()| out)
    };
    assert_eq!(encode("x-checksum").unwrap(), "x-checksum: 1\r\n\r\n");
    assert_eq!(encode("ETag").unwrap(), "etag: 1\r\n\r\n");
    for name in ["Content-Length", "Transfer-Encoding", "Host", "Authorization", "If-Match", "Content-Type", "TE"] {
        assert_eq!(encode(name), Err(Misuse::Trailer { name: name.to_ascii_lowercase() }));
    }
}

#[test]
fn a_head_is_written_into_one_allocation_that_fits() {
    let (mut headers, defaults) = (HeaderMap::new(), HeaderMap::new());
    headers.insert("x-long", "v".repeat(3_000).parse().unwrap());
    let (method, target, host) = (Method::POST, "/".repeat(2_000), "h".repeat(200));
    let body = BodyLength::Length(u64::MAX);
    let head = RequestHead {
        version: Version::HTTP_11,
        method: &method,
        target: &target,
        host: &host,
        headers: &headers,
        defaults: &defaults,
        accept_encoding: Some("accept-encoding: gzip, deflate, br, zstd\r\n"),
        body,
    };
    let mut out = BytesMut::new();
    encode_head(&head, &mut out).unwrap();
    assert_eq!(out.len(), out.capacity());
}

#[test]
fn codings_are_asked_for_behind_the_fields() {
    let mut defaults = HeaderMap::new();
    defaults.insert("accept", "*/*".parse().unwrap());
    let head = RequestHead {
        version: Version::HTTP_11,
        method: &Method::POST,
        target: "/",
        host: "example.com",
        headers: &HeaderMap::new(),
        defaults: &defaults,
        accept_encoding: Some("accept-encoding: gzip, br\r\n"),
        body: BodyLength::Length(1),
    };
    let mut out = BytesMut::new();
    encode_head(&head, &mut out).unwrap();
    let expected =
        "POST / HTTP/1.1\r\nhost: example.com\r\naccept: */*\r\naccept-encoding: gzip, br\r\ncontent-length: 1\r\n\r\n";
    assert_eq!(out, expected.as_bytes());
}

#[test]
fn a_request_of_http_1_0_says_so_and_is_else_written_alike() {
    let drafts = [
        Draft::get().target("/a?b").header("b", "1").header("connection", "keep-alive"),
        Draft::new(Method::POST, BodyLength::Length(5)).header("content-type", "text/plain"),
        Draft::new(Method::PUT, BodyLength::None).target("http://h/a"),
    ];
    for draft in drafts {
        let written = draft.encode().unwrap();
        assert_eq!(draft.http10().encode().unwrap(), written.replace(" HTTP/1.1\r\n", " HTTP/1.0\r\n"));
    }
}

#[test]
fn a_request_of_http_1_0_has_neither_chunks_nor_an_expectation() {
    let post = |body| Draft::new(Method::POST, body).http10();
    assert_eq!(post(BodyLength::Chunked).encode(), Err(Misuse::ChunkedInHttp10));
    let length = BodyLength::Length(5);
    assert_eq!(post(length).header("expect", "100-continue").encode(), Err(Misuse::ExpectInHttp10));
    assert_eq!(post(length).default("expect", "100-Continue").encode(), Err(Misuse::ExpectInHttp10));
    assert!(post(length).encode().is_ok());
}
