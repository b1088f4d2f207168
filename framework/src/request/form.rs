//! A form that is uploaded as `multipart/form-data` (RFC 7578), part after part.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures_core::Stream;

use super::payload::{Opened, Piece, Pieces, in_pieces};
use crate::chance;
use crate::error::{Error, Operation, Result};
use crate::protocol::form_data::{Named, PART_END, closing, is_name, opening};
use crate::protocol::http1::{BodyLength, field};

/// A form to be uploaded as `multipart/form-data` (RFC 7578): text, octets, files and streams, each with a name.
///
/// Names are written as browsers write them: in UTF-8, with CR, LF and the quote percent-encoded. Nothing is held in memory but what was
/// given as octets. When the length of every part is known - files have the one they have when the request is sent - the body is
/// sent with `Content-Length`, else chunked. It can be given again unless a part is a stream.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::Form;
///
/// let form = Form::new().text("title", "A film").bytes("film", "film.mp4", "...").content_type("video/mp4");
/// let response = session.post("http://www.example.com/echo")?.multipart(form).send().await?.error_for_status()?;
/// assert!(response.text().await?.contains("A film"));
/// # session.close().await
/// # }
/// ```
#[must_use = "a form does nothing unless it is sent"]
pub struct Form {
    boundary: String,
    parts: Vec<FormPart>,
    wrong: Option<Error>,
}

struct FormPart {
    named: Named,
    content: Content,
}

enum Content {
    Octets(Bytes),
    File(PathBuf),
    /// `None`: it was given out already.
    Stream(Mutex<Option<Pieces>>, Option<u64>),
}

impl Default for Form {
    fn default() -> Self {
        Self::new()
    }
}

impl Form {
    /// A form without parts, with a boundary of 128 random bits.
    pub fn new() -> Self {
        let random = chance::octets::<16>();
        let boundary = random.unwrap_or_default().iter().fold("hinternet-".to_owned(), |mut text, octet| {
            // Writing to a string does not fail.
            let _written = write!(text, "{octet:02x}");
            text
        });
        let wrong = random.err().map(|none| Error::parameter(Operation::Send, none.to_string()));
        Self { boundary, parts: Vec::new(), wrong }
    }

    /// A field with text.
    pub fn text(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.part(name.into(), None, None, Content::Octets(text.into().into()))
    }

    /// Octets, as if from a file of this name. Their type is `application/octet-stream` unless [`content_type`](Self::content_type) follows.
    pub fn bytes(self, name: impl Into<String>, file_name: impl Into<String>, octets: impl Into<Bytes>) -> Self {
        self.part(name.into(), Some(file_name.into()), Some(OCTETS), Content::Octets(octets.into()))
    }

    /// A file, under the last part of its path. It is opened when its turn comes; one that cannot be read fails the send (87).
    pub fn file(self, name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let file_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.part(name.into(), Some(file_name), Some(OCTETS), Content::File(path))
    }

