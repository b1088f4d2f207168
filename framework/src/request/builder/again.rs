//! The same request once more, for those who make many of one: downloads that resume, event sources that reconnect.

use std::time::Duration;

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};

use super::{Parts, RequestBuilder};
use crate::error::{Error, Operation, Result};
use crate::options::{RequestOptions, RetryPolicy};
use crate::policy::{Cause, Fruitless, pause_before_retry};
use crate::request::payload::Payload;
use crate::request::retrying::Renewed;

impl RequestBuilder {
    /// The same, as a request of its own without a body.
    pub(crate) fn once_more(&self) -> Self {
        let Parts {
            opening,
            method,
            target,
            headers,
            payload: _,
            options,
            own_options,
            credentials,
            context,
            wrong,
            renewed: _,
        } = &*self.0;
        Self(Box::new(Parts {
            opening: opening.clone(),
            method: method.clone(),
            target: target.clone(),
            headers: headers.clone(),
            payload: Payload::empty(),
            options: options.clone(),
            own_options: *own_options,
            credentials: credentials.clone(),
            context: *context,
            wrong: wrong.clone(),
            renewed: None,
        }))
    }

    /// It takes the place of one that failed: it tells so at first, and waits so long before anything is done for it.
    pub(crate) fn in_place_of(mut self, failed: Error, attempt: u32, pause: Duration) -> Self {
        self.0.renewed = Some(Box::new(Renewed { attempt, pause, error: failed }));
        self
    }

    /// In place of whatever was set by that name.
    pub(crate) fn set_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// Unless the caller has set one by that name.
    pub(crate) fn default_header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.0.headers.entry(name).or_insert(HeaderValue::from_static(value));
        self
    }

    pub(crate) fn header_fields(&self) -> &HeaderMap {
        &self.0.headers
    }

    pub(crate) fn option_set(&self) -> &RequestOptions {
        &self.0.options
    }

    pub(crate) fn with_options(mut self, change: impl FnOnce(&mut RequestOptions)) -> Self {
        change(self.change_options());
        self
    }

    pub(crate) fn url(&self) -> String {
        self.0.target.url()
    }

    pub(crate) fn target(&self) -> &crate::target::Target {
        &self.0.target
    }

    pub(crate) fn opening(&self) -> &crate::request::Opening {
        &self.0.opening
    }

    /// What is wrong with it already.
    pub(crate) fn check(&self) -> Result<()> {
        if let Some(wrong) = &self.0.wrong {
            return Err(wrong.clone().with_url(&self.url()));
        }
        self.0.options.check(Operation::SetOption)
    }

    /// How long to wait before it is made once more by this policy, which is paid for; `None`: it is not.
    pub(crate) fn pause_before_retry(&self, policy: &RetryPolicy, cause: Cause<'_>, attempt: u32) -> Option<Duration> {
        let budgets = &self.0.opening.services.terms.budgets;
        let wire_state = Default::default();
        let it = Fruitless { method: &self.0.method, cause, wire_state, replayable: true, attempt, time_left: None };
        let pause = pause_before_retry(policy, &it, budgets.chance())?;
        let is_paid = policy.budget.is_none_or(|terms| budgets.take(self.0.target.origin(), &terms));
        is_paid.then_some(pause)
    }

    /// It is made for the first time, which pays for a part of a retry.
    pub(crate) fn pays_for_retries(&self, policy: &RetryPolicy) {
        if let Some(terms) = policy.budget {
            self.0.opening.services.terms.budgets.request(self.0.target.origin(), &terms);
        }
    }
}
