//! A server of HTTP/2 on the simulated network: what it does on a connection and on its streams is laid down beforehand.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use h2::ext::Protocol;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, protocol::Role};
use turmoil::net::TcpStream;

use super::websocket::{self, Ledger, Talk};
use crate::http2_origin::Tunnel;
use crate::scripted_peer::{Ending, Record};

/// What a server does on one connection.
#[derive(Clone, Debug)]
pub struct Conduct {
    /// How it begins.
    pub opening: Opening,
    /// SETTINGS_MAX_CONCURRENT_STREAMS.
    pub streams: u32,
    /// SETTINGS_INITIAL_WINDOW_SIZE: of each request's body.
    pub window: u32,
    /// What its requests get, in turn.
    pub answers: Vec<Answer>,
    /// What happens when the so-manieth request (from 1) has come, and is answered nevertheless, if it can be.
    pub parting: Option<(usize, Parting)>,
    /// It serves WebSockets by streams (RFC 8441), whose paths are numbers; each goes so.
    pub talk: Option<Talk>,
}

/// How a connection begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// As it should.
    Honest,
    /// It is accepted and closed.
    Closed,
    /// It is accepted and never looked at, but that its end is seen.
    Mute,
    /// An answer of HTTP/1.1, and the end.
    Http1,
}

/// What a server does with a connection in the middle.
#[derive(Clone, Copy, Debug)]
pub enum Parting {
    /// GOAWAY: what has begun is served.
    Graceful,
    /// GOAWAY with this code, and the end.
    Abrupt(Reason),
    /// It is closed without a word.
    Cut,
    /// It is not looked at for so many milliseconds, neither read nor written.
    Freeze(u64),
}

/// What a request gets.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Milliseconds before anything is done.
    pub after: u64,
    /// Answered by its head: what of its body is not echoed is not read.
    pub early: bool,
    /// 103 comes first.
    pub interim: bool,
    /// What the response holds.
    pub body: AnswerBody,
    /// Milliseconds before each piece that is read or written.
    pub pace: u64,
    /// Octets of a piece, at most.
    pub piece: usize,
    /// Trailers come last, if the request is read at all; they tell how many octets came in.
    pub trailers: bool,
    /// How it ends.
    pub end: AnswerEnd,
}

/// What a response holds. Its field `x-octets` tells the number of octets, or `echo`; with `x-end` it never ends well.
#[derive(Clone, Copy, Debug)]
pub enum AnswerBody {
    /// So many octets of [`pattern`].
    Octets(usize),
    /// The request's.
    Echo,
}

/// How a stream ends.
#[derive(Clone, Copy, Debug)]
pub enum AnswerEnd {
    /// With the body or the trailers.
    Whole,
    /// RST_STREAM in place of an answer.
    ResetAtOnce(Reason),
    /// RST_STREAM where the end would be.
    ResetAfter(Reason),
    /// There is no end.
    Never,
    /// There is no answer.
    Silence,
}

/// The octets that all bodies are the beginning of.
pub fn pattern(octets: usize) -> Bytes {
    (0..octets).map(|n| (n % 251) as u8).collect()
}

impl Default for Answer {
    fn default() -> Self {
        let (body, end) = (AnswerBody::Octets(31), AnswerEnd::Whole);
        Self { after: 0, early: false, interim: false, body, pace: 0, piece: 1 << 14, trailers: false, end }
    }
}

impl Conduct {
    /// Answers all requests so, and is otherwise as h2 is.
    pub fn answering(answer: Answer) -> Self {
        Self {
            opening: Opening::Honest,
            streams: 100,
            window: 65_535,
            answers: vec![answer],
            parting: None,
            talk: None,
        }
    }
}

/// What the fields `x-once` of POST requests said that were not refused.
pub(super) type LookedAt = Rc<RefCell<Vec<String>>>;

/// Serves the connection to its end. A client that goes away in the middle is no fault of the server's.
pub(super) async fn serve(conduct: Conduct, stream: TcpStream, record: Record, looked_at: LookedAt, ledger: Ledger) {
    let ending = match conduct.opening {
        Opening::Honest => {
            serve_streams(&conduct, stream, &looked_at, &ledger).await.map_or(Ending::ClientClosed, |()| Ending::Played)
        }
        Opening::Closed => Ending::Played,
        Opening::Mute => until_end(stream).await,
        Opening::Http1 => say_http1(stream).await.map_or(Ending::ClientClosed, |()| Ending::Played),
    };
    record.ends(ending);
}

async fn serve_streams(
    conduct: &Conduct,
    stream: TcpStream,
    looked_at: &LookedAt,
    ledger: &Ledger,
) -> Result<(), h2::Error> {
    let mut builder = h2::server::Builder::new();
    builder.max_concurrent_streams(conduct.streams).initial_window_size(conduct.window);
    if conduct.talk.is_some() {
        builder.enable_connect_protocol();
    }
    let mut connection = builder.handshake::<_, Bytes>(stream).await?;
    // Those that are left over are dropped with it.
    let (mut streams, mut count) = (JoinSet::new(), 0);
    loop {
        // In an order that is always the same.
        let accepted = tokio::select! {
            biased;
            accepted = connection.accept() => accepted,
            Some(_) = streams.join_next() => continue,
        };
        let Some(accepted) = accepted else { return Ok(()) };
        let (request, respond) = accepted?;
        if let Some(talk) = conduct.talk.clone().filter(|_| request.extensions().get::<Protocol>().is_some()) {
            let ledger = Rc::clone(ledger);
            streams.spawn_local(async move {
                let _client_is_gone = talk_by_stream(&talk, request, respond, &ledger).await;
            });
            continue;
        }
        let answer = conduct.answers[count % conduct.answers.len()].clone();
        count += 1;
        let end = answer.end;
        let is_refused = matches!(end, AnswerEnd::ResetAtOnce(reason) | AnswerEnd::ResetAfter(reason) if reason == Reason::REFUSED_STREAM);
        if let Some(number) = request.headers().get("x-once")
            && request.method() == Method::POST
            && !is_refused
        {
            looked_at.borrow_mut().push(number.to_str().unwrap_or_default().to_owned());
        }
        streams.spawn_local(async move {
            let _given_up = answer.give(request.into_body(), respond).await;
        });
        match conduct.parting {
            Some((at, parting)) if at == count => match parting {
                Parting::Graceful => connection.graceful_shutdown(),
                Parting::Abrupt(reason) => connection.abrupt_shutdown(reason),
                Parting::Cut => return Ok(()),
                Parting::Freeze(time) => sleep(Duration::from_millis(time)).await,
            },
            _ => {}
        }
    }
}

