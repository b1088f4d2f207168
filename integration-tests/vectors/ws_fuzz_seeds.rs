//! What a fuzzer has found to be worth trying on the reader of a WebSocket client: octets after the handshake, then the end.
//!
//! Nobody says what must come of a seed but this: nothing panics, everything ends, with an error of the server's fault if not with a
//! close, and it is the same however the octets are cut, and however little of a message is asked for at a time.

mod runner;

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use futures_util::{StreamExt, stream};
use hinternet::network::{Destination, Dialer, Dialing, Stream};
use hinternet::{
    Blame, Compression, DialOptions, Error, ErrorCode, MessageKind, MessagePart, Result, Session, WebSocket,
    WebSocketOptions,
};
use integration_tests::deflating::Terms;
use integration_tests::recorder::Recorder;
use integration_tests::websocket::{ClientFrame, SWITCHING, accept, frames_of};
use integration_tests::{Seeded, patiently};
use runner::{Case, Suite, judge};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;
use zlib_rs::{Inflate, InflateFlush};

fn main() -> ExitCode {
    let suite = Suite {
        name: "ws-fuzz-seeds",
        place: "ws-fuzz-seeds/seeds.tar.gz",
        cases: 477,
        known_differences: "",
        most_known: 0,
    };
    suite.run(|place| async move { play_all(&place).await })
}

async fn play_all(file: &Path) -> Vec<Case> {
    let cases: Vec<_> =
        unpack(file).into_iter().map(|(id, seed)| judge(id, None, async move { play(seed.into()).await })).collect();
    stream::iter(cases).buffered(AT_ONCE).collect().await
}

/// Is it the same with every cut?
async fn play(seed: Arc<[u8]>) -> std::result::Result<(), String> {
    let dials = Dials::default();
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().dial(DialOptions::default().dialer(dials.clone())));
    let ways = [(Cut::Whole, None), (Cut::Whole, Some(3)), (Cut::Each(1), None), (Cut::Each(1), Some(3))];
    let ways = ways.into_iter().chain([(Cut::Each(20), None)]).chain((0..4).map(|n| (Cut::Seeded(n), None)));
    for compresses in [false, true] {
        let mut first = None;
        for (cut, at_most) in ways.clone() {
            let told = tell(&recorder, &session, &dials, &seed, compresses, cut, at_most).await?;
            if *first.get_or_insert_with(|| told.clone()) != told {
                return Err(format!("cut {cut:?}, {at_most:?}, compressed {compresses}: {told:?}, not {first:?}"));
            }
        }
    }
    recorder.finish(session).await;
    Ok(())
}

/// What came of a seed.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    messages: Vec<(MessageKind, Vec<u8>)>,
    end: std::result::Result<u16, String>,
    /// The client's close frame.
    close: Option<ClientFrame>,
}

async fn tell(
    recorder: &Recorder,
    session: &Session,
    dials: &Dials,
    seed: &Arc<[u8]>,
    compresses: bool,
    cut: Cut,
    at_most: Option<usize>,
) -> std::result::Result<Told, String> {
    let ended = dials.next(seed, compresses, cut);
    let mut options = WebSocketOptions::default();
    options.compression = compresses.then(Compression::default);
    let asking = session.websocket("ws://127.0.0.1:9/").expect("a URL").options(options);
    let websocket = asking.connect().await.map_err(|error| error.to_string())?;
    if websocket.compression().is_some() != compresses {
        return Err("compression was not agreed to".to_owned());
    }
    let (mut messages, mut message) = (Vec::new(), Vec::new());
    let end = loop {
        match receive(&websocket, at_most).await {
            Ok(part) if part.is_close() => break Ok(websocket.close_status().expect("it has closed").code),
            Ok(part) => {
                message.extend_from_slice(part.octets());
                if !part.kind().is_fragment() {
                    messages.push((part.kind(), std::mem::take(&mut message)));
                }
            }
            failed => {
                let error = recorder.failure(websocket.id(), failed);
                is_the_servers(&error)?;
                break Err(error.to_string());
            }
        }
    };
    let written = patiently("the end of the wire", ended).await.map_err(|error| error.to_string())?;
    drop(websocket);
    let frames = frames_of(&written);
    let close = frames.iter().find(|(first, _)| *first == 0x88).cloned();
    if frames.last() != close.as_ref() && close.is_some() {
        return Err("something was sent behind the close frame".to_owned());
    }
    Ok(Told { messages, end, close })
}

async fn receive(websocket: &WebSocket, at_most: Option<usize>) -> Result<MessagePart> {
    match at_most {
        Some(most) => websocket.receive_at_most(most).await,
        None => websocket.receive().await,
    }
}

