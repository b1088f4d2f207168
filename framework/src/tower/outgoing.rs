//! The body of a request, out of one of `http-body`.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::iter;
use http_body::{Body, Frame};

use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::request::{Payload, Piece};

/// What is complete with its first frame, as nearly all are that can be given again, becomes octets; anything else is streamed.
/// Nothing is waited for: it belongs to the request to do so, where its limits of time hold.
pub(super) async fn payload<B>(body: B, announced: Option<u64>) -> Result<Payload>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    if body.is_end_stream() {
        return Ok(Payload::empty());
    }
    let length = body.size_hint().exact().or(announced);
    let mut pieces = Pieces(Box::pin(body));
    let first = match pieces.at_once().await {
        Poll::Ready(None) => return Ok(Payload::empty()),
        Poll::Ready(Some(first)) => Some(first?),
        Poll::Pending => None,
    };
    let second = match first {
        Some(Piece::Data(_)) if pieces.0.is_end_stream() => Poll::Ready(None),
        Some(Piece::Data(_)) => pieces.at_once().await,
        Some(Piece::Trailers(_)) | None => Poll::Pending,
    };
    match (first, second) {
        (Some(Piece::Data(octets)), Poll::Ready(None)) => Ok(Payload::bytes(octets)),
        (first, Poll::Ready(second)) => {
            let known = first.into_iter().chain(second.transpose()?);
            Ok(Payload::pieces(iter(known.map(Ok)).chain(pieces), length))
        }
        (first, Poll::Pending) => Ok(Payload::pieces(iter(first.map(Ok)).chain(pieces), length)),
    }
}

struct Pieces<B>(Pin<Box<B>>);

impl<B> Pieces<B>
where
    Self: Stream<Item = Result<Piece>>,
{
    /// What is there now.
    async fn at_once(&mut self) -> Poll<Option<Result<Piece>>> {
        poll_fn(|context| Poll::Ready(self.poll_next_unpin(context))).await
    }
}

impl<B> Stream for Pieces<B>
where
    B: Body,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    type Item = Result<Piece>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let frame = match self.0.as_mut().poll_frame(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(failed(error.into())))),
                Poll::Ready(Some(Ok(frame))) => frame,
            };
            // A frame of a kind that is not known yet says nothing that could be sent.
            if let Some(piece) = piece(frame) {
                return Poll::Ready(Some(Ok(piece)));
            }
        }
    }
}

fn piece<D: Buf>(frame: Frame<D>) -> Option<Piece> {
    match frame.into_data() {
        Ok(mut data) => Some(Piece::Data(data.copy_to_bytes(data.remaining()))),
        Err(frame) => frame.into_trailers().ok().map(Piece::Trailers),
    }
}

fn failed(error: Box<dyn StdError + Send + Sync>) -> Error {
    let detail = format!("the request's body failed: {error}");
    Error::new(ErrorCode::InvalidParameter, Operation::Send, Stage::SendBody, Blame::Caller, detail)
        .with_boxed_source(error)
}
