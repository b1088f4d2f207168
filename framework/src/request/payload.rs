//! What a request carries, and whether it can be given a second time.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt;
use http::HeaderMap;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::form::Form;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::protocol::http1::BodyLength;

/// What a request carries.
///
/// [`empty`](Self::empty), [`bytes`](Self::bytes), [`stream`](Self::stream) and [`file`](Self::file) are complete with `send`;
/// [`begin`](Self::begin), [`chunked`](Self::chunked) and [`duplex`](Self::duplex) only announce a body that `write` then gives.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::{Bytes, Method, Payload};
///
/// let pieces = futures_util::stream::iter([Ok(Bytes::from("hel")), Ok(Bytes::from("lo"))]);
/// let of_pieces = Payload::stream(pieces); // chunked, and asked for as the server takes it
/// let of_file = Payload::file("upload.bin"); // opened when it is sent
/// # drop((of_pieces, of_file));
///
/// let request = session.connect("http://www.example.com")?.open_request(Method::POST, "/echo")?;
/// request.send(Payload::begin("hel", 5)).await?; // five octets in all,
/// request.write("lo").await?; // and the rest of them
/// request.receive_response().await?;
/// assert_eq!(request.read_exact(5).await?, "hello");
/// # session.close().await
/// # }
/// ```
pub struct Payload(pub(super) Kind);

pub(super) enum Kind {
    Bytes(Bytes),
    Begin {
        first: Bytes,
        total: u64,
    },
    Chunked,
    Duplex,
    Stream {
        /// `None`: they were given out already.
        pieces: Option<Pieces>,
        length: BodyLength,
    },
    File(PathBuf),
    /// Opened anew for each exchange.
    Reopen(Arc<dyn Fn() -> Pieces + Send + Sync>),
    Form(Arc<Form>),
}

pub(super) type Pieces = Pin<Box<dyn Stream<Item = Result<Piece>> + Send>>;

/// What a stream of the caller's gives.
pub(crate) enum Piece {
    Data(Bytes),
    /// The fields behind the body, which end it.
    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "only the bodies of `http-body` have any"))]
    Trailers(HeaderMap),
}

impl Payload {
    /// No body (`WINHTTP_NO_REQUEST_DATA`).
    #[doc(alias = "WINHTTP_NO_REQUEST_DATA")]
    pub fn empty() -> Self {
        Self::bytes(Bytes::new())
    }

    /// These octets, sent with `Content-Length` (WinHttpSendRequest's optional data).
    pub fn bytes(octets: impl Into<Bytes>) -> Self {
        Self(Kind::Bytes(octets.into()))
    }

    /// The first octets of a body of `total` octets; the rest is given by `write` (WinHttpSendRequest's `dwTotalLength`).
    pub fn begin(first: impl Into<Bytes>, total: u64) -> Self {
        Self(Kind::Begin { first: first.into(), total })
    }

    /// A body of unknown length, sent chunked; given by `write`, ended by `finish` or `receive_response`
    /// (`WINHTTP_FLAG_AUTOMATIC_CHUNKING`).
    #[doc(alias = "WINHTTP_FLAG_AUTOMATIC_CHUNKING")]
    pub fn chunked() -> Self {
        Self(Kind::Chunked)
    }

    /// A body of unknown length, given by `write`, that goes on beside the response: `receive_response` does not end it, only
    /// `finish` does (full-duplex streaming: `WINHTTP_IGNORE_REQUEST_TOTAL_LENGTH`, ended by WinHttpWriteData of 0 octets).
    ///
    /// That needs HTTP/2. Over HTTP/1.1 it is a [`chunked`](Self::chunked) body, and `receive_response` is refused (12019) before
    /// its end; to never meet that, [`Protocols::RequireHttp2`](crate::Protocols::RequireHttp2).
    #[doc(alias = "WINHTTP_IGNORE_REQUEST_TOTAL_LENGTH")]
    pub fn duplex() -> Self {
        Self(Kind::Duplex)
    }

