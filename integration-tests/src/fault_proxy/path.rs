//! A path that takes its time: so many octets set out in a second, and each arrives so long after.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// One direction of it, which needs no sockets and keeps to a clock that is paused.
#[derive(Clone, Copy, Debug)]
pub struct Path {
    takes: Duration,
    rate: u32,
}

impl Path {
    /// What sets out arrives so long after; so many octets set out in a second.
    pub fn new(takes: Duration, rate: u32) -> Self {
        Self { takes, rate: rate.max(1) }
    }

    /// Carries all there is to its other end.
    ///
    /// # Errors
    /// What the other end failed with.
    pub async fn carry(self, from: impl AsyncRead + Unpin, to: impl AsyncWrite + Unpin) -> io::Result<()> {
        // Pieces are small when little is under way, and then few: a queue that is full holds at least what the path does.
        let holds = self.takes.as_secs_f64() * f64::from(self.rate);
        let (sets_out, arrives) = mpsc::channel((holds as usize / PIECE).max(1) * 2 + QUEUE);
        let ((), arrived) = tokio::join!(self.send(from, sets_out), receive(arrives, to));
        arrived
    }

    async fn send(self, mut from: impl AsyncRead + Unpin, sets_out: mpsc::Sender<(Instant, Vec<u8>)>) {
        let mut free = Instant::now();
        loop {
            let mut piece = vec![0; PIECE];
            // Our own end of a pipe in memory does not fail.
            let Ok(count @ 1..) = from.read(&mut piece).await else { return };
            piece.truncate(count);
            // Clocks wake late, by less than this: what was lost so is made up for.
            free = free.max(Instant::now() - LATE) + Duration::from_secs_f64(count as f64 / f64::from(self.rate));
            sleep_until(free).await;
            if sets_out.send((free + self.takes, piece)).await.is_err() {
                return;
            }
        }
    }
}

async fn receive(mut arrives: mpsc::Receiver<(Instant, Vec<u8>)>, mut to: impl AsyncWrite + Unpin) -> io::Result<()> {
    while let Some((at, piece)) = arrives.recv().await {
        sleep_until(at).await;
        to.write_all(&piece).await?;
    }
    to.shutdown().await
}

/// Octets that set out at a time.
const PIECE: usize = 16 * 1024;
/// Pieces that wait at a full path.
const QUEUE: usize = 64;
const LATE: Duration = Duration::from_millis(3);
