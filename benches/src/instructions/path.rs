//! The ways of sending a request that are counted.

use clap::ValueEnum;
use hinternet::transport::{MemoryListener, MemoryStream, in_memory};
use hinternet::{DialOptions, Engine, Method, NotificationMask, Session};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::LocalSet;

/// A way of sending a request and reading its answer, on a wire that is kept.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Path {
    /// `session.get(url)?.send().await?.bytes().await?`, and nobody listens.
    Paved,
    /// The same with every notification told to one subscriber.
    PavedListening,
    /// The handle path, call for call, with every notification.
    HandlesListening,
}

impl Path {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Paved => "paved",
            Self::PavedListening => "paved-listening",
            Self::HandlesListening => "handles-listening",
        }
    }

    /// Sends so many requests, one after the other.
    ///
    /// # Panics
    /// When one fails: there is nothing to count then.
    pub(crate) fn run(self, requests: u32) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        LocalSet::new().block_on(&runtime, async move {
            let (dialer, listener) = in_memory();
            tokio::task::spawn_local(serve(listener));
            let engine = Engine::on_current_thread().expect("a LocalSet");
            let mut builder = Session::builder().engine(engine.clone()).dial(DialOptions::default().dialer(dialer));
            if !matches!(self, Self::Paved) {
                let listener = engine.subscriber(|notification| {
                    std::hint::black_box(&notification);
                });
                builder = builder.subscriber(listener, NotificationMask::ALL_NOTIFICATIONS);
            }
            let session = builder.open().expect("a session");
            match self {
                Self::Paved | Self::PavedListening => paved(&session, requests).await,
                Self::HandlesListening => by_handles(&session, requests).await,
            }
            .expect("every request is answered");
        });
    }
}

async fn paved(session: &Session, requests: u32) -> hinternet::Result<()> {
    for _ in 0..requests {
        let body = session.get("http://server.example/a/path?with=a&query=too")?.send().await?.bytes().await?;
        assert_eq!(body.len(), 13);
    }
    Ok(())
}

async fn by_handles(session: &Session, requests: u32) -> hinternet::Result<()> {
    let connection = session.connect("http://server.example")?;
    for _ in 0..requests {
        let request = connection.open_request(Method::GET, "/a/path?with=a&query=too")?;
        request.send(()).await?;
        request.receive_response().await?;
        while !request.read().await?.is_empty() {}
    }
    Ok(())
}

async fn serve(mut listener: MemoryListener) {
    while let Some((stream, _)) = listener.accept().await {
        tokio::task::spawn_local(answer(stream));
    }
}

/// Answers whatever it is asked.
async fn answer(mut stream: MemoryStream) {
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nserver: bench\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
        content-type: text/plain\r\ncontent-length: 13\r\n\r\nHello, world!";
    let mut received = Vec::with_capacity(1024);
    while matches!(stream.read_buf(&mut received).await, Ok(1..)) {
        if received.ends_with(b"\r\n\r\n") {
            received.clear();
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
        }
    }
}
