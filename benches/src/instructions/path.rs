//! The ways of sending a request that are counted.

use benches::in_memory::{ANSWER, serve, serve_http2};
use clap::ValueEnum;
use hinternet::transport::in_memory;
use hinternet::{DialOptions, Engine, Method, NotificationMask, Protocols, Session};
use tokio::task::LocalSet;

use super::references;

/// A way of sending a request and reading its answer, on a wire that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Path {
    /// Octets to the server and back, unread: what is in all the other numbers.
    Harness,
    /// A stream and a parser.
    Floor,
    /// hyper's bare connection.
    HyperConn,
    /// hyper-util's pooling client.
    HyperUtil,
    /// The bare `h2` crate.
    H2,
    /// `session.get(url)?.send().await?.bytes().await?`, and nobody listens.
    Paved,
    /// The same with every notification told to one subscriber.
    PavedListening,
    /// The handle path, call for call, with every notification.
    HandlesListening,
    /// The paved path over HTTP/2, and nobody listens.
    PavedHttp2,
}

impl Path {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Harness => "harness",
            Self::Floor => "floor",
            Self::HyperConn => "hyper-conn",
            Self::HyperUtil => "hyper-util",
            Self::H2 => "h2",
            Self::Paved => "paved",
            Self::PavedListening => "paved-listening",
            Self::HandlesListening => "handles-listening",
            Self::PavedHttp2 => "paved-http2",
        }
    }

    /// Is it none of ours, and only there to be compared with?
    pub(crate) fn is_reference(self) -> bool {
        matches!(self, Self::Harness | Self::Floor | Self::HyperConn | Self::HyperUtil | Self::H2)
    }

    /// Is its cost to be compared with this reference's?
    pub(crate) fn is_like(self, reference: Self) -> bool {
        (self == Self::PavedHttp2) == (reference == Self::H2)
    }

    /// Sends so many requests, one after the other.
    ///
    /// # Panics
    /// When one fails: there is nothing to count then.
    pub(crate) fn run(self, requests: u32) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        LocalSet::new().block_on(&runtime, async move {
            match self {
                Self::Harness => references::harness(requests).await,
                Self::Floor => references::floor(requests).await,
                Self::HyperConn => references::hyper_conn(requests).await,
                Self::HyperUtil => references::hyper_util(requests).await,
                Self::H2 => references::h2(requests).await,
                Self::Paved => paved(&session(false), requests).await.expect(IS_ANSWERED),
                Self::PavedListening => paved(&session(true), requests).await.expect(IS_ANSWERED),
                Self::HandlesListening => by_handles(&session(true), requests).await.expect(IS_ANSWERED),
                Self::PavedHttp2 => paved(&http2_session(), requests).await.expect(IS_ANSWERED),
            }
        });
    }
}

/// A session on this thread whose every wire leads to the server that speaks HTTP/2.
fn http2_session() -> Session {
    let (dialer, listener) = in_memory();
    tokio::task::spawn_local(serve_http2(listener));
    let engine = Engine::on_current_thread().expect("a LocalSet");
    let dial = DialOptions::default().dialer(dialer);
    Session::builder().engine(engine).dial(dial).protocols(Protocols::RequireHttp2).open().expect("a session")
}

/// A session on this thread whose every wire leads to the server.
fn session(listening: bool) -> Session {
    let (dialer, listener) = in_memory();
    tokio::task::spawn_local(serve(listener, ANSWER));
    let engine = Engine::on_current_thread().expect("a LocalSet");
    let mut builder = Session::builder().engine(engine.clone()).dial(DialOptions::default().dialer(dialer));
    if listening {
        let listener = engine.subscriber(|notification| {
            std::hint::black_box(&notification);
        });
        builder = builder.subscriber(listener, NotificationMask::ALL_NOTIFICATIONS);
    }
    builder.open().expect("a session")
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

const IS_ANSWERED: &str = "every request is answered";
