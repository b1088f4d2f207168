//! One connection of the server that speaks HTTP/2: what each stream asks for, and the answer.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use h2::server::{self, SendResponse};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, SERVER};
use http::{HeaderValue, Response};

use super::BODY_LENGTH;
use super::answer::{Answering, PIECE, Stream};
use super::head::{Wish, of_path};
use crate::peers::Failed;

/// Answers as many streams at a time as the client opens, until it has no more.
///
/// What has come is taken before any of it is answered: `h2` writes what there is to be written whenever it is asked for the next
/// request, and a server that writes once for each answer would hold every client to its own pace.
pub(super) async fn answer(answering: &Arc<Answering>, stream: Stream) -> Result<(), Failed> {
    let mut connection = server::handshake(stream).await?;
    let greeting = greeting();
    let mut all = Vec::new();
    while let Some(asked) = connection.accept().await {
        all.push(asked?);
        while let Some(Some(asked)) = connection.accept().now_or_never() {
            all.push(asked?);
        }
        for (request, respond) in all.drain(..) {
            match of_path(request.uri().path())? {
                // Nearly all requests are this one, which needs no task.
                Wish::Greeting => greet(respond, greeting.clone())?,
                Wish::Octets(count) => drop(tokio::spawn(give(respond, count))),
                Wish::Together(count) => {
                    let (barrier, greeting) = (answering.barrier(count), greeting.clone());
                    tokio::spawn(async move {
                        barrier.wait().await;
                        greet(respond, greeting)
                    });
                }
                wish => return Err(io::Error::other(format!("{wish:?} over HTTP/2")).into()),
            }
        }
    }
    Ok(())
}

fn greet(mut respond: SendResponse<Bytes>, greeting: Response<()>) -> Result<(), h2::Error> {
    respond.send_response(greeting, false)?.send_data(Bytes::from_static(BODY), true)
}

async fn give(mut respond: SendResponse<Bytes>, count: u64) -> Result<(), h2::Error> {
    let mut head = Response::new(());
    let fields = head.headers_mut();
    fields.insert(SERVER, HeaderValue::from_static("peers"));
    fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    fields.insert(CONTENT_LENGTH, count.into());
    let mut stream = respond.send_response(head, count == 0)?;
    let mut left = count;
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(PIECE.len()).min(PIECE.len());
        stream.reserve_capacity(wanted);
        let Some(room) = poll_fn(|context| stream.poll_capacity(context)).await else { return Ok(()) };
        let room = room?.min(wanted);
        left -= room as u64;
        stream.send_data(Bytes::from_static(&PIECE[..room]), left == 0)?;
    }
    Ok(())
}

/// The head of every short answer, as over HTTP/1.1.
fn greeting() -> Response<()> {
    let mut head = Response::new(());
    let fields = head.headers_mut();
    fields.insert(SERVER, HeaderValue::from_static("peers"));
    fields.insert(DATE, HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"));
    fields.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    fields.insert(CONTENT_LENGTH, BODY_LENGTH.into());
    head
}

const BODY: &[u8; BODY_LENGTH] = b"Hello, World!";
