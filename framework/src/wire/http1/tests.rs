//! An exchange over a stream that takes one octet at a time: what a call that is given up has left on the wire.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Version};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Exchange, Http1, Pace, Received, Uploaded};
use crate::clock;
use crate::network::{DialDetails, Stream};
use crate::protocol::http1::{BodyLength, HeadLimits, RequestHead};
use crate::transport::{DialTimes, Dialed};

/// Takes one octet, then none for one poll. Answers when it has the end of a chunked body.
#[derive(Default)]
struct Narrow {
    written: Rc<RefCell<Vec<u8>>>,
    full: bool,
    answered: bool,
}

impl AsyncWrite for Narrow {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.full = !self.full;
        if !self.full || octets.is_empty() {
            return Poll::Pending;
        }
        self.written.borrow_mut().push(octets[0]);
        Poll::Ready(Ok(1))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Narrow {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.answered || !self.written.borrow().ends_with(b"0\r\n\r\n") {
            return Poll::Pending;
        }
        self.answered = true;
        buf.put_slice(b"HTTP/1.1 204 No Content\r\n\r\n");
        Poll::Ready(Ok(()))
    }
}

impl Stream for Narrow {}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn to_the_end<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    for _ in 0..10_000 {
        if let Poll::Ready(output) = poll_once(future.as_mut()) {
            return output;
        }
    }
    panic!("it does not end");
}

/// Passes on what it was given only when it is flushed, as TLS may.
#[derive(Default)]
struct Holding {
    held: Vec<u8>,
    passed_on: Rc<RefCell<Vec<u8>>>,
}

impl AsyncWrite for Holding {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.held.extend_from_slice(octets);
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let held = std::mem::take(&mut self.held);
        self.passed_on.borrow_mut().extend(held);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Holding {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl Stream for Holding {}

fn wire(stream: impl Stream + 'static) -> Http1 {
    let now = clock::now();
    let times = DialTimes {
        resolve_start: now,
        resolve_end: now,
        connect_start: now,
        connect_end: now,
        tunnel_end: None,
        tls: None,
    };
    Http1::new(Dialed { stream: Box::new(stream), times, security: None, by: None, details: DialDetails::nothing() })
}

/// A chunked POST and its head.
fn chunked_post() -> (Exchange, BytesMut) {
    let (headers, defaults) = (HeaderMap::new(), HeaderMap::new());
    let head = RequestHead {
        version: Version::HTTP_11,
        method: &Method::POST,
        target: "/",
        host: "a.example",
        headers: &headers,
        defaults: &defaults,
        accept_encoding: None,
        body: BodyLength::Chunked,
    };
    Exchange::new(&head, &head.settle_lines().unwrap(), HeadLimits::default())
}

#[test]
fn every_piece_of_a_request_is_flushed_before_its_call_ends() {
    let passed_on = Rc::new(RefCell::new(Vec::new()));
    let mut wire = wire(Holding { passed_on: Rc::clone(&passed_on), ..Holding::default() });
    let (mut exchange, head) = chunked_post();
    let (nothing, mut pace) = (Bytes::new(), Pace::default());
    to_the_end(exchange.send_head(&mut wire, head, &nothing, &mut pace)).unwrap();
    assert!(passed_on.borrow().ends_with(b"\r\n\r\n"));
    to_the_end(exchange.write(&mut wire, &Bytes::from_static(b"hello"), &mut pace)).unwrap();
    assert!(passed_on.borrow().ends_with(b"5\r\nhello\r\n"));
    to_the_end(exchange.finish(&mut wire, &HeaderMap::new(), &mut pace)).unwrap();
    assert!(passed_on.borrow().ends_with(b"0\r\n\r\n"));
}

#[test]
fn b7_the_end_of_a_body_goes_out_once_however_often_the_call_that_writes_it_is_given_up() {
    for polls in 1..20 {
        let written = Rc::new(RefCell::new(Vec::new()));
        let mut wire = wire(Narrow { written: Rc::clone(&written), ..Narrow::default() });
        let headers = HeaderMap::new();
        let (mut exchange, octets) = chunked_post();
        to_the_end(exchange.send_head(&mut wire, octets, &Bytes::from_static(b"hello"), &mut Pace::default())).unwrap();
        for _ in 0..3 {
            let mut pace = Pace::default();
            let mut given_up = pin!(exchange.finish(&mut wire, &headers, &mut pace));
            for _ in 0..polls {
                if poll_once(given_up.as_mut()).is_ready() {
                    break;
                }
            }
        }
        assert!(exchange.body_is_complete(), "nothing more can be written to it");
        let more = to_the_end(exchange.write(&mut wire, &Bytes::from_static(b"more"), &mut Pace::default())).unwrap();
        assert_eq!(more, Uploaded::NotWanted);
        to_the_end(exchange.finish(&mut wire, &headers, &mut Pace::default())).unwrap();
        let received = to_the_end(exchange.receive_head(&mut wire)).unwrap();
        assert!(matches!(received, Received::Final(head) if head.status() == 204));
        let written = String::from_utf8(written.take()).unwrap();
        assert!(written.ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), "{polls} polls: {written:?}");
    }
}

#[test]
fn a_wire_that_waits_or_rests_holds_no_buffer() {
    let mut wire = wire(Narrow::default());
    let (mut exchange, head) = chunked_post();
    to_the_end(exchange.send_head(&mut wire, head, &Bytes::new(), &mut Pace::default())).unwrap();
    assert!(poll_once(pin!(wire.fill(0))).is_pending());
    assert_eq!(wire.received().capacity(), 0);
    to_the_end(exchange.finish(&mut wire, &HeaderMap::new(), &mut Pace::default())).unwrap();
    to_the_end(exchange.receive_head(&mut wire)).map(drop).unwrap();
    assert_ne!(wire.received().capacity(), 0);
    wire.rest();
    assert_eq!(wire.received().capacity(), 0);
}
