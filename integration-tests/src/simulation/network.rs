//! The client's side of the simulated network: names, and streams that may be rough.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use hinternet::network::{Answer, Answering, Destination, Dialer, Dialing, Lookup, Resolver, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use turmoil::net::TcpStream;

use super::disturbance::{Call, Disturbance, Trap};
use super::{OTHER, SERVER};
use crate::seeded::Seeded;

/// Resolves the servers' names, and opens streams to it.
#[derive(Clone, Debug)]
pub struct SimulatedNetwork(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    chance: Mutex<Seeded>,
    roughness: usize,
    /// How many streams to each address are open, and how many were at most.
    open: Mutex<BTreeMap<SocketAddr, (usize, usize)>>,
    trap: Trap,
    told: Mutex<Told>,
}

/// What is told of the server's name.
#[derive(Clone, Debug)]
pub struct Told {
    /// Where it is, by the names of hosts.
    pub at: Vec<&'static str>,
    /// For how long that may be kept.
    pub ttl: Option<Duration>,
    /// How long the answer takes.
    pub after: Duration,
    /// It is not known where it is.
    pub fails: bool,
}

impl Default for Told {
    fn default() -> Self {
        Self { at: vec![SERVER], ttl: None, after: Duration::ZERO, fails: false }
    }
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
        let (chance, open, trap) = (Mutex::new(Seeded::new(seed)), Mutex::default(), Trap::default());
        let told = Mutex::default();
        Self(Arc::new(Shared { chance, roughness, open, trap, told }))
    }

    /// From now on this is told of the server's name.
    pub fn tell(&self, told: Told) {
        *self.0.told.lock().unwrap_or_else(PoisonError::into_inner) = told;
    }

    fn told(&self) -> Told {
        self.0.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Disturbs the n-th call from here on (from 0): the look-ups, the dials, and what is asked of the streams.
    pub fn disturb(&self, n: usize, how: Disturbance) {
        self.0.trap.set(n, how);
    }

    /// Which call was disturbed, if it has come to that. Later ones are not.
    pub fn disturbed(&self) -> Option<Call> {
        self.0.trap.take()
    }

    /// How many streams are open.
    pub fn open_streams(&self) -> usize {
        self.0.open().values().map(|(open, _)| open).sum()
    }

    /// How many were open at most, to any one address on this port.
    pub fn most_streams_to(&self, port: u16) -> usize {
        let to = |(address, (_, most)): (&SocketAddr, &(usize, usize))| (address.port() == port).then_some(*most);
        self.0.open().iter().filter_map(to).max().unwrap_or(0)
    }

    /// What is left of it when all who hold it are gone.
    pub fn remains(&self) -> Remains {
        Remains(Arc::downgrade(&self.0))
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, BTreeMap<SocketAddr, (usize, usize)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resolver for SimulatedNetwork {
    fn resolve(&self, host: &str) -> Lookup {
        let Told { at, after, fails, .. } = self.told();
        let at = match host {
            SERVER => at,
            OTHER => vec![OTHER],
            _ => Vec::new(),
        };
        let found: Vec<_> = at.into_iter().map(turmoil::lookup).collect();
        let shared = Arc::clone(&self.0);
        Box::pin(async move {
            shared.trap.asked(Call::Resolve).await?;
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            if fails {
                return Err(io::Error::other("out of order"));
            }
            (!found.is_empty()).then_some(found).ok_or_else(|| io::ErrorKind::NotFound.into())
        })
    }

    fn answer(&self, host: &str) -> Answering {
        let (ttl, lookup) = (self.told().ttl, self.resolve(host));
        Box::pin(async move {
            let answer = Answer::new(lookup.await?);
            Ok(match ttl {
                Some(ttl) => answer.with_ttl(ttl),
                None => answer,
            })
        })
    }
}

impl Dialer for SimulatedNetwork {
    fn dial(&self, to: &Destination) -> Dialing {
        let (address, shared) = (to.address, Arc::clone(&self.0));
        Box::pin(async move {
            shared.trap.asked(Call::Dial).await?;
            let stream = TcpStream::connect(address).await?;
            let (open, most) = *shared.open().entry(address).and_modify(|(open, _)| *open += 1).or_insert((1, 0));
            shared.open().insert(address, (open, most.max(open)));
            Ok(Box::new(Rough { stream, address, shared, broken: false }) as Box<dyn Stream>)
        })
    }
}

/// A stream that gives and takes less than it could, by chance.
struct Rough {
    stream: TcpStream,
    /// Where it goes.
    address: SocketAddr,
    shared: Arc<Shared>,
    /// A call failed: so do all that follow.
    broken: bool,
}

impl Rough {
    /// How many of so many octets to move.
    fn some_of(&self, octets: usize) -> usize {
        let mut chance = self.shared.chance.lock().unwrap_or_else(PoisonError::into_inner);
        if octets > 1 && chance.percent(self.shared.roughness) { chance.between(1, octets.min(ROUGH)) } else { octets }
    }
}

impl Rough {
    /// How many octets the call may move.
    fn poll_asked(&mut self, call: Call, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.broken {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let most = self.shared.trap.poll_asked(call, context);
        self.broken = matches!(most, Poll::Ready(Err(_)));
        most
    }

    fn poll_read_as(&mut self, call: Call, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let most = ready!(self.poll_asked(call, context))?;
        let octets = self.some_of(buf.remaining().min(most));
        if octets == buf.remaining() {
            return Pin::new(&mut self.stream).poll_read(context, buf);
        }
        let mut few = [0; ROUGH];
        let mut few = ReadBuf::new(&mut few[..octets]);
        let polled = Pin::new(&mut self.stream).poll_read(context, &mut few);
        buf.put_slice(few.filled());
        polled
    }
}

impl AsyncRead for Rough {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_read_as(Call::Read, context, buf)
    }
}

impl AsyncWrite for Rough {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let most = ready!(this.poll_asked(Call::Write, context))?;
        let some = this.some_of(octets.len().min(most));
        Pin::new(&mut this.stream).poll_write(context, &octets[..some])
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_asked(Call::Flush, context))?;
        Pin::new(&mut this.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_asked(Call::Shutdown, context))?;
        Pin::new(&mut this.stream).poll_shutdown(context)
    }
}

impl Stream for Rough {
    fn read_now(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut buf = ReadBuf::new(buf);
        match self.poll_read_as(Call::Look, &mut Context::from_waker(Waker::noop()), &mut buf) {
            Poll::Ready(read) => read.map(|()| buf.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn remote(&self) -> Option<SocketAddr> {
        self.stream.peer_addr().ok()
    }

    fn local(&self) -> Option<SocketAddr> {
        self.stream.local_addr().ok()
    }
}

impl Drop for Rough {
    fn drop(&mut self) {
        self.shared.open().entry(self.address).and_modify(|(open, _)| *open -= 1);
    }
}

const ROUGH: usize = 64;
