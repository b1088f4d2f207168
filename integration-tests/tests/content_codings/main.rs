//! Bodies that are coded: what is asked for, how they are read, and what is refused (`WINHTTP_OPTION_DECOMPRESSION`, RFC 9110
//! section 8.4, contract E and F).

mod asking;
mod broken;
mod follow_ups;
mod http2;
mod reading;
mod vectors;

use bytes::Bytes;
use hinternet::{Session, SessionBuilder};
use integration_tests::coded::Coded;
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;

/// A session, who watches it, and an origin that answers by the path.
struct World {
    recorder: Recorder,
    session: Session,
    origin: Origin,
}

impl World {
    async fn new(answer: impl Fn() -> Reply + Send + Sync + 'static) -> Self {
        Self::with(Session::builder(), answer).await
    }

    async fn with(builder: SessionBuilder, answer: impl Fn() -> Reply + Send + Sync + 'static) -> Self {
        let recorder = Recorder::start();
        let session = recorder.session(builder);
        let origin = Origin::start(move |_| answer()).await;
        Self { recorder, session, origin }
    }

    fn url(&self) -> String {
        self.origin.url("/")
    }

    async fn end(self) {
        self.recorder.finish(self.session).await;
    }
}

/// 200 with this content, so coded.
fn reply(coded: Coded, content: &[u8]) -> Reply {
    Reply::ok(coded.code(content)).field("content-encoding", coded.name())
}

/// The same as octets that a scripted peer writes.
fn octets(fields: &str, body: &[u8]) -> Bytes {
    let mut octets = format!("HTTP/1.1 200 OK\r\n{fields}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    octets.extend_from_slice(body);
    octets.into()
}

/// Octets that show it when one is lost, doubled or out of place, and become less by coding.
fn content(length: usize) -> Vec<u8> {
    (0..length).map(|n| ((n >> 5) ^ (n >> 11) ^ (n >> 17)) as u8).collect()
}
