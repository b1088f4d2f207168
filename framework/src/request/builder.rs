//! The paved path into a request: everything about it in one expression, then `send`.

mod again;
mod headers;
mod ranges;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};

use super::credentials::Own;
use super::form::Form;
use super::headers::{add, add_all, checked};
use super::payload::Payload;
use super::response::Response;
use super::retrying::Renewed;
use super::{Opening, Request};
use crate::error::{Error, Operation, Result};
use crate::in_place::boxed;
use crate::options::{
    AuthScheme, AuthSchemes, AuthTarget, Authentication, Credentials, Decompression, Governor, Priority, ProxySettings,
    RedirectOptions, RequestOptions, RetryPolicy, SharedOptions, Timeouts,
};
use crate::target::Target;

/// A request in the making, from [`Session::get`](crate::Session::get) and its kin.
///
/// What is wrong with a header or a body is kept until [`send`](Self::send), which fails with it and sends nothing.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use std::time::Duration;
///
/// let response = session
///     .post("http://www.example.com/echo")?
///     .query(&[("verbose", "1")])
///     .header("accept-language", "de")
///     .timeout(Duration::from_secs(20))
///     .body("hello")
///     .send()
///     .await?;
/// assert_eq!(response.text().await?, "hello");
/// # session.close().await
/// # }
/// ```
#[must_use = "nothing is sent before `send`"]
pub struct RequestBuilder(Box<Parts>);

/// Boxed: every call in the expression moves it, and the future that waits for the answer would have room for it still.
struct Parts {
    opening: Opening,
    method: http::Method,
    target: Target,
    headers: HeaderMap,
    payload: Payload,
    options: SharedOptions,
    /// They were changed here, and not checked yet.
    own_options: bool,
    credentials: Option<Arc<Own>>,
    context: Option<u64>,
    wrong: Option<Error>,
    renewed: Option<Box<Renewed>>,
}

impl RequestBuilder {
    /// The options are those of a handle, which were checked when they were set there.
    pub(crate) fn new(opening: Opening, method: http::Method, target: Target, options: SharedOptions) -> Self {
        let (headers, payload, own_options) = (HeaderMap::new(), Payload::empty(), false);
        let (credentials, context, wrong, renewed) = (None, None, None, None);
        Self(boxed(|| Parts {
            opening,
            method,
            target,
            headers,
            payload,
            options,
            own_options,
            credentials,
            context,
            wrong,
            renewed,
        }))
    }

