//! A download in the making.

use std::fmt;
use std::path::PathBuf;

use futures_util::StreamExt;
use http::header::{ACCEPT_ENCODING, IF_RANGE, RANGE};

use super::fetching::{Asking, Fetched, Fetching, Heads};
use super::filing::{Filing, Progress, Verify};
use super::plan::Plan;
use super::{Download, DownloadProgress, Downloaded};
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::options::{Decompression, RequestOptions, RetryPolicy};
use crate::protocol::http1::ResponseHead;
use crate::request::RequestBuilder;

/// A download in the making, from [`Session::download`](crate::Session::download).
///
/// An example is at [`Downloaded`].
#[must_use = "nothing is asked before `to_file` or `stream`"]
pub struct DownloadBuilder {
    request: RequestBuilder,
    policy: Option<RetryPolicy>,
    heads: Option<Heads>,
    progress: Option<Progress>,
    verify: Option<Verify>,
}

impl DownloadBuilder {
    pub(crate) fn new(request: RequestBuilder) -> Self {
        Self { request, policy: None, heads: None, progress: None, verify: None }
    }

    /// Adds a header field to each request, as [`RequestBuilder::header`] does. `Range` and `If-Range` are the download's own, and
    /// refused (87).
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// What each request obeys, in place of what the session says. A total deadline is that of each, without the pause
    /// before it; its `retry` is that of the download.
    pub fn request_options(mut self, options: RequestOptions) -> Self {
        self.request = self.request.options(options);
        self
    }

    /// When it goes on after a failure. [`attempts`](RetryPolicy::attempts) counts those in a row that come no further than one before
    /// them: a server that breaks off at one place each time, and cannot go on from there, is given up. By default the session's, and five
    /// attempts if that has none.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// The context that the notifications of each request carry; by default the session's.
    #[doc(alias = "WINHTTP_OPTION_CONTEXT_VALUE")]
    pub fn context(mut self, context: u64) -> Self {
        self.request = self.request.context(context);
        self
    }

    /// Told of the head of every answer, whatever its status, before anything is made of it: the raw head
    /// ([`ResponseHead::raw`]), the name the server gives to the file. On the thread that works for the download: it has to be quick,
    /// and must not block. A file that was there whole is not asked for, and has none.
    ///
    /// ```no_run
    /// # async fn example(session: hinternet::Session) -> hinternet::Result<()> {
    /// let download = session.download("https://www.example.com/film")?.on_head(|head| println!("{}", head.status()));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "WINHTTP_QUERY_RAW_HEADERS_CRLF")]
    pub fn on_head(mut self, told: impl FnMut(&ResponseHead) + Send + 'static) -> Self {
        self.heads = Some(Box::new(told));
        self
    }

    /// Told with every piece that is written to the file, on the thread that works for it: it has to be quick, and must not block. (Each request tells
    /// `DownloadProgress` of its own.)
    pub fn on_progress(mut self, told: impl FnMut(DownloadProgress) + Send + 'static) -> Self {
        self.progress = Some(Box::new(told));
        self
    }

    /// Looks at the file when it is whole, before it gets its name: a digest, a signature. If it refuses, the file is thrown away. It runs
    /// on the thread that works for the download, where nothing may block and tokio's files can be used.
    ///
    /// ```no_run
    /// # async fn example(session: hinternet::Session) -> hinternet::Result<()> {
    /// # fn is_signed(_octets: &[u8]) -> bool { true }
    /// let download = session.download("https://www.example.com/film")?.verify(|path| async move {
    ///     if is_signed(&tokio::fs::read(path).await?) { Ok(()) } else { Err(std::io::Error::other("the signature is wrong")) }
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub fn verify<F, E>(mut self, looks: impl FnOnce(PathBuf) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let url = self.request.url();
        self.verify = Some(Box::new(move |path| {
            let looked = looks(path);
            Box::pin(async move { looked.await.map_err(|error| refusal(error.into(), &url)) })
        }));
        self
    }

