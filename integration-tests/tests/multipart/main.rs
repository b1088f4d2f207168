//! Forms as `multipart/form-data` (RFC 7578), read by a parser that is not ours.

mod bodies;
mod names;

use futures_util::stream;
use hinternet::{Form, Session};
use integration_tests::recorder::Recorder;
use integration_tests::request::Request;
use integration_tests::scripted_peer::{Script, ScriptedPeer};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// One server that takes forms, and one watched session.
struct World {
    recorder: Recorder,
    session: Session,
    peer: ScriptedPeer,
}

/// What came of a part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Came {
    name: Option<String>,
    file_name: Option<String>,
    content_type: Option<String>,
    octets: Vec<u8>,
}

impl World {
    async fn start() -> Self {
        Self::playing(Script::answering(OK)).await
    }

    async fn playing(script: Script) -> Self {
        let recorder = Recorder::start();
        let session = recorder.session(Session::builder());
        Self { recorder, session, peer: ScriptedPeer::always(script).await }
    }

    async fn post(&self, form: Form) -> hinternet::Result<Request> {
        let response = self.session.post(self.peer.url("/forms"))?.multipart(form).send().await?;
        response.bytes().await?;
        Ok(self.peer.requests().pop().expect("a request came"))
    }

    async fn end(self) {
        self.recorder.finish(self.session).await;
    }
}

fn came(name: &str, octets: impl Into<Vec<u8>>) -> Came {
    Came { name: Some(name.to_owned()), octets: octets.into(), ..Came::default() }
}

fn file(name: &str, file_name: &str, octets: impl Into<Vec<u8>>) -> Came {
    let content_type = Some("application/octet-stream".to_owned());
    Came { file_name: Some(file_name.to_owned()), content_type, ..came(name, octets) }
}

/// The parts, as `multer` reads them.
async fn parts(request: &Request) -> Vec<Came> {
    let boundary = multer::parse_boundary(request.field("content-type").expect("a content type")).unwrap();
    let body = request.body.clone();
    let mut form = multer::Multipart::new(stream::iter([Ok::<_, std::io::Error>(body)]), boundary);
    let mut parts = Vec::new();
    while let Some(part) = form.next_field().await.unwrap() {
        parts.push(Came {
            name: part.name().map(str::to_owned),
            file_name: part.file_name().map(str::to_owned),
            content_type: part.content_type().map(ToString::to_string),
            octets: part.bytes().await.unwrap().to_vec(),
        });
    }
    parts
}
