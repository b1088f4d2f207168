//! One stream: read the request, ask who decides, write the answer.

use std::future::poll_fn;
use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::Order;
use super::answer::{Answer, Body, End, Part};
use super::connection::Connection;
use crate::origin::Body as ReplyBody;
use crate::request::Request;

/// A stream that the client has given up is no fault of the server's, and nobody to be told of it is there.
pub(super) async fn serve(
    connection: Connection,
    address: SocketAddr,
    request: http::Request<RecvStream>,
    respond: SendResponse<Bytes>,
) {
    let (head, body) = request.into_parts();
    let request = as_read(&head);
    let _given_up = Stream { connection, address, request, body, settled: false, respond }.serve().await;
}

struct Stream {
    connection: Connection,
    address: SocketAddr,
    request: Request,
    body: RecvStream,
    /// Was the window looked at since the settings are in force?
    settled: bool,
    respond: SendResponse<Bytes>,
}

/// How much of a body in parts goes through at once, and what of the answer is written after the log said that it ended.
const PIECE: usize = 64 * 1024;

impl Stream {
    async fn serve(mut self) -> Result<(), h2::Error> {
        let shared = std::sync::Arc::clone(&self.connection.shared);
        let at_head = (shared.at_head)(&self.request);
        if at_head.is_none() {
            self.read_body().await?;
        }
        let place = shared.log.arrived(self.address, self.connection.number, &self.request);
        let answer = at_head.unwrap_or_else(|| (shared.handler)(&self.request));
        self.write(answer, place).await
    }

    async fn read_body(&mut self) -> Result<(), h2::Error> {
        let waits = self.request.field("expect").is_some_and(|expected| expected.eq_ignore_ascii_case("100-continue"));
        if waits && !self.body.is_end_stream() {
            self.respond.send_informational(bare(100))?;
        }
        let mut whole = BytesMut::new();
        while let Some(piece) = self.next_piece().await? {
            whole.extend_from_slice(&piece);
        }
        self.request.body = whole.freeze();
        if let Some(trailers) = self.body.trailers().await? {
            self.request.trailers = owned(&trailers);
        }
        Ok(())
    }

    /// The next piece of the request's body: the client may send as much again.
    async fn next_piece(&mut self) -> Result<Option<Bytes>, h2::Error> {
        let Self { connection, body, settled, .. } = self;
        loop {
            tokio::select! {
                biased;
                piece = body.data() => {
                    let Some(piece) = piece.transpose()? else { return Ok(None) };
                    body.flow_control().release_capacity(piece.len())?;
                    return Ok(Some(piece));
                }
                // Until the settings are in force `h2` takes the window for a larger one, of which a little read is not worth an
                // update. When they are, it does not look again, and the client, who counts by the smaller one, may wait for it.
                () = connection.settled(), if !*settled => {
                    *settled = true;
                    body.flow_control().release_capacity(0)?;
                }
            }
        }
    }

