//! A secure host of the program's own, for a first look without a network.

use hinternet::tls::Certificate;
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::origin::{Origin, Reply};
use integration_tests::tls::Tls;

/// A secure host on loopback, and the authority that vouches for it.
pub(crate) struct OwnHost {
    server: Origin,
    pub(crate) authority: Certificate,
}

impl OwnHost {
    pub(crate) async fn start() -> Self {
        let authority = Authority::new("tls_facts");
        let identity = authority.issue(Leaf::for_names(["127.0.0.1"]));
        let server = Origin::secure(&Tls::new(&identity), |_| Reply::new(204)).await;
        Self { server, authority: authority.certificate() }
    }

    pub(crate) fn origin(&self) -> String {
        self.server.origin()
    }
}
