//! Exchanges by scenario, without sockets.

use http::HeaderValue;
use http::header::EXPECT;

use super::*;

/// The request of an exchange; what follows is the story of its response.
struct Scenario {
    method: Method,
    headers: HeaderMap,
    body: BodyLength,
    limits: HeadLimits,
}

impl Scenario {
    fn new(method: Method, body: BodyLength) -> Self {
        Self { method, headers: HeaderMap::new(), body, limits: HeadLimits::default() }
    }

    fn get() -> Self {
        Self::new(Method::GET, BodyLength::None)
    }

    fn post(length: u64) -> Self {
        Self::new(Method::POST, BodyLength::Length(length))
    }

    fn post_chunked() -> Self {
        Self::new(Method::POST, BodyLength::Chunked)
    }

    fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.append(name, HeaderValue::from_static(value));
        self
    }

    fn start(&self) -> AfterHead {
        let target = if self.method == Method::CONNECT { "example.com:443" } else { "/" };
        let Self { method, headers, body, limits } = self;
        let defaults = &HeaderMap::new();
        let head = RequestHead {
            version: Version::HTTP_11,
            method,
            target,
            host: "example.com",
            headers,
            defaults,
            accept_encoding: None,
            body: *body,
        };
        let exchange = SendHead::new(*limits);
        exchange.encode(&head, &mut BytesMut::new()).expect("a valid head")
    }

    fn to_await_100(&self) -> Await100 {
        match self.start() {
            AfterHead::Await100(state) => state,
            other => panic!("not awaiting 100: {other:?}"),
        }
    }

    fn to_send_body(&self) -> SendBody {
        match self.start() {
            AfterHead::SendBody(state) => state,
            other => panic!("not sending a body: {other:?}"),
        }
    }

    fn to_receive_head(&self) -> ReceiveHead {
        match self.start() {
            AfterHead::ReceiveHead(state) => state,
            other => panic!("not receiving a head: {other:?}"),
        }
    }

    /// Plays a response that arrives in pieces of `size`, after which the peer closes.
    fn play(&self, response: &[u8], size: usize) -> Result<Played, Fault> {
        let (mut state, mut buf, mut interims) = (self.to_receive_head(), BytesMut::new(), Vec::new());
        let mut pieces = response.chunks(size);
        let (head, mut body) = loop {
            match state.handle_input(&mut buf)? {
                HeadStep::NeedMore => buf.extend_from_slice(pieces.next().ok_or_else(|| state.handle_end(&buf))?),
                HeadStep::Interim(head) => interims.push(head.status().as_u16()),
                HeadStep::Final(head, body) => break (head, body),
            }
        };
        let mut received = Vec::new();
        loop {
            match (body.handle_input(&mut buf, 4)?, &mut pieces) {
                (BodyStep::Data(data), _) => received.extend_from_slice(&data),
                (BodyStep::End, _) => break,
                (BodyStep::NeedMore, pieces) => match pieces.next() {
                    Some(piece) => buf.extend_from_slice(piece),
                    None => body.handle_end()?,
                },
            }
        }
        pieces.for_each(|piece| buf.extend_from_slice(piece));
        Ok(Played { interims, status: head.status().as_u16(), body: received, reuse: body.reuse(&buf) })
    }

    /// The outcome, which must not depend on how the response is cut.
    fn receive(&self, response: &str) -> Result<Played, Fault> {
        let whole = self.play(response.as_bytes(), usize::MAX);
        for size in 1..response.len().min(100) {
            assert_eq!(self.play(response.as_bytes(), size), whole, "{response:?} in pieces of {size}");
        }
        whole
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Played {
    interims: Vec<u16>,
    status: u16,
    body: Vec<u8>,
    reuse: Result<(), CloseReason>,
}

fn input(text: &str) -> BytesMut {
    BytesMut::from(text)
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn good_responses_come_out_alike_however_they_are_cut() {
    let kept = Ok(());
    for (response, status, body, reuse) in [
        (OK, 200, "ok", kept),
        ("\r\nHTTP/1.1 204\r\n\r\n", 204, "", kept),
        ("HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n", 304, "", kept),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", kept),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nx: y\r\n\r\n",
            200,
            "hello world",
            kept,
        ),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx", 200, "x", kept),
        ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x", Err(CloseReason::Http10WithoutKeepAlive)),
        ("HTTP/1.1 200 OK\r\n\r\nall there is", 200, "all there is", Err(CloseReason::BodyRunsUntilClose)),
        (
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
            200,
            "x",
            Err(CloseReason::ServerAskedToClose),
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxEVIL", 200, "x", Err(CloseReason::UnexpectedOctets)),
        ("HTTP/1.1 204 x\r\nContent-Length: 4\r\n\r\nEVIL", 204, "", Err(CloseReason::UnexpectedOctets)),
    ] {
        let played = Scenario::get().receive(response);
        let body = body.as_bytes().to_vec();
        assert_eq!(played, Ok(Played { interims: vec![], status, body, reuse }), "{response:?}");
    }
}

#[test]
fn bad_responses_fail_alike_however_they_are_cut() {
    for (response, fault) in [
        ("", Fault::NoResponse),
        ("HTTP/1.1 200 OK\r\n", Fault::HeadCutShort),
        ("<html>", Fault::StatusLine),
        ("HTTP/1.1 200 OK\nx: y\n\n", Fault::BareLineEnd),
        ("HTTP/1.1 200 OK\r\nx y\r\n\r\n", Fault::FieldLine),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\nx", Fault::ContentLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", Fault::BodyCutShort { missing: 2 }),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", Fault::TransferEncoding),
        ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Fault::TransferEncodingInHttp10),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", Fault::BothFramings),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", Fault::ChunkSize),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", Fault::ChunkedCutShort),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", Fault::ChunkedCutShort),
        ("HTTP/1.1 103 x\r\n\r\n", Fault::HeadCutShort),
        ("HTTP/1.1 101 x\r\n\r\n", Fault::UnaskedUpgrade),
    ] {
        assert_eq!(Scenario::get().receive(response), Err(fault), "{response:?}");
    }
}

