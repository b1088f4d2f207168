//! One exchange with a scripted peer, by the handle path, and all that came of it.

use std::sync::Arc;

use hinternet::{
    Connection, Error, HandleId, HeaderMap, Method, Request, ResponseHead, Session, SessionBuilder, Status,
};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};

/// A session on one scripted peer, watched.
pub(crate) struct Scene {
    pub(crate) recorder: Recorder,
    pub(crate) session: Session,
    pub(crate) connection: Connection,
    pub(crate) peer: ScriptedPeer,
}

/// All that came of one exchange.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) id: HandleId,
    pub(crate) interims: Vec<(u16, HeaderMap)>,
    pub(crate) head: Option<Arc<ResponseHead>>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: HeaderMap,
    pub(crate) error: Option<Error>,
}

impl Scene {
    /// The n-th connection gets the n-th script, further ones the last.
    pub(crate) async fn with(scripts: Vec<Script>) -> Self {
        Self::with_session(scripts, Session::builder()).await
    }

    pub(crate) async fn with_session(scripts: Vec<Script>, builder: SessionBuilder) -> Self {
        let last = scripts.last().cloned().unwrap_or_default();
        let peer = ScriptedPeer::start_with_default(scripts, last).await;
        let recorder = Recorder::start();
        let session = recorder.session(builder);
        let connection = session.connect(&peer.origin()).unwrap();
        Self { recorder, session, connection, peer }
    }

    pub(crate) fn request(&self, method: Method) -> Request {
        self.connection.open_request(method, "/").unwrap()
    }

    /// Asks with GET and reads all there is.
    pub(crate) async fn get(&self) -> Answer {
        self.ask(Method::GET).await
    }

    pub(crate) async fn ask(&self, method: Method) -> Answer {
        self.play(self.request(method)).await
    }

    /// Sends the request without a body, reads all there is, and closes it.
    pub(crate) async fn play(&self, request: Request) -> Answer {
        let sent = request.send(()).await;
        self.read(request, sent).await
    }

    /// Reads all there is after a send, and closes the request.
    pub(crate) async fn read(&self, request: Request, sent: hinternet::Result<()>) -> Answer {
        let (mut head, mut body) = (None, Vec::new());
        let reading = async {
            sent?;
            head = Some(request.receive_response().await?);
            loop {
                let piece = request.read().await?;
                if piece.is_empty() {
                    return Ok(());
                }
                body.extend_from_slice(&piece);
            }
        };
        let ended = reading.await;
        let error = ended.is_err().then(|| self.recorder.failure(request.id(), ended));
        let (id, trailers) = (request.id(), request.trailers());
        request.close().await.unwrap();
        self.recorder.wait_for_closing(id).await;
        let interims = self.recorder.of(id).into_iter().filter_map(|one| match one.status {
            Status::IntermediateResponse(status, fields) => Some((status.as_u16(), fields)),
            _ => None,
        });
        Answer { id, interims: interims.collect(), head, body, trailers, error }
    }

    /// Was the wire of this request closed, rather than given back?
    pub(crate) fn closed_the_wire(&self, id: HandleId) -> bool {
        let closed = self.recorder.count_of(id, "ConnectionClosed");
        let released = self.recorder.count_of(id, "WireReleased");
        assert_eq!(closed + released, 1, "a wire is closed or given back: {:?}", self.recorder.trace_of(id));
        closed == 1
    }

    pub(crate) async fn end(self) {
        let Self { recorder, session, .. } = self;
        recorder.finish(session).await;
    }
}

impl Answer {
    pub(crate) fn head(&self) -> &ResponseHead {
        self.head.as_deref().unwrap_or_else(|| panic!("no head: {:?}", self.error))
    }

    pub(crate) fn status(&self) -> u16 {
        self.head().status().as_u16()
    }

    /// The body of a response that ended well.
    pub(crate) fn text(&self) -> &str {
        assert!(self.error.is_none(), "{:?}", self.error);
        str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn error(&self) -> &Error {
        self.error.as_ref().unwrap_or_else(|| panic!("{:?} came instead of an error", self.head))
    }
}
