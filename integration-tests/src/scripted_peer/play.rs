//! Plays one script on one connection.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::script::{Script, Step, Wanted};
use super::socket::Socket;
use super::{Connection, Ending, Record};
use crate::http2_peer::{Frames, Kind, PREFACE, frames};
use crate::request::{Parsed, Request};
use crate::tls::Carrier;
use crate::websocket::accept;

/// Plays the script to its end and says how it ended.
pub(super) async fn play<S: Socket>(script: &Script, stream: S, record: &Record) -> Ending {
    let mut player = Player { stream: Some(Carrier::Plain(stream)), script, record, at: 0, frames: Frames::new() };
    match player.play().await {
        Ok(Next::Quit) => Ending::Played,
        Ok(Next::Go | Next::Gone) => Ending::ClientClosed,
        Err(error) => Ending::Broken(error.kind()),
    }
}

struct Player<'a, S> {
    /// `None` once it has failed.
    stream: Option<Carrier<S>>,
    script: &'a Script,
    record: &'a Record,
    /// How much of what was received is read by steps.
    at: usize,
    /// Where what was received is between frames, if pings are answered.
    frames: Frames,
}

#[derive(PartialEq, Eq)]
enum Next {
    Go,
    /// The client closed in the middle of the script.
    Gone,
    Quit,
}

