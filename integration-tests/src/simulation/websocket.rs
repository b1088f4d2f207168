//! A WebSocket server on the simulated network, which is tokio-tungstenite: what it does on a connection is laid down beforehand, and
//! what it has seen is written down.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::Uri;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};
use turmoil::net::TcpStream;

use crate::scripted_peer::{Ending, Record};

/// What a server does on one connection.
#[derive(Clone, Debug)]
pub struct Talk {
    /// How it begins.
    pub opening: TalkOpening,
    /// Messages that it sends unasked: of so many octets each. Every third is of two fragments, every second is text.
    pub says: Vec<usize>,
    /// Milliseconds before each of them.
    pub pace: u64,
    /// It sends back what it gets.
    pub echoes: bool,
    /// What happens when so many messages have come.
    pub parting: Option<(usize, TalkParting)>,
}

/// How a connection begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TalkOpening {
    /// As it should.
    Honest,
    /// It is accepted and closed.
    Closed,
    /// It is accepted and never looked at, but that its end is seen.
    Mute,
    /// 403, and the end.
    Refused,
    /// A 101 with the answer to another key.
    WrongKey,
}

/// What a server does with a connection in the middle.
#[derive(Clone, Copy, Debug)]
pub enum TalkParting {
    /// A close frame with this status: the client's is waited for.
    Close(u16),
    /// It is closed without a word.
    Cut,
    /// Octets that are no frame.
    Garbage,
    /// Half a frame, and the end.
    Half,
    /// It is not looked at for so many milliseconds, neither read nor written.
    Freeze(u64),
    /// A ping, which is no end.
    Ping,
}

/// What a server has seen of a WebSocket, which is named by the number that is the path of its URL.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// The numbers of the client's messages.
    pub received: Vec<u64>,
    /// How many messages were sent unasked.
    pub said: u64,
    /// How many were sent back.
    pub echoed: usize,
    /// The client's close frame came, whoever began.
    pub closed: bool,
    /// What the client did that it must not.
    pub wrong: Vec<String>,
}

pub(super) type Ledger = Rc<RefCell<BTreeMap<u64, Heard>>>;

impl Talk {
    /// Sends back what it gets, and nothing else.
    pub fn echo() -> Self {
        Self { opening: TalkOpening::Honest, says: Vec::new(), pace: 0, echoes: true, parting: None }
    }
}

/// The text of a message: who says it, its number, how long it is, and enough to fill it.
pub fn words(who: char, number: u64, octets: usize) -> String {
    let mut words = format!("{who} {number} {octets} ");
    let filler = octets.saturating_sub(words.len());
    words.extend((0..filler).map(|n| char::from(b'a' + (n % 23) as u8)));
    words
}

/// Who says it, and its number; `None`: that was never said, or not all of it.
pub fn read_words(octets: &[u8]) -> Option<(char, u64)> {
    let mut parts = std::str::from_utf8(octets).ok()?.split(' ');
    let (who, number, length) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    (words(who, number, length).as_bytes() == octets).then_some((who, number))
}

/// Serves the connection to its end. A client that goes away in the middle is no fault of the server's.
pub(super) async fn serve(talk: Talk, stream: TcpStream, record: Record, ledger: Ledger) {
    let ending = match talk.opening {
        TalkOpening::Honest => {
            let conversed = async {
                let (number, stream) = accept(stream).await?;
                converse(&talk, number, stream, &ledger).await
            };
            conversed.await.map_or(Ending::ClientClosed, |()| Ending::Played)
        }
        TalkOpening::Closed => Ending::Played,
        TalkOpening::Mute => until_end(stream).await,
        TalkOpening::Refused => {
            say(stream, "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await
        }
        TalkOpening::WrongKey => {
            let answer = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
                sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
            say(stream, answer).await
        }
    };
    record.ends(ending);
}

/// Consents to an upgrade. With the number of the WebSocket.
async fn accept(stream: TcpStream) -> Result<(u64, WebSocketStream<TcpStream>), tungstenite::Error> {
    let mut number = None;
    #[expect(clippy::result_large_err, reason = "tungstenite's signature")]
    let look = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        number = number_of(request.uri());
        Ok(response)
    };
    let stream = accept_hdr_async(stream, look).await?;
    Ok((number.expect("the path is a number"), stream))
}

/// The number of a WebSocket: its path.
pub(super) fn number_of(uri: &Uri) -> Option<u64> {
    uri.path().trim_start_matches('/').parse().ok()
}

