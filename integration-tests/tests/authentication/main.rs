//! Who is shown which credentials, when, and how often (RFC 9110 section 11, RFC 7616, RFC 7617; reliability 3.1; WinHTTP's ).

mod asking;
mod cancelling;
mod choosing;
mod digest;
mod origins;
mod proxies;
mod secrets;

use hinternet::{AuthReason, AuthScheme, AuthTarget, HandleId, Session, SessionBuilder, Status};
use integration_tests::origin::Origin;
use integration_tests::recorder::Recorder;

const ALICE: (&str, &str) = ("alice", "s3cret");
const BASIC: &str = "Basic YWxpY2U6czNjcmV0";

/// An origin, and a recorded session.
struct Scene {
    origin: Origin,
    session: Session,
    recorder: Recorder,
}

impl Scene {
    fn of(origin: Origin, builder: SessionBuilder) -> Self {
        let recorder = Recorder::start();
        let session = recorder.session(builder);
        Self { origin, session, recorder }
    }

    async fn end(self) {
        self.recorder.finish(self.session).await;
    }

    /// What each request showed.
    fn shown(&self) -> Vec<Option<String>> {
        self.origin.log().iter().map(|visit| visit.field("authorization").map(str::to_owned)).collect()
    }

    /// What a request was told of all that it showed, once it is through.
    async fn told(&self, handle: HandleId) -> Vec<(AuthTarget, AuthScheme, String, AuthReason)> {
        self.recorder.wait_for_closing(handle).await;
        let told = |status: &Status| match status {
            Status::Authenticating { target, scheme, realm, reason } => {
                Some((*target, *scheme, realm.to_string(), *reason))
            }
            _ => None,
        };
        self.recorder.of(handle).iter().filter_map(|notification| told(&notification.status)).collect()
    }
}
