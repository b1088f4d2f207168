//! Where the tests of this folder take place: an origin of many names, and a watched session for which every name is this machine.

use hinternet::{Session, SessionBuilder, Status};
use integration_tests::origin::{Origin, Reply, Visit};
use integration_tests::recorder::Recorder;
use integration_tests::request::Request;
use integration_tests::tls::EveryName;

/// One origin, which sets what the query of a request says (`?set=a=b&set=...`), and a session with its recorder.
pub(crate) struct Place {
    pub(crate) recorder: Recorder,
    pub(crate) session: Session,
    pub(crate) origin: Origin,
}

impl Place {
    pub(crate) async fn new() -> Self {
        Self::with(builder()).await
    }

    pub(crate) async fn with(builder: SessionBuilder) -> Self {
        let recorder = Recorder::start();
        let session = recorder.session(builder);
        Self { recorder, session, origin: Origin::start(setting).await }
    }

    /// A URL of the origin under this name.
    pub(crate) fn url(&self, host: &str, path: &str) -> String {
        format!("{}{path}", self.origin.origin_named(host))
    }

    /// Has the server set this, and reads the answer.
    pub(crate) async fn has_set(&self, host: &str, path: &str, cookie: &str) {
        let request = self.session.get(self.url(host, path)).unwrap().query(&[("set", cookie)]);
        request.send().await.unwrap().bytes().await.unwrap();
    }

    /// What a plain GET carries.
    pub(crate) async fn sent(&self, host: &str, path: &str) -> Vec<String> {
        self.session.get(self.url(host, path)).unwrap().send().await.unwrap().bytes().await.unwrap();
        self.last()
    }

    /// The Cookie fields of the request that came last.
    pub(crate) fn last(&self) -> Vec<String> {
        cookies(self.origin.log().last().expect("somebody asked"))
    }

    /// How many statuses of this kind were told in all; the session is closed by it.
    pub(crate) async fn told(&self, wanted: impl Fn(&Status) -> bool) -> usize {
        self.session.close().await.unwrap();
        self.session.closed().await;
        self.recorder.count(wanted)
    }

    pub(crate) async fn end(self) {
        let Self { recorder, session, origin } = self;
        recorder.finish(session).await;
        drop(origin);
    }
}

pub(crate) fn builder() -> SessionBuilder {
    Session::builder().dial(EveryName::here())
}

/// The Cookie fields of a request.
pub(crate) fn cookies(visit: &Visit) -> Vec<String> {
    let named = visit.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
    named.map(|(_, value)| value.clone()).collect()
}

/// Sets what the query says, and redirects to where it says.
pub(crate) fn setting(request: &Request) -> Reply {
    let pairs: Vec<_> = match request.target.split_once('?') {
        Some((_, query)) => url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        None => Vec::new(),
    };
    let mut reply = Reply::ok("ok");
    for (name, value) in pairs {
        reply = match &*name {
            "set" => reply.field("set-cookie", value),
            "to" => reply.with_status(302).field("location", value),
            _ => reply,
        };
    }
    reply
}
