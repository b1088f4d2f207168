//! Where these tests play: proxies, origins behind them, and a session that goes through them.

use hinternet::network::Proxy;
use hinternet::tls::TlsOptions;
use hinternet::{Error, ProxySettings, Response, Session, SessionBuilder};
use integration_tests::Server;
use integration_tests::certificates::{Authority, Identity, Leaf};
use integration_tests::patiently;
use integration_tests::recorder::Recorder;

/// A session that goes through these, and is recorded.
pub(crate) struct Place {
    pub(crate) recorder: Recorder,
    pub(crate) session: Session,
}

impl Place {
    pub(crate) fn through(settings: impl Into<ProxySettings>) -> Self {
        Self::of(Session::builder().proxy(settings))
    }

    pub(crate) fn of(builder: SessionBuilder) -> Self {
        let recorder = Recorder::start();
        let session = recorder.session(builder);
        Self { recorder, session }
    }

    pub(crate) async fn get(&self, url: &str) -> Result<Response, Error> {
        patiently("an answer", self.session.get(url).unwrap().send()).await
    }

    pub(crate) async fn text(&self, url: &str) -> String {
        match self.get(url).await {
            Ok(response) => response.text().await.unwrap(),
            Err(error) => panic!("{url}: {error}"),
        }
    }

    pub(crate) async fn fails(&self, url: &str) -> Error {
        match self.get(url).await {
            Ok(response) => panic!("{url}: {response:?}"),
            Err(error) => error,
        }
    }

    pub(crate) async fn end(self) {
        let Self { recorder, session } = self;
        recorder.finish(session).await;
    }
}

/// The proxy that listens there.
pub(crate) fn at(server: &Server, scheme: &str) -> Proxy {
    Proxy::parse(&format!("{scheme}://{}", server.address())).unwrap()
}

/// The same with somebody's credentials.
pub(crate) fn known_at(server: &Server, scheme: &str) -> Proxy {
    at(server, scheme).credentials("user", "pass").unwrap()
}

/// What `user:pass` is as Basic.
pub(crate) const BASIC: &str = "Basic dXNlcjpwYXNz";

/// Somebody for these names, and who trusts him.
pub(crate) fn trusted(names: &[&str]) -> (Identity, TlsOptions) {
    let authority = Authority::new("Authority of the test");
    let identity = authority.issue(Leaf::for_names(names.iter().copied()));
    (identity, TlsOptions::new().trust_only([authority.certificate()]))
}
