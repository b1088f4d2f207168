//! Moves the octets of one direction and applies its faults to them.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex};

use super::Fault;
use super::path::Path;

/// How the passing of octets ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The sender said FIN, and so did we.
    Finished,
    /// Both sides are to see the end now.
    Cut,
    /// Both sides are to see a reset now.
    Reset,
}

/// Waits for both directions, unless one of them ends the connection.
pub(super) async fn both(up: impl Future<Output = End>, down: impl Future<Output = End>) -> End {
    tokio::pin!(up, down);
    let (first, other) = tokio::select! {
        end = &mut up => (end, Other::Down),
        end = &mut down => (end, Other::Up),
    };
    match (first, other) {
        (End::Finished, Other::Down) => down.await,
        (End::Finished, Other::Up) => up.await,
        (end, _) => end,
    }
}

enum Other {
    Up,
    Down,
}

/// Passes octets on until the sender ends or a fault does.
pub(super) async fn pump(from: impl AsyncRead + Unpin, to: impl AsyncWrite + Unpin, faults: Vec<Fault>) -> End {
    let path = faults.iter().find_map(|fault| match fault {
        Fault::Path { takes, rate } => Some(Path::new(*takes, *rate)),
        _ => None,
    });
    match path {
        None => pass(from, to, &faults).await,
        Some(path) => {
            let (near, far) = duplex(PIECE);
            let (passing, travelling) = (pass(from, near, &faults), path.carry(far, to));
            tokio::pin!(passing, travelling);
            tokio::select! {
                // What has set out arrives, whatever becomes of those behind it.
                end = &mut passing => if travelling.await.is_ok() { end } else { End::Reset },
                _gone = &mut travelling => End::Reset,
            }
        }
    }
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, faults: &[Fault]) -> End {
    let mut buffer = [0; PIECE];
    let mut passed = 0;
    loop {
        let count = match from.read(&mut buffer).await {
            Ok(0) => break,
            Ok(count) => count,
            Err(_) => return End::Reset,
        };
        let mut rest = &mut buffer[..count];
        corrupt(rest, passed, faults);
        while !rest.is_empty() {
            if let Some(end) = stop(passed, faults).await {
                return end;
            }
            let (piece, later) = rest.split_at_mut(room(passed, rest.len(), faults));
            if to.write_all(piece).await.is_err() {
                return End::Reset;
            }
            passed += piece.len();
            rest = later;
        }
        // A stream may be cut just where it pauses.
        if let Some(end) = limit(passed, faults) {
            return end;
        }
    }
    if to.shutdown().await.is_err() { End::Reset } else { End::Finished }
}

fn corrupt(octets: &mut [u8], passed: usize, faults: &[Fault]) {
    for fault in faults {
        if let Fault::Corrupt { at, flip } = fault {
            let octet = at.checked_sub(passed).and_then(|place| octets.get_mut(place));
            octet.into_iter().for_each(|octet| *octet ^= flip);
        }
    }
}

/// Waits where octets must wait, and ends where they must end.
async fn stop(passed: usize, faults: &[Fault]) -> Option<End> {
    for fault in faults {
        match fault {
            Fault::Hold { after, gate } if passed >= *after => gate.passed().await,
            Fault::Delay(time) => tokio::time::sleep(*time).await,
            Fault::OneByOne => tokio::task::yield_now().await,
            _ => {}
        }
    }
    limit(passed, faults)
}

fn limit(passed: usize, faults: &[Fault]) -> Option<End> {
    faults.iter().find_map(|fault| match fault {
        Fault::Cut { after } if passed >= *after => Some(End::Cut),
        Fault::Reset { after } if passed >= *after => Some(End::Reset),
        _ => None,
    })
}

/// How many octets may pass before the next fault acts.
fn room(passed: usize, count: usize, faults: &[Fault]) -> usize {
    let next = faults.iter().filter_map(|fault| match fault {
        Fault::Cut { after } | Fault::Reset { after } | Fault::Hold { after, .. } => {
            after.checked_sub(passed).filter(|left| *left > 0)
        }
        Fault::OneByOne => Some(1),
        Fault::Delay(_) | Fault::Path { .. } | Fault::Corrupt { .. } => None,
    });
    next.min().unwrap_or(count).min(count)
}

/// Octets that are read at a time.
const PIECE: usize = 16 * 1024;
