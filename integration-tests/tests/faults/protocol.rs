//! The five ways to a server that every fault is tried on, and what a healthy server says on each.

use std::sync::OnceLock;

use hinternet::tls::TlsOptions;
use hinternet::{Protocols, RequestOptions};
use integration_tests::certificates::{Authority, Identity, Leaf};
use integration_tests::http2_peer::frames;
use integration_tests::scripted_peer::Script;
use integration_tests::tls::Tls;
use integration_tests::websocket::{SWITCHING, frame};

/// How a request gets to its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/1.1 over TLS.
    Secure,
    /// HTTP/2 over TLS.
    Http2,
    /// A WebSocket over HTTP/1.1, whose first message is the answer.
    WebSocket,
    /// HTTP/1.1 over TLS, through a proxy's tunnel.
    Tunnel,
}

use Protocol::{Http1, Http2, Secure, Tunnel, WebSocket};

pub(crate) const ALL: [Protocol; 5] = [Http1, Secure, Http2, WebSocket, Tunnel];
/// Where a server secures its wires.
pub(crate) const OVER_TLS: [Protocol; 3] = [Secure, Http2, Tunnel];
/// Where the server that is dialed speaks TLS.
pub(crate) const SECURED: [Protocol; 2] = [Secure, Http2];
/// Where there is none.
pub(crate) const PLAIN: [Protocol; 2] = [Http1, WebSocket];
/// Where heads and bodies are text.
pub(crate) const BY_HTTP1: [Protocol; 3] = [Http1, Secure, Tunnel];
/// Where a request is answered, rather than a message.
pub(crate) const REQUESTS: [Protocol; 4] = [Http1, Secure, Http2, Tunnel];

/// The server's name.
pub(crate) const SERVER: &str = "server.test";
/// The proxy's name.
pub(crate) const PROXY: &str = "proxy.test";
/// What a healthy server answers.
pub(crate) const CONTENT: &str = "hello";

impl Protocol {
    /// As the table names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Http1 => "h1",
            Secure => "h1 over TLS",
            Http2 => "h2",
            WebSocket => "ws",
            Tunnel => "through a proxy",
        }
    }

    /// Does the server speak TLS?
    pub(crate) fn is_secure(self) -> bool {
        OVER_TLS.contains(&self)
    }

    /// Does what has been asked for share its wire with what comes later?
    pub(crate) fn keeps_wires(self) -> bool {
        self != WebSocket
    }

    /// What the client says of it.
    pub(crate) fn choose(self, options: &mut RequestOptions) {
        if self == Http2 {
            options.protocols = Protocols::RequireHttp2;
        }
        options.tls = TlsOptions::new().trust_only([security().authority.certificate()]);
    }

    /// The server's side of TLS, with this certificate.
    pub(crate) fn tls_of(self, identity: &Identity) -> Tls {
        self.offer(Tls::new(identity))
    }

    /// What it offers by ALPN.
    pub(crate) fn offer(self, tls: Tls) -> Tls {
        tls.offering(&[if self == Http2 { "h2" } else { "http/1.1" }])
    }

    /// A connection begins, up to where requests are read.
    pub(crate) fn opens(self) -> Script {
        self.opens_with(&self.tls_of(&security().identity))
    }

    /// The same with this side of TLS, where there is TLS.
    pub(crate) fn opens_with(self, tls: &Tls) -> Script {
        self.opens_from(Script::new(), tls)
    }

    /// The same behind what comes first.
    pub(crate) fn opens_from(self, script: Script, tls: &Tls) -> Script {
        let script = if self.is_secure() { script.start_tls(tls) } else { script };
        match self {
            Http2 => script.read_preface().send(frames::settings(&[])),
            _ => script,
        }
    }

    /// Reads the n-th request of a connection, from 0.
    pub(crate) fn reads(self, script: Script, n: usize) -> Script {
        match self {
            Http2 => script.read_streams(n + 1),
            WebSocket => script.read_head(),
            _ => script.read_request(),
        }
    }

    /// What answers the n-th request.
    pub(crate) fn answer(self, n: usize) -> Answer {
        match self {
            Http2 => {
                let head = frames::response(stream(n), 200, false).to_vec();
                Answer { head, body: frames::data(stream(n), CONTENT, true).to_vec() }
            }
            WebSocket => Answer { head: SWITCHING.into(), body: frame(0x81, CONTENT) },
            _ => answer("200 OK", "", CONTENT),
        }
    }

    /// A request is read and answered, and so are the next ones; then the client closes.
    pub(crate) fn serves(self, mut script: Script, from: usize) -> Script {
        let count = if self.keeps_wires() { 4 } else { 1 };
        for n in from..from + count {
            script = self.reads(script, n).send_accepting(self.answer(n).whole());
        }
        script.keep()
    }

    /// A connection to a server without a fault.
    pub(crate) fn healthy(self) -> Script {
        self.serves(self.opens(), 0)
    }

    /// A connection that has opened, and has read its first request.
    pub(crate) fn asked(self) -> Script {
        self.reads(self.opens(), 0)
    }

    /// A connection that has answered once, and has read its second request.
    pub(crate) fn asked_again(self) -> Script {
        self.reads(self.asked().send_accepting(self.answer(0).whole()), 1)
    }

    /// The server says this to its first request, and goes on serving.
    pub(crate) fn says(self, octets: impl Into<Vec<u8>>) -> Script {
        self.serves(self.asked().send_accepting(octets.into()), 1)
    }
}

/// The id of the n-th stream.
pub(crate) fn stream(n: usize) -> u32 {
    2 * n as u32 + 1
}

/// An answer, in the two parts that differ in what a fault does to them.
pub(crate) struct Answer {
    pub(crate) head: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn whole(&self) -> Vec<u8> {
        [&self.head[..], &self.body].concat()
    }

    /// All beginnings that end within the head.
    pub(crate) fn within_head(&self) -> Vec<Vec<u8>> {
        (1..self.head.len()).map(|length| self.head[..length].to_vec()).collect()
    }

    /// All beginnings that have the head, and not the whole body.
    pub(crate) fn within_body(&self) -> Vec<Vec<u8>> {
        let whole = self.whole();
        (self.head.len()..whole.len()).map(|length| whole[..length].to_vec()).collect()
    }
}

/// An answer of HTTP/1.1 with its length.
pub(crate) fn answer(status: &str, fields: &str, body: &str) -> Answer {
    let head = format!("HTTP/1.1 {status}\r\n{fields}content-length: {}\r\n\r\n", body.len());
    Answer { head: head.into(), body: body.into() }
}

/// Who vouches for whom.
pub(crate) struct Security {
    pub(crate) authority: Authority,
    pub(crate) identity: Identity,
}

pub(crate) fn security() -> &'static Security {
    static SECURITY: OnceLock<Security> = OnceLock::new();
    SECURITY.get_or_init(|| {
        let authority = Authority::new("The faults' own authority");
        let identity = authority.issue(Leaf::for_names([SERVER]));
        Security { authority, identity }
    })
}
