//! The receiving half of an exchange: heads, body and trailers, taken as they are asked for.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use h2::client::ResponseFuture;
use h2::{RecvStream, StreamId};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method, Response, StatusCode};

use super::heard::Heard;
use crate::protocol::http1::{Fault, HeadLimits, ResponseHead};
use crate::protocol::http2::head::ResponseHeads;
use crate::wire::Received;

/// What has come, and what is still to come. A window opens only for what its reader has taken.
pub(super) struct Receiving {
    /// It answers a HEAD request.
    answers_head: bool,
    heads: ResponseHeads,
    response: Option<ResponseFuture>,
    /// Where it is told that an interim head was taken.
    heard: Option<Rc<Heard>>,
    stream: u32,
    /// Octets that had come over the wire when that was opened.
    heard_before: u64,
    body: Option<RecvStream>,
    /// What few have to keep.
    kept: Option<Box<Kept>>,
    early: Option<Arc<ResponseHead>>,
    /// Has any head come?
    answered: bool,
    /// Has the final head been handed out?
    has_head: bool,
    /// What is left of the announced length.
    remaining: Option<u64>,
    /// What was received and not yet asked for.
    rest: Bytes,
    ended: bool,
    trailers: Option<Box<HeaderMap>>,
}

#[derive(Default)]
struct Kept {
    /// Heads that came while the request was being sent.
    interims: VecDeque<Arc<ResponseHead>>,
    /// What comes behind the [rest](Receiving::rest), of a stream that the server has ended and reset.
    arrived: VecDeque<Bytes>,
}

/// Why nothing more comes.
pub(super) enum Broken {
    Stream(h2::Error),
    Fault(Fault),
}

impl Receiving {
    pub(super) fn new(method: &Method, limits: HeadLimits) -> Self {
        Self {
            answers_head: *method == Method::HEAD,
            heads: ResponseHeads::new(limits),
            response: None,
            heard: None,
            stream: 0,
            heard_before: 0,
            body: None,
            kept: None,
            early: None,
            answered: false,
            has_head: false,
            remaining: None,
            rest: Bytes::new(),
            ended: false,
            trailers: None,
        }
    }

    #[inline]
    pub(super) fn begin(&mut self, response: ResponseFuture, stream: StreamId, heard: &Rc<Heard>) {
        heard.opened(stream.as_u32(), self.heads.most_interims());
        (self.stream, self.heard_before) = (stream.as_u32(), heard.moved().1);
        self.heard = Some(Rc::clone(heard));
        self.response = Some(response);
    }

    /// The stream, whose head was handed out, and of which nothing was read.
    pub(super) fn take_body(&mut self) -> Option<RecvStream> {
        self.body.take()
    }

    /// What is still to be read.
    pub(super) fn body(&mut self) -> Option<&mut RecvStream> {
        self.body.as_mut()
    }

    /// Nothing more is taken. What has come of the trailers stays.
    #[inline]
    pub(super) fn let_go(&mut self) {
        (self.response, self.body) = (None, None);
        self.ended = true;
    }

    /// Takes the next head that comes, and keeps it.
    pub(super) fn poll_heard(&mut self, context: &mut Context<'_>) -> Poll<Result<StatusCode, Broken>> {
        let Some(response) = &mut self.response else { return Poll::Pending };
        // An interim one is not looked for where nothing has come since the stream was opened, or only the final one has.
        let has_none =
            |heard: &Rc<Heard>| heard.moved().1 == self.heard_before || heard.unread().is_final_next(self.stream);
        if !self.heard.as_ref().is_some_and(has_none)
            && let Poll::Ready(Some(interim)) = response.poll_informational(context)
        {
            if let Some(heard) = &self.heard {
                heard.interim_taken(self.stream);
            }
            let head = interim.map_err(Broken::Stream).and_then(|interim| self.interim(interim));
            return Poll::Ready(head.map(|head| {
                let status = head.status();
                self.kept.get_or_insert_default().interims.push_back(head);
                status
            }));
        }
        let Poll::Ready(answer) = Pin::new(response).poll(context) else { return Poll::Pending };
        self.response = None;
        let head = answer.map_err(Broken::Stream).and_then(|answer| self.answer(answer));
        Poll::Ready(head.map(|head| {
            let status = head.status();
            self.early = Some(head);
            status
        }))
    }

