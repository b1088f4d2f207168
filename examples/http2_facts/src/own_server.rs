//! A server of the program's own, which speaks HTTP/2 and goes away when it is told.

use hinternet::tls::{Certificate, TlsOptions};
use hinternet::{Session, SessionBuilder};
use integration_tests::Gate;
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::http2_origin::{Answer, Http2Origin};
use integration_tests::origin::Reply;
use integration_tests::tls::Tls;

/// A secure server on loopback.
pub(crate) struct OwnServer {
    server: Http2Origin,
    authority: Certificate,
    /// What is asked for at `/late` is answered when it is opened.
    pub(crate) gate: Gate,
}

impl OwnServer {
    pub(crate) async fn start() -> Self {
        let authority = Authority::new("http2_facts");
        let tls = Tls::new(&authority.issue(Leaf::for_names(["127.0.0.1"]))).offering(&["h2", "http/1.1"]);
        let gate = Gate::new();
        let held = gate.clone();
        let server = Http2Origin::secure(&tls, move |request| match request.path() {
            "/late" => Reply::ok("late").held(&held).into(),
            "/echo" => Answer::echo(),
            _ => Reply::ok("hello").into(),
        })
        .await;
        Self { server, authority: authority.certificate(), gate }
    }

    /// A session that trusts it.
    pub(crate) fn session(&self) -> SessionBuilder {
        Session::builder().tls(TlsOptions::new().trust_only([self.authority.clone()]))
    }

    pub(crate) fn origin(&self) -> String {
        self.server.origin()
    }

    pub(crate) fn connections(&self) -> usize {
        self.server.connections()
    }

    /// Waits until it was asked so often.
    pub(crate) async fn asked(&self, times: usize) {
        self.server.wait_for_requests(times).await;
    }

    /// Says GOAWAY: it answers what it was asked, and takes no more.
    pub(crate) fn go_away(&self) {
        self.server.go_away();
    }
}
