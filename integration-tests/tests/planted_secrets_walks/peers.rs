//! The peers: origins with and without TLS, a proxy of HTTP, and one that may speak SOCKS5. Each writes down all it gets.

use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::LocalBoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::answers::{Answer, answer, challenge};
use crate::graph::{PROXIES, SITES, named, of_proxy, of_site, site_at};
use crate::secrets::Parties;
use crate::world::{Message, World};

/// What a peer speaks over.
pub(crate) trait Carrier: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Carrier for T {}

type Stream = Box<dyn Carrier>;

/// Whoever listens there.
pub(crate) fn serve(world: Arc<World>, stream: Stream, host: String, port: u16) -> LocalBoxFuture<'static, ()> {
    Box::pin(async move {
        let proxy = PROXIES.iter().position(|proxy| *proxy == (&*host, port));
        // A client that goes away is no fault of a peer's.
        let _gone = match (proxy, site_at(&host, port)) {
            (Some(1), _) if world.second_is_socks => socks(&world, stream).await,
            (Some(n), _) => proxy_of_http(&world, n, stream).await,
            (None, Some(n)) => origin(&world, n, stream).await,
            (None, None) => panic!("nobody is at {host}:{port}"),
        };
    })
}

async fn origin(world: &Arc<World>, n: usize, stream: Stream) -> io::Result<()> {
    if !SITES[n].is_secure {
        return exchanges(world, n, stream).await;
    }
    let tapped = Tapped { stream, world: Arc::clone(world) };
    exchanges(world, n, Box::new(world.tls.accept_over(tapped).await?)).await
}

async fn exchanges(world: &World, n: usize, mut stream: Stream) -> io::Result<()> {
    let mut unread = Vec::new();
    while let Some(request) = next(&mut stream, &mut unread).await? {
        let answer = answer(world, n, &request.method);
        write_down(world, request, of_site(n), format!("origin {n}"), &answer);
        if !put(&mut stream, answer).await? {
            return Ok(());
        }
    }
    Ok(())
}

async fn proxy_of_http(world: &Arc<World>, n: usize, mut stream: Stream) -> io::Result<()> {
    let mut unread = Vec::new();
    while let Some(request) = next(&mut stream, &mut unread).await? {
        let is_shown = request.has_field("proxy-authorization");
        let asks = world.asks[n] && !is_shown || world.percent(4);
        let is_connect = request.method == "CONNECT";
        let (host, port) = match request.target.strip_prefix("http://") {
            None => split(&request.target, 443),
            Some(rest) => split(rest.split(['/', '?']).next().unwrap_or_default(), 80),
        };
        let site = site_at(&host, port);
        // What it forwards is the origin's, too.
        let parties = if is_connect { of_proxy(n) } else { of_proxy(n).or(site.map_or(Parties::NOBODY, of_site)) };
        let told = format!("proxy {n}");
        if asks {
            let answer = Answer::plain(407, challenge(world, "proxy-authenticate"), &request.method);
            write_down(world, request, parties, told, &answer);
            put(&mut stream, answer).await?;
        } else if !is_connect {
            let site = site.unwrap_or_else(|| panic!("{:?} is nowhere", request.target));
            let answer = answer(world, site, &request.method);
            write_down(world, request, parties, format!("proxy {n} for origin {site}"), &answer);
            if !put(&mut stream, answer).await? {
                return Ok(());
            }
        } else if world.percent(3) {
            let answer = Answer::plain(403, String::new(), "CONNECT");
            write_down(world, request, parties, told, &answer);
            put(&mut stream, answer).await?;
        } else {
            let answer = Answer { octets: b"HTTP/1.1 200 Go\r\n\r\n".to_vec(), ..Answer::nothing() };
            write_down(world, request, parties, told, &answer);
            put(&mut stream, answer).await?;
            assert!(unread.is_empty(), "something was sent before the tunnel was open");
            serve(Arc::clone(world), stream, host, port).await;
            return Ok(());
        }
    }
    Ok(())
}

/// RFC 1928 and RFC 1929.
async fn socks(world: &Arc<World>, stream: Stream) -> io::Result<()> {
    let mut stream = Heard { stream, got: Vec::new() };
    let goal = greet(world, &mut stream).await;
    let (octets, told) = (std::mem::take(&mut stream.got), format!("proxy 1, SOCKS: {goal:?}"));
    world.got(Message { parties: of_proxy(1), octets, told, takes_body_to: None });
    if let Some((host, port)) = goal? {
        serve(Arc::clone(world), stream.stream, host, port).await;
    }
    Ok(())
}

