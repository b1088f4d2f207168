//! The octets of a download, whatever breaks: attempt after attempt, each from where the one before has come to.

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_RANGE, HeaderValue, IF_RANGE, RANGE};

use super::plan::{Course, Plan};
use crate::clock;
use crate::error::{Answered, Blame, Error, ErrorCode, Operation, Result, Stage};
use crate::options::RetryPolicy;
use crate::policy::Cause;
use crate::policy::governor::retry_after;
use crate::protocol::byte_ranges::Said;
use crate::protocol::http1::ResponseHead;
use crate::request::{RequestBuilder, Response};

/// What is asked, how often, and who hears of each answer.
pub(super) struct Asking {
    pub(super) request: RequestBuilder,
    pub(super) policy: RetryPolicy,
    pub(super) heads: Option<Heads>,
}

pub(super) type Heads = Box<dyn FnMut(&ResponseHead) + Send>;

/// A download under way.
pub(super) struct Fetching {
    request: RequestBuilder,
    policy: RetryPolicy,
    heads: Option<Heads>,
    pub(super) plan: Plan,
    response: Option<Response>,
    /// Octets of the response that are held already.
    skip: u64,
    /// The requests so far.
    pub(super) requests: u32,
    /// Those in a row that came no further than one before.
    fruitless: u32,
    /// So far one has come.
    furthest: u64,
    /// How often what was held was given up for another version that can be gone on from.
    versions: u32,
    /// Why the last one failed, and how long to wait before the next.
    failed: Option<(Error, std::time::Duration)>,
    over: bool,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fetched {
    /// What is held is not of this version: it begins with its first octet.
    Anew,
    Octets(Bytes),
    End,
}

impl Fetching {
    pub(super) fn new(asking: Asking, plan: Plan) -> Self {
        let Asking { request, policy, heads } = asking;
        let (over, furthest) = (plan.is_complete(), plan.held);
        let (requests, fruitless, versions) = (0, 0, 0);
        Self {
            request,
            policy,
            heads,
            plan,
            response: None,
            skip: 0,
            requests,
            fruitless,
            furthest,
            versions,
            failed: None,
            over,
        }
    }

    /// Cancel-safe: what a future that is dropped was waiting for is waited for by the next, but for an answer, which is asked for again.
    pub(super) async fn next(&mut self) -> Result<Fetched> {
        loop {
            if self.over {
                return Ok(Fetched::End);
            }
            let Some(response) = &mut self.response else {
                match self.ask().await? {
                    None => continue,
                    Some(fetched) => return Ok(fetched),
                }
            };
            match response.chunk().await {
                Ok(Some(octets)) => {
                    if let Some(octets) = self.behind_what_is_held(octets)? {
                        return Ok(Fetched::Octets(octets));
                    }
                }
                // It may be less than is held of it, whatever its tag says.
                Ok(None) if self.skip == 0 && self.plan.is_whole() => self.over = true,
                // A part may be less than was asked for.
                Ok(None) => {
                    let error =
                        self.error(ErrorCode::ConnectionError, Blame::Peer, "the response ended before the file did");
                    self.lose(error)?;
                }
                Err(error) => self.lose(error)?,
            }
        }
    }

