//! Whether and how far a request follows redirects, and who has a say in it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix::{Message, MessageResponse, Recipient};
use http::{HeaderMap, HeaderName, Method, StatusCode};

use super::{Governor, timeouts};
use crate::error::{Error, Operation, Result};
use crate::shown;
use crate::target::Target;

/// Which redirects are followed (`WINHTTP_OPTION_REDIRECT_POLICY`).
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::{NotificationMask, RedirectPolicy, Status};
///
/// let mut redirects = session.notifications(NotificationMask::REDIRECT)?;
/// let response = session.get("http://www.example.com/old")?.send().await?; // followed
/// assert_eq!((response.url(), response.history().len()), ("http://www.example.com/", 1));
/// match redirects.next().await.expect("there was one").status {
///     Status::Redirect(to) => assert_eq!(to.as_ref() as &str, "http://www.example.com/"),
///     other => panic!("{other:?}"),
/// }
///
/// let request = session.get("http://www.example.com/old")?.redirects(RedirectPolicy::Never);
/// assert_eq!(request.send().await?.status(), 301); // simply the response
/// # session.close().await
/// # }
/// ```
#[doc(alias = "WINHTTP_OPTION_REDIRECT_POLICY")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RedirectPolicy {
    /// None: a 3xx is simply the response.
    #[doc(alias = "WINHTTP_OPTION_REDIRECT_POLICY_NEVER")]
    #[doc(alias = "WINHTTP_DISABLE_REDIRECTS")]
    Never,
    /// All but those that lead from `https` to `http`, which fail with 12156. The default.
    #[default]
    #[doc(alias = "WINHTTP_OPTION_REDIRECT_POLICY_DISALLOW_HTTPS_TO_HTTP")]
    DisallowHttpsToHttp,
    /// All.
    #[doc(alias = "WINHTTP_OPTION_REDIRECT_POLICY_ALWAYS")]
    Always,
}

/// How a request follows redirects: 301, 302, 303, 307 and 308 with a `Location` (RFC 9110 15.4).
///
/// A 303 is followed by a GET without the body, and so are a 301 and a 302 in answer to a POST; a HEAD stays one. Else method and body
/// stay, and a body that cannot be given again ends the call with 12032
/// ([`ResendRequest`](crate::ErrorCode::ResendRequest)).
///
/// As soon as a redirect leads to another scheme, host or port, these fields of the caller's and of the session's are dropped, and do
/// not come back in this chain: `Authorization`, `Cookie`, `Proxy-Authorization`, all that `sensitive` names, and every field with a
/// value that says so of itself ([`HeaderValue::set_sensitive`](http::HeaderValue::set_sensitive)).
///
/// ```
/// use hinternet::{HeaderName, RedirectOptions, Session};
///
/// let mut redirects = RedirectOptions::default();
/// redirects.limit = 3;
/// redirects.sensitive = vec![HeaderName::from_static("x-api-key")]; // goes to nobody else
/// let session = Session::builder().redirects(redirects).open()?;
/// # Ok::<_, hinternet::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RedirectOptions {
    /// Which are followed.
    pub policy: RedirectPolicy,
    /// How many in a row; one more fails with 12156. Default 10, at most 100.
    #[doc(alias = "WINHTTP_OPTION_MAX_HTTP_AUTOMATIC_REDIRECTS")]
    pub limit: u32,
    /// Fields that no other origin may see, beside those that are secret by their name. Default: none.
    pub sensitive: Vec<HeaderName>,
    /// Send what would be dropped to every origin that a redirect leads to. For servers that are trusted to redirect to nobody but
    /// themselves. Default `false`.
    pub danger_keep_credentials: bool,
    /// Who is asked before each one. Default: nobody.
    pub decider: Option<RedirectDecider>,
    /// How long the answer of a decider that is an actor may take; after that the call fails with 12002. Default 30 s.
    pub decision: Duration,
}

impl Default for RedirectOptions {
    fn default() -> Self {
        Self {
            policy: RedirectPolicy::default(),
            limit: 10,
            sensitive: Vec::new(),
            danger_keep_credentials: false,
            decider: None,
            decision: Duration::from_secs(30),
        }
    }
}

impl From<RedirectPolicy> for RedirectOptions {
    fn from(policy: RedirectPolicy) -> Self {
        Self { policy, ..Self::default() }
    }
}

impl RedirectOptions {
    pub(super) fn check(&self, operation: Operation) -> Result<()> {
        if self.limit > MOST {
            return Err(Error::parameter(operation, format!("more than {MOST} redirects in a row are refused")));
        }
        timeouts::check_one("redirects.decision", self.decision, operation)
    }
}

