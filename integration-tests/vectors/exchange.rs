//! One exchange of the real client with a scripted peer, and all that came of it.

use std::sync::Arc;

use hinternet::{Connection, Error, HeaderMap, Method, Payload, ResponseHead, Status};
use integration_tests::recorder::Recorder;

/// All that came of one exchange.
pub(crate) struct Exchange {
    /// The interim responses.
    #[allow(dead_code, reason = "some suites look at the final one only")]
    pub(crate) interims: Vec<(u16, HeaderMap)>,
    /// The final head, if it came.
    pub(crate) head: Option<Arc<ResponseHead>>,
    /// What was delivered of the body.
    pub(crate) body: Vec<u8>,
    /// Why it ended before its end.
    pub(crate) error: Option<Error>,
}

impl Exchange {
    /// Asks by the handle path and reads all there is; the recorder sees whether an error was told.
    #[allow(dead_code, reason = "some suites send a body")]
    pub(crate) async fn play(recorder: &Recorder, connection: &Connection, method: Method) -> Self {
        Self::play_with(recorder, connection, method, Payload::empty()).await
    }

    /// The same with a body.
    pub(crate) async fn play_with(
        recorder: &Recorder,
        connection: &Connection,
        method: Method,
        payload: Payload,
    ) -> Self {
        let request = connection.open_request(method, "/").expect("the connection is open");
        let (mut head, mut body) = (None, Vec::new());
        let reading = async {
            request.send(payload).await?;
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
        let error = match ended {
            Ok(()) => None,
            failed => Some(recorder.failure(request.id(), failed)),
        };
        let id = request.id();
        request.close().await.expect("close never fails");
        recorder.wait_for_closing(id).await;
        let told = recorder.of(id);
        let interims = told.into_iter().filter_map(|one| match one.status {
            Status::IntermediateResponse(status, headers) => Some((status.as_u16(), headers)),
            _ => None,
        });
        Self { interims: interims.collect(), head, body, error }
    }

    /// What it was, in short.
    pub(crate) fn short(&self) -> String {
        let head = self.head.as_ref().map_or("no head".to_owned(), |head| head.status().as_u16().to_string());
        let body = self.body.escape_ascii();
        match &self.error {
            Some(error) => format!("{head} {body:?}, then {error}", body = body.to_string()),
            None => format!("{head} {body:?}", body = body.to_string()),
        }
    }
}
