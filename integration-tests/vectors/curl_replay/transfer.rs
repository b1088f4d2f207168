//! One transfer: a request and what follows it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hinternet::{Error, Payload, Request, ResponseHead, Session, Target};

use super::command::{Fail, Follow, Options};
use super::exit_code::{Exit, FILESIZE_EXCEEDED, HTTP_RETURNED_ERROR, RANGE_ERROR, WEIRD_SERVER_REPLY, WRITE_ERROR};
use super::fields::meets;
use super::program::{Program, Written};
use super::vector::TIME_PASSES;

/// One URL, and what is done with it.
pub(crate) struct Job<'a> {
    pub(crate) program: &'a Program,
    pub(crate) options: &'a Options,
    pub(crate) url: String,
    pub(crate) upload: Option<String>,
    /// The file it is written to; `None` is the standard output.
    pub(crate) output: Option<String>,
    /// That is the file which is compared.
    pub(crate) is_compared: bool,
}

/// How a transfer ended.
struct Try {
    exit: Exit,
    /// Another try might end better, after this wait.
    again: Option<Duration>,
    /// The program follows a redirect itself.
    moved: Option<String>,
}

impl From<Exit> for Try {
    fn from(exit: Exit) -> Self {
        Self { exit, again: None, moved: None }
    }
}

impl Job<'_> {
    /// Transfers, and again if it is told to.
    pub(crate) async fn run(mut self, session: &Session, written: &mut Written) -> Exit {
        if self.options.dump_header.as_deref().is_some_and(has_no_folder) {
            return Exit::Code(WRITE_ERROR);
        }
        // Else the library does it.
        let mut left = if self.options.follow == Follow::Never { 0 } else { self.options.retry };
        loop {
            let mut elsewhere = Written::default();
            let Try { exit, again, moved } =
                self.once(session, if self.is_compared { &mut *written } else { &mut elsewhere }).await;
            if let Some(url) = moved {
                self.url = url;
                continue;
            }
            let Some(wait) = again.filter(|_| left > 0) else { return exit };
            if self.options.retry_max_time.is_some_and(|most| wait.as_secs() > most) {
                return exit;
            }
            left -= 1;
            tokio::time::sleep(wait / TIME_PASSES).await;
        }
    }

    async fn once(&self, session: &Session, written: &mut Written) -> Try {
        *written = Written::default();
        let resumed_at = self.resumed_at(&mut written.output);
        match self.exchange(session, resumed_at, written).await {
            Ok(ended) => ended,
            Err(exit) => exit.into(),
        }
    }

    async fn exchange(&self, session: &Session, resumed_at: Option<u64>, written: &mut Written) -> Result<Try, Exit> {
        let mut prepared = self.prepare(session, resumed_at)?;
        let held_back = prepared.held_back.take();
        let request = &prepared.request;
        if let Some(held_back) = held_back {
            let head = send(request, Payload::empty()).await?;
            if !(head.status() == 401 || head.status().is_success()) {
                return Ok(self.receive(request, &head, resumed_at, written).await.into());
            }
            while !request.read().await.map_err(Exit::Failed)?.is_empty() {}
            self.release(request, held_back)?;
        }
        let head = send(request, prepared.payload()).await?;
        if let Ok(asked) = Target::parse(&request.url()) {
            self.program.has_answered(asked.origin(), &head);
        }
        if let Some(url) = &prepared.cookie_url {
            for field in head.headers().get_all("set-cookie") {
                let _refused = session.cookies().set(url.as_str(), field.as_bytes()).err();
            }
        }
        if self.options.posts_again(head.status().as_u16())
            && let Some(url) = location(request, &head)
        {
            return Ok(Try { exit: Exit::Code(0), again: None, moved: Some(url) });
        }
        // curl minds this also where it follows nothing.
        let mut locations = head.headers().get_all("location").iter();
        if let Some(first) = locations.next()
            && locations.any(|other| other != first)
        {
            return Err(Exit::Code(WEIRD_SERVER_REPLY));
        }
        let again = is_transient(head.status().as_u16()).then(|| retry_after(&head));
        let exit = self.receive(request, &head, resumed_at, written).await;
        Ok(Try { exit, again, moved: None })
    }

    async fn receive(
        &self,
        request: &Request,
        head: &ResponseHead,
        resumed_at: Option<u64>,
        written: &mut Written,
    ) -> Exit {
        let status = head.status().as_u16();
        let is_resumed = resumed_at.is_some_and(|at| at > 0) && self.upload.is_none();
        if is_resumed && status == 416 {
            return Exit::Code(0);
        }
        if status >= 400 && self.options.fail == Fail::WithoutBody {
            return Exit::Code(HTTP_RETURNED_ERROR);
        }
        // One beyond all counting is as large as can be.
        let is_number = |length: &&str| !length.is_empty() && length.bytes().all(|octet| octet.is_ascii_digit());
        let length = text(head, "content-length").filter(is_number).map(|length| length.parse().unwrap_or(u64::MAX));
        if is_resumed && status != 206 && text(head, "content-range").is_none() {
            return Exit::Code(if length == resumed_at { 0 } else { RANGE_ERROR });
        }
        if self.options.is_unmet(head) {
            return Exit::Code(0);
        }
        let most = self.options.max_file_size;
        if most.zip(length).is_some_and(|(most, length)| length > most) {
            return Exit::Code(FILESIZE_EXCEEDED);
        }
        let mut got = 0;
        loop {
            match request.read().await {
                Ok(piece) if piece.is_empty() => break,
                Ok(piece) => {
                    got += piece.len() as u64;
                    if most.is_some_and(|most| got > most) {
                        return Exit::Code(FILESIZE_EXCEEDED);
                    }
                    written.output.extend_from_slice(&piece);
                }
                Err(error) => return Exit::Failed(error),
            }
        }
        write_trailers(request, &mut written.trailers);
        let is_failure = status >= 400 && self.options.fail == Fail::WithBody;
        Exit::Code(if is_failure { HTTP_RETURNED_ERROR } else { 0 })
    }

    /// Where the file that it writes to ends, or what it was told; what is there already counts as written.
    fn resumed_at(&self, output: &mut Vec<u8>) -> Option<u64> {
        let resume = self.options.resume.as_deref()?;
        let there = self.output.as_ref().map(|name| std::fs::read(name).unwrap_or_default()).unwrap_or_default();
        if self.upload.is_none() {
            output.extend_from_slice(&there);
        }
        let told = resume.parse().ok();
        Some(told.unwrap_or(there.len() as u64))
    }
}

