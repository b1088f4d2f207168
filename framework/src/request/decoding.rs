//! A body that is coded (RFC 9110 section 8.4): read as what it was before, and no faster than it is asked for.
//!
//! ```text
//!   wire --pieces, counted as they came--> decoder --octets of the content, counted apart--> ahead, gathered, the caller
//! ```
//!
//! A request whose response has no coding has none of this but a flag that is not set.

use std::pin::Pin;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, RANGE};
use tokio::task::yield_now;

use super::journey::{Active, Journey};
use super::receiving::LARGEST_CHUNK;
use crate::clock;
use crate::error::{Operation, Result};
use crate::options::Decompression;
use crate::policy::{accept_encoding, accept_encoding_of_a_part, may_be_decoded};
use crate::protocol::coding::{Caps, Decoded, Decoder, Fault, Listed, listed};
use crate::protocol::http1::{BodyStep, ResponseHead};
use crate::wire::Failure;

impl Journey {
    /// What the library itself asks for (`Accept-Encoding`), where the caller says nothing of it.
    #[inline]
    pub(super) fn codings_asked_for(&self) -> Option<&'static str> {
        let (allowed, fields) = (self.options.decompression, &self.outgoing);
        if self.shared.services.names_codings || self.upgrade.is_some() {
            None
        } else if fields.is_empty() {
            accept_encoding(allowed)
        } else if fields.contains_key(ACCEPT_ENCODING) {
            None
        } else if fields.contains_key(RANGE) {
            accept_encoding_of_a_part(allowed)
        } else {
            accept_encoding(allowed)
        }
    }

    /// The final head has come: is its body to be decoded? One that has none, as the answer to a HEAD request, is not.
    pub(super) fn look_for_codings(&mut self, head: &ResponseHead) {
        let is_coded = !self.options.decompression.is_empty() && head.is_coded();
        if is_coded || head.is_gzipped_on_the_way() {
            self.decode_body_of(head);
        }
    }

    #[cold]
    fn decode_body_of(&mut self, head: &ResponseHead) {
        // What was read elsewhere, and came with the head, is here already.
        let has_body = !self.is_body_here() || !self.ahead.is_empty();
        if !has_body {
            return;
        }
        let allowed = if may_be_decoded(head.status()) { self.options.decompression } else { Decompression::NONE };
        let limits = &self.options.limits;
        let caps = Caps { octets: limits.decoded_body, ratio: limits.decoded_ratio };
        // A transfer coding is undone whatever the caller thinks of content codings: he has asked for it (TE).
        self.decoding = match listed(head.headers(), allowed).map(|found| found.below(head.is_gzipped_on_the_way())) {
            Ok(Listed::AsItCame) => return,
            Ok(Listed::Coded(codings)) => Some(Box::new(Decoder::new(&codings, caps))),
            // The head is good. Whoever reads the body is told.
            Err(fault) => Some(Box::new(Decoder::broken(fault))),
        };
        // How much that becomes is not known.
        self.announced = None;
        let early = std::mem::take(&mut self.ahead);
        if !early.is_empty() {
            self.feed(Some(early));
        }
    }

    /// Has all of the body come off the wire, here or elsewhere?
    fn is_body_here(&self) -> bool {
        #[cfg(feature = "cache")]
        if self.given_left() > 0 {
            return false;
        }
        self.away.is_none() && self.active.as_ref().is_none_or(|active| active.exchange.is_ended())
    }

    /// Is nothing left that would have to be decoded?
    pub(super) fn is_decoded(&self) -> bool {
        self.decoding.as_ref().is_none_or(|decoder| decoder.is_over())
    }

    /// The next octets of the content; `None` is its end.
    #[cold]
    pub(super) fn pull_decoded(
        &mut self,
        max: usize,
        operation: Operation,
    ) -> Pin<Box<dyn Future<Output = Result<Option<Bytes>>> + '_>> {
        Box::pin(async move {
            loop {
                match self.decode(max).map_err(|fault| self.fail(Failure::Coding(fault), operation))? {
                    Decoded::Data(octets) => return Ok(Some(octets)),
                    Decoded::End => return Ok(None),
                    Decoded::Busy => yield_now().await,
                    Decoded::NeedMore => {
                        let piece = self.pull_off_the_wire(LARGEST_CHUNK, operation).await?;
                        self.feed(piece);
                    }
                }
            }
        })
    }

    /// What has come of it with the head, decoded: a piece to be given with the head, and one ahead of the next read.
    #[cold]
    pub(super) fn decode_arrived(&mut self, at_most: usize) -> Result<Bytes, Failure> {
        let mut early = Bytes::new();
        loop {
            match self.decode(at_most).map_err(Failure::Coding)? {
                Decoded::Data(octets) if early.is_empty() => early = octets,
                Decoded::Data(octets) => {
                    self.ahead = octets;
                    return Ok(early);
                }
                // Others may go first: a read goes on with it.
                Decoded::Busy | Decoded::End => return Ok(early),
                Decoded::NeedMore => {
                    #[cfg(feature = "cache")]
                    if let Some(piece) = self.take_given(at_most) {
                        self.feed(Some(piece));
                        continue;
                    }
                    let Some(Active { lease, exchange, .. }) = &mut self.active else { return Ok(early) };
                    match exchange.read_arrived(lease, at_most)? {
                        BodyStep::Data(piece) => {
                            #[cfg(feature = "cache")]
                            self.record(&piece);
                            self.sizes.response_body += piece.len() as u64;
                            self.feed(Some(piece));
                        }
                        BodyStep::End => self.feed(None),
                        BodyStep::NeedMore => return Ok(early),
                    }
                }
            }
        }
    }

    /// Reads and decodes one piece while nobody asks. A failure is for the next one who does.
    #[cold]
    pub(super) fn decode_ahead(&mut self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(async move {
            loop {
                match self.decode(LARGEST_CHUNK) {
                    Ok(Decoded::Data(octets)) => {
                        self.ahead = octets;
                        return;
                    }
                    Ok(Decoded::End) => return,
                    Ok(Decoded::Busy) => yield_now().await,
                    Ok(Decoded::NeedMore) => {
                        let Some(Active { lease, exchange, receiving, .. }) = &mut self.active else { return };
                        lease.serve_from_afar();
                        match exchange.read(lease, LARGEST_CHUNK).await {
                            Ok(piece) => {
                                let octets = piece.as_ref().map_or(0, |piece| piece.len() as u64);
                                receiving.moved(octets);
                                #[cfg(feature = "cache")]
                                self.record(piece.as_deref().unwrap_or_default());
                                self.sizes.response_body += octets;
                                self.feed(piece);
                            }
                            Err(failure) => {
                                self.failed_ahead = Some(failure);
                                return;
                            }
                        }
                    }
                    // It is met again by whoever reads.
                    Err(_) => return,
                }
            }
        })
    }

    fn decode(&mut self, at_most: usize) -> Result<Decoded, Fault> {
        let Some(decoder) = &mut self.decoding else { return Ok(Decoded::End) };
        let began = clock::now();
        let decoded = decoder.decode(at_most);
        decoder.took += clock::now().saturating_duration_since(began);
        let decoded = decoded?;
        if let Decoded::Data(octets) = &decoded {
            self.sizes.decoded_body += octets.len() as u64;
        }
        Ok(decoded)
    }

    /// What came off the wire; `None` was its end.
    fn feed(&mut self, piece: Option<Bytes>) {
        let is_last = piece.is_none() || self.is_body_here();
        let Some(decoder) = &mut self.decoding else { return };
        if let Some(piece) = piece {
            decoder.take(piece);
        }
        if is_last {
            decoder.end_input();
        }
    }
}