    /// Adds a header field; one that is there already gets another line. It replaces the session's default of that name.
    ///
    /// A name that is no token, or a control character in the value, is kept for [`send`](Self::send) to fail with (87).
    #[doc(alias = "WinHttpAddRequestHeaders")]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let added = checked(name, value.as_ref()).and_then(|(name, value)| add(&mut self.0.headers, name, value));
        if let Err(wrong) = added {
            self.is_wrong(wrong);
        }
        self
    }

    /// Adds header fields, as [`header`](Self::header) does each. More than 8,000 names in all are kept for [`send`](Self::send) to
    /// fail with (87).
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        if let Err(wrong) = add_all(&mut self.0.headers, headers) {
            self.is_wrong(wrong);
        }
        self
    }

    /// Adds pairs to the query, percent-encoded as forms are: a blank becomes `+`. What the URL has stays.
    pub fn query<K: AsRef<str>, V: AsRef<str>>(mut self, pairs: &[(K, V)]) -> Self {
        if !pairs.is_empty() {
            self.0.target = self.0.target.with_query(&encode_pairs(pairs));
        }
        self
    }

    /// Carries the pairs as `application/x-www-form-urlencoded`, and says so unless a `Content-Type` was set.
    pub fn form<K: AsRef<str>, V: AsRef<str>>(mut self, pairs: &[(K, V)]) -> Self {
        self.set_content_type("application/x-www-form-urlencoded");
        self.body(encode_pairs(pairs))
    }

    /// Carries the value as JSON, and says so unless a `Content-Type` was set. A value that cannot be written is kept for
    /// [`send`](Self::send) to fail with (87).
    #[cfg(feature = "json")]
    pub fn json<T: serde::Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(octets) => {
                self.set_content_type("application/json");
                self.body(octets)
            }
            Err(reason) => {
                let detail = format!("the value cannot be written as JSON: {reason}");
                self.is_wrong(Error::parameter(Operation::Send, detail).with_source(reason));
                self
            }
        }
    }

    /// Carries this body: octets, text, a stream or a file.
    ///
    /// [`Payload::begin`] and [`Payload::chunked`] need `write` calls and belong to [`Request`]; `send` refuses them.
    pub fn body(mut self, payload: impl Into<Payload>) -> Self {
        self.0.payload = payload.into();
        self
    }

    /// Carries the form as `multipart/form-data`, and says so unless a `Content-Type` was set. What is wrong with it is kept for
    /// [`send`](Self::send) to fail with (87).
    pub fn multipart(mut self, form: Form) -> Self {
        if let Some(wrong) = form.what_is_wrong() {
            self.is_wrong(wrong.clone());
        }
        self.body(Payload::multipart(form))
    }

    /// How long each stage of this request may take; by default what the session says.
    #[doc(alias = "WinHttpSetTimeouts")]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.change_options().timeouts = timeouts;
        self
    }

    /// How long all of it may take, from `send` to the last octet of the body ([`Timeouts::total`]); by default for ever.
    pub fn timeout(mut self, total: Duration) -> Self {
        self.change_options().timeouts.total = Some(total);
        self
    }

    /// Which content codings are asked for, and undone as the body is read; by default what the session says.
    /// [`Decompression::NONE`] reads the body as it comes off the wire.
    #[doc(alias = "WINHTTP_OPTION_DECOMPRESSION")]
    pub fn decompression(mut self, allowed: Decompression) -> Self {
        self.change_options().decompression = allowed;
        self
    }

    /// Through which proxies its server is reached; by default what the session says.
    #[doc(alias = "WINHTTP_OPTION_PROXY")]
    pub fn proxy(mut self, settings: impl Into<ProxySettings>) -> Self {
        self.change_options().dial.proxy = settings.into();
        self
    }

    /// By which governor its origin goes from now on, unless it is steered by hand ([`Connection::govern`]); `None`: the request
    /// waits for no turn. By default what the session says.
    ///
    /// [`Connection::govern`]: crate::Connection::govern
    pub fn governor(mut self, governor: impl Into<Option<Governor>>) -> Self {
        self.change_options().governor = governor.into();
        self
    }

    /// Whether it goes before others that wait for their turn by the governor; by default what the session says.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.change_options().priority = priority;
        self
    }

    /// Whether it carries the cookies of the session's jar, and the jar takes those of its response; by default what the session says.
    /// See [`RequestOptions::cookies`](crate::RequestOptions::cookies).
    #[cfg(feature = "cookies")]
    #[cfg_attr(docsrs, doc(cfg(feature = "cookies")))]
    #[doc(alias = "WINHTTP_DISABLE_COOKIES")]
    pub fn cookies(mut self, are_used: bool) -> Self {
        self.change_options().cookies = are_used;
        self
    }

    /// When it is sent again beyond the safe resend; `None` is never. By default what the session says.
    pub fn retry(mut self, policy: impl Into<Option<RetryPolicy>>) -> Self {
        self.change_options().retry = policy.into();
        self
    }

    /// Which redirects are followed, and how: a [`RedirectPolicy`](crate::RedirectPolicy), or options with more in them; by default
    /// what the session says.
    #[doc(alias = "WINHTTP_OPTION_REDIRECT_POLICY")]
    pub fn redirects(mut self, redirects: impl Into<RedirectOptions>) -> Self {
        self.change_options().redirects = redirects.into();
        self
    }

    /// What it does with the cache of its session, if that has one; by default what the session says.
    #[cfg(feature = "cache")]
    #[cfg_attr(docsrs, doc(cfg(feature = "cache")))]
    pub fn cache_mode(mut self, mode: crate::options::CacheMode) -> Self {
        self.change_options().cache = mode;
        self
    }

    /// Shows this user and password by Basic (RFC 7617), without being asked for it. Over a connection without TLS everybody on the way
    /// can read them. A redirect to another origin does not get them.
    ///
    /// What can never be sent is kept for [`send`](Self::send) to fail with (87).
    pub fn basic_auth(self, user: &str, password: &str) -> Self {
        self.credentials(AuthTarget::Server, AuthScheme::Basic, (user, password))
    }

    /// Shows this token by Bearer (RFC 6750), without being asked for it; else as [`basic_auth`](Self::basic_auth).
    pub fn bearer_auth(self, token: &str) -> Self {
        self.credentials(AuthTarget::Server, AuthScheme::Bearer, Credentials::bearer(token))
    }

    /// Proves by Digest (RFC 7616) that the password is known, when the server asks for it; the password itself is not sent. A body
    /// that cannot be given again fails with 12032 then, unless the session knows the server's nonce already.
    pub fn digest_auth(self, user: &str, password: &str) -> Self {
        self.credentials(AuthTarget::Server, AuthScheme::Digest, (user, password))
    }

    /// Sets credentials of this request; see [`Request::set_credentials`].
    #[doc(alias = "WinHttpSetCredentials")]
    pub fn credentials(
        mut self,
        target: AuthTarget,
        schemes: impl Into<AuthSchemes>,
        credentials: impl Into<Credentials>,
    ) -> Self {
        let own = Arc::make_mut(self.0.credentials.get_or_insert_default());
        if let Err(wrong) = own.set(target, schemes.into(), credentials.into()) {
            self.is_wrong(wrong);
        }
        self
    }

    /// How it answers who asks for credentials; by default what the session says.
    pub fn authentication(mut self, authentication: Authentication) -> Self {
        self.change_options().authentication = authentication;
        self
    }

    /// Starts with the credentials of its connection.
    pub(crate) fn has_credentials(mut self, own: Option<Arc<Own>>) -> Self {
        self.0.credentials = own;
        self
    }

    /// The options of this request, in place of the session's; timeouts set before are replaced.
    #[doc(alias = "WinHttpSetOption")]
    pub fn options(mut self, options: RequestOptions) -> Self {
        *self.change_options() = options;
        self
    }

    /// The context that the request's notifications carry; by default the session's.
    #[doc(alias = "WINHTTP_OPTION_CONTEXT_VALUE")]
    pub fn context(mut self, context: u64) -> Self {
        self.0.context = Some(context);
        self
    }

    /// Sends the request and receives the response head, with what of the body came along.
    ///
    /// Over HTTP/2 a [`Payload::stream`] need not be at its end then: it goes on being sent while the response is read, as long as
    /// that, or its handle, is there.
    ///
    /// A status like 404 is a response; see [`Response::error_for_status`]. Dropping the future cancels the request.
    ///
    /// # Errors
    /// What was wrong with the request (87, 12005), the way to the server (12007, 12029), its answer (12152 and kin), time
    /// (12002), or a closing session (6, 12012).
    pub async fn send(self) -> Result<Response> {
        let request = self.launch()?;
        let reached = request.landed().await?;
        Ok(Response::new(request, reached))
    }

    /// Not part of the future that waits for the answer, which would keep room for all of it.
    fn launch(self) -> Result<Request> {
        let Parts {
            opening,
            method,
            target,
            headers,
            payload,
            options,
            own_options,
            credentials,
            context,
            wrong,
            renewed,
        } = *self.0;
        if let Some(wrong) = wrong {
            return Err(wrong.with_url(&target.url()));
        }
        if own_options {
            options.check(Operation::SetOption)?;
        }
        if !payload.0.is_whole() {
            return Err(Error::parameter(
                Operation::Send,
                "a body given piece by piece needs the handle path: open_request, send, write",
            ));
        }
        let (request, unstarted) = Request::create_begun(opening, method, target, options)?;
        if !headers.is_empty() {
            request.put_headers(headers)?;
        }
        let request = request.has_credentials(credentials);
        if let Some(context) = context {
            request.inner.shared.node.set_context(context);
        }
        unstarted.launch(&request.inner.shared.services, payload, renewed);
        Ok(request)
    }

    fn change_options(&mut self) -> &mut RequestOptions {
        self.0.own_options = true;
        Arc::make_mut(&mut self.0.options)
    }

    fn set_content_type(&mut self, value: &'static str) {
        self.0.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(value));
    }

    /// The first thing that is wrong is what the caller should mend first.
    fn is_wrong(&mut self, error: Error) {
        self.0.wrong.get_or_insert(error);
    }
}

fn encode_pairs<K: AsRef<str>, V: AsRef<str>>(pairs: &[(K, V)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestBuilder({} {:?})", self.0.method, self.0.target)
    }
}