/// Says and hears, to the end.
pub(super) async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    talk: &Talk,
    number: u64,
    mut stream: WebSocketStream<S>,
    ledger: &Ledger,
) -> Result<(), tungstenite::Error> {
    let write = |change: &dyn Fn(&mut Heard)| change(ledger.borrow_mut().entry(number).or_default());
    write(&|_| ());
    let (mut said, mut came, mut echoes) = (0, 0, talk.echoes);
    loop {
        let unsaid = talk.says.get(said).copied();
        let next = match unsaid {
            Some(octets) => {
                // In an order that is always the same.
                tokio::select! {
                    biased;
                    next = stream.next() => next,
                    () = sleep(Duration::from_millis(talk.pace)) => {
                        write(&|heard| heard.said += 1);
                        say_one(&mut stream, said as u64, octets).await?;
                        said += 1;
                        continue;
                    }
                }
            }
            None => stream.next().await,
        };
        let message = match next.transpose()? {
            None => return Ok(()),
            Some(Message::Close(_)) => {
                write(&|heard| heard.closed = true);
                // What is not said by now is not said.
                while stream.next().await.transpose()?.is_some() {}
                return Ok(());
            }
            Some(message) if message.is_text() || message.is_binary() => message,
            Some(_) => continue,
        };
        let data = message.clone().into_data();
        write(&|heard| match read_words(&data) {
            Some(('c', n)) if heard.received.last().is_none_or(|last| *last < n) => heard.received.push(n),
            other => heard.wrong.push(format!("{other:?} came after {:?}", heard.received.last())),
        });
        came += 1;
        if echoes {
            write(&|heard| heard.echoed += 1);
            stream.send(message).await?;
        }
        if let Some((_, parting)) = talk.parting.filter(|(at, _)| *at == came) {
            match parting {
                TalkParting::Close(code) => {
                    (said, echoes) = (usize::MAX, false);
                    stream.close(Some(CloseFrame { code: code.into(), reason: "enough".into() })).await?;
                }
                TalkParting::Cut => return Ok(()),
                TalkParting::Garbage => return write_raw(&mut stream, b"\x7f\xff what?").await,
                TalkParting::Half => return write_raw(&mut stream, b"\x81\x7e\x00\xffhalf of it").await,
                TalkParting::Freeze(time) => sleep(Duration::from_millis(time)).await,
                TalkParting::Ping => stream.send(Message::Ping("are you there?".into())).await?,
            }
        }
    }
}

async fn say_one<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut WebSocketStream<S>,
    number: u64,
    octets: usize,
) -> Result<(), tungstenite::Error> {
    let (text, is_text) = (words('s', number, octets), number.is_multiple_of(2));
    if !number.is_multiple_of(3) {
        let message = if is_text { Message::text(text) } else { Message::binary(text) };
        return stream.send(message).await;
    }
    let (first, second) = text.split_at(text.len() / 2);
    let opcode = OpCode::Data(if is_text { Data::Text } else { Data::Binary });
    stream.send(Message::Frame(Frame::message(first.to_owned(), opcode, false))).await?;
    stream.send(Message::Frame(Frame::message(second.to_owned(), OpCode::Data(Data::Continue), true))).await
}

/// Octets that are no message, and the end.
async fn write_raw<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut WebSocketStream<S>,
    octets: &[u8],
) -> Result<(), tungstenite::Error> {
    stream.get_mut().write_all(octets).await?;
    stream.get_mut().shutdown().await?;
    let end = timeout(Duration::from_secs(1), tokio::io::copy(stream.get_mut(), &mut tokio::io::sink())).await;
    drop(end);
    Ok(())
}

/// Reads nothing that it understands.
async fn until_end(mut stream: TcpStream) -> Ending {
    match tokio::io::copy(&mut stream, &mut tokio::io::sink()).await {
        Ok(_) => Ending::ClientClosed,
        Err(error) => Ending::Broken(error.kind()),
    }
}

async fn say(mut stream: TcpStream, answer: &str) -> Ending {
    if stream.write_all(answer.as_bytes()).await.is_err() || stream.shutdown().await.is_err() {
        return Ending::ClientClosed;
    }
    // Whoever drops it with octets unread resets it, and nothing is read any more.
    drop(timeout(Duration::from_secs(1), until_end(stream)).await);
    Ending::Played
}