    async fn write(mut self, answer: Answer, place: usize) -> Result<(), h2::Error> {
        let Answer { reply, hints, body, end, going_away } = answer;
        if let Some(time) = reply.after {
            tokio::time::sleep(time).await;
        }
        if let Some(gate) = &reply.held {
            gate.passed().await;
        }
        if going_away {
            self.connection.order(Order::GoAway);
        }
        let log = self.connection.shared.log.clone();
        if let End::ResetAtOnce(reason) = end {
            log.answered(place, 0, 0);
            self.respond.send_reset(reason);
            return Ok(());
        }
        if reply.dropping {
            log.answered(place, 0, 0);
            self.connection.order(Order::Cut);
            return Ok(());
        }
        for status in &reply.interim {
            let mut interim = bare(*status);
            append(interim.headers_mut(), &hints);
            self.respond.send_informational(interim)?;
        }
        let (parts, trailers) = match (&body, &reply.body) {
            (Body::Parts(parts), ReplyBody::Chunked { trailers, .. }) => (parts.clone(), trailers.clone()),
            (Body::Parts(parts), _) => (parts.clone(), Vec::new()),
            (Body::Echo, _) => (Vec::new(), Vec::new()),
            (Body::Whole, ReplyBody::Chunked { pieces, trailers }) => {
                (pieces.iter().cloned().map(Part::Piece).collect(), trailers.clone())
            }
            (Body::Whole, ReplyBody::Sized(octets) | ReplyBody::UntilClose(octets) | ReplyBody::Raw(octets)) => {
                (vec![Part::Piece(octets.clone())], Vec::new())
            }
            (Body::Whole, ReplyBody::None) => (Vec::new(), Vec::new()),
        };
        let mut head = bare(reply.status);
        append(head.headers_mut(), &reply.fields);
        if let (Body::Whole, ReplyBody::Sized(octets)) = (&body, &reply.body) {
            head.headers_mut().insert("content-length", HeaderValue::from(octets.len()));
        }
        let no_octet = parts.iter().all(|part| matches!(part, Part::Piece(piece) if piece.is_empty()));
        let is_empty = no_octet && trailers.is_empty() && matches!(end, End::Honest) && !matches!(body, Body::Echo);
        if self.request.method == "HEAD" || is_empty {
            log.answered(place, reply.status, 0);
            self.respond.send_response(head, true)?;
            return Ok(());
        }
        let mut out = self.respond.send_response(head, false)?;
        let mut octets = 0;
        let mut trailers = map(&trailers);
        if let Body::Echo = body {
            // What was read before the answer was decided, then what still comes.
            octets += send(&mut out, self.request.body.clone()).await?;
            while let Some(piece) = self.next_piece().await? {
                octets += send(&mut out, piece).await?;
            }
            trailers.extend(map(&self.request.trailers));
            trailers.extend(self.body.trailers().await?.unwrap_or_default());
        }
        for part in parts {
            match part {
                Part::Piece(piece) => octets += send(&mut out, piece).await?,
                Part::Hold(gate) => gate.passed().await,
                Part::Signal(gate) => gate.open(),
            }
        }
        log.answered(place, reply.status, octets);
        match end {
            End::ResetAfterBody(reason) => out.send_reset(reason),
            _ if trailers.is_empty() => out.send_data(Bytes::new(), true)?,
            _ => out.send_trailers(trailers)?,
        }
        Ok(())
    }
}

/// Sends as the windows let it: nothing is kept for later.
async fn send(out: &mut SendStream<Bytes>, mut octets: Bytes) -> Result<u64, h2::Error> {
    let sent = octets.len() as u64;
    while !octets.is_empty() {
        out.reserve_capacity(octets.len().min(PIECE));
        let Some(room) = poll_fn(|context| out.poll_capacity(context)).await else {
            return Err(Reason::CANCEL.into());
        };
        let piece = octets.split_to(room?.min(octets.len()));
        out.send_data(piece, false)?;
    }
    Ok(sent)
}

/// The head as a request of HTTP/1.1 would have it; pseudo-fields stand before the fields, by their names.
pub(super) fn as_read(head: &http::request::Parts) -> Request {
    let target = head.uri.path_and_query().map_or_else(|| head.uri.to_string(), ToString::to_string);
    let mut fields = Vec::new();
    let scheme = head.uri.scheme_str().map(|scheme| (":scheme".to_owned(), scheme.to_owned()));
    let authority = head.uri.authority().map(|authority| (":authority".to_owned(), authority.to_string()));
    fields.extend(scheme.into_iter().chain(authority));
    fields.extend(owned(&head.headers));
    let lines = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    let text = format!("{} {target} HTTP/2\r\n{}\r\n", head.method, lines.collect::<String>());
    Request {
        head: text.into(),
        method: head.method.to_string(),
        target,
        minor_version: 0,
        fields,
        body: Bytes::new(),
        trailers: Vec::new(),
    }
}

fn owned(fields: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    fields.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

fn bare(status: u16) -> Response<()> {
    let mut head = Response::new(());
    *head.status_mut() = StatusCode::from_u16(status).expect("a handler gives a status there is");
    head
}

fn append(to: &mut HeaderMap, fields: &[(String, String)]) {
    to.extend(map(fields));
}

fn map(fields: &[(String, String)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a handler gives names there are");
        map.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a handler gives values there are"));
    }
    map
}
