//! What the servers are given, and the watched session that opens WebSockets at them.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use hinternet::tls::TlsOptions;
use hinternet::{Error, MessagePart, Result, Session, WebSocket, WebSocketBuilder, WebSocketOptions};
use integration_tests::certificates::{Authority, Identity, Leaf};
use integration_tests::patiently;
use integration_tests::recorder::Recorder;
use integration_tests::tls::EveryName;

/// An authority, and a server's certificate.
pub(crate) struct World {
    authority: Authority,
    identity: Identity,
}

impl World {
    pub(crate) fn new() -> Self {
        let authority = Authority::new("The test's own authority");
        let identity = authority.issue(Leaf::for_names([NAME, "127.0.0.1"]));
        Self { authority, identity }
    }

    /// Writes the certificate where a server finds it.
    pub(crate) fn write(&self, folder: &Path) {
        std::fs::write(folder.join("good.pem"), self.identity.chain_pem()).unwrap();
        std::fs::write(folder.join("good.key"), self.identity.key_pem()).unwrap();
    }

    pub(crate) fn sites(&self, [clear, secure]: [u16; 2]) -> [Site; 2] {
        let site = |base| Site { base, tls: TlsOptions::new().trust_only([self.authority.certificate()]) };
        [site(format!("ws://{NAME}:{clear}")), site(format!("wss://{NAME}:{secure}"))]
    }
}

/// Where a server is asked, and how.
#[derive(Clone)]
pub(crate) struct Site {
    base: String,
    tls: TlsOptions,
}

impl Site {
    pub(crate) fn address(&self) -> SocketAddr {
        let port = self.base.rsplit(':').next().unwrap().parse().unwrap();
        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    }

    pub(crate) fn visit(&self) -> Visit {
        self.recorded_by(Recorder::start())
    }

    /// Frames are recorded too.
    pub(crate) fn visit_with_frames(&self) -> Visit {
        self.recorded_by(Recorder::start().with_frames())
    }

    fn recorded_by(&self, recorder: Recorder) -> Visit {
        let session = recorder.session(Session::builder().dial(EveryName::here()).tls(self.tls.clone()));
        Visit { recorder, session, base: self.base.clone() }
    }
}

/// A watched session at a server.
pub(crate) struct Visit {
    pub(crate) recorder: Recorder,
    session: Session,
    base: String,
}

impl Visit {
    pub(crate) fn asking(&self, path: &str) -> WebSocketBuilder {
        self.session.websocket(&format!("{}{path}", self.base)).unwrap()
    }

    pub(crate) async fn open(&self, path: &str) -> WebSocket {
        self.open_with(path, WebSocketOptions::default()).await
    }

    pub(crate) async fn open_with(&self, path: &str, options: WebSocketOptions) -> WebSocket {
        patiently(path, self.asking(path).options(options).connect()).await.unwrap()
    }

    /// A WebSocket on which a server of ours tells what it sees of the others.
    pub(crate) async fn watch(&self) -> Watch {
        let watch = Watch(self.open("/watch").await);
        watch.hears("watching").await;
        watch
    }

    /// What a call on the WebSocket failed with, and was told of.
    pub(crate) fn failure<T>(&self, websocket: &WebSocket, result: Result<T>) -> Error {
        self.recorder.failure(websocket.id(), result)
    }

    /// Closes the session and checks all that was recorded.
    pub(crate) async fn end(self) {
        self.recorder.finish(self.session).await;
    }
}

/// Tells what a server sees.
pub(crate) struct Watch(WebSocket);

impl Watch {
    /// Waits for the next line with this in it.
    pub(crate) async fn hears(&self, line: &str) -> String {
        loop {
            let heard = receive(&self.0).await;
            let heard = heard.as_text().expect("it tells lines").to_owned();
            if heard.contains(line) {
                return heard;
            }
        }
    }
}

pub(crate) async fn receive(websocket: &WebSocket) -> MessagePart {
    patiently("a message", websocket.receive()).await.unwrap()
}

/// So many octets that repeat only after a prime number of them, so that a piece that is missing or doubled shows.
pub(crate) fn content(octets: usize) -> Vec<u8> {
    (0..octets).map(|place| (place % 65_521 % 251) as u8).collect()
}

/// The folder of tools that `.ci/run peers` fills.
pub(crate) fn tools() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")));
    let tools = variable("HINTERNET_TOOLS").or_else(|| cache().map(|cache| cache.join("hinternet-tools")));
    tools.expect("there is a home folder")
}

/// The name in the certificate.
const NAME: &str = "good.example";
