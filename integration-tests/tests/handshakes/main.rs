//! NTLM and Negotiate: legs on one wire, which belongs to who is shown on it and to nobody else (RFC 4559, MS-NTHT; reliability 3.2).

mod broken;
mod cached;
mod proxies;
mod real_peers;
mod wires;

use hinternet::{AuthReason, AuthScheme, HandleId, Session, SessionBuilder, Status};
use integration_tests::ntlm_origin::{Habits, NtlmOrigin};
use integration_tests::recorder::Recorder;

const ALICE: (&str, &str) = ("alice", "s3cret");
const BOB: (&str, &str) = ("bob", "0ther");

/// A server that asks for NTLM, and a recorded session.
struct Scene {
    origin: NtlmOrigin,
    session: Session,
    recorder: Recorder,
}

impl Scene {
    async fn of(habits: Habits, build: impl FnOnce(&NtlmOrigin) -> SessionBuilder) -> Self {
        let origin = NtlmOrigin::start(habits).await;
        let recorder = Recorder::start();
        let session = recorder.session(build(&origin));
        Self { origin, session, recorder }
    }

    /// Whose session has Alice's credentials for the server.
    async fn alice(habits: Habits) -> Self {
        Self::of(habits, |origin| Session::builder().credentials(&origin.origin(), ALICE)).await
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let response = self.session.get(self.origin.url(path)).unwrap().send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// What a request was told of all that it showed, once it is through.
    async fn told(&self, handle: HandleId) -> Vec<(AuthScheme, AuthReason)> {
        self.recorder.wait_for_closing(handle).await;
        let told = |status: &Status| match status {
            Status::Authenticating { scheme, reason, .. } => Some((*scheme, *reason)),
            _ => None,
        };
        self.recorder.of(handle).iter().filter_map(|notification| told(&notification.status)).collect()
    }

    async fn end(self) {
        self.recorder.finish(self.session).await;
    }
}
