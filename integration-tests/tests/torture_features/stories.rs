//! What a program does with each feature: a story to interrupt at any place, and the honest servers it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hinternet::network::Proxy;
use hinternet::tls::TlsOptions;
use hinternet::{
    Cache, EventSourceOptions, Method, Protocols, Result, RetryPolicy, Session, SessionBuilder, WebSocket,
};
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::coded::Coded;
use integration_tests::guard::Guard;
use integration_tests::http2_origin::{Http2Origin, Served, Settings};
use integration_tests::origin::{Origin, Reply};
use integration_tests::proxy::{HttpProxy, Manner};
use integration_tests::request::Request as Asked;
use integration_tests::scene::read_all;
use integration_tests::tls::Tls;
use tempfile::TempDir;

/// Whose story it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feature {
    Redirects,
    Authentication,
    Http2,
    Tunnels,
    Codings,
    Downloads,
    Events,
    Caching,
    WebSocketsByStream,
}

use Feature::{Authentication, Caching, Codings, Downloads, Events, Http2, Redirects, Tunnels, WebSocketsByStream};

/// The servers, which see many sessions come and go.
pub(crate) struct Stage {
    pub(crate) feature: Feature,
    origin: Origin,
    secure: Origin,
    http2: Http2Origin,
    proxy: HttpProxy,
    trust: TlsOptions,
    folder: TempDir,
    files: AtomicUsize,
}

const FILE: &str = "once upon a time there was a file of some length";
const LOGIN: (&str, &str) = ("alice", "s3cret");

impl Stage {
    pub(crate) async fn of(feature: Feature) -> Self {
        let guard = Guard::digest("MD5", "auth", LOGIN.0, LOGIN.1);
        // Another session shall not show what was shown before.
        guard.gives_next_nonce();
        let guarded = guard.before(|_| Reply::ok("admitted"));
        let served = Arc::new(AtomicUsize::new(0));
        let origin = Origin::start(move |request| answer(request, &guarded, &served)).await;
        let authority = Authority::new("The stage's own authority");
        let tls = Tls::new(&authority.issue(Leaf::for_names(["secure.test"])));
        let settings = Settings::new().websockets(echo);
        Self {
            feature,
            origin,
            secure: Origin::secure(&tls, |_| Reply::ok(FILE)).await,
            http2: Http2Origin::with(settings, |request| Reply::ok(request.body.clone()).into()).await,
            proxy: HttpProxy::start(Manner::open()).await,
            trust: TlsOptions::new().trust_only([authority.certificate()]),
            folder: tempfile::tempdir().unwrap(),
            files: AtomicUsize::new(0),
        }
    }

    /// A session for the story, in which one wire to an origin is all there may be.
    pub(crate) fn session(&self) -> SessionBuilder {
        let builder = Session::builder().tls(self.trust.clone()).wires_per_origin(1);
        match self.feature {
            Authentication => builder.credentials(&self.origin.origin(), LOGIN),
            Http2 | WebSocketsByStream => builder.protocols(Protocols::RequireHttp2),
            Tunnels => builder.proxy(Proxy::parse(&self.proxy.origin()).unwrap()),
            Caching => builder.cache(Cache::in_memory()),
            _ => builder,
        }
    }

    /// The whole story.
    pub(crate) async fn tell(&self, session: &Session) -> Result<()> {
        match self.feature {
            Redirects => self.redirects(session).await,
            Authentication => self.authentication(session).await,
            Http2 => self.http2(session).await,
            Tunnels => self.tunnels(session).await,
            Codings => self.codings(session).await,
            Downloads => self.download(session).await,
            Events => self.events(session).await,
            Caching => self.caching(session).await,
            WebSocketsByStream => self.websockets(session).await,
        }
    }

    async fn redirects(&self, session: &Session) -> Result<()> {
        let text = session.get(self.origin.url("/moved"))?.send().await?.text().await?;
        assert_eq!(text, "here");
        let request = session.connect(&self.origin.origin())?.open_request(Method::POST, "/again")?;
        request.send("a body").await?;
        request.receive_response().await?;
        assert_eq!(read_all(&request).await?, b"a body");
        Ok(())
    }

    async fn authentication(&self, session: &Session) -> Result<()> {
        let request = session.connect(&self.origin.origin())?.open_request(Method::POST, "/guarded")?;
        request.send("a body").await?;
        assert_eq!(request.receive_response().await?.status(), 200);
        assert_eq!(read_all(&request).await?, b"admitted");
        drop(request);
        let text = session.get(self.origin.url("/guarded"))?.send().await?.text().await?;
        assert_eq!(text, "admitted");
        Ok(())
    }

    async fn http2(&self, session: &Session) -> Result<()> {
        let connection = session.connect(&self.http2.origin())?;
        let one = connection.open_request(Method::POST, "/")?;
        let other = connection.open_request(Method::POST, "/")?;
        one.send("one").await?;
        other.send(vec![b'o'; 100_000]).await?;
        one.receive_response().await?;
        other.receive_response().await?;
        assert_eq!(read_all(&one).await?, b"one");
        assert_eq!(read_all(&other).await?.len(), 100_000);
        Ok(())
    }