    fn interim(&mut self, interim: Response<()>) -> Result<Arc<ResponseHead>, Broken> {
        let (parts, ()) = interim.into_parts();
        self.answered = true;
        self.heads.receive(parts.status, parts.headers).map_err(Broken::Fault)
    }

    fn answer(&mut self, answer: Response<RecvStream>) -> Result<Arc<ResponseHead>, Broken> {
        let (parts, body) = answer.into_parts();
        self.answered = true;
        let announced = parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        // With a length the head is not the end: `h2` refuses that, but for a HEAD, 204 and 304. It takes a lock to ask.
        let may_be_bodiless = self.answers_head || !parts.status.is_success() || parts.status == StatusCode::NO_CONTENT;
        let has_body = !may_be_bodiless && announced.is_some_and(|length| length > 0);
        self.ended = !has_body && body.is_end_stream();
        // The length of a body that is not sent (RFC 9110 8.6). Where it is sent, `h2` holds the server to it.
        self.remaining = if self.answers_head || self.ended { Some(0) } else { announced };
        let head = self.heads.receive(parts.status, parts.headers).map_err(Broken::Fault)?;
        self.body = Some(body);
        Ok(head)
    }

    /// The next head for its reader.
    pub(super) fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<Result<Received, Broken>> {
        loop {
            if let Some(interim) = self.kept.as_mut().and_then(|kept| kept.interims.pop_front()) {
                return Poll::Ready(Ok(Received::Interim(interim)));
            }
            if let Some(head) = self.early.take() {
                self.has_head = true;
                return Poll::Ready(Ok(Received::Final(head)));
            }
            if self.response.is_none() {
                return Poll::Ready(Ok(Received::OutOfTurn));
            }
            match self.poll_heard(context) {
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(broken)) => return Poll::Ready(Err(broken)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// The next piece of the body, of at most `max` octets; `None` is its end.
    #[inline]
    pub(super) fn poll_read(&mut self, context: &mut Context<'_>, max: usize) -> Poll<Result<Option<Bytes>, Broken>> {
        loop {
            if !self.rest.is_empty() {
                let piece = self.rest.split_to(self.rest.len().min(max));
                let is_last = self.is_all_taken();
                let piece = if is_last { piece } else { self.gather(context, piece, max) };
                return Poll::Ready(self.hand_out(piece, is_last).map(Some));
            }
            let Some(body) = self.body.as_mut().filter(|_| !self.ended && self.has_head) else {
                return Poll::Ready(Ok(None));
            };
            if let Some(data) = self.kept.as_mut().and_then(|kept| kept.arrived.pop_front()) {
                self.rest = data;
                continue;
            }
            match body.poll_data(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(data))) => self.rest = data,
                Poll::Ready(Some(Err(error))) if came_whole(self.heard.as_deref(), body, &error, 0) => {
                    self.ended = true
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(Broken::Stream(error))),
                Poll::Ready(None) => match body.poll_trailers(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(Broken::Stream(error))),
                    Poll::Ready(Ok(trailers)) => {
                        self.ended = true;
                        if let Some(trailers) = trailers {
                            self.heads.check_trailers(&trailers).map_err(Broken::Fault)?;
                            self.trailers = Some(Box::new(trailers));
                        }
                    }
                },
            }
        }
    }

