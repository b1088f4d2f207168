//! What can be asked of a request's actor: every operation as a message.
//!
//! An actor may drive a request by these, through [`Request::addr`](crate::Request::addr): the reply is what the method would
//! have returned, and the notification comes too. A message that is sent without asking for its reply (`do_send`) is an
//! operation all the same.

use std::fmt;
use std::sync::Arc;

use actix::Message;
use bytes::Bytes;
use http::HeaderMap;

use super::payload::Payload;
use crate::error::Result;
use crate::protocol::http1::ResponseHead;
use crate::shown;
use crate::wire::WireFacts;

/// Names a call made through a handle, so that dropping its future reaches the right operation; 0 is no such call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Ticket(pub(crate) u64);

/// Sends the request: [`Request::send_with`](crate::Request::send_with).
///
/// An example is at [`messages`](crate::messages).
#[doc(alias = "WinHttpSendRequest")]
#[derive(Message)]
#[rtype(result = "Result<()>")]
pub struct SendRequest {
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
    pub(crate) context: u64,
    pub(crate) ticket: Ticket,
}

impl SendRequest {
    /// Sends this payload.
    pub fn new(payload: impl Into<Payload>) -> Self {
        Self { headers: HeaderMap::new(), payload: payload.into(), context: 0, ticket: Ticket::default() }
    }
}

/// Of the fields the names only: the values may be tokens.
impl fmt::Debug for SendRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SendRequest({:?} {:?})", shown::names(&self.headers), self.payload)
    }
}

/// Writes a piece of the body: [`Request::write`](crate::Request::write).
///
/// An example is at [`messages`](crate::messages).
#[doc(alias = "WinHttpWriteData")]
#[derive(Message)]
#[rtype(result = "Result<()>")]
pub struct WriteData {
    pub(crate) data: Bytes,
    pub(crate) ticket: Ticket,
}

impl WriteData {
    /// Writes these octets.
    pub fn new(data: impl Into<Bytes>) -> Self {
        Self { data: data.into(), ticket: Ticket::default() }
    }
}

impl fmt::Debug for WriteData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WriteData({:?})", shown::count(&self.data))
    }
}

/// Ends a chunked body: [`Request::finish`](crate::Request::finish).
///
/// An example is at [`messages`](crate::messages).
#[derive(Default, Message)]
#[rtype(result = "Result<()>")]
pub struct FinishBody {
    pub(crate) trailers: HeaderMap,
    pub(crate) ticket: Ticket,
}

impl FinishBody {
    /// Ends it with these trailer fields.
    pub fn new(trailers: HeaderMap) -> Self {
        Self { trailers, ticket: Ticket::default() }
    }
}

impl fmt::Debug for FinishBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FinishBody({:?})", shown::names(&self.trailers))
    }
}

/// Receives the response head: [`Request::receive_response`](crate::Request::receive_response).
///
/// An example is at [`messages`](crate::messages).
#[doc(alias = "WinHttpReceiveResponse")]
#[derive(Debug, Default, Message)]
#[rtype(result = "Result<Arc<ResponseHead>>")]
pub struct ReceiveResponse {
    pub(crate) ticket: Ticket,
}

/// Asks how much the next read gives: [`Request::query_data_available`](crate::Request::query_data_available).
///
/// An example is at [`messages`](crate::messages).
#[doc(alias = "WinHttpQueryDataAvailable")]
#[derive(Debug, Default, Message)]
#[rtype(result = "Result<u64>")]
pub struct QueryDataAvailable {
    pub(crate) ticket: Ticket,
}

/// Reads from the body: [`Request::read`](crate::Request::read) and its kin.
///
/// An example is at [`messages`](crate::messages).
#[doc(alias = "WinHttpReadData")]
#[derive(Debug, Default, Message)]
#[rtype(result = "Result<Bytes>")]
pub struct ReadData {
    pub(crate) amount: Amount,
    pub(crate) ticket: Ticket,
    /// The thread of the handle's call; `None` for a message.
    pub(crate) caller: Option<u64>,
}

impl ReadData {
    /// Reads this much.
    pub fn new(amount: Amount) -> Self {
        Self { amount, ticket: Ticket::default(), caller: None }
    }
}

/// How much a read gives.
///
/// An example is at [`messages`](crate::messages).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Amount {
    /// What the last `query_data_available` announced; without one, what there is.
    #[default]
    Available,
    /// What there is, up to this many octets.
    AtMost(usize),
    /// This many octets; fewer only at the end of the body.
    Exactly(usize),
}

/// How far the paved path got in one go.
#[derive(Debug)]
pub(crate) struct Reached {
    pub(crate) arrived: Arrived,
    /// What carries it; `None` where it is complete.
    pub(crate) wire: Option<Arc<WireFacts>>,
    pub(crate) is_first_on_wire: bool,
    /// The body is read as something else than came.
    pub(crate) is_decoded: bool,
    /// How much of the body may be gathered.
    pub(crate) most_gathered: Option<u64>,
}

/// A response as far as it came at once.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) head: Arc<ResponseHead>,
    /// What of the body came with the head.
    pub(crate) early: Bytes,
    /// The body is complete: nothing more can be read, and the handle closes by itself.
    pub(crate) complete: bool,
}

/// The future of a call was dropped.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub(crate) struct Abandon(pub(crate) Ticket);

#[cfg(test)]
mod tests {
    //! What a message shows of itself.

    use super::*;

    #[test]
    fn p7_debug_shows_no_value_of_a_field_and_no_octet_of_a_body() {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::AUTHORIZATION, http::HeaderValue::from_static("Bearer s3cret"));
        let send = SendRequest { headers: headers.clone(), ..SendRequest::new("s3cret") };
        let (write, finish) = (WriteData::new("s3cret"), FinishBody::new(headers));
        let shown = format!("{send:?} {write:?} {finish:?}");
        assert!(!shown.contains("s3cret"), "{shown}");
        assert_eq!(shown.matches("authorization").count(), 2, "{shown}");
    }
}
