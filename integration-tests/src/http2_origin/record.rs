//! What came in on a connection, and the tap that writes it down.

use std::collections::BTreeSet;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use h2::Reason;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Shared;
use crate::http2_peer::{Frame, Frames, Kind};

/// One connection of an HTTP/2 origin.
#[derive(Clone, Debug, Default)]
pub struct Wire {
    /// Is it HTTP/1.1, by the client's choice? Then there are no frames.
    pub is_http1: bool,
    /// Every frame the client sent, in order; of DATA without the payload.
    pub frames: Vec<Frame>,
    /// Has it ended?
    pub ended: bool,
}

impl Wire {
    /// How many streams the client has opened.
    pub fn streams(&self) -> usize {
        let heads = self.frames.iter().filter(|frame| frame.opens_stream());
        heads.map(|frame| frame.stream).collect::<BTreeSet<_>>().len()
    }

    /// How many pings the client has sent, answers not counted.
    pub fn pings(&self) -> usize {
        self.frames.iter().filter(|frame| frame.kind == Kind::Ping && !frame.is_ack()).count()
    }

    /// The streams that the client has reset, with the codes.
    pub fn resets(&self) -> Vec<(u32, Reason)> {
        let resets = self.frames.iter().filter(|frame| frame.kind == Kind::Reset);
        resets.filter_map(|frame| Some((frame.stream, frame.reason()?))).collect()
    }

    /// The code with which the client said that it goes away.
    pub fn goaway(&self) -> Option<Reason> {
        self.frames.iter().find(|frame| frame.kind == Kind::GoAway).and_then(Frame::reason)
    }

    /// The lengths of the DATA frames of one stream.
    pub fn data(&self, stream: u32) -> Vec<usize> {
        let data = self.frames.iter().filter(|frame| frame.kind == Kind::Data && frame.stream == stream);
        data.map(|frame| frame.length).collect()
    }
}

/// Writes down what the server reads.
pub(super) struct Tap<S> {
    stream: S,
    frames: Frames,
    shared: Arc<Shared>,
    n: usize,
}

impl<S> Tap<S> {
    pub(super) fn new(stream: S, shared: Arc<Shared>, n: usize) -> Self {
        Self { stream, frames: Frames::new(), shared, n }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let tap = self.get_mut();
        let before = buf.filled().len();
        ready!(Pin::new(&mut tap.stream).poll_read(context, buf))?;
        let frames = tap.frames.take_in(&buf.filled()[before..]);
        if !frames.is_empty() {
            tap.shared.wires.send_modify(|wires| wires[tap.n].frames.extend(frames));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, octets)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