    /// What a stream gives, as if from a file of this name. Its length, if it is known, has to be just that: a stream that gives more
    /// or less fails the send. An `Err` of the stream does too.
    pub fn stream(
        self,
        name: impl Into<String>,
        file_name: impl Into<String>,
        length: Option<u64>,
        stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Self {
        let content = Content::Stream(Mutex::new(Some(in_pieces(stream))), length);
        self.part(name.into(), Some(file_name.into()), Some(OCTETS), content)
    }

    /// The type of the part that was added last. What cannot be one is kept for the `send` to fail with (87).
    pub fn content_type(mut self, content_type: &str) -> Self {
        match (field("content-type", content_type.as_bytes()), self.parts.last_mut()) {
            (Ok(_), Some(part)) => part.named.content_type = Some(content_type.to_owned()),
            (Err(misuse), _) => self.is_wrong(misuse.to_string()),
            (_, None) => self.is_wrong("a content type before there is a part"),
        }
        self
    }

    /// The name under which the file of the part that was added last is uploaded.
    pub fn file_name(mut self, file_name: impl Into<String>) -> Self {
        let file_name = file_name.into();
        match self.parts.last_mut() {
            Some(part) if is_name(&file_name) => part.named.file_name = Some(file_name),
            Some(_) => self.is_wrong("the name of a file holds a control character"),
            None => self.is_wrong("a file name before there is a part"),
        }
        self
    }

    /// What stands between the parts.
    pub fn boundary(&self) -> &str {
        &self.boundary
    }

    fn part(mut self, name: String, file_name: Option<String>, content_type: Option<&str>, content: Content) -> Self {
        if !is_name(&name) || file_name.as_deref().is_some_and(|name| !is_name(name)) {
            self.is_wrong("the name of a part, or of its file, holds a control character");
        }
        let named = Named { name, file_name, content_type: content_type.map(str::to_owned) };
        self.parts.push(FormPart { named, content });
        self
    }

    fn is_wrong(&mut self, detail: impl Into<Cow<'static, str>>) {
        self.wrong.get_or_insert(Error::parameter(Operation::Send, detail));
    }

    /// The first of its mistakes.
    pub(super) fn what_is_wrong(&self) -> Option<&Error> {
        self.wrong.as_ref()
    }

    pub(super) fn content_type_of_all(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// The length as far as it is known without I/O.
    pub(super) fn length(&self) -> Option<BodyLength> {
        let mut known = Some(self.length_around());
        for part in &self.parts {
            match &part.content {
                Content::Octets(octets) => known = known.and_then(|sum| sum.checked_add(octets.len() as u64)),
                Content::Stream(_, Some(length)) => known = known.and_then(|sum| sum.checked_add(*length)),
                Content::Stream(_, None) => return Some(BodyLength::Chunked),
                Content::File(_) => known = None,
            }
        }
        known.map(BodyLength::Length)
    }

    /// Can all of it be given again?
    pub(super) fn is_replayable(&self) -> bool {
        !self.parts.iter().any(|part| matches!(part.content, Content::Stream(..)))
    }

    /// All of it piece by piece, and its length if that is known.
    pub(super) async fn open(&self) -> Result<(Pieces, Option<u64>)> {
        if let Some(wrong) = &self.wrong {
            return Err(wrong.clone());
        }
        let mut length = Some(self.length_around());
        let mut opened = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let (content, its_length) = match &part.content {
                Content::Octets(octets) => (Ready::Octets(octets.clone()), Some(octets.len() as u64)),
                Content::File(path) => {
                    // Opened in its turn: a form of a thousand files needs no thousand descriptors.
                    let its_length = Opened::length_of(path).await?;
                    (Ready::File(path.clone(), its_length), Some(its_length))
                }
                Content::Stream(pieces, length) => {
                    let pieces = pieces.lock().unwrap_or_else(PoisonError::into_inner).take();
                    let gone = || Error::parameter(Operation::Send, "a stream of the form was given out already");
                    (Ready::Stream(pieces.ok_or_else(gone)?, *length), *length)
                }
            };
            length = length.zip(its_length).and_then(|(sum, more)| sum.checked_add(more));
            opened.push((opening(&self.boundary, &part.named), content));
        }
        let parts = Parts { coming: opened.into_iter(), now: None, closing: Some(closing(&self.boundary)) };
        let pieces = futures_util::stream::try_unfold(parts, |mut parts| async {
            let octets = parts.next().await?;
            Ok(octets.map(|octets| (Piece::Data(octets), parts)))
        });
        Ok((Box::pin(pieces), length))
    }

    /// The octets of everything but the contents.
    fn length_around(&self) -> u64 {
        let heads = self.parts.iter().map(|part| opening(&self.boundary, &part.named).len() + PART_END.len());
        (heads.sum::<usize>() + closing(&self.boundary).len()) as u64
    }
}

/// A content whose turn comes.
enum Ready {
    Octets(Bytes),
    File(PathBuf, u64),
    Stream(Pieces, Option<u64>),
}

/// A form that is being sent.
struct Parts {
    coming: std::vec::IntoIter<(String, Ready)>,
    now: Option<Now>,
    closing: Option<String>,
}

enum Now {
    Ready(Ready),
    File(Opened),
    Stream(Pieces, Option<u64>),
    End,
}

impl Parts {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            match self.now.take() {
                None => match self.coming.next() {
                    Some((head, content)) => {
                        self.now = Some(Now::Ready(content));
                        return Ok(Some(head.into()));
                    }
                    None => return Ok(self.closing.take().map(Bytes::from)),
                },
                Some(Now::Ready(Ready::Octets(octets))) => {
                    self.now = Some(Now::End);
                    if !octets.is_empty() {
                        return Ok(Some(octets));
                    }
                }
                Some(Now::Ready(Ready::File(path, length))) => {
                    self.now = Some(Now::File(Opened::open_at(&path, length).await?));
                }
                Some(Now::Ready(Ready::Stream(pieces, left))) => self.now = Some(Now::Stream(pieces, left)),
                Some(Now::File(mut file)) => match file.next().await? {
                    Some(octets) => {
                        self.now = Some(Now::File(file));
                        return Ok(Some(octets));
                    }
                    None => self.now = Some(Now::End),
                },
                Some(Now::Stream(mut pieces, left)) => {
                    match futures_util::StreamExt::next(&mut pieces).await.transpose()? {
                        Some(Piece::Data(octets)) => {
                            let left = match left.map(|left| left.checked_sub(octets.len() as u64)) {
                                Some(None) => return Err(of_another_length("more")),
                                left => left.flatten(),
                            };
                            self.now = Some(Now::Stream(pieces, left));
                            return Ok(Some(octets));
                        }
                        _ if left.is_some_and(|left| left > 0) => return Err(of_another_length("less")),
                        _ => self.now = Some(Now::End),
                    }
                }
                Some(Now::End) => return Ok(Some(Bytes::from_static(PART_END))),
            }
        }
    }
}

fn of_another_length(what: &str) -> Error {
    Error::parameter(Operation::Send, format!("a stream of the form gave {what} octets than was said"))
}

/// Of names only what they are: they are the caller's.
impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Form({} parts)", self.parts.len())
    }
}

const OCTETS: &str = "application/octet-stream";