/// Consents, and says and hears.
async fn talk_by_stream(
    talk: &Talk,
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    ledger: &Ledger,
) -> Result<(), tungstenite::Error> {
    let number = websocket::number_of(request.uri()).expect("the path is a number");
    let out = respond.send_response(Response::new(()), false).map_err(io::Error::other)?;
    let tunnel = Tunnel::of(request.into_body(), out);
    websocket::converse(talk, number, WebSocketStream::from_raw_socket(tunnel, Role::Server, None).await, ledger).await
}

impl Answer {
    async fn give(self, mut body: RecvStream, mut respond: SendResponse<Bytes>) -> Result<(), h2::Error> {
        self.wait(self.after).await;
        match self.end {
            AnswerEnd::ResetAtOnce(reason) => {
                respond.send_reset(reason);
                return Ok(());
            }
            AnswerEnd::Silence => {
                poll_fn(|context| respond.poll_reset(context)).await?;
                return Ok(());
            }
            _ => {}
        }
        let mut taken = Vec::new();
        if !self.early {
            while let Some(piece) = self.next(&mut body).await? {
                taken.extend_from_slice(&piece);
            }
        }
        if self.interim {
            respond.send_informational(head(103, None))?;
        }
        let octets = match self.body {
            AnswerBody::Octets(octets) => octets.to_string(),
            AnswerBody::Echo => "echo".to_owned(),
        };
        let mut head = head(200, Some(&octets));
        if matches!(self.end, AnswerEnd::ResetAfter(_) | AnswerEnd::Never) {
            head.headers_mut().insert("x-end", HeaderValue::from_static("never"));
        }
        let mut out = respond.send_response(head, false)?;
        let mut received = taken.len();
        match self.body {
            AnswerBody::Octets(octets) => self.send(&mut out, pattern(octets)).await?,
            AnswerBody::Echo => {
                self.send(&mut out, taken.into()).await?;
                while let Some(piece) = self.next(&mut body).await? {
                    received += piece.len();
                    self.send(&mut out, piece).await?;
                }
            }
        }
        match self.end {
            AnswerEnd::ResetAfter(reason) => out.send_reset(reason),
            AnswerEnd::Never => {
                poll_fn(|context| out.poll_reset(context)).await?;
            }
            _ if self.trailers && (!self.early || matches!(self.body, AnswerBody::Echo)) => {
                let mut trailers = HeaderMap::new();
                trailers.insert("x-received", HeaderValue::from(received));
                out.send_trailers(trailers)?;
            }
            _ => out.send_data(Bytes::new(), true)?,
        }
        Ok(())
    }

    async fn next(&self, body: &mut RecvStream) -> Result<Option<Bytes>, h2::Error> {
        self.wait(self.pace).await;
        let Some(piece) = body.data().await.transpose()? else {
            body.trailers().await?;
            return Ok(None);
        };
        body.flow_control().release_capacity(piece.len())?;
        Ok(Some(piece))
    }

    /// As the windows let it: nothing is kept for later.
    async fn send(&self, out: &mut SendStream<Bytes>, mut octets: Bytes) -> Result<(), h2::Error> {
        while !octets.is_empty() {
            self.wait(self.pace).await;
            out.reserve_capacity(octets.len().min(self.piece));
            let Some(room) = poll_fn(|context| out.poll_capacity(context)).await else {
                return Err(Reason::CANCEL.into());
            };
            out.send_data(octets.split_to(room?.min(octets.len())), false)?;
        }
        Ok(())
    }

    async fn wait(&self, time: u64) {
        if time > 0 {
            sleep(Duration::from_millis(time)).await;
        }
    }
}

fn head(status: u16, octets: Option<&str>) -> Response<()> {
    let mut head = Response::new(());
    *head.status_mut() = StatusCode::from_u16(status).expect("there is such a status");
    if let Some(octets) = octets {
        head.headers_mut().insert("x-octets", HeaderValue::from_str(octets).expect("a number, or a word"));
    }
    head
}

/// Reads nothing that it understands.
async fn until_end(mut stream: TcpStream) -> Ending {
    let mut ignored = tokio::io::sink();
    match tokio::io::copy(&mut stream, &mut ignored).await {
        Ok(_) => Ending::ClientClosed,
        Err(error) => Ending::Broken(error.kind()),
    }
}

async fn say_http1(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await?;
    stream.shutdown().await?;
    // Whoever drops it with octets unread resets it, and nothing is read any more.
    let end = tokio::time::timeout(Duration::from_secs(1), until_end(stream));
    end.await.map_or_else(|_| Ok(()), |_| Ok(()))
}
