//! Where the tests of this folder take place: an authority, a secure origin, and a watched session that trusts the authority.

use hinternet::tls::TlsOptions;
use hinternet::{Error, HandleId, Response, SecureFailureFlags, Session, SessionBuilder};
use integration_tests::certificates::{Authority, Identity, Leaf};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::tls::{EveryName, Tls};

/// The name that good certificates hold.
pub(crate) const NAME: &str = "good.example";

/// Vouches for the origins of the tests.
pub(crate) fn authority() -> Authority {
    Authority::new("The test's own authority")
}

/// A good leaf.
pub(crate) fn leaf() -> Leaf {
    Leaf::for_names([NAME, "127.0.0.1"])
}

/// A secure origin that answers `ok`.
pub(crate) async fn origin(identity: &Identity) -> (Origin, Tls) {
    let tls = Tls::new(identity);
    (serving(&tls).await, tls)
}

/// The same with this side of TLS.
pub(crate) async fn serving(tls: &Tls) -> Origin {
    Origin::secure(tls, |_| Reply::ok("ok")).await
}

/// Trusts this authority alone.
pub(crate) fn trusting(authority: &Authority) -> TlsOptions {
    TlsOptions::new().trust_only([authority.certificate()])
}

/// For what fails before a certificate is judged: the machine's authorities are not asked for, of which it may have none.
pub(crate) fn trusting_nobody() -> TlsOptions {
    TlsOptions::new().trust_only([])
}

/// A session under these options, for which every name is this machine.
pub(crate) fn builder(tls: TlsOptions) -> SessionBuilder {
    Session::builder().dial(EveryName::here()).tls(tls)
}

/// Asks an origin once, under another name if one is given, and closes the session. The recorder checks all of it.
pub(crate) async fn ask(origin: &Origin, name: &str, tls: TlsOptions) -> Asked {
    ask_at(&format!("{}/", origin.origin_named(name)), tls).await
}

/// The same of any URL.
pub(crate) async fn ask_at(url: &str, tls: TlsOptions) -> Asked {
    let recorder = Recorder::start();
    let session = recorder.session(builder(tls));
    let result = session.get(url).unwrap().send().await;
    let id = recorder.request(0).await;
    let asked = match result {
        Ok(response) => {
            let security = response.security_info().cloned().expect("the wire is secure");
            Ok((response.text().await.unwrap(), security))
        }
        failed => Err(recorder.failure(id, failed.map(|_: Response| ()))),
    };
    session.close().await.unwrap();
    recorder.wait_for_closing(id).await;
    let names = recorder.names(id);
    let told = recorder.of(id).iter().find_map(|one| match one.status {
        hinternet::Status::SecureFailure(flags) => Some(flags),
        _ => None,
    });
    recorder.finish(session).await;
    Asked { id, outcome: asked, names, told }
}

/// What a pin is made of.
pub(crate) fn sha256(octets: &[u8]) -> [u8; 32] {
    use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
    let hash = TLS13_AES_128_GCM_SHA256.tls13().unwrap().common.hash_provider.hash(octets);
    hash.as_ref().try_into().unwrap()
}

/// What came of it.
pub(crate) struct Asked {
    #[allow(dead_code, reason = "for a failed test's message")]
    pub(crate) id: HandleId,
    pub(crate) outcome: Result<(String, hinternet::network::SecurityInfo), Error>,
    pub(crate) names: Vec<&'static str>,
    /// What `SecureFailure` told.
    pub(crate) told: Option<SecureFailureFlags>,
}

impl Asked {
    /// It was answered.
    #[track_caller]
    pub(crate) fn security(self) -> hinternet::network::SecurityInfo {
        let (text, security) = self.outcome.unwrap_or_else(|error| panic!("it was refused: {error}"));
        assert_eq!(text, "ok");
        security
    }

    /// It failed.
    #[track_caller]
    pub(crate) fn error(self) -> Error {
        self.outcome.map(|_| ()).expect_err("it was answered")
    }

    /// It failed because this machine has no authorities, which says nothing of the certificate.
    pub(crate) fn machine_trusts_nobody(&self) -> bool {
        matches!(&self.outcome, Err(error) if error.to_string().contains("`Roots::Webpki`"))
    }

    /// It failed for these flags, which the notification and the error both told, and for no others.
    #[track_caller]
    pub(crate) fn refused_for(self, flags: SecureFailureFlags) -> Error {
        let told = self.told;
        let error = self.error();
        assert_eq!(error.code(), hinternet::ErrorCode::SecureFailure, "{error}");
        assert_eq!(error.tls().expect("it is known why").flags, flags, "{error}");
        assert_eq!(told, Some(flags), "{error}");
        error
    }
}