    /// With what has come behind it: a copy costs less than to be asked once more. What ends the body is left to the next read.
    fn gather(&mut self, context: &mut Context<'_>, first: Bytes, max: usize) -> Bytes {
        let is_next = !self.ended && self.arrived().next().is_none();
        let Some(body) = self.body.as_mut().filter(|_| is_next) else { return first };
        let mut gathered = None;
        let mut length = first.len();
        while self.rest.is_empty() && length < max {
            let Poll::Ready(Some(Ok(mut data))) = body.poll_data(context) else { break };
            let more = data.split_to(data.len().min(max - length));
            length += more.len();
            self.rest = data;
            if more.is_empty() {
                continue;
            }
            let whole: &mut BytesMut = gathered.get_or_insert_with(|| {
                let mut whole = BytesMut::with_capacity((4 * length).min(max));
                whole.extend_from_slice(&first);
                whole
            });
            whole.extend_from_slice(&more);
        }
        gathered.map_or(first, BytesMut::freeze)
    }

    /// Its reader takes it: the server may send as much again.
    fn hand_out(&mut self, piece: Bytes, is_last: bool) -> Result<Bytes, Broken> {
        self.remaining = self.remaining.map(|left| left.saturating_sub(piece.len() as u64));
        if let Some(body) = &mut self.body {
            body.flow_control().release_capacity(piece.len()).map_err(Broken::Stream)?;
        }
        // Nobody has to ask once more to learn that this was all.
        self.ended |= is_last || self.is_all_taken();
        Ok(piece)
    }

    /// Has the server ended the stream, and is there no more of it than was taken?
    fn is_all_taken(&self) -> bool {
        let is_whole = || self.body.as_ref().map_or(self.ended, RecvStream::is_end_stream);
        self.rest.is_empty() && self.arrived().next().is_none() && is_whole()
    }

    fn arrived(&self) -> impl Iterator<Item = &Bytes> {
        self.kept.iter().flat_map(|kept| &kept.arrived)
    }

    /// Of a stream that is over: whether all of the response has come, be it that nobody has read it yet, or what ended it before.
    /// No more is kept of it than was.
    pub(super) fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<Result<(), h2::Error>> {
        let Some(body) = self.body.as_mut().filter(|_| !self.ended) else { return Poll::Ready(Ok(())) };
        loop {
            let arrived = self.kept.iter().flat_map(|kept| &kept.arrived);
            let kept = || self.rest.len() + arrived.map(Bytes::len).sum::<usize>();
            match body.poll_data(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(data))) => self.kept.get_or_insert_default().arrived.push_back(data),
                Poll::Ready(Some(Err(error))) if came_whole(self.heard.as_deref(), body, &error, kept()) => {
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                Poll::Ready(None) => return Poll::Ready(Ok(())),
            }
        }
    }

    /// Octets of the body still to come, where the response tells.
    pub(super) fn remaining(&self) -> Option<u64> {
        if self.has_head { self.remaining } else { None }
    }

    /// Is there a head for its reader?
    pub(super) fn has_kept(&self) -> bool {
        self.early.is_some() || self.kept.as_ref().is_some_and(|kept| !kept.interims.is_empty())
    }

    pub(super) fn has_early(&self) -> bool {
        self.early.is_some()
    }

    /// Has anything of an answer come?
    pub(super) fn has_answered(&self) -> bool {
        self.answered
    }

    pub(super) fn has_head(&self) -> bool {
        self.has_head
    }

    pub(super) fn is_ended(&self) -> bool {
        self.has_head && self.ended && self.rest.is_empty()
    }

    pub(super) fn take_trailers(&mut self) -> Option<HeaderMap> {
        self.trailers.take().map(|trailers| *trailers)
    }
}

/// Did the wire end behind the last octet of the response, of which so much is kept here? Of a stream on which we still send `h2` knows
/// only that its wire has ended; and when it fails to write it has not looked at all that came.
fn came_whole(heard: Option<&Heard>, body: &RecvStream, error: &h2::Error, kept: usize) -> bool {
    let stream = body.stream_id().as_u32();
    error.is_io()
        && heard.is_some_and(|heard| heard.budget().has_ended(stream) && heard.unread().held(stream) == kept as u64)
}