    /// Asks for what is not held yet. `None`: nothing has come, and something else is to be done.
    async fn ask(&mut self) -> Result<Option<Fetched>> {
        let mut request = self.request.once_more();
        if let Some((held, validator)) = self.plan.asks_from() {
            let range = HeaderValue::try_from(format!("bytes={held}-"))
                .map_err(|_| Error::parameter(Operation::Download, "a number is no field value"))?;
            request = request.set_header(RANGE, range).set_header(IF_RANGE, validator.value().clone());
        }
        match &self.failed {
            Some((failed, pause)) => request = request.in_place_of(failed.clone(), self.requests + 1, *pause),
            None => request.pays_for_retries(&self.policy),
        }
        let answer = request.send().await;
        (self.requests, self.failed) = (self.requests.saturating_add(1), None);
        let response = match answer {
            Ok(response) => response,
            Err(error) => return self.lose(error).map(|()| None),
        };
        if let Some(told) = &mut self.heads {
            told(response.head());
        }
        let mut ranges = response.headers().get_all(CONTENT_RANGE).iter();
        let said = ranges.next().and_then(|value| Said::parse(value.as_bytes())).filter(|_| ranges.next().is_none());
        self.skip = 0;
        match self.plan.judge(response.status(), response.headers(), said) {
            Course::GoOn => self.response = Some(response),
            Course::Whole { is_same } => {
                self.response = Some(response);
                if is_same {
                    self.skip = std::mem::take(&mut self.plan.held);
                } else {
                    self.plan.begins_anew();
                    self.is_another_version();
                    return Ok(Some(Fetched::Anew));
                }
            }
            Course::Complete => self.over = true,
            Course::AskAnew => {
                self.plan.forget();
                let error = self.error(ErrorCode::ResendRequest, Blame::Peer, "the file is not what it was");
                self.lose(error)?;
            }
            Course::Breach(detail) => {
                return Err(self.error(ErrorCode::InvalidServerResponse, Blame::Peer, detail));
            }
            Course::Refused(status) => {
                let error = self.answered(status, &response);
                self.lose(error)?;
            }
        }
        Ok(None)
    }

    /// A shorter one has to come no further than the one before had. But not for ever: a server may have another each time.
    fn is_another_version(&mut self) {
        if self.plan.validator.is_some() && self.versions < self.policy.attempts {
            (self.versions, self.furthest) = (self.versions + 1, 0);
        }
    }

    fn behind_what_is_held(&mut self, mut octets: Bytes) -> Result<Option<Bytes>> {
        if !self.plan.take(octets.len() as u64) {
            self.over = true;
            let detail = "more octets came than the file has";
            return Err(self.error(ErrorCode::InvalidServerResponse, Blame::Peer, detail));
        }
        if self.plan.held > self.furthest {
            (self.furthest, self.fruitless) = (self.plan.held, 0);
        }
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(octets.len());
        self.skip -= skipped as u64;
        let rest = octets.split_off(skipped);
        Ok((!rest.is_empty()).then_some(rest))
    }

    /// An attempt has come to nothing, or to its end: another follows, or this is the caller's.
    fn lose(&mut self, error: Error) -> Result<()> {
        self.response = None;
        // What would have been skipped is held all the same.
        self.plan.held += std::mem::take(&mut self.skip);
        self.fruitless = self.fruitless.saturating_add(1);
        let cause = match error.answered() {
            Some(status) => Cause::Answered { status, retry_after: error.retry_after() },
            None => Cause::Failed(&error),
        };
        let pause = if error.code() == ErrorCode::ResendRequest && self.fruitless < self.policy.attempts {
            Some(std::time::Duration::ZERO)
        } else {
            self.request.pause_before_retry(&self.policy, cause, self.fruitless)
        };
        match pause {
            Some(pause) => {
                self.failed = Some((error, pause));
                Ok(())
            }
            None => {
                self.over = true;
                Err(error.in_operation(Operation::Download))
            }
        }
    }

    fn answered(&self, status: StatusCode, response: &Response) -> Error {
        let blame = if status.is_client_error() { Blame::Caller } else { Blame::Peer };
        let error = self.error(ErrorCode::InvalidServerResponse, blame, format!("the server answered {status}"));
        error.with_source(Answered { status, retry_after: retry_after(response.headers(), clock::time_of_day()) })
    }

    fn error(&self, code: ErrorCode, blame: Blame, detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
        let stage = if self.response.is_some() { Stage::Body } else { Stage::Head };
        Error::new(code, Operation::Download, stage, blame, detail).with_url(&self.request.url())
    }
}