    /// Downloads it into this file.
    ///
    /// Until it is whole its octets are in `name.part`, and `name.part.record` says of which version they are. A call that finds both
    /// goes on from there, in this process or a later one, if the server still has that version (`If-Range`, a strong
    /// [`Validator`](crate::Validator)); else it begins anew. At the end the file gets its name, and replaces one that is there. Two calls for
    /// one file at a time are a mistake that is not noticed.
    ///
    /// What breaks is gone on from within the call too, as the [policy](Self::retry) says. A server that gives no strong validator is
    /// asked for all of it each time. No content coding is asked for. Dropping the future stops it; what is there stays for a later call.
    ///
    /// # Errors
    /// 29 for a file that cannot be written, which is the caller's; 12152 for an answer that is neither the file nor a reason to ask
    /// again (its [status](Error::answered)), for one that breaks the rules, and for a file that was [refused](Self::verify); else
    /// what the last attempt failed with, as [`RequestBuilder::send`] and [`Response::chunk`](crate::Response::chunk) say.
    pub async fn to_file(self, path: impl Into<PathBuf>) -> Result<Downloaded> {
        let path = path.into();
        let (asking, progress, verify) = self.made_ready()?;
        Box::pin(Filing { asking, path, progress, verify }.run_on_its_shard()).await
    }

    /// Downloads it as a stream: what breaks is gone on from, unseen by whoever reads. [`verify`](Self::verify) and
    /// [`on_progress`](Self::on_progress) are for files.
    ///
    /// # Errors
    /// From the stream: as [`to_file`](Self::to_file); and 12032 when what was read is of a version that the server has no more, so that
    /// the caller has to begin anew.
    pub fn stream(self) -> Result<Download> {
        let (asking, _, _) = self.made_ready()?;
        let fetching = Fetching::new(asking, Plan::default());
        let octets = futures_util::stream::unfold(Some((fetching, false)), |state| async {
            let (mut fetching, mut has_begun) = state?;
            loop {
                match fetching.next().await {
                    Ok(Fetched::Octets(octets)) => return Some((Ok(octets), Some((fetching, true)))),
                    Ok(Fetched::Anew) if has_begun => {
                        let detail = "the file is not what it was when its first octets were read";
                        let (code, operation) = (ErrorCode::ResendRequest, Operation::Download);
                        return Some((Err(Error::new(code, operation, Stage::Body, Blame::Peer, detail)), None));
                    }
                    Ok(Fetched::Anew) => has_begun = false,
                    Ok(Fetched::End) => return None,
                    Err(error) => return Some((Err(error), None)),
                }
            }
        });
        // Who asks once more behind the end is told again that there is no more.
        Ok(Download(Box::pin(octets.fuse())))
    }

    fn made_ready(self) -> Result<(Asking, Option<Progress>, Option<Verify>)> {
        let Self { request, policy, heads, progress, verify } = self;
        for own in [RANGE, IF_RANGE] {
            if request.header_fields().contains_key(&own) {
                return Err(Error::parameter(Operation::Download, format!("{own} is the download's own to set")));
            }
        }
        let policy = policy
            .or_else(|| request.option_set().retry.clone())
            .unwrap_or_else(|| RetryPolicy::new().attempts(ATTEMPTS));
        let checked = policy.clone();
        // Checked with the others.
        request.once_more().with_options(|its| its.retry = Some(checked)).check()?;
        // A server may code it all the same: it goes on where the octets that came have ended, so those are what is kept.
        let request = request
            .default_header(ACCEPT_ENCODING, "identity")
            .with_options(|its| (its.retry, its.decompression) = (None, Decompression::NONE));
        Ok((Asking { request, policy, heads }, progress, verify))
    }
}

/// An error of ours stays what it is; any other is the source of one.
fn refusal(error: Box<dyn std::error::Error + Send + Sync>, url: &str) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => *ours,
        Err(other) => {
            let detail = format!("the file was refused: {other}");
            let (code, operation) = (ErrorCode::InvalidServerResponse, Operation::Download);
            Error::new(code, operation, Stage::Decode, Blame::Peer, detail).with_boxed_source(other).with_url(url)
        }
    }
}

impl fmt::Debug for DownloadBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DownloadBuilder({:?})", self.request)
    }
}

const ATTEMPTS: u32 = 5;
