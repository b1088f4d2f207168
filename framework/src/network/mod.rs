//! What a program may put in the network's place: names, streams, and which addresses may be reached.
//!
//! These are the only ways by which this crate meets the world, so a test, a simulation or a sandbox replaces all of it here.
//! Some that are ready to use stand in [`transport`](crate::transport).

mod address;
mod answer;
mod by_pointer;
mod channel_binding;
mod dial_details;
mod policy;
mod proxy;
mod security;

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub(crate) use address::is_public;
pub use answer::Answer;
pub(crate) use by_pointer::ByPointer;
pub use channel_binding::ChannelBinding;
pub(crate) use channel_binding::Exported;
pub use dial_details::{DialDetails, TlsLegs};
pub use policy::{AddressPolicy, PublicAddresses};
pub(crate) use proxy::ProxyCredentials;
pub use proxy::{FindingProxy, Proxy, ProxyProtocol, ProxyResolver, Route};
pub use security::SecurityInfo;

/// Turns host names into addresses.
///
/// ```
/// use std::net::{IpAddr, Ipv4Addr};
/// use hinternet::network::{Lookup, Resolver};
///
/// /// Every name is this machine.
/// #[derive(Debug)]
/// struct Here;
///
/// impl Resolver for Here {
///     fn resolve(&self, _host: &str) -> Lookup {
///         Box::pin(async { Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]) })
///     }
/// }
/// ```
pub trait Resolver: fmt::Debug + Send + Sync + 'static {
    /// The addresses of a host, in the order of preference. Not called for an address literal. One look-up serves all who want the
    /// name meanwhile: each of them waits for `Timeouts::resolve` at most, and when nobody waits any more the future is dropped,
    /// which gives the look-up up. One that is under way for 30 s is taken to hang: who wants the name then begins another.
    fn resolve(&self, host: &str) -> Lookup;

    /// The same, with the time for which the answer may be kept. What requests use; without one of its own a resolver does not know
    /// that time, and nothing is kept of what it says unless [`NameOptions::assumed_ttl`](crate::NameOptions::assumed_ttl) is set.
    ///
    /// An error of the kind `NotFound` and an answer without addresses both say that there is none; any other error, that it is
    /// not known.
    fn answer(&self, host: &str) -> Answering {
        let lookup = self.resolve(host);
        Box::pin(async { lookup.await.map(Answer::new) })
    }
}

/// A name look-up under way. It runs on one thread, and need not be `Send`.
///
/// An example is at [`Resolver`].
pub type Lookup = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>>>>;

/// A look-up under way that tells for how long its answer may be kept.
///
/// An example is at [`Resolver`].
pub type Answering = Pin<Box<dyn Future<Output = io::Result<Answer>>>>;

/// Opens streams.
///
/// The dialer decides what a stream *is*: a TCP connection from a certain local address, a Unix socket, a pair of pipes in
/// memory, a socket of a simulated network. TLS, where the scheme asks for it, is laid over what it gives.
///
/// ```
/// use hinternet::network::{Destination, Dialer, Dialing, Stream};
/// use hinternet::transport::{MemoryDialer, in_memory};
///
/// /// Counts on the way to another.
/// #[derive(Debug)]
/// struct Counting(MemoryDialer, std::sync::atomic::AtomicUsize);
///
/// impl Dialer for Counting {
///     fn dial(&self, to: &Destination) -> Dialing {
///         self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
///         println!("to {} at {}", to.host, to.address);
///         self.0.dial(to)
///     }
/// }
///
/// let (dialer, _listener) = in_memory();
/// let session = hinternet::Session::builder()
///     .dial(hinternet::DialOptions::default().dialer(Counting(dialer, Default::default())))
///     .open()?;
/// # Ok::<_, hinternet::Error>(())
/// ```
pub trait Dialer: fmt::Debug + Send + Sync + 'static {
    /// Opens a stream to one address. Called once per attempt, several at a time when the first are slow (RFC 8305). Dropping
    /// the future gives the attempt up.
    fn dial(&self, to: &Destination) -> Dialing;

    /// Does it want addresses? A dialer that does not, as one for Unix sockets, is called once with the unspecified address:
    /// no name is looked up, and no [`AddressPolicy`] is asked.
    fn wants_addresses(&self) -> bool {
        true
    }
}

/// An attempt under way. It runs on one thread, and need not be `Send`.
///
/// An example is at [`Dialer`].
pub type Dialing = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>>>>;

/// Where one attempt goes.
///
/// An example is at [`Dialer`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Destination {
    /// The host of the URL: a name, or an address literal (IPv6 in brackets).
    pub host: String,
    /// The address, with the port of the URL.
    pub address: SocketAddr,
}

/// A connected stream of octets, whatever carries it.
///
/// ```
/// use std::pin::Pin;
/// use std::task::{Context, Poll};
/// use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
///
/// /// A stream of tokio's that is one of ours.
/// struct Ours<S>(S);
///
/// impl<S: AsyncRead + AsyncWrite + Unpin> hinternet::network::Stream for Ours<S> {}
///
/// impl<S: AsyncRead + Unpin> AsyncRead for Ours<S> {
///     fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
///         Pin::new(&mut self.0).poll_read(context, buf)
///     }
/// }
/// # impl<S: AsyncWrite + Unpin> AsyncWrite for Ours<S> {
/// #     fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<std::io::Result<usize>> {
/// #         Pin::new(&mut self.0).poll_write(context, octets)
/// #     }
/// #     fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
/// #         Pin::new(&mut self.0).poll_flush(context)
/// #     }
/// #     fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
/// #         Pin::new(&mut self.0).poll_shutdown(context)
/// #     }
/// # }
/// # let (one, _other) = tokio::io::duplex(16);
/// let stream: Box<dyn hinternet::network::Stream> = Box::new(Ours(one)); // and AsyncWrite alike
/// ```
pub trait Stream: AsyncRead + AsyncWrite + Unpin {
    /// Reads what has already arrived, without waiting: 0 is the end, `WouldBlock` is nothing. It is asked of an idle stream,
    /// which must have neither octets nor an end.
    ///
    /// # Errors
    /// `WouldBlock` when nothing has arrived; else what broke the stream.
    fn read_now(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut buf = ReadBuf::new(buf);
        match Pin::new(self).poll_read(&mut Context::from_waker(Waker::noop()), &mut buf) {
            Poll::Ready(read) => read.map(|()| buf.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// The address of the other side; `None` where there is no such thing.
    fn remote(&self) -> Option<SocketAddr> {
        None
    }

    /// The address of this side.
    fn local(&self) -> Option<SocketAddr> {
        None
    }
}
