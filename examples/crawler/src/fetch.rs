//! One request and its answer: here the crawler meets the framework.

use std::time::{Duration, Instant};

use hinternet::{Error, ErrorCode, HeaderMap, Response, Session};

use crate::fingerprint::Inkpad;
use crate::frontier::{Job, Purpose};
use crate::links::{LinkReader, Links};
use crate::retry::Trouble;
use crate::robots;

/// What all requests of a crawl share.
#[derive(Clone, Debug)]
pub struct Fetcher {
    /// The session they belong to.
    pub session: Session,
    /// What links take their fingerprints with.
    pub inkpad: Inkpad,
    /// Octets of one answer that are read at most.
    pub body_cap: u64,
}

/// What the body of an answer is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Its links.
    Links,
    /// Its text, up to the length of a robots.txt.
    Robots,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Octets of the body.
    pub octets: u64,
    /// When it began to arrive, or a moment later.
    pub began: Instant,
    /// From having a connection to the head of the answer.
    pub latency: Duration,
    /// What the body held.
    pub body: Body,
}

/// What a body held.
#[derive(Debug)]
pub enum Body {
    /// A page.
    Page(Links),
    /// The text of a robots.txt.
    Robots(Vec<u8>),
    /// Nothing to read: not HTML, or not the page that was asked for.
    Other,
    /// More than the cap allows. The rest was not fetched.
    TooLarge,
}

impl Fetcher {
    // ANCHOR: fetch
    /// Asks for a URL when the governor lets it, follows redirects as far as the crawl lets it, and reads the answer to its end.
    ///
    /// # Errors
    /// The framework's own; [`trouble`] sorts them.
    pub async fn fetch(&self, url: &str, job: &Job, number: u64) -> Result<Answer, Error> {
        let wanted = if job.work.purpose == Purpose::Page { Wanted::Links } else { Wanted::Robots };
        // The job's number comes back with what is told and asked of the request.
        let mut response = self.session.get(url)?.governor(job.governor).context(number).send().await?;
        let began = Instant::now();
        let times = response.timings();
        let (body, octets) = self.read(&mut response, wanted).await?;
        Ok(Answer {
            status: response.status().as_u16(),
            octets,
            began,
            latency: times.to_head().unwrap_or_default() - times.waiting_for_wire().unwrap_or_default(),
            body,
        })
    }
    // ANCHOR_END: fetch

    // ANCHOR: read
    /// Also what nobody wants is read, within the cap: a wire whose answer was read can carry the next one.
    async fn read(&self, response: &mut Response, wanted: Wanted) -> Result<(Body, u64), Error> {
        let mut reader = Reader::new(response, wanted, self.inkpad);
        let cap = match wanted {
            Wanted::Links => self.body_cap,
            Wanted::Robots => self.body_cap.max(robots::MAX_OCTETS as u64),
        };
        if response.content_length().is_some_and(|announced| announced > cap) {
            return Ok((reader.cut_off(), 0));
        }
        let mut octets = 0;
        while let Some(chunk) = response.chunk().await? {
            octets += chunk.len() as u64;
            if octets > cap {
                return Ok((reader.cut_off(), octets));
            }
            reader.feed(&chunk);
        }
        Ok((reader.end(), octets))
    }
    // ANCHOR_END: read
}

// ANCHOR: trouble
/// Can an attempt that failed like this succeed later?
pub fn trouble(error: &Error) -> Option<Trouble> {
    match error.is_retryable() {
        true if error.is_connect() => Some(Trouble::Unreachable),
        true => Some(Trouble::Broken),
        false if error.is_connect() => Some(Trouble::Refused),
        false => None,
    }
}

/// Did the crawl itself end the attempt? Then nothing is wrong with the URL.
pub fn was_stopped(error: &Error) -> bool {
    error.code() == ErrorCode::Shutdown || error.is_cancelled() || error.is_invalid_handle()
}
// ANCHOR_END: trouble

/// Makes of a body what is wanted, piece by piece.
enum Reader {
    Page(Box<LinkReader>),
    /// A page that asks not to follow its links, by `X-Robots-Tag`; or no page at all.
    Nothing,
    Robots(Vec<u8>),
}

impl Reader {
    fn new(response: &Response, wanted: Wanted, inkpad: Inkpad) -> Self {
        match wanted {
            Wanted::Robots => Self::Robots(Vec::new()),
            Wanted::Links if !response.status().is_success() => Self::Nothing,
            Wanted::Links if is_html(response.headers()) && may_be_followed(response.headers()) => {
                Self::Page(Box::new(LinkReader::new(inkpad)))
            }
            Wanted::Links => Self::Nothing,
        }
    }

    fn feed(&mut self, chunk: &[u8]) {
        match self {
            Self::Page(reader) => reader.feed(chunk),
            Self::Nothing => {}
            Self::Robots(text) => text.extend_from_slice(&chunk[..chunk.len().min(robots::MAX_OCTETS - text.len())]),
        }
    }

    fn end(self) -> Body {
        match self {
            Self::Page(reader) => Body::Page(reader.end()),
            Self::Nothing => Body::Other,
            Self::Robots(text) => Body::Robots(text),
        }
    }

    fn cut_off(self) -> Body {
        match self {
            Self::Robots(text) => Body::Robots(text),
            Self::Page(_) | Self::Nothing => Body::TooLarge,
        }
    }
}

fn is_html(headers: &HeaderMap) -> bool {
    let kind = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim_ascii().eq_ignore_ascii_case("text/html")
}

fn may_be_followed(headers: &HeaderMap) -> bool {
    let mut tags = headers.get_all("x-robots-tag").iter().filter_map(|value| value.to_str().ok());
    !tags.any(robots::field_forbids_following)
}