    /// All that the stream gives, sent chunked. The peer's pace is the stream's: it is polled when there is room.
    ///
    /// Over HTTP/2 it goes on beside the response: the paved path gives that as soon as its head has come, and `receive_response`
    /// is taken while `send` is in flight. It ends with the response's handle.
    ///
    /// An `Err` of the stream fails the send and closes the wire. A stream cannot be given twice, so a request with one is
    /// never sent again by the library, and a redirect that asks for it fails with 12032; see [`reopen`](Self::reopen).
    pub fn stream(stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Self {
        Self(Kind::Stream { pieces: Some(in_pieces(stream)), length: BodyLength::Chunked })
    }

    /// The same, of a stream that can be had again: the function gives a new one for every exchange, with the same octets. It is called
    /// when the request is sent, and once more for each redirect or resend that needs the body.
    ///
    /// Such a body is sent before the response is received, also over HTTP/2. The function runs on a thread of the engine.
    pub fn reopen<S>(open: impl Fn() -> S + Send + Sync + 'static) -> Self
    where
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        Self(Kind::Reopen(Arc::new(move || in_pieces(open()))))
    }

    /// The same with trailer fields, of a length that may be known.
    #[cfg(feature = "tower")]
    pub(crate) fn pieces(pieces: impl Stream<Item = Result<Piece>> + Send + 'static, length: Option<u64>) -> Self {
        // One of no octets may still have trailers, for which there has to be a body.
        let length = length.filter(|length| *length > 0).map_or(BodyLength::Chunked, BodyLength::Length);
        Self(Kind::Stream { pieces: Some(Box::pin(pieces)), length })
    }

    /// A form, as `multipart/form-data`; unless a `Content-Type` was set that is the one it is sent with.
    pub fn multipart(form: Form) -> Self {
        Self(Kind::Form(Arc::new(form)))
    }

    /// A file, sent with the length it has when the request is sent. It is opened then; one that cannot be opened or read
    /// fails the send (87).
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Kind::File(path.into()))
    }
}

impl Payload {
    /// The same once more; `None` where it cannot be given again.
    pub(super) fn again(&self) -> Option<Self> {
        let kind = match &self.0 {
            Kind::Bytes(octets) => Kind::Bytes(octets.clone()),
            Kind::Begin { first, total } => Kind::Begin { first: first.clone(), total: *total },
            Kind::File(path) => Kind::File(path.clone()),
            Kind::Reopen(open) => Kind::Reopen(Arc::clone(open)),
            Kind::Form(form) => Kind::Form(Arc::clone(form)),
            Kind::Chunked | Kind::Duplex | Kind::Stream { .. } => return None,
        };
        self.0.is_replayable().then_some(Self(kind))
    }
}

impl Kind {
    /// The length as far as it is known without I/O.
    pub(super) fn length(&self) -> Option<BodyLength> {
        match self {
            Self::Bytes(octets) if octets.is_empty() => Some(BodyLength::None),
            Self::Bytes(octets) => Some(BodyLength::Length(octets.len() as u64)),
            Self::Begin { total, .. } => Some(BodyLength::Length(*total)),
            Self::Stream { length, .. } => Some(*length),
            Self::Chunked | Self::Duplex | Self::Reopen(_) => Some(BodyLength::Chunked),
            Self::File(_) => None,
            Self::Form(form) => form.length(),
        }
    }

    /// All of it, where that is at hand.
    pub(super) fn whole(&self) -> Option<Bytes> {
        match self {
            Self::Bytes(octets) => Some(octets.clone()),
            Self::Begin { first, total } if first.len() as u64 == *total => Some(first.clone()),
            _ => None,
        }
    }

    /// The octets that can go out with the head.
    pub(super) fn first(&self) -> Bytes {
        match self {
            Self::Bytes(first) | Self::Begin { first, .. } => first.clone(),
            _ => Bytes::new(),
        }
    }

    /// Does `send` give all of it?
    pub(super) fn is_whole(&self) -> bool {
        !matches!(self, Self::Begin { .. } | Self::Chunked | Self::Duplex)
    }

    /// Is it not ended by asking for the response?
    pub(super) fn goes_on_beside(&self) -> bool {
        matches!(self, Self::Duplex)
    }

    /// Can all of it be given again?
    pub(super) fn is_replayable(&self) -> bool {
        match self {
            Self::Bytes(_) | Self::File(_) | Self::Reopen(_) => true,
            Self::Form(form) => form.is_replayable(),
            Self::Begin { first, total } => first.len() as u64 == *total,
            Self::Chunked | Self::Duplex | Self::Stream { .. } => false,
        }
    }

    /// What comes after [`first`](Self::first), piece by piece.
    pub(super) async fn open(&mut self) -> Result<Source> {
        match self {
            Self::File(path) => Box::pin(Source::file(path)).await,
            Self::Stream { pieces, .. } => {
                Ok(pieces.take().map_or(Source::Nothing, |pieces| Source::Stream { pieces, trailers: None }))
            }
            Self::Reopen(open) => Ok(Source::Stream { pieces: open(), trailers: None }),
            Self::Form(form) => {
                let (pieces, length) = Box::pin(form.open()).await?;
                Ok(Source::Form { pieces, length })
            }
            Self::Bytes(_) | Self::Begin { .. } | Self::Chunked | Self::Duplex => Ok(Source::Nothing),
        }
    }
}

/// Where the rest of a body comes from.
pub(super) enum Source {
    Nothing,
    Stream {
        pieces: Pieces,
        /// They came, and so nothing else does.
        trailers: Option<Box<HeaderMap>>,
    },
    File(Box<Opened>),
    Form {
        pieces: Pieces,
        length: Option<u64>,
    },
}

