//! Asking for a part of what is there (RFC 9110 section 14).

use std::ops::RangeBounds;

use http::header::{ACCEPT_ENCODING, HeaderValue, IF_RANGE, RANGE};

use super::RequestBuilder;
use crate::error::{Error, Operation};
use crate::options::Decompression;
use crate::protocol::byte_ranges::{Asked, Validator};

impl RequestBuilder {
    /// Asks for these octets only (`Range`, RFC 9110 14.2): `100..`, `..100`, `100..200`. [`Response::ranged`] says what came: a server
    /// may give all of it, or less than was asked. A range that is empty fails the `send` (87); `..` asks for all.
    ///
    /// It asks for no content coding, unless an `Accept-Encoding` was set, and takes away none: the octets counted are those that are
    /// sent.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> hinternet::Result<()> {
    /// # let session = builder().open()?;
    /// use hinternet::Ranged;
    ///
    /// let response = session.get("http://www.example.com/file")?.range(4..).send().await?;
    /// match response.ranged()? {
    ///     Ranged::Part(part) => println!("from {} on, of {:?}", part.first, part.complete_length),
    ///     Ranged::Whole => println!("all of it"),
    ///     other => println!("{other:?}"),
    /// }
    /// # session.close().await
    /// # }
    /// ```
    ///
    /// [`Response::ranged`]: crate::Response::ranged
    #[doc(alias = "InternetSetFilePointer")]
    pub fn range(self, range: impl RangeBounds<u64>) -> Self {
        self.ranges([range])
    }

    /// Asks for several ranges at once. [`Response::parts`](crate::Response::parts) reads what comes.
    pub fn ranges<R: RangeBounds<u64>>(mut self, ranges: impl IntoIterator<Item = R>) -> Self {
        let mut asked = Vec::new();
        for range in ranges {
            match Asked::of(&range) {
                // With all of it there is nothing left to ask for.
                Some(None) => {
                    self.0.headers.remove(RANGE);
                    return self;
                }
                Some(Some(range)) => asked.push(range),
                None => {
                    self.is_wrong(Error::parameter(Operation::AddHeader, "a range of octets is empty"));
                    return self;
                }
            }
        }
        self.asks_for(&asked)
    }

    /// Asks for the last so many octets. 0 fails the `send` (87).
    pub fn last_octets(mut self, count: u64) -> Self {
        if count == 0 {
            self.is_wrong(Error::parameter(Operation::AddHeader, "the last 0 octets are none"));
            return self;
        }
        self.asks_for(&[Asked::Last(count)])
    }

    /// Asks for the part only if the whole is still what it was; else for all of it (`If-Range`, RFC 9110 13.1.5).
    pub fn if_range(self, validator: &Validator) -> Self {
        self.set_header(IF_RANGE, validator.value().clone())
    }

    fn asks_for(mut self, asked: &[Asked]) -> Self {
        let listed = asked.iter().map(Asked::to_string).collect::<Vec<_>>().join(",");
        match HeaderValue::try_from(format!("bytes={listed}")) {
            Ok(value) if !asked.is_empty() && asked.len() <= MOST_RANGES => {
                self.change_options().decompression = Decompression::NONE;
                self.set_header(RANGE, value).default_header(ACCEPT_ENCODING, "identity")
            }
            _ => {
                let detail = format!("{} ranges of octets; 1 to {MOST_RANGES} can be asked for", asked.len());
                self.is_wrong(Error::parameter(Operation::AddHeader, detail));
                self
            }
        }
    }
}

/// Servers refuse more, or give all of it (RFC 9110 14.2).
const MOST_RANGES: usize = 100;
