//! What an answer says of the stream it was to be, and which ends are final.

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};

use crate::clock;
use crate::error::{Answered, Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::policy::governor::retry_after;
use crate::policy::is_hopeless;
use crate::protocol::http1::ResponseHead;
use crate::request::Response;

/// What was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opened {
    Stream,
    /// The server wants nobody to connect again (WHATWG HTML 9.2.3: 204).
    NoMore,
}

/// Is it a stream of events (WHATWG HTML 9.2.3)?
pub(super) fn judge(response: &Response) -> Result<Opened> {
    match response.status() {
        StatusCode::NO_CONTENT => Ok(Opened::NoMore),
        StatusCode::OK => judge_type(response).map(|()| Opened::Stream),
        status => {
            let blame = if status.is_client_error() { Blame::Caller } else { Blame::Peer };
            let detail = format!("the server answered {status} in place of events");
            let error = Error::new(ErrorCode::InvalidServerResponse, Operation::Events, Stage::Head, blame, detail);
            Err(error.with_source(answered(response.head())).with_url(response.url()))
        }
    }
}

/// Is it of the right type?
pub(super) fn judge_type(response: &Response) -> Result<()> {
    if is_event_stream(response.headers()) {
        return Ok(());
    }
    let detail = "the body is not of the type text/event-stream";
    Err(Error::new(ErrorCode::InvalidServerResponse, Operation::Events, Stage::Decode, Blame::Peer, detail)
        .with_url(response.url()))
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let essence = value.split(';').next().unwrap_or_default();
    essence.trim_matches([' ', '\t']).eq_ignore_ascii_case("text/event-stream")
}

fn answered(head: &ResponseHead) -> Answered {
    Answered { status: head.status(), retry_after: retry_after(head.headers(), clock::time_of_day()) }
}

/// The server has ended a stream.
pub(super) fn ended(url: &str) -> Error {
    let detail = "the server ended the stream of events";
    Error::new(ErrorCode::ConnectionError, Operation::Events, Stage::Body, Blame::Peer, detail).with_url(url)
}

/// Would the next attempt end as this one? What broke a stream that was there need not break the next; but an event that is too large
/// comes again, and so does what is of another type.
pub(super) fn is_final(error: &Error) -> bool {
    let is_by_caller = error.is_invalid_handle() || error.is_cancelled();
    // With `CacheMode::Offline` nothing is ever asked: what the cache does not have it will not have.
    let comes_again = matches!(error.code(), ErrorCode::NotEnoughQuota | ErrorCode::ItemNotFound);
    is_hopeless(error) || is_by_caller || comes_again || error.stage() == Stage::Decode
}

/// What `Last-Event-ID` says; `None` if there is none, or if it cannot be said: an id is the server's, and may be anything but a line
/// end and NUL.
pub(super) fn last_event_id(id: &str) -> Option<HeaderValue> {
    let is_sayable = !id.is_empty() && id.len() <= LONGEST_ID;
    if is_sayable { HeaderValue::from_bytes(id.as_bytes()).ok() } else { None }
}

pub(super) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// A longer one would make the request head one that servers refuse.
const LONGEST_ID: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: ErrorCode, stage: Stage) -> Error {
        Error::new(code, Operation::Events, stage, Blame::Peer, "a test")
    }

    #[test]
    fn html_9_2_3_the_type_is_text_event_stream_with_any_parameters() {
        let is = |value: &str| is_event_stream(&HeaderMap::from_iter([(CONTENT_TYPE, value.parse().unwrap())]));
        assert!(
            is("text/event-stream") && is("Text/Event-Stream ; charset=utf-8") && is("text/event-stream;charset=x")
        );
        assert!(!is("text/plain") && !is("text/event-streams") && !is("") && !is("text/html, text/event-stream"));
        assert!(!is_event_stream(&HeaderMap::new()));
    }

    #[test]
    fn an_answer_is_final_unless_it_may_be_another_one_later() {
        let answered = |status| {
            let status = StatusCode::from_u16(status).unwrap();
            error(ErrorCode::InvalidServerResponse, Stage::Head).with_source(Answered { status, retry_after: None })
        };
        let again: Vec<_> = (300..600).filter(|status| !is_final(&answered(*status))).collect();
        assert_eq!(again[..3], [408, 425, 429]);
        assert_eq!(again[3..], (500..600).collect::<Vec<_>>());
    }

    #[test]
    fn what_the_network_does_is_never_final_and_what_would_come_again_is() {
        for code in
            [ErrorCode::Timeout, ErrorCode::NameNotResolved, ErrorCode::CannotConnect, ErrorCode::ConnectionError]
        {
            assert!(!is_final(&error(code, Stage::Connect)) && !is_final(&error(code, Stage::Body)), "{code}");
        }
        assert!(
            !is_final(&error(ErrorCode::InvalidServerResponse, Stage::Body)),
            "a chunk of the stream was malformed"
        );
        assert!(is_final(&error(ErrorCode::InvalidServerResponse, Stage::Decode)), "another type");
        assert!(is_final(&error(ErrorCode::NotEnoughQuota, Stage::Body)));
        assert!(is_final(&error(ErrorCode::ItemNotFound, Stage::State)), "nothing may be asked, and nothing is stored");
        for code in
            [ErrorCode::InvalidHandle, ErrorCode::OperationCancelled, ErrorCode::Shutdown, ErrorCode::SecureFailure]
        {
            assert!(is_final(&error(code, Stage::Body)) && is_final(&error(code, Stage::State)), "{code}");
        }
    }

    #[test]
    fn an_id_is_told_if_it_can_be() {
        assert_eq!(last_event_id("\u{2026}7").unwrap().as_bytes(), "\u{2026}7".as_bytes());
        for none in ["", "a\x01b", "a\x7f", &"x".repeat(9_000)] {
            assert!(last_event_id(none).is_none(), "{none:?}");
        }
    }
}
