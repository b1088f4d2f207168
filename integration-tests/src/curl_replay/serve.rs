//! The server's loop: a request, its reply, 20 octets at a time.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Stage;
use super::incoming::Incoming;

pub(super) async fn listen(listener: TcpListener, stage: Arc<Stage>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let (number, stage) = (stage.connected(), Arc::clone(&stage));
        connections.spawn(async move {
            let mut connection = Connection { stream, unread: Vec::new(), owed: 0, number, stage };
            let _client_is_gone = connection.serve().await;
        });
    }
}

struct Connection {
    stream: TcpStream,
    unread: Vec<u8>,
    /// What is still to come of a body that was answered before.
    owed: usize,
    number: usize,
    stage: Arc<Stage>,
}

/// What follows a reply.
enum Next {
    Request,
    Close,
    Tunnel,
}

impl Connection {
    async fn serve(&mut self) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        while let Some(incoming) = self.request().await? {
            match self.reply(&incoming).await? {
                Next::Request => {}
                Next::Tunnel => return self.tunnel().await,
                Next::Close => return self.close().await,
            }
        }
        Ok(())
    }

    /// The next request, written down; `None` if the client goes, with what it left.
    async fn request(&mut self) -> io::Result<Option<Incoming>> {
        loop {
            let late = self.owed.min(self.unread.len());
            self.unread.drain(..late);
            self.owed -= late;
            if let Some(incoming) = Incoming::read(&self.unread) {
                let part = &self.stage.part;
                let is_early = part.wants_credentials && !incoming.shows_credentials;
                if let Some(whole) = incoming.whole(&self.unread, part.skipped) {
                    self.stage.heard(&self.unread[..whole], self.number);
                    self.unread.drain(..whole);
                    return Ok(Some(incoming));
                }
                if is_early {
                    self.stage.heard(&self.unread, self.number);
                    self.owed = incoming.missing(&self.unread);
                    self.unread.clear();
                    return Ok(Some(incoming));
                }
            }
            let got = self.stream.read_buf(&mut self.unread).await;
            if !matches!(got, Ok(octets) if octets > 0) {
                if !self.unread.is_empty() {
                    self.stage.heard(&self.unread, self.number);
                }
                return Ok(None);
            }
        }
    }

    async fn reply(&mut self, incoming: &Incoming) -> io::Result<Next> {
        let part = self.stage.bounce(incoming.part);
        let word = if incoming.is_connect { "connect" } else { "data" };
        let name = if part == 0 { word.to_owned() } else { format!("{word}{part}") };
        let stage = Arc::clone(&self.stage);
        let reply = match stage.part.replies.get(&name) {
            None if incoming.is_connect => TUNNELLED,
            found => found.map_or(&b""[..], Vec::as_slice),
        };
        if contains(reply, b"swsbounce") {
            stage.said().bounced = Some(part);
        }
        for piece in reply.chunks(IN_ONE_WRITE) {
            self.stream.write_all(piece).await?;
        }
        if !stage.part.waits.is_zero() {
            tokio::time::sleep(stage.part.waits).await;
        }
        let closes = reply.is_empty() || contains(reply, b"swsclose") || stage.part.closes;
        let is_let_through = incoming.is_connect && reply.get(9) == Some(&b'2');
        Ok(match () {
            // A tunnel of HTTP/1.0 is a tunnel.
            () if is_let_through && stage.beyond.is_some() => Next::Tunnel,
            () if closes || (incoming.is_old && !is_let_through) => Next::Close,
            () => Next::Request,
        })
    }

    /// All goes to the server of the other port.
    async fn tunnel(&mut self) -> io::Result<()> {
        let port = self.stage.beyond.expect("a tunnel leads somewhere");
        let mut beyond = TcpStream::connect(("127.0.0.1", port)).await?;
        beyond.set_nodelay(true)?;
        beyond.write_all(&self.unread).await?;
        tokio::io::copy_bidirectional(&mut self.stream, &mut beyond).await.map(drop)
    }

    /// Says FIN, and reads on so that octets still under way do not turn it into a reset.
    async fn close(&mut self) -> io::Result<()> {
        self.stream.shutdown().await?;
        while self.stream.read_buf(&mut self.unread).await? > 0 {
            self.unread.clear();
        }
        Ok(())
    }
}

fn contains(octets: &[u8], word: &[u8]) -> bool {
    octets.windows(word.len()).any(|some| some == word)
}

const IN_ONE_WRITE: usize = 20;
const TUNNELLED: &[u8] = b"HTTP/1.1 200 Mighty fine indeed\r\n\r\n";