async fn greet(world: &World, stream: &mut Heard) -> io::Result<Option<(String, u16)>> {
    let [_version, methods] = stream.take::<2>().await?;
    let methods = stream.some(methods).await?;
    if world.asks[1] {
        if !methods.contains(&2) {
            stream.stream.write_all(&[5, 0xff]).await?;
            return Ok(None);
        }
        stream.stream.write_all(&[5, 2]).await?;
        let [_version, user] = stream.take::<2>().await?;
        stream.some(user).await?;
        let [password] = stream.take::<1>().await?;
        stream.some(password).await?;
        let is_refused = world.percent(3);
        stream.stream.write_all(&[1, is_refused.into()]).await?;
        if is_refused {
            return Ok(None);
        }
    } else {
        stream.stream.write_all(&[5, 0]).await?;
    }
    let [_version, _connect, _reserved, kind] = stream.take::<4>().await?;
    let host = match kind {
        1 => named(Ipv4Addr::from(stream.take::<4>().await?)),
        _ => {
            let [length] = stream.take::<1>().await?;
            String::from_utf8_lossy(&stream.some(length).await?).into_owned()
        }
    };
    let port = u16::from_be_bytes(stream.take::<2>().await?);
    stream.stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 1]).await?;
    Ok(Some((host, port)))
}

/// A request as it came.
struct Asked {
    octets: Vec<u8>,
    method: String,
    target: String,
    names: Vec<String>,
}

impl Asked {
    fn has_field(&self, name: &str) -> bool {
        self.names.iter().any(|field| field.eq_ignore_ascii_case(name))
    }
}

/// The next request on a stream; `None` at its end.
async fn next(stream: &mut Stream, unread: &mut Vec<u8>) -> io::Result<Option<Asked>> {
    loop {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut head = httparse::Request::new(&mut fields);
        let parsed = head.parse(unread).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(unread)));
        if let httparse::Status::Complete(length) = parsed {
            let names = head.headers.iter().map(|field| field.name.to_owned()).collect();
            let content = head.headers.iter().find(|field| field.name.eq_ignore_ascii_case("content-length"));
            let content = content.map_or(0, |field| String::from_utf8_lossy(field.value).parse().expect("a length"));
            let (method, target) =
                (head.method.unwrap_or_default().to_owned(), head.path.unwrap_or_default().to_owned());
            if unread.len() >= length + content {
                let octets = unread.drain(..length + content).collect();
                return Ok(Some(Asked { octets, method, target, names }));
            }
        }
        if stream.read_buf(unread).await? == 0 {
            return Ok(None);
        }
    }
}

fn write_down(world: &World, request: Asked, parties: Parties, whom: String, answer: &Answer) {
    let line = String::from_utf8_lossy(&answer.octets);
    let lines: Vec<_> = line.lines().take_while(|line| !line.is_empty()).collect();
    let told = format!("{whom}: {}", lines.join(" | "));
    let takes_body_to = answer.leads_to.filter(|_| answer.keeps_body(&request.method));
    world.got(Message { parties, octets: request.octets, told, takes_body_to });
}

/// Is the stream still open after the answer?
async fn put(stream: &mut Stream, answer: Answer) -> io::Result<bool> {
    stream.write_all(&answer.octets).await?;
    stream.flush().await?;
    if answer.closes {
        stream.shutdown().await?;
    }
    Ok(!answer.closes)
}

fn split(authority: &str, default: u16) -> (String, u16) {
    match authority.rsplit_once(':') {
        Some((host, port)) => (host.to_owned(), port.parse().expect("a port")),
        None => (authority.to_owned(), default),
    }
}

/// Keeps what is read.
struct Heard {
    stream: Stream,
    got: Vec<u8>,
}

impl Heard {
    async fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut octets = [0; N];
        self.stream.read_exact(&mut octets).await?;
        self.got.extend(octets);
        Ok(octets)
    }

    async fn some(&mut self, length: u8) -> io::Result<Vec<u8>> {
        let mut octets = vec![0; length.into()];
        self.stream.read_exact(&mut octets).await?;
        self.got.extend(&octets);
        Ok(octets)
    }
}

/// What lies below TLS, as everybody on the way sees it: nothing in it is anybody's.
struct Tapped {
    stream: Stream,
    world: Arc<World>,
}

impl AsyncRead for Tapped {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buf);
        self.world.note("a wire below TLS", &buf.filled()[before..]);
        read
    }
}

impl AsyncWrite for Tapped {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