impl Options {
    /// `-z`: a document that is not of the time asked for is not written.
    fn is_unmet(&self, head: &ResponseHead) -> bool {
        let pair = self.time_condition.as_deref().zip(text(head, "last-modified"));
        pair.is_some_and(|(condition, modified)| !meets(condition, modified))
    }
}

/// They belong to what `--include` writes.
fn write_trailers(request: &Request, lines: &mut Vec<u8>) {
    for (name, value) in &request.trailers() {
        lines.extend_from_slice(format!("{name}: ").as_bytes());
        lines.extend_from_slice(value.as_bytes());
        lines.extend_from_slice(b"\r\n");
    }
}

async fn send(request: &Request, payload: Payload) -> Result<Arc<ResponseHead>, Exit> {
    let both = async {
        request.send(payload).await?;
        request.receive_response().await
    };
    both.await.map_err(|error: Error| Exit::Failed(error))
}

/// Where a redirect leads that the program follows itself.
fn location(request: &Request, head: &ResponseHead) -> Option<String> {
    let base = url::Url::parse(&request.url()).ok()?;
    base.join(text(head, "location")?).ok().map(String::from)
}

fn text<'a>(head: &'a ResponseHead, name: &str) -> Option<&'a str> {
    head.headers().get(name)?.to_str().ok()
}

fn is_transient(status: u16) -> bool {
    TRANSIENT.contains(&status)
}

/// After which statuses another try may end better.
pub(crate) const TRANSIENT: [u16; 8] = [408, 429, 500, 502, 503, 504, 522, 524];

fn retry_after(head: &ResponseHead) -> Duration {
    text(head, "retry-after").and_then(|after| after.parse().ok()).map_or(Duration::ZERO, Duration::from_secs)
}

fn has_no_folder(name: &str) -> bool {
    Path::new(name).parent().is_some_and(|folder| !folder.as_os_str().is_empty() && !folder.exists())
}