fn is_the_servers(error: &Error) -> std::result::Result<(), String> {
    let ends = [ErrorCode::InvalidServerResponse, ErrorCode::ConnectionError];
    if ends.contains(&error.code()) && error.blame() == Blame::Peer { Ok(()) } else { Err(error.to_string()) }
}

/// How much comes at a time.
#[derive(Clone, Copy, Debug)]
enum Cut {
    Whole,
    Each(usize),
    Seeded(u64),
}

/// Gives each dial the server that was named last.
#[derive(Clone, Debug, Default)]
struct Dials(Arc<Mutex<Option<Server>>>);

impl Dials {
    /// The next one's server. What its client has written is told at the end of the wire.
    fn next(&self, seed: &Arc<[u8]>, compresses: bool, cut: Cut) -> oneshot::Receiver<Vec<u8>> {
        let (ended, end) = oneshot::channel();
        let seeded = Seeded::new(if let Cut::Seeded(seed) = cut { seed } else { 0 });
        let server = Server {
            compresses,
            cut,
            seeded,
            seed: Arc::clone(seed),
            sent: 0,
            answer: None,
            written: Vec::new(),
            waits: None,
            ended: Some(ended),
        };
        *self.0.lock().expect("no panic") = Some(server);
        end
    }
}

impl Dialer for Dials {
    fn dial(&self, _: &Destination) -> Dialing {
        let server = self.0.lock().expect("no panic").take();
        Box::pin(async { Ok(Box::new(server.ok_or(io::ErrorKind::ConnectionRefused)?) as Box<dyn Stream>) })
    }
}

/// A server as its client's stream has it.
#[derive(Debug)]
struct Server {
    compresses: bool,
    cut: Cut,
    seeded: Seeded,
    seed: Arc<[u8]>,
    sent: usize,
    /// The head that consents, or what is left of it; `None` before it was asked for.
    answer: Option<Vec<u8>>,
    written: Vec<u8>,
    waits: Option<Waker>,
    ended: Option<oneshot::Sender<Vec<u8>>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let written = std::mem::take(&mut self.written);
        // Whoever failed does not wait for it.
        self.ended.take().map(|ended| ended.send(written));
    }
}

impl AsyncRead for Server {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let server = &mut *self;
        let Some(answer) = &mut server.answer else {
            server.waits = Some(context.waker().clone());
            return Poll::Pending;
        };
        if !answer.is_empty() {
            let head: Vec<_> = answer.drain(..answer.len().min(buf.remaining())).collect();
            buf.put_slice(&head);
            return Poll::Ready(Ok(()));
        }
        let most = match server.cut {
            Cut::Whole => usize::MAX,
            Cut::Each(most) => most,
            Cut::Seeded(_) => 1 + server.seeded.below(40),
        };
        let rest = &server.seed[server.sent..];
        let piece = &rest[..rest.len().min(most).min(buf.remaining())];
        buf.put_slice(piece);
        server.sent += piece.len();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Server {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.written.extend_from_slice(octets);
        if self.answer.is_none() && self.written.ends_with(b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&self.written).into_owned();
            let key = head.lines().find_map(|line| line.strip_prefix("sec-websocket-key: ")).expect("a key is sent");
            let switching = if self.compresses { Terms::USUAL.switching() } else { SWITCHING.to_owned() };
            self.answer = Some(switching.replace("{accept}", &accept(key)).into_bytes());
            self.waits.take().into_iter().for_each(Waker::wake);
        }
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Stream for Server {}

/// The files of an archive, each by its name.
fn unpack(file: &Path) -> Vec<(String, Vec<u8>)> {
    let packed = std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    // gzip (RFC 1952): a head, which may end with a name, and eight octets at the end.
    let name =
        if packed[3] & 8 == 0 { 0 } else { 1 + packed[10..].iter().position(|octet| *octet == 0).expect("a name") };
    let (deflated, end) = packed[10 + name..].split_at(packed.len() - 18 - name);
    let length = u32::from_le_bytes(end[4..].try_into().expect("a length"));
    let mut archive = vec![0; length as usize];
    Inflate::new(false, 15).decompress(deflated, &mut archive, InflateFlush::Finish).expect("it is deflated");
    let (mut files, mut rest) = (Vec::new(), &archive[..]);
    // tar: blocks of 512 octets, the first of each file with its name, its length and its type.
    while rest.first().is_some_and(|octet| *octet != 0) {
        let (head, body) = rest.split_at(512);
        let told =
            |from: usize, to: usize| String::from_utf8_lossy(&head[from..to]).trim_matches(['\0', ' ']).to_owned();
        let length = usize::from_str_radix(&told(124, 136), 8).expect("an octal length");
        if matches!(head[156], 0 | b'0') {
            files.push((told(0, 100), body[..length].to_vec()));
        }
        rest = &body[length.next_multiple_of(512)..];
    }
    files
}

/// Cases that are played at the same time.
const AT_ONCE: usize = 4;