impl<S: Socket> Player<'_, S> {
    async fn play(&mut self) -> io::Result<Next> {
        self.stream()?.below().write_at_once()?;
        let mut steps = self.script.steps.iter();
        while let Some(step) = steps.next() {
            if matches!(step, Step::Again) {
                steps = self.script.steps.iter();
                continue;
            }
            match self.take(step).await? {
                Next::Go => {}
                end => return Ok(end),
            }
        }
        self.drain().await
    }

    async fn take(&mut self, step: &Step) -> io::Result<Next> {
        match step {
            Step::Send(octets) => self.send(octets).await?,
            Step::SendAccepting(template) => {
                let octets = self.record.look(|connection| accepting(template, &connection.received));
                self.send(&octets).await?;
            }
            Step::Repeat(octets, times) => {
                for _ in 0..*times {
                    self.send(octets).await?;
                }
            }
            Step::Drip(octets, each) => {
                for octet in octets.chunks(1) {
                    self.write(octet).await?;
                    tokio::time::sleep(*each).await;
                }
            }
            Step::Wait(time) => tokio::time::sleep(*time).await,
            Step::Hold(gate) => gate.passed().await,
            Step::Signal(gate) => gate.open(),
            Step::ReadUntil(pattern) => return self.read_until(pattern).await,
            Step::ReadExactly(octets) => {
                return self.read_while(|unread| (unread.len() >= *octets).then_some(*octets)).await;
            }
            Step::ReadHead => return self.read_until(b"\r\n\r\n").await,
            Step::ReadRequest => return self.read_request().await,
            Step::ReadPreface => {
                return self.read_while(|unread| unread.starts_with(PREFACE).then_some(PREFACE.len())).await;
            }
            Step::ReadFrames(wanted, count) => return self.read_frames(*wanted, *count).await,
            Step::Close => {
                self.stream()?.shutdown().await?;
                self.drain().await?;
                return Ok(Next::Quit);
            }
            Step::Reset => {
                self.stream()?.below().reset_when_dropped()?;
                return Ok(Next::Quit);
            }
            // The peer's own end drops the socket.
            Step::StopReading => std::future::pending().await,
            Step::Keep => return self.drain().await,
            Step::Again => {}
            Step::StartTls(tls) => match self.stream.take() {
                Some(Carrier::Plain(stream)) => self.stream = Some(tls.accept(stream).await?),
                _ => return Err(io::ErrorKind::NotConnected.into()),
            },
            Step::ChangeKeys => {
                self.stream()?.change_keys()?;
                self.stream()?.flush().await?;
            }
            Step::Alert(number) => {
                let octets = self.stream()?.alert(*number)?;
                self.stream()?.below_mut().write_all(&octets).await?;
            }
            Step::SendBelow(octets) => self.stream()?.below_mut().write_all(octets).await?,
            Step::Cut => {
                self.stream()?.cut().await?;
                self.drain().await?;
                return Ok(Next::Quit);
            }
        }
        Ok(Next::Go)
    }

    fn stream(&mut self) -> io::Result<&mut Carrier<S>> {
        self.stream.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    async fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        let pieces = self.script.split.pieces(octets);
        let last = pieces.len().saturating_sub(1);
        for (n, piece) in pieces.into_iter().enumerate() {
            self.write(piece).await?;
            if n < last {
                self.let_the_client_read(last).await;
            }
        }
        Ok(())
    }

    /// Nothing tells when the client has read; without a pause the kernel would join the pieces again. Many pieces get
    /// a shorter one each: of some hundred cuts a few may well be joined.
    async fn let_the_client_read(&self, cuts: usize) {
        if cuts < 16 { tokio::time::sleep(Duration::from_millis(1)).await } else { tokio::task::yield_now().await }
    }

    async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream()?.write_all(octets).await?;
        self.stream()?.flush().await?;
        if !self.script.forgetful {
            self.record.change(|connection| connection.sent.extend_from_slice(octets));
        }
        Ok(())
    }

    async fn read_until(&mut self, pattern: &[u8]) -> io::Result<Next> {
        let find = |unread: &[u8]| {
            let place = unread.windows(pattern.len()).position(|window| window == pattern);
            place.map(|place| place + pattern.len())
        };
        self.read_while(find).await
    }

    async fn read_request(&mut self) -> io::Result<Next> {
        let mut whole = None;
        let next = self.read_while(|unread| match Request::parse(unread) {
            Ok(Parsed::Whole(request, length)) => {
                whole = Some(*request);
                Some(length)
            }
            _ => None,
        });
        let next = next.await?;
        self.record.change(|connection| connection.requests.extend(whole));
        Ok(next)
    }

    /// Frames of several kinds come in any order, so they are counted from the connection's beginning.
    async fn read_frames(&mut self, wanted: Wanted, count: usize) -> io::Result<Next> {
        let come = |connection: &Connection| connection.frames().iter().filter(|frame| wanted.is(frame)).count();
        while self.record.look(come) < count {
            if self.read_some().await? == 0 {
                return Ok(Next::Gone);
            }
        }
        Ok(Next::Go)
    }

    /// Reads until the step finds what it wants in the octets that no step has read before.
    async fn read_while(&mut self, mut find: impl FnMut(&[u8]) -> Option<usize>) -> io::Result<Next> {
        loop {
            let found = self.record.look(|connection| find(&connection.received[self.at..]));
            if let Some(length) = found {
                self.at += length;
                return Ok(Next::Go);
            }
            if self.read_some().await? == 0 {
                return Ok(Next::Gone);
            }
        }
    }

    async fn drain(&mut self) -> io::Result<Next> {
        while self.read_some().await? > 0 {}
        Ok(Next::Gone)
    }

    async fn read_some(&mut self) -> io::Result<usize> {
        let mut buffer = [0; 16 * 1024];
        let count = self.stream()?.read(&mut buffer).await?;
        self.record.change(|connection| connection.received.extend_from_slice(&buffer[..count]));
        if self.script.answering_pings {
            self.answer_pings(&buffer[..count]).await?;
        }
        Ok(count)
    }

    async fn answer_pings(&mut self, octets: &[u8]) -> io::Result<()> {
        for frame in self.frames.take_in(octets) {
            if Wanted::Of(Kind::Ping).is(&frame)
                && let Ok(payload) = frame.payload.as_ref().try_into()
            {
                self.write(&frames::ping_ack(payload)).await?;
            }
        }
        Ok(())
    }
}

/// The template with the answer to the last key in what was received.
fn accepting(template: &[u8], received: &[u8]) -> Vec<u8> {
    const PLACE: &[u8] = b"{accept}";
    let received = String::from_utf8_lossy(received);
    let key = received.rsplit("sec-websocket-key: ").next().and_then(|rest| rest.lines().next()).unwrap_or_default();
    let place = template.windows(PLACE.len()).position(|window| window == PLACE);
    match place {
        Some(at) => [&template[..at], accept(key).as_bytes(), &template[at + PLACE.len()..]].concat(),
        None => template.to_vec(),
    }
}
