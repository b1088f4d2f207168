//! Where the tests of this folder take place: a secure origin that wants https, and a watched session that obeys.

use hinternet::tls::TlsOptions;
use hinternet::{HstsStore, Session, SessionBuilder, Status};
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::tls::{EveryName, Tls};

pub(crate) const NAME: &str = "good.example";

pub(crate) struct Place {
    pub(crate) recorder: Recorder,
    pub(crate) session: Session,
    pub(crate) store: HstsStore,
    pub(crate) origin: Origin,
}

impl Place {
    /// A server for `good.example`, what is below it, and 127.0.0.1, which says this.
    pub(crate) async fn saying(field: &'static str) -> Self {
        Self::with(field, |builder, _| builder).await
    }

    pub(crate) async fn with(
        field: &'static str,
        change: impl FnOnce(SessionBuilder, &Authority) -> SessionBuilder,
    ) -> Self {
        let authority = Authority::new("The test's own authority");
        let tls = Tls::new(&authority.issue(Leaf::for_names([NAME, "*.good.example", "127.0.0.1"])));
        let origin = Origin::secure(&tls, move |request| match request.query("to") {
            Some(to) => Reply::redirect(302, to),
            None => Reply::ok("ok").field("strict-transport-security", field),
        })
        .await;
        let (recorder, store) = (Recorder::start(), HstsStore::new());
        let trusting = TlsOptions::new().trust_only([authority.certificate()]);
        let builder = Session::builder().dial(EveryName::here()).tls(trusting).hsts(store.clone());
        let session = recorder.session(change(builder, &authority));
        Self { recorder, session, store, origin }
    }

    pub(crate) fn port(&self) -> u16 {
        self.origin.address().port()
    }

    pub(crate) fn url(&self, scheme: &str, host: &str) -> String {
        format!("{scheme}://{host}:{}/", self.port())
    }

    /// Asks, and reads the answer.
    pub(crate) async fn ask(&self, url: &str) -> hinternet::Result<String> {
        self.session.get(url)?.send().await?.text().await
    }

    /// How many statuses of this kind were told in all; the session is closed by it.
    pub(crate) async fn told(&self, wanted: impl Fn(&Status) -> bool) -> usize {
        self.session.close().await.unwrap();
        self.session.closed().await;
        self.recorder.count(wanted)
    }

    pub(crate) async fn end(self) {
        let Self { recorder, session, origin, .. } = self;
        recorder.finish(session).await;
        drop(origin);
    }
}
