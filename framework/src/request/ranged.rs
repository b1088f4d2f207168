//! Which octets a response holds, and the parts of one that holds several ranges.

use bytes::Bytes;
use http::header::{CONTENT_RANGE, CONTENT_TYPE, RANGE};
use http::{HeaderMap, StatusCode};

use super::response::Response;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::protocol::byte_ranges::{Asked, ContentRange, PartsReader, Said, Step, boundary_of};

/// Which octets a response holds, of a request that asked for a range.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::{Ranged, Validator};
///
/// let response = session.get("http://www.example.com/file")?.range(2..5).send().await?;
/// match response.ranged()? {
///     Ranged::Part(part) => assert_eq!((part.first, part.last, part.complete_length), (2, 4, Some(10))),
///     other => panic!("{other:?}"),
/// }
/// let validator = Validator::of(response.headers()).expect("it has an ETag");
/// assert_eq!(response.text().await?, "234");
/// // The rest, if it is still the same file.
/// let rest = session.get("http://www.example.com/file")?.range(5..).if_range(&validator).send().await?;
/// assert_eq!(rest.text().await?, "56789");
/// # session.close().await
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ranged {
    /// A part of it (206): from the octet on that was asked for, perhaps less than was asked.
    Part(ContentRange),
    /// Several parts (206 with `multipart/byteranges`): [`Response::parts`] reads them.
    Parts,
    /// All of it (any other 2xx): the server has no use for ranges, or the whole is not what it was (`If-Range`).
    Whole,
    /// There is nothing in the range that was asked for (416).
    NotSatisfiable {
        /// The octets of the whole, if the server says it.
        complete_length: Option<u64>,
    },
}

/// The parts of a response that holds several ranges, one after the other; from [`Response::parts`].
///
/// An example is at [`Response::parts`](crate::Response::parts).
#[derive(Debug)]
pub struct Parts {
    response: Response,
    body: Body,
}

/// The head of a part.
///
/// An example is at [`Response::parts`](crate::Response::parts).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Part {
    /// Which octets it holds.
    pub range: ContentRange,
    /// Its own fields.
    pub headers: HeaderMap,
}

#[derive(Debug)]
enum Body {
    /// One part, which is all of the body.
    One { part: Option<ContentRange>, left: u64 },
    Several {
        reader: Box<PartsReader>,
        /// A part that came while the rest of the one before was read.
        next: Option<Part>,
        over: bool,
    },
}

impl Response {
    /// Which octets this is, checked against what the request asked for.
    ///
    /// # Errors
    /// 12152 for a 206 that does not say what it holds, or holds other octets than those asked for; and for any status but 2xx and
    /// 416, as [`error_for_status`](Self::error_for_status) has it.
    pub fn ranged(&self) -> Result<Ranged> {
        match self.status() {
            StatusCode::RANGE_NOT_SATISFIABLE => {
                let complete_length = match self.content_range() {
                    Some(Said::Unsatisfied { complete_length }) => Some(complete_length),
                    _ => None,
                };
                Ok(Ranged::NotSatisfiable { complete_length })
            }
            StatusCode::PARTIAL_CONTENT if self.boundary().is_some() => match self.asked().len() {
                0 => Err(self.breach("parts were sent that nobody asked for")),
                _ => Ok(Ranged::Parts),
            },
            StatusCode::PARTIAL_CONTENT => {
                let Some(Said::These(range)) = self.content_range() else {
                    return Err(self.breach("a 206 does not say which octets it holds"));
                };
                // Several that were asked for may come as one (RFC 9110 15.3.7.2).
                match self.asked().iter().any(|asked| asked.is_answered_by(&range)) {
                    true => Ok(Ranged::Part(range)),
                    false => Err(self.breach(format!("{range} came, which is not what was asked for"))),
                }
            }
            status if status.is_success() => Ok(Ranged::Whole),
            status => {
                let blame = if status.is_client_error() { Blame::Caller } else { Blame::Peer };
                Err(self.error(blame, format!("the server answered {status}")))
            }
        }
    }