    async fn tunnels(&self, session: &Session) -> Result<()> {
        let url = format!("https://secure.test:{}/", self.secure.address().port());
        for _ in 0..2 {
            assert_eq!(session.get(&*url)?.send().await?.text().await?, FILE);
        }
        Ok(())
    }

    async fn codings(&self, session: &Session) -> Result<()> {
        for path in ["/gzip", "/br", "/zstd"] {
            let request = session.connect(&self.origin.origin())?.open_request(Method::GET, path)?;
            request.send(()).await?;
            request.receive_response().await?;
            assert!(read_all(&request).await? == FILE.repeat(100).as_bytes(), "{path}");
        }
        Ok(())
    }

    async fn download(&self, session: &Session) -> Result<()> {
        let path = self.folder.path().join(self.files.fetch_add(1, Ordering::Relaxed).to_string());
        let pause = Duration::from_millis(1);
        let policy = RetryPolicy::new().first_pause(pause).longest_pause(pause).budget(None);
        let downloaded = session.download(self.origin.url("/broken"))?.retry(policy).to_file(path).await?;
        assert_eq!(std::fs::read(downloaded.path).unwrap(), FILE.as_bytes());
        Ok(())
    }

    async fn events(&self, session: &Session) -> Result<()> {
        let mut options = EventSourceOptions::default();
        options.seed = Some(7);
        // A pause is as many polls as fit into it.
        (options.first_pause, options.longest_pause) = (Duration::from_millis(1), Duration::from_millis(1));
        let mut source = session.events(self.origin.url("/events"))?.options(options).open()?;
        // The server ends behind each two.
        for expected in ["one", "two", "one"] {
            let Some(event) = source.next().await else {
                // Somebody has cancelled it, which is what the program wants.
                return source.last_end().cloned().map_or(Ok(()), Err);
            };
            assert_eq!(event?.data, expected);
        }
        source.close();
        Ok(())
    }

    async fn caching(&self, session: &Session) -> Result<()> {
        for (path, expected) in [("/fresh", "fresh"), ("/fresh", "fresh"), ("/stale", "stale"), ("/stale", "stale")] {
            assert_eq!(session.get(self.origin.url(path))?.send().await?.text().await?, expected);
        }
        Ok(())
    }

    async fn websockets(&self, session: &Session) -> Result<()> {
        let url = format!("ws://{}/", self.http2.address());
        let websocket: WebSocket = session.websocket(&url)?.connect().await?;
        websocket.send("hello").await?;
        assert_eq!(websocket.receive().await?.as_text(), Some("hello"));
        websocket.close(1000, "").await
    }
}

fn answer(request: &Asked, guarded: &impl Fn(&Asked) -> Reply, served: &AtomicUsize) -> Reply {
    let coded =
        |coding: Coded| Reply::ok(coding.code(FILE.repeat(100).as_bytes())).field("content-encoding", coding.name());
    let is_known = request.field("if-none-match").is_some();
    match request.path() {
        "/moved" => Reply::redirect(302, "/moved/on"),
        "/moved/on" => Reply::redirect(301, "/here"),
        "/again" => Reply::redirect(307, "/echo"),
        "/echo" => Reply::ok(request.body.clone()),
        "/guarded" => guarded(request),
        "/gzip" => coded(Coded::Gzip),
        "/br" => coded(Coded::Brotli),
        "/zstd" => coded(Coded::Zstd),
        "/broken" => broken(request),
        "/events" => {
            // What is asked for again begins again.
            served.fetch_add(1, Ordering::Relaxed);
            Reply::until_close(Reply::new(200), "retry: 1\ndata: one\n\ndata: two\n\n")
                .field("content-type", "text/event-stream")
        }
        "/fresh" => Reply::ok("fresh").field("cache-control", "max-age=60"),
        "/stale" if is_known => Reply::new(304).field("etag", "\"1\""),
        "/stale" => Reply::ok("stale").field("cache-control", "no-cache").field("etag", "\"1\""),
        _ => Reply::ok("here"),
    }
}

/// Half of what is asked for, and then the connection breaks; the rest comes whole.
fn broken(request: &Asked) -> Reply {
    let from = request.field("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let (from, length) = (from.unwrap_or(0), FILE.len());
    let (status, range) = match from {
        0 => ("200 OK", String::new()),
        from => ("206 Partial Content", format!("content-range: bytes {from}-{}/{length}\r\n", length - 1)),
    };
    let rest = &FILE[from..];
    let sent = if from == 0 { &rest[..length / 2] } else { rest };
    Reply::raw(format!("HTTP/1.1 {status}\r\netag: \"1\"\r\n{range}content-length: {}\r\n\r\n{sent}", rest.len()))
        .closing()
}

async fn echo(mut stream: Served) {
    while let Some(Ok(message)) = stream.next().await {
        if (message.is_text() || message.is_binary()) && stream.send(message).await.is_err() {
            return;
        }
    }
}
