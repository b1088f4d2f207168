//! A response whose body is read by waiting for it.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use http::{HeaderMap, StatusCode};

use super::ResponseEvents;
use super::waiting::wait;
use crate::error::{Operation, Result};
use crate::request;

/// A response whose head has arrived: a [`Response`](crate::Response) whose calls wait. Its body is a [`Read`].
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let session = hinternet::blocking::Session::with(builder())?;
/// let mut response = session.get("http://www.example.com/file")?.send()?.error_for_status()?;
/// let mut file = Vec::new();
/// std::io::copy(&mut response, &mut file)?; // it is a `Read`
/// assert_eq!(file, b"0123456789");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Response {
    inner: request::Response,
    /// What a `Read` was given too little room for.
    rest: Bytes,
}

impl Response {
    pub(super) fn of(inner: request::Response) -> Self {
        Self { inner, rest: Bytes::new() }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.inner.status()
    }

    /// The header fields.
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// An error status (4xx, 5xx) as an error.
    ///
    /// # Errors
    /// See [`Response::error_for_status`](crate::Response::error_for_status).
    pub fn error_for_status(self) -> Result<Self> {
        let Self { inner, rest } = self;
        Ok(Self { inner: inner.error_for_status()?, rest })
    }

    /// The next piece of the body; `None` is its end.
    ///
    /// # Errors
    /// See [`Response::chunk`](crate::Response::chunk); 4317 among async code.
    pub fn chunk(&mut self) -> Result<Option<Bytes>> {
        if !self.rest.is_empty() {
            return Ok(Some(std::mem::take(&mut self.rest)));
        }
        wait(Operation::Read, self.inner.chunk())
    }

    /// The whole body; what was read of it before is no part of it.
    ///
    /// # Errors
    /// See [`Response::bytes`](crate::Response::bytes); 4317 among async code.
    pub fn bytes(self) -> Result<Bytes> {
        wait(Operation::Read, self.unread().bytes())
    }

    /// The whole body as text; what was read of it before is no part of it.
    ///
    /// # Errors
    /// See [`Response::text`](crate::Response::text); 4317 among async code.
    pub fn text(self) -> Result<String> {
        wait(Operation::Read, self.unread().text())
    }

    /// The whole body, read as JSON; what was read of it before is no part of it.
    ///
    /// # Errors
    /// See [`Response::json`](crate::Response::json); 4317 among async code.
    #[cfg(feature = "json")]
    pub fn json<T: serde::de::DeserializeOwned>(self) -> Result<T> {
        wait(Operation::Read, self.unread().json())
    }

    /// The body as server-sent events, for one response; what was read of it before is no part of it.
    ///
    /// # Errors
    /// See [`Response::events`](crate::Response::events).
    pub fn events(self) -> Result<ResponseEvents> {
        self.unread().events().map(ResponseEvents::of)
    }

    /// The response behind it, for all that takes no waiting.
    pub fn response(&self) -> &request::Response {
        &self.inner
    }

    /// With all that its caller has not seen.
    fn unread(self) -> request::Response {
        let Self { mut inner, rest } = self;
        inner.give_back(rest);
        inner
    }
}

/// An error is the crate's own, within: `hinternet::Error::from(error)` has it again.
impl Read for Response {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() && !room.is_empty() {
            self.rest = self.chunk()?.unwrap_or_default();
        }
        let length = room.len().min(self.rest.len());
        self.rest.copy_to_slice(&mut room[..length]);
        Ok(length)
    }
}