/// Who decides about each redirect before it is followed: a function, or an actor.
///
/// It is asked once the policy has let the redirect pass, and credentials have been dropped: what it adds then is its own will. An
/// answer that leads to another origin than was proposed has them dropped again, but for what it added itself.
///
/// If `receive_response` was given up while it was asked, the next call asks anew.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::{RedirectDecider, RedirectDecision, RedirectOptions};
///
/// let mut redirects = RedirectOptions::default();
/// redirects.decider = Some(RedirectDecider::function(|redirect| match redirect.target.path_and_query() {
///     "/" => RedirectDecision::Deliver, // the caller gets the 301
///     _ => RedirectDecision::Follow(redirect),
/// }));
/// let response = session.get("http://www.example.com/old")?.redirects(redirects).send().await?;
/// assert_eq!(response.status(), 301);
/// # session.close().await
/// # }
/// ```
#[derive(Clone)]
pub struct RedirectDecider(pub(crate) Decider);

#[derive(Clone)]
pub(crate) enum Decider {
    Function(Arc<dyn Fn(Redirect) -> RedirectDecision + Send + Sync>),
    Actor(Recipient<Redirect>),
}

impl RedirectDecider {
    /// Asks a function. It runs on a thread of the engine, so it must not wait for anything. Its panic fails the call (12156).
    ///
    /// ```
    /// use hinternet::{RedirectDecider, RedirectDecision};
    ///
    /// let only_at_home = RedirectDecider::function(|redirect| {
    ///     if redirect.target.origin() == redirect.from().origin() {
    ///         RedirectDecision::Follow(redirect)
    ///     } else {
    ///         RedirectDecision::Deliver
    ///     }
    /// });
    /// # drop(only_at_home);
    /// ```
    pub fn function(decide: impl Fn(Redirect) -> RedirectDecision + Send + Sync + 'static) -> Self {
        Self(Decider::Function(Arc::new(decide)))
    }

    /// Asks an actor, which has [`RedirectOptions::decision`] to answer. One that is gone, or dies of the question, fails the call
    /// (12156).
    pub fn actor(decide: Recipient<Redirect>) -> Self {
        Self(Decider::Actor(decide))
    }
}

impl fmt::Debug for RedirectDecider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Decider::Function(_) => "RedirectDecider(function)",
            Decider::Actor(_) => "RedirectDecider(actor)",
        })
    }
}

/// A redirect that is about to be followed, as a message to whoever decides: the next request, to be edited.
///
/// An example is at [`RedirectDecider`].
#[derive(Clone, Message)]
#[rtype(result = "RedirectDecision")]
#[non_exhaustive]
pub struct Redirect {
    /// The method of the next request. A change to GET or HEAD drops the body; see also [`repeating`](Self::repeating).
    pub method: Method,
    /// Where it goes.
    pub target: Target,
    /// The fields of the caller that it carries, without those that were dropped. The session's and the library's come on top.
    pub headers: HeaderMap,
    /// By which governor the request waits for its turn at the origin it goes to. Default `None`: by the one that it has, or that
    /// [`for_origins`](crate::SessionBuilder::for_origins) has for that origin. One that cannot be meant fails the call (87).
    pub governor: Option<Governor>,
    pub(crate) sends_body: bool,
    /// How it was asked: the method, and the fields that the body had.
    pub(crate) before: (Method, HeaderMap),
    pub(crate) from: Target,
    pub(crate) status: StatusCode,
    pub(crate) response: HeaderMap,
    pub(crate) hops: u32,
    pub(crate) context: u64,
    pub(crate) answered_after: Duration,
}

impl Redirect {
    /// The same method as before, with the body and the fields that speak of it, whatever the status says.
    pub fn repeating(mut self) -> Self {
        let (method, of_body) = &self.before;
        self.method.clone_from(method);
        self.headers.extend(of_body.clone());
        self.sends_body = true;
        self
    }

    /// Is a body sent again, if there was one?
    pub fn sends_body(&self) -> bool {
        self.sends_body
    }

    /// Who redirects.
    pub fn from(&self) -> &Target {
        &self.from
    }

    /// The status of the response that redirects.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The header fields of the response that redirects.
    pub fn response_headers(&self) -> &HeaderMap {
        &self.response
    }

    /// How many redirects were followed before; 0 for the first.
    pub fn hops(&self) -> u32 {
        self.hops
    }

    /// The context of the request: so one decider knows of many requests which one asks.
    #[doc(alias = "WINHTTP_OPTION_CONTEXT_VALUE")]
    pub fn context(&self) -> u64 {
        self.context
    }

    /// How long the server took to redirect: from having a wire to the head of its response.
    pub fn answered_after(&self) -> Duration {
        self.answered_after
    }
}

/// No query, and of fields the names only: they may hold secrets.
impl fmt::Debug for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, target, headers, from, status, .. } = self;
        write!(f, "Redirect({} from {from:?} to {method} {target:?} {:?})", status.as_u16(), shown::names(headers))
    }
}

/// What becomes of a redirect.
///
/// An example is at [`RedirectDecider`].
#[expect(clippy::large_enum_variant, reason = "it lives no longer than one decision")]
#[derive(Clone, Debug, MessageResponse)]
pub enum RedirectDecision {
    /// It is followed, by this request.
    Follow(Redirect),
    /// The response that redirects is delivered.
    Deliver,
    /// The call fails with 12156.
    Refuse,
}

const MOST: u32 = 100;