#[test]
fn interim_responses_come_before_the_final_one() {
    let response = format!("HTTP/1.1 100 x\r\n\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{OK}");
    let played = Scenario::get().receive(&response).unwrap();
    assert_eq!((played.interims, played.status), (vec![100, 103], 200));
}

#[test]
fn interim_responses_are_limited_in_number_and_size() {
    let interims = |count| format!("{}{OK}", "HTTP/1.1 102 x\r\n\r\n".repeat(count));
    assert_eq!(Scenario::get().receive(&interims(10)).unwrap().interims.len(), 10);
    assert_eq!(Scenario::get().receive(&interims(11)), Err(Fault::TooManyInterims { limit: 10 }));
    let mut small = Scenario::get();
    small.limits.head_octets = 50;
    assert_eq!(small.receive(&interims(2)).unwrap().interims.len(), 2);
    assert_eq!(small.receive(&interims(3)), Err(Fault::InterimsTooLarge { limit: 50 }));
}

#[test]
fn head_and_connect_responses_have_no_body() {
    let head = Scenario::new(Method::HEAD, BodyLength::None);
    assert_eq!(head.receive("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").unwrap().reuse, Ok(()));
    let connect = Scenario::new(Method::CONNECT, BodyLength::None);
    let tunnel = connect.receive("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\x16\x03").unwrap();
    assert_eq!((tunnel.body, tunnel.reuse), (vec![], Err(CloseReason::SwitchedProtocols)));
    let refused = connect.receive("HTTP/1.1 407 x\r\nContent-Length: 5\r\n\r\nhello").unwrap();
    assert_eq!((refused.body, refused.reuse), (b"hello".to_vec(), Ok(())));
}

