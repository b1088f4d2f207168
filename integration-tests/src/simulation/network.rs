//! The client's side of the simulated network: names, and streams that may be rough.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};

use hinternet::network::{Destination, Dialer, Dialing, Lookup, Resolver, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use turmoil::net::TcpStream;

use super::SERVER;
use crate::seeded::Seeded;

/// Resolves the server's name, and opens streams to it.
#[derive(Clone, Debug)]
pub struct SimulatedNetwork(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    chance: Mutex<Seeded>,
    roughness: usize,
    open: AtomicUsize,
}

/// Sees whether anything is left of a network, or of what was given it.
#[derive(Debug)]
pub struct Remains(Weak<Shared>);

impl Remains {
    /// How many still hold it: options, pools, streams.
    pub fn holders(&self) -> usize {
        self.0.strong_count()
    }
}

impl SimulatedNetwork {
    pub(super) fn new(seed: u64, roughness: usize) -> Self {
        Self(Arc::new(Shared { chance: Mutex::new(Seeded::new(seed)), roughness, open: AtomicUsize::new(0) }))
    }

    /// How many streams are open.
    pub fn open_streams(&self) -> usize {
        self.0.open.load(Ordering::Relaxed)
    }

    /// What is left of it when all who hold it are gone.
    pub fn remains(&self) -> Remains {
        Remains(Arc::downgrade(&self.0))
    }
}

impl Resolver for SimulatedNetwork {
    fn resolve(&self, host: &str) -> Lookup {
        let found = (host == SERVER).then(|| turmoil::lookup(SERVER));
        Box::pin(async move { found.map(|address| vec![address]).ok_or_else(|| io::ErrorKind::NotFound.into()) })
    }
}

impl Dialer for SimulatedNetwork {
    fn dial(&self, to: &Destination) -> Dialing {
        let (address, shared) = (to.address, Arc::clone(&self.0));
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            shared.open.fetch_add(1, Ordering::Relaxed);
            Ok(Box::new(Rough { stream, shared }) as Box<dyn Stream>)
        })
    }
}

/// A stream that gives and takes less than it could, by chance.
struct Rough {
    stream: TcpStream,
    shared: Arc<Shared>,
}

impl Rough {
    /// How many of so many octets to move.
    fn some_of(&self, octets: usize) -> usize {
        let mut chance = self.shared.chance.lock().unwrap_or_else(PoisonError::into_inner);
        if octets > 1 && chance.percent(self.shared.roughness) { chance.between(1, octets.min(ROUGH)) } else { octets }
    }
}

impl AsyncRead for Rough {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let octets = this.some_of(buf.remaining());
        if octets == buf.remaining() {
            return Pin::new(&mut this.stream).poll_read(context, buf);
        }
        let mut few = [0; ROUGH];
        let mut few = ReadBuf::new(&mut few[..octets]);
        let polled = Pin::new(&mut this.stream).poll_read(context, &mut few);
        buf.put_slice(few.filled());
        polled
    }
}

impl AsyncWrite for Rough {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let some = this.some_of(octets.len());
        Pin::new(&mut this.stream).poll_write(context, &octets[..some])
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

impl Stream for Rough {
    fn remote(&self) -> Option<SocketAddr> {
        self.stream.peer_addr().ok()
    }

    fn local(&self) -> Option<SocketAddr> {
        self.stream.local_addr().ok()
    }
}

impl Drop for Rough {
    fn drop(&mut self) {
        self.shared.open.fetch_sub(1, Ordering::Relaxed);
    }
}

const ROUGH: usize = 64;
