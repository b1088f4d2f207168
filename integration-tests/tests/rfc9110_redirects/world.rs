//! Several servers that redirect to each other, and one watched session.

use hinternet::{Response, Session, SessionBuilder};
use integration_tests::origin::{Origin, Reply, Visit};
use integration_tests::recorder::Recorder;
use integration_tests::request::Request;

/// A server at 127.0.0.1 that goes by the query of what it is asked: `to` is where it redirects, `status` by which one (302).
pub(crate) async fn redirecting() -> Origin {
    Origin::start(answer).await
}

pub(crate) fn answer(request: &Request) -> Reply {
    let status = request.query("status").and_then(|status| status.parse().ok()).unwrap_or(302);
    if let Some(via) = request.query("via") {
        let via = decoded(via);
        let (next, rest) = via.split_once(' ').unwrap_or((&via, ""));
        return Reply::redirect(302, if rest.is_empty() { next.to_owned() } else { format!("{next}{}", along(rest)) });
    }
    match (request.path(), request.query("to")) {
        (_, Some(to)) => Reply::redirect(status, decoded(to)).body("moved"),
        ("/loop", _) => Reply::redirect(302, "/loop"),
        ("/echo", _) => Reply::ok(format!("{} {}", request.method, String::from_utf8_lossy(&request.body))),
        (path, _) => Reply::ok(format!("this is {path}")),
    }
}

/// A path that redirects there.
pub(crate) fn moved(to: &str) -> String {
    moved_by(302, to)
}

/// The same, by this status.
pub(crate) fn moved_by(status: u16, to: &str) -> String {
    let to: String = to.bytes().map(|octet| format!("%{octet:02x}")).collect();
    format!("/moved?status={status}&to={to}")
}

/// What makes of a server's path `/` the first of a chain of servers, each but the last by its origin alone.
pub(crate) fn along(stations: &str) -> String {
    let hex: String = stations.bytes().map(|octet| format!("%{octet:02x}")).collect();
    format!("/?via={hex}")
}

fn decoded(text: &str) -> String {
    let octets = text.split('%').skip(1).map(|hex| u8::from_str_radix(hex, 16).unwrap());
    String::from_utf8(octets.collect()).unwrap()
}

/// A session whose recorder checks every rule.
pub(crate) struct Watched {
    pub(crate) recorder: Recorder,
    pub(crate) session: Session,
}

impl Watched {
    pub(crate) fn new() -> Self {
        Self::by(Session::builder())
    }

    pub(crate) fn by(builder: SessionBuilder) -> Self {
        let recorder = Recorder::start();
        let session = recorder.session(builder);
        Self { recorder, session }
    }

    pub(crate) async fn get(&self, url: &str) -> hinternet::Result<Response> {
        self.session.get(url)?.send().await
    }

    pub(crate) async fn text(&self, url: &str) -> String {
        self.get(url).await.unwrap().text().await.unwrap()
    }

    pub(crate) async fn end(self) {
        self.recorder.finish(self.session).await;
    }
}

/// Method and target of each request.
pub(crate) fn asked(origin: &Origin) -> Vec<(String, String)> {
    origin.log().into_iter().map(|Visit { method, target, .. }| (method, target)).collect()
}