#[test]
fn a_body_given_up_is_no_state_to_reuse_a_wire_in() {
    let mut state = Scenario::get().to_receive_head();
    let mut buf = input(OK);
    let Ok(HeadStep::Final(_, mut body)) = state.handle_input(&mut buf) else { panic!("not final") };
    assert_eq!(body.remaining(), Some(2));
    assert_eq!(body.reuse(&buf), Err(CloseReason::ResponseNotRead));
    assert_eq!(body.handle_input(&mut buf, 9), Ok(BodyStep::Data(Bytes::from_static(b"ok"))));
    assert_eq!(body.reuse(&buf), Ok(()));
}

#[test]
fn the_callers_wish_to_close_is_heeded() {
    let played = Scenario::get().header("connection", "Close").receive(OK).unwrap();
    assert_eq!(played.reuse, Err(CloseReason::CallerAskedToClose));
}

#[test]
fn a_body_of_known_length_is_counted() {
    let mut state = Scenario::post(5).to_send_body();
    let frame = state.frame(b"hel").unwrap();
    assert_eq!((frame.prefix(), frame.suffix()), (&b""[..], &b""[..]));
    assert_eq!((state.remaining(), state.is_complete()), (Some(2), false));
    assert_eq!(state.frame(b"lo!").unwrap_err(), Misuse::BodyTooLong { by: 1 });
    assert_eq!(state.frame(b"lo, world").unwrap_err(), Misuse::BodyTooLong { by: 7 });
    assert_eq!(state.finish(&HeaderMap::new()).unwrap_err(), Misuse::BodyTooShort { by: 2 });
    state.frame(b"lo").unwrap();
    assert_eq!((state.remaining(), state.is_complete()), (Some(0), true));
    let trailers = HeaderMap::from_iter([(EXPECT, HeaderValue::from_static("x"))]);
    assert_eq!(state.finish(&trailers).unwrap_err(), Misuse::TrailersWithoutChunked);
    let (tail, mut state) = state.finish(&HeaderMap::new()).unwrap();
    assert!(tail.is_empty());
    let Ok(HeadStep::Final(_, mut body)) = state.handle_input(&mut input(OK)) else { panic!("not final") };
    body.handle_input(&mut input("ok"), 9).unwrap();
    assert_eq!(body.reuse(b""), Ok(()));
}

#[test]
fn a_chunked_body_is_framed_piece_by_piece() {
    let mut state = Scenario::post_chunked().to_send_body();
    let mut written = Vec::new();
    for piece in ["hello", "", "0123456789abcdef"] {
        let frame = state.frame(piece.as_bytes()).unwrap();
        written.extend([frame.prefix(), piece.as_bytes(), frame.suffix()].concat());
    }
    assert_eq!((state.remaining(), state.is_complete()), (None, false));
    let (tail, _) = state.finish(&HeaderMap::from_iter([("x-sum".parse().unwrap(), HeaderValue::from(1))])).unwrap();
    written.extend_from_slice(&tail);
    assert_eq!(written, b"5\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\nx-sum: 1\r\n\r\n");
}