    /// The parts that came, one after the other; a single one too.
    ///
    /// # Errors
    /// As [`ranged`](Self::ranged); and 12152 for a response that holds all of it, or nothing.
    ///
    /// ```no_run
    /// # async fn example(session: hinternet::Session) -> hinternet::Result<()> {
    /// let mut parts = session.get("https://www.example.com/film")?.ranges([0..100, 5_000..5_100]).send().await?.parts()?;
    /// while let Some(part) = parts.next_part().await? {
    ///     println!("{}", part.range);
    ///     while let Some(octets) = parts.chunk().await? {
    ///         println!("{} octets", octets.len());
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn parts(self) -> Result<Parts> {
        let body = match self.ranged()? {
            Ranged::Part(range) => Body::One { part: Some(range), left: 0 },
            Ranged::Parts => {
                let reader = PartsReader::new(&self.boundary().unwrap_or_default(), self.asked());
                Body::Several { reader: Box::new(reader), next: None, over: false }
            }
            Ranged::Whole => return Err(self.breach("all of it came, and no part")),
            Ranged::NotSatisfiable { .. } => return Err(self.breach("there is nothing where it was asked for")),
        };
        Ok(Parts { response: self, body })
    }

    fn asked(&self) -> Vec<Asked> {
        let headers = self.handle().headers();
        headers.get(RANGE).and_then(|value| Asked::all_in(value.as_bytes())).unwrap_or_default()
    }

    /// More than one is none.
    fn content_range(&self) -> Option<Said> {
        let mut all = self.headers().get_all(CONTENT_RANGE).iter();
        let said = Said::parse(all.next()?.as_bytes());
        said.filter(|_| all.next().is_none())
    }

    fn boundary(&self) -> Option<String> {
        boundary_of(self.headers().get(CONTENT_TYPE)?.as_bytes())
    }

    fn breach(&self, detail: impl Into<String>) -> Error {
        self.error(Blame::Peer, detail.into())
    }

    fn error(&self, blame: Blame, detail: String) -> Error {
        Error::new(ErrorCode::InvalidServerResponse, Operation::Response, Stage::Head, blame, detail)
            .with_url(self.url())
    }
}

impl Parts {
    /// The next part; `None`: there are no more. What is left of the part before is skipped. Cancel-safe.
    ///
    /// # Errors
    /// See [`Response::chunk`]; 12152 for a body that breaks the rules of `multipart/byteranges` (RFC 9110 14.6), or holds octets that
    /// were not asked for.
    pub async fn next_part(&mut self) -> Result<Option<Part>> {
        while self.chunk().await?.is_some() {}
        match &mut self.body {
            Body::One { part, left } => {
                let Some(range) = part.take() else { return Ok(None) };
                *left = range.len();
                Ok(Some(Part { range, headers: self.response.headers().clone() }))
            }
            Body::Several { next, .. } => Ok(next.take()),
        }
    }

    /// The next piece of the present part; `None` is its end. Cancel-safe.
    ///
    /// # Errors
    /// As [`next_part`](Self::next_part).
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        match &mut self.body {
            Body::One { part: Some(_), .. } => Ok(None),
            Body::One { left, .. } => {
                let Some(octets) = self.response.chunk().await? else {
                    let missing = *left;
                    return if missing == 0 { Ok(None) } else { Err(self.is_short()) };
                };
                match left.checked_sub(octets.len() as u64) {
                    Some(rest) => *left = rest,
                    None => return Err(self.breaks("the part is longer than it says")),
                }
                Ok(Some(octets))
            }
            Body::Several { reader, next, over } => {
                while next.is_none() && !*over {
                    match reader.next() {
                        Ok(Step::Data(octets)) => return Ok(Some(octets)),
                        Ok(Step::Part(part)) => *next = Some(Part { range: part.range, headers: part.fields }),
                        Ok(Step::End) => *over = true,
                        Ok(Step::NeedMore) => match self.response.chunk().await? {
                            Some(octets) => reader.push(&octets),
                            None => return Err(self.is_short()),
                        },
                        Err(fault) => {
                            *over = true;
                            return Err(self.breaks(&fault.to_string()));
                        }
                    }
                }
                Ok(None)
            }
        }
    }

    fn is_short(&self) -> Error {
        self.breaks("the body ended before its last part did")
    }

    fn breaks(&self, detail: &str) -> Error {
        Error::new(ErrorCode::InvalidServerResponse, Operation::Read, Stage::Body, Blame::Peer, detail.to_owned())
            .with_url(self.response.url())
    }
}