/// A file that is being sent.
pub(super) struct Opened {
    file: File,
    length: u64,
    left: u64,
}

impl Source {
    async fn file(path: &Path) -> Result<Self> {
        let open = async {
            let file = File::open(path).await?;
            let length = file.metadata().await?.len();
            Ok::<_, io::Error>(Self::File(Box::new(Opened { file, length, left: length })))
        };
        open.await.map_err(|error| unopened(error, path))
    }

    /// The length, if opening told it.
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Self::File(file) => Some(file.length),
            Self::Form { length, .. } => *length,
            Self::Nothing | Self::Stream { .. } => None,
        }
    }

    /// What goes out behind the body, once that has ended.
    pub(super) fn trailers(&self) -> Option<&HeaderMap> {
        match self {
            Self::Stream { trailers, .. } => trailers.as_deref(),
            Self::Nothing | Self::File(_) | Self::Form { .. } => None,
        }
    }

    /// The next piece; `None` is the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>> {
        match self {
            Self::Nothing => Ok(None),
            Self::Stream { trailers: Some(_), .. } => Ok(None),
            Self::Stream { pieces, trailers } => match pieces.next().await.transpose()? {
                Some(Piece::Data(octets)) => Ok(Some(octets)),
                Some(Piece::Trailers(fields)) => {
                    *trailers = Some(Box::new(fields));
                    Ok(None)
                }
                None => Ok(None),
            },
            Self::Form { pieces, .. } => match pieces.next().await.transpose()? {
                Some(Piece::Data(octets)) => Ok(Some(octets)),
                Some(Piece::Trailers(_)) | None => Ok(None),
            },
            Self::File(file) => Box::pin(file.next()).await,
        }
    }
}

impl Opened {
    /// The octets of a file.
    pub(super) async fn length_of(path: &Path) -> Result<u64> {
        let looked = tokio::fs::metadata(path).await;
        looked.map(|about| about.len()).map_err(|error| unopened(error, path))
    }

    /// A file of which so many octets are sent.
    pub(super) async fn open_at(path: &Path, length: u64) -> Result<Self> {
        let file = File::open(path).await.map_err(|error| unopened(error, path))?;
        Ok(Self { file, length, left: length })
    }

    pub(super) async fn next(&mut self) -> Result<Option<Bytes>> {
        let Self { file, left, .. } = self;
        if *left == 0 {
            return Ok(None);
        }
        let mut piece = vec![0; PIECE.min(usize::try_from(*left).unwrap_or(PIECE))];
        let count = file.read(&mut piece).await.map_err(|error| unreadable(error, "the file cannot be read"))?;
        if count == 0 {
            let short = io::Error::new(io::ErrorKind::UnexpectedEof, format!("{left} octets are missing"));
            return Err(unreadable(short, "the file became shorter while it was sent"));
        }
        piece.truncate(count);
        *left -= count as u64;
        Ok(Some(piece.into()))
    }
}

pub(super) fn in_pieces(stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Pieces {
    Box::pin(stream.map(|given| match given {
        Ok(octets) => Ok(Piece::Data(octets)),
        Err(error) => Err(unreadable(error, "the body's stream failed")),
    }))
}

fn unopened(error: io::Error, path: &Path) -> Error {
    unreadable(error, &format!("the file {} cannot be opened", path.display()))
}

fn unreadable(error: io::Error, what: &str) -> Error {
    let detail = format!("{what}: {error}");
    Error::new(ErrorCode::InvalidParameter, Operation::Send, Stage::SendBody, Blame::Caller, detail).with_source(error)
}

impl Default for Payload {
    fn default() -> Self {
        Self::empty()
    }
}

macro_rules! payload_from {
    ($($octets:ty),*) => {
        $(impl From<$octets> for Payload {
            fn from(octets: $octets) -> Self {
                Self::bytes(octets)
            }
        })*
    };
}

payload_from!(Bytes, Vec<u8>, String, &'static str, &'static [u8]);

impl From<()> for Payload {
    fn from((): ()) -> Self {
        Self::empty()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Bytes(octets) => write!(f, "Payload({} octets)", octets.len()),
            Kind::Begin { first, total } => write!(f, "Payload({} of {total} octets)", first.len()),
            Kind::Chunked => f.write_str("Payload(chunked)"),
            Kind::Duplex => f.write_str("Payload(duplex)"),
            Kind::Stream { .. } => f.write_str("Payload(stream)"),
            Kind::Reopen(_) => f.write_str("Payload(stream that can be reopened)"),
            Kind::File(path) => write!(f, "Payload(file {})", path.display()),
            Kind::Form(form) => write!(f, "Payload({form:?})"),
        }
    }
}

const PIECE: usize = 64 * 1024;