#[test]
fn a_100_sets_the_body_free() {
    let mut state = Scenario::post(1).header("expect", "100-Continue").to_await_100();
    let mut buf = input("HTTP/1.1 103 x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
    assert!(matches!(state.handle_input(&mut buf), Ok(Await100Step::OtherInterim(_))));
    let Ok(Await100Step::Continue(head, mut body)) = state.handle_input(&mut buf) else { panic!("not continued") };
    assert_eq!(head.status(), 100);
    body.frame(b"x").unwrap();
    assert!(body.is_complete());
}

#[test]
fn a_final_response_instead_of_100_holds_the_body_back() {
    let mut state = Scenario::post_chunked().header("expect", "100-continue").to_await_100();
    assert!(matches!(state.handle_input(&mut input("HTTP/1.1 4")), Ok(Await100Step::NeedMore)));
    assert_eq!(state.handle_end(b"HTTP/1.1 4"), Fault::HeadCutShort);
    assert_eq!(state.handle_end(b""), Fault::NoResponse);
    let mut buf = input("HTTP/1.1 417 x\r\nContent-Length: 0\r\n\r\n");
    let Ok(Await100Step::Final(head, body)) = state.handle_input(&mut buf) else { panic!("not final") };
    assert_eq!(head.status(), 417);
    assert_eq!(body.reuse(b""), Err(CloseReason::EarlyResponse));
}

#[test]
fn without_an_answer_the_body_is_sent_and_the_100_may_still_come() {
    let mut state = Scenario::post(1).header("expect", "100-continue").to_await_100().timed_out();
    let mut buf = input("HTTP/1.1 100 Continue\r\n\r\n");
    assert!(matches!(state.handle_input(&mut buf), Ok(HeadStep::Interim(_))));
    state.frame(b"x").unwrap();
    let (_, mut state) = state.finish(&HeaderMap::new()).unwrap();
    assert!(matches!(state.handle_input(&mut input(OK)), Ok(HeadStep::Final(..))));
}

#[test]
fn an_expectation_without_a_body_is_not_waited_for() {
    Scenario::get().header("expect", "100-continue").to_receive_head();
    Scenario::post(0).header("expect", "100-continue").to_receive_head();
}

#[test]
fn a_response_to_half_a_request_is_delivered_but_the_wire_is_not_reused() {
    let no_content = "HTTP/1.1 204 x\r\n\r\n";
    let mut whole = Scenario::post(2).to_send_body();
    whole.frame(b"x").unwrap();
    let mut half = whole.clone();
    whole.frame(b"y").unwrap();

    let Ok(HeadStep::Final(_, body)) = half.handle_input(&mut input(no_content)) else { panic!("not final") };
    assert_eq!(body.reuse(b""), Err(CloseReason::EarlyResponse));
    let Ok(HeadStep::Final(_, body)) = whole.handle_input(&mut input(no_content)) else { panic!("not final") };
    assert_eq!(body.reuse(b""), Ok(()));
}

fn received(scenario: &Scenario, response: &str) -> ReceiveBody {
    let Ok(HeadStep::Final(_, body)) = scenario.to_receive_head().handle_input(&mut input(response)) else {
        panic!("not final")
    };
    body
}

#[test]
fn what_follows_consent_to_a_tunnel_or_an_upgrade_is_not_http() {
    assert!(!received(&Scenario::get(), OK).has_switched());
    assert!(received(&Scenario::new(Method::CONNECT, BodyLength::None), "HTTP/1.1 200 x\r\n\r\n").has_switched());

    let asked = Box::new(Asked::with(*b"the sample nonce", &mut HeaderMap::new()).unwrap());
    // RFC 6455 section 1.3.
    let mut consent = input(
        "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    );
    let mut state = Scenario::get().to_receive_head();
    assert_eq!(state.handle_input(&mut consent.clone()).unwrap_err(), Fault::UnaskedUpgrade);
    let mut state = Scenario::get().to_receive_head();
    state.expect_upgrade(asked);
    let Ok(HeadStep::Final(_, body)) = state.handle_input(&mut consent) else { panic!("not final") };
    assert!(body.has_switched());
}

#[test]
fn the_trailers_of_a_response_are_there_when_its_body_has_ended() {
    let mut buf = input("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n\r\n");
    let Ok(HeadStep::Final(_, mut body)) = Scenario::get().to_receive_head().handle_input(&mut buf) else {
        panic!("not final")
    };
    assert_eq!(body.handle_input(&mut buf, 9), Ok(BodyStep::End));
    assert_eq!(body.trailers().unwrap()["x-sum"], "1");
    assert_eq!(received(&Scenario::get(), OK).trailers(), None, "where there can be none");
}
