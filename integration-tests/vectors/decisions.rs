//! What the cases about redirects, content codings, proxies and credentials need beside a server: a session that has something to
//! decide.

use std::net::SocketAddr;

use hinternet::network::{Destination, Dialer, Dialing, Proxy, Stream};
use hinternet::tls::TlsOptions;
use hinternet::{BypassList, Connection, DialOptions, Error, Limits, NamedProxies, Session, SessionBuilder, Stage};
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::scripted_peer::ScriptedPeer;
use integration_tests::tls::Tls;
use serde_json::Value;
use tokio::net::TcpStream;

/// The certificates of a server that speaks TLS.
pub(crate) struct Secure {
    authority: Authority,
    pub(crate) tls: Tls,
}

impl Secure {
    /// What the case needs, if its server speaks TLS.
    pub(crate) fn of(vector: &Value) -> Option<Self> {
        (vector["tls"] == true).then(|| {
            let authority = Authority::new("the root");
            let tls = Tls::new(&authority.issue(Leaf::for_names([HOST])));
            Self { authority, tls }
        })
    }
}

/// The session for a case of this class.
pub(crate) fn session(vector: &Value, peer: &ScriptedPeer, secure: Option<&Secure>) -> SessionBuilder {
    let builder = Session::builder();
    let address = peer.address();
    match vector["class"].as_str() {
        Some("redirect") => {
            let trusted = secure.map(|secure| secure.authority.certificate());
            let builder = builder.dial(DialOptions::default().dialer(AllRoadsLeadTo(address)));
            builder.tls(TlsOptions::new().trust_only(trusted))
        }
        Some("content-encoding") => {
            let mut limits = Limits::default();
            limits.decoded_body = Some(1024 * 1024);
            builder.limits(limits)
        }
        Some("proxy") => {
            let proxy = Proxy::parse(&format!("http://user:secret@{address}")).expect("a proxy");
            let proxies = NamedProxies::new(Vec::<Proxy>::new()).for_https([proxy]).bypass(BypassList::default());
            builder.dial(DialOptions::default().proxy(proxies)).tls(TlsOptions::new().trust_only([]))
        }
        _ => builder.credentials("127.0.0.1", ("user", "secret")).tls(TlsOptions::new().trust_only([])),
    }
}

/// What is asked for: the server itself, or something behind it.
pub(crate) fn connection(
    vector: &Value,
    session: &Session,
    peer: &ScriptedPeer,
    secure: Option<&Secure>,
) -> Connection {
    let origin = match vector["class"].as_str() {
        Some("proxy") => format!("https://{HOST}"),
        _ if secure.is_some() => format!("https://{HOST}:{}", peer.address().port()),
        _ => peer.origin(),
    };
    session.connect(&origin).expect("an origin")
}

/// Did it fail within the tunnel, or before one was there?
pub(crate) fn failed_beyond_the_proxy(error: &Error) -> bool {
    matches!(error.stage(), Stage::Tunnel | Stage::Tls)
}

/// Wherever a redirect leads, it is this peer who answers.
#[derive(Debug)]
struct AllRoadsLeadTo(SocketAddr);

impl Dialer for AllRoadsLeadTo {
    fn dial(&self, _to: &Destination) -> Dialing {
        let address = self.0;
        Box::pin(async move { Ok(Box::new(TcpStream::connect(address).await?) as Box<dyn Stream>) })
    }

    fn wants_addresses(&self) -> bool {
        false
    }
}

const HOST: &str = "secure.test";
