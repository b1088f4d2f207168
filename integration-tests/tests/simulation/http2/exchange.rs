//! Whole exchanges, and whether what came is what was sent.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join;
use futures_util::stream;
use hinternet::{HeaderMap, HeaderName, HeaderValue, Operation, Payload, Request, ResponseHead, Result};
use integration_tests::simulation::pattern;
use tokio::time::sleep;

use super::plan::Form;
use crate::client::patiently;
use crate::plan::Reading;
use crate::verdict::{Outcomes, note};

type Noted = Rc<RefCell<Outcomes>>;

/// A whole exchange, as far as it goes. The server may look at the request of this number once.
pub(crate) async fn story(request: Request, form: Form, reading: Reading, number: u64, outcomes: Noted) {
    let handle = request.id();
    let told = async {
        let send = request.send_with(once(number), payload(form), 0);
        match form {
            // The response may come beside it.
            Form::Stream(_) | Form::Failing => {
                let sent = note(&outcomes, handle, Operation::Send, send);
                let read = async {
                    // The send has to have begun.
                    sleep(Duration::from_millis(1)).await;
                    read_all(&request, reading, &outcomes).await
                };
                let (sent, read) = join(sent, read).await;
                let read = match read {
                    // The head had not gone out.
                    Err(error) if error.code() == hinternet::ErrorCode::IncorrectHandleState && sent.is_ok() => {
                        read_all(&request, reading, &outcomes).await?
                    }
                    read => read?,
                };
                return Ok((read, sent.is_ok().then_some(octets(form))));
            }
            _ => note(&outcomes, handle, Operation::Send, send).await?,
        }
        if matches!(form, Form::Announced | Form::Chunked | Form::Duplex) {
            let begun = if form == Form::Announced { 5 } else { 0 };
            note(&outcomes, handle, Operation::Write, request.write(pattern(begun + 5).slice(begun..))).await?;
        }
        if matches!(form, Form::Chunked | Form::Duplex) {
            note(&outcomes, handle, Operation::Write, request.finish(HeaderMap::new())).await?;
        }
        Ok::<_, hinternet::Error>((read_all(&request, reading, &outcomes).await?, Some(octets(form))))
    };
    if let Ok((body, sent)) = told.await {
        check(&request, &body, sent, &outcomes);
    }
}

/// Writes pieces of these sizes while the response is read.
pub(crate) async fn conversation(
    request: Request,
    sizes: Vec<usize>,
    pace: u64,
    reading: Reading,
    number: u64,
    outcomes: Noted,
) {
    let handle = request.id();
    let send = request.send_with(once(number), Payload::duplex(), 0);
    if note(&outcomes, handle, Operation::Send, send).await.is_err() {
        return;
    }
    let whole = pattern(sizes.iter().sum());
    let speak = async {
        let mut at = 0;
        for size in &sizes {
            if pace > 0 {
                sleep(Duration::from_millis(pace)).await;
            }
            note(&outcomes, handle, Operation::Write, request.write(whole.slice(at..at + size))).await?;
            at += size;
        }
        note(&outcomes, handle, Operation::Write, request.finish(HeaderMap::new())).await
    };
    let (spoken, heard) = join(speak, read_all(&request, reading, &outcomes)).await;
    if let Ok(body) = heard {
        check(&request, &body, spoken.is_ok().then_some(whole.len()), &outcomes);
    }
}

/// The response is asked for, and nothing of it is read.
pub(super) async fn hoard(request: Request, outcomes: Noted) {
    let handle = request.id();
    if note(&outcomes, handle, Operation::Send, request.send(())).await.is_ok() {
        note(&outcomes, handle, Operation::Receive, request.receive_response()).await.ok();
    }
}

async fn read_all(request: &Request, reading: Reading, outcomes: &Noted) -> Result<Vec<u8>> {
    let (handle, Reading { patience, asks }) = (request.id(), reading);
    patiently(patience, || note(outcomes, handle, Operation::Receive, request.receive_response())).await?;
    let mut body = Vec::new();
    loop {
        let query = || note(outcomes, handle, Operation::QueryDataAvailable, request.query_data_available());
        let announced = if asks { Some(patiently(patience, query).await?) } else { None };
        let octets = patiently(patience, || note(outcomes, handle, Operation::Read, request.read())).await?;
        let kept = announced.is_none_or(|announced| announced == octets.len() as u64);
        outcomes.borrow_mut().expect(kept, "a read gave other than was announced");
        if octets.is_empty() {
            return Ok(body);
        }
        body.extend_from_slice(&octets);
    }
}

fn check(request: &Request, body: &[u8], sent: Option<usize>, outcomes: &Noted) {
    let known = !outcomes.borrow().is_meddled_with(request.id());
    if let Some(head) = request.head().ok().filter(|_| known) {
        check_body(&head, body, sent, &request.trailers(), outcomes);
    }
}

/// A response that was read to its end is what the server gave, and what it was given: no octet lost or doubled.
pub(super) fn check_body(head: &ResponseHead, body: &[u8], sent: Option<usize>, trailers: &HeaderMap, to: &Noted) {
    let field = |fields: &HeaderMap, name| fields.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut outcomes = to.borrow_mut();
    outcomes.expect(*body == pattern(body.len()), "octets were read that nobody sent");
    let octets = field(head.headers(), "x-octets");
    let due = if octets.as_deref() == Some("echo") { sent } else { octets.and_then(|octets| octets.parse().ok()) };
    let whole = due.is_none_or(|due| due == body.len());
    outcomes.expect(whole, &format!("{} octets were read of {due:?}", body.len()));
    outcomes.expect(field(head.headers(), "x-end").is_none(), "an end was read that was never sent");
    if let (Some(came), Some(sent)) = (field(trailers, "x-received"), sent) {
        outcomes.expect(came == sent.to_string(), &format!("the server took {came} octets of {sent}"));
    }
}

/// The server may look at the request of this number once.
pub(super) fn once(number: u64) -> HeaderMap {
    HeaderMap::from_iter([(HeaderName::from_static("x-once"), HeaderValue::from(number))])
}

/// For a handle that `write` follows: ten octets, the first five at once.
pub(super) fn payload(form: Form) -> Payload {
    match form {
        Form::Announced => Payload::begin(pattern(5), 10),
        Form::Chunked => Payload::chunked(),
        Form::Duplex => Payload::duplex(),
        form => whole(form),
    }
}

pub(super) fn whole(form: Form) -> Payload {
    match form {
        Form::Stream(pace) => Payload::stream(stream::unfold(0, move |n| async move {
            if n == PIECES {
                return None;
            }
            if pace > 0 {
                sleep(Duration::from_millis(pace)).await;
            }
            Some((Ok(pattern(PIECE * (n + 1)).slice(PIECE * n..)), n + 1))
        })),
        Form::Failing => {
            let pieces = [Ok(pattern(PIECE)), Err(io::Error::other("as it was told"))];
            Payload::stream(stream::iter(pieces))
        }
        form => Payload::bytes(pattern(octets(form))),
    }
}

/// How many octets such a request has in a story.
fn octets(form: Form) -> usize {
    match form {
        Form::Empty => 0,
        Form::Octets => 100,
        Form::Large => 70_000,
        Form::Announced => 10,
        Form::Chunked | Form::Duplex => 5,
        Form::Stream(_) | Form::Failing => PIECE * PIECES,
    }
}

const PIECE: usize = 3_000;
const PIECES: usize = 5;
