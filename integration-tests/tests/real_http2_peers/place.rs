//! What every server is given to serve, and the watched session that asks for it.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use hinternet::tls::TlsOptions;
use hinternet::{Protocols, Response, Session, SessionBuilder, Status, Version, WireId};
use integration_tests::certificates::{Authority, Identity, Leaf, pem};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::tls::EveryName;

/// The name in the certificate.
pub(crate) const NAME: &str = "good.example";
/// Octets of `/file`.
pub(crate) const FILE: usize = 4 * 1024 * 1024 + 321;
/// Octets of a body that every server takes, and of one that is more than those with a limit take.
pub(crate) const UPLOAD: usize = 3 * 1024 * 1024 + 123;
pub(crate) const LIMIT: usize = 8 * 1024 * 1024;
pub(crate) const TOO_MUCH: usize = 12 * 1024 * 1024;
/// What `/small` holds.
pub(crate) const SMALL: &str = "small and steady";
/// Octets of the one field that makes a head large.
pub(crate) const LARGE_FIELD: usize = 6 * 1024;

/// An authority, a server's certificate, and the origin that servers pass on to.
pub(crate) struct World {
    authority: Authority,
    identity: Identity,
    pub(crate) origin: Origin,
}

impl World {
    pub(crate) async fn new() -> Self {
        let authority = Authority::new("The test's own authority");
        let identity = authority.issue(Leaf::for_names([NAME, "127.0.0.1"]));
        let file = content(FILE);
        let origin = Origin::start(move |request| match request.path() {
            "/file" => Reply::ok(file.clone()),
            "/small" => Reply::ok(SMALL),
            "/origin/upload" | "/origin/limited" => {
                let large = request.field("x-large").map_or(0, str::len);
                Reply::ok(format!(
                    "{} octets, {} of them wrong, {large} in a field",
                    request.body.len(),
                    wrong(&request.body)
                ))
            }
            "/origin/large" => (0..5).fold(Reply::ok("a large head"), |reply, n| {
                reply.field(&format!("x-large-{n}"), "v".repeat(LARGE_FIELD))
            }),
            "/origin/trailers" => Reply::new(200).chunked(["with ", "trailers"]).trailer("x-moral", "be polite"),
            _ => Reply::new(404),
        });
        Self { authority, identity, origin: origin.await }
    }

    /// Writes certificate and content where a server finds them.
    pub(crate) fn write(&self, folder: &Path) {
        let write = |name: &str, octets: &[u8]| std::fs::write(folder.join(name), octets).unwrap();
        let (chain, key) = (self.identity.chain_pem(), self.identity.key_pem());
        write("good.pem", chain.as_bytes());
        write("good.key", key.as_bytes());
        write("authority.pem", pem(self.authority.der()).as_bytes());
        write("both.pem", format!("{chain}{key}").as_bytes());
        std::fs::create_dir(folder.join("files")).unwrap();
        write("files/file", &content(FILE));
        write("files/small", SMALL.as_bytes());
    }

    pub(crate) fn secure(&self, port: u16) -> Site {
        let tls = TlsOptions::new().trust_only([self.authority.certificate()]);
        Site { base: format!("https://{NAME}:{port}"), tls, protocols: Protocols::PreferHttp2 }
    }

    pub(crate) fn clear(&self, port: u16) -> Site {
        let tls = TlsOptions::new().trust_only([]);
        Site { base: format!("http://{NAME}:{port}"), tls, protocols: Protocols::RequireHttp2 }
    }
}

/// Where a server is asked, and how.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) base: String,
    tls: TlsOptions,
    protocols: Protocols,
}

impl Site {
    pub(crate) fn builder(&self) -> SessionBuilder {
        Session::builder().dial(EveryName::here()).tls(self.tls.clone()).protocols(self.protocols)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        let port = self.base.rsplit(':').next().unwrap().parse().unwrap();
        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.base.starts_with("https:")
    }

    pub(crate) fn visit(&self) -> Visit {
        self.visit_as(self.builder())
    }

    pub(crate) fn visit_as(&self, builder: SessionBuilder) -> Visit {
        let recorder = Recorder::start();
        recorder.sending_and_receiving_overlap();
        let session = recorder.session(builder);
        Visit { recorder, session, base: self.base.clone() }
    }
}

/// A watched session at a server.
pub(crate) struct Visit {
    pub(crate) recorder: Recorder,
    pub(crate) session: Session,
    base: String,
}

impl Visit {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        let response = self.session.get(self.url(path)).unwrap().send().await.unwrap();
        assert_eq!(response.version(), Version::HTTP_2);
        response
    }

    /// Closes the session, so that all there is to tell has been told.
    pub(crate) async fn close(&self) {
        self.session.close().await.unwrap();
        self.recorder.wait_for_closing(self.session.id()).await;
    }

    pub(crate) fn wires(&self) -> BTreeSet<WireId> {
        let log = self.recorder.log();
        let acquired = log.iter().filter_map(|one| match one.status {
            Status::WireAcquired { wire, .. } => Some(wire),
            _ => None,
        });
        acquired.collect()
    }

    pub(crate) fn count(&self, name: &str) -> usize {
        self.recorder.count(|status| status.name() == name)
    }

    pub(crate) async fn end(self) {
        self.recorder.finish(self.session).await;
    }
}

/// So many octets that repeat only after a prime number of them, so that a piece that is missing or doubled shows.
pub(crate) fn content(octets: usize) -> Vec<u8> {
    (0..octets).map(octet).collect()
}

/// How many octets are not what [`content`] has there.
pub(crate) fn wrong(octets: &[u8]) -> usize {
    octets.iter().enumerate().filter(|(place, found)| octet(*place) != **found).count()
}

fn octet(place: usize) -> u8 {
    (place % 65_521 % 251) as u8
}
