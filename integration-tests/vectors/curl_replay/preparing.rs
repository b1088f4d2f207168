//! A request by the options of a command line.

use std::time::Duration;

use hinternet::{
    AuthScheme, AuthSchemes, AuthTarget, CookieJar, Credentials, HeaderMap, HeaderValue, Leniency, Method, Payload,
    Protocols, Request, RequestOptions, RetryPolicy, Session, Target,
};
use http::header::CONTENT_LENGTH;

use super::authority::{Located, credentials};
use super::base64;
use super::body::Body;
use super::command::{Follow, Options, Schemes};
use super::exit_code::{Exit, UPLOAD_FAILED};
use super::fields::{HeaderLine, condition};
use super::form::percent_encode;
use super::transfer::{Job, TRANSIENT};
use super::vector::TIME_PASSES;

/// A request that can be sent.
pub(crate) struct Prepared {
    pub(crate) request: Request,
    body: Option<Body>,
    is_chunked: bool,
    /// An answer that asks for credentials is waited for before the body is sent: what is shown then.
    pub(crate) held_back: Option<HeldBack>,
    /// For which URL the program itself keeps its cookies.
    pub(crate) cookie_url: Option<String>,
}

/// What a request goes without that only asks whether credentials are wanted.
pub(crate) struct HeldBack {
    user: Option<(String, String)>,
    headers: HeaderMap,
}

impl Prepared {
    /// What is sent with it.
    pub(crate) fn payload(&self) -> Payload {
        self.body.as_ref().map_or_else(Payload::empty, |body| body.payload(self.is_chunked))
    }
}

impl Job<'_> {
    /// It was asked for credentials, or not: all of it is sent now.
    pub(crate) fn release(&self, request: &Request, held_back: HeldBack) -> Result<(), Exit> {
        let HeldBack { user, headers } = held_back;
        let both = request.set_headers(headers).and_then(|()| self.options.show_credentials(request, user));
        both.map_err(Exit::Failed)
    }

    /// The request of this job.
    pub(crate) fn prepare(&self, session: &Session, resumed_at: Option<u64>) -> Result<Prepared, Exit> {
        let options = self.options;
        let body = self.body()?;
        // What would be refused with 87 has a number of its own with curl.
        if options.http10 && body.as_ref().is_some_and(|body| !body.is_sized) {
            return Err(Exit::Code(UPLOAD_FAILED));
        }
        let mut located = Located::read(&self.complete_url(), "http");
        // Through a proxy curl asks for a tunnel to where it is to connect to.
        let elsewhere = options.tunnelled_elsewhere(&located.url);
        let own_host = elsewhere.as_ref().map(|(_, host)| host.clone());
        if let Some((url, _)) = elsewhere {
            located.url = url;
        }
        let target = Target::parse(&located.url).map_err(Exit::Failed)?;
        let connection = session.connect(&target.origin().to_string()).map_err(Exit::Failed)?;
        let raw = located.raw_path();
        let method = self.method(body.is_some());
        let (path, opened) = match &options.request_target {
            Some(target) => (target.clone(), connection.open_request(method, target)),
            // curl resolves dot segments, unless it is told not to, and changes nothing else that a URL of the WHATWG would.
            None if options.path_as_is || raw.contains(CHANGED_IN_A_URL) => {
                let opened = connection.open_request_verbatim(method, &raw);
                (raw, opened)
            }
            None => (target.path_and_query().to_owned(), connection.open_request(method, target.path_and_query())),
        };
        let request = opened.map_err(Exit::Failed)?;
        let cookie_url = options.cookie_url(&path);
        let lines = options.header_lines();
        let is_set = |name: &str| lines.iter().any(|line| line.names(name));
        let mut fields: Vec<(String, String)> = Vec::new();
        let is_of_the_body = |line: &&HeaderLine| line.names("transfer-encoding");
        for line in lines.iter().filter(|line| !(is_of_the_body(line) || options.joins_te(line))) {
            fields.extend(line.value.clone().map(|value| (line.name.clone(), value)));
        }
        fields.extend(options.te_fields(&lines));
        let is_elsewhere = own_host.is_some();
        fields.extend(own_host.map(|host| ("Host".to_owned(), host)));
        for (name, value) in self.implied_fields(resumed_at, body.as_ref(), &session.cookies(), cookie_url.as_deref()) {
            if !is_set(name) {
                fields.push((name.to_owned(), value));
            }
        }
        for (name, value) in fields {
            request.add_header(&name, value).map_err(Exit::Failed)?;
        }
        let mut change = request.options();
        let is_chunked = body.as_ref().is_some_and(|body| !body.is_sized)
            || lines.iter().any(|line| line.names("transfer-encoding") && line.value.as_deref() == Some("chunked"));
        if let Some(body) = &body {
            let expects = lines.iter().any(|line| line.names("expect") && line.value.is_some());
            let is_refused = lines.iter().any(|line| line.names("expect") && line.value.is_none());
            if expects || (!is_refused && (body.is_of_unknown_length || body.octets.len() > MUCH)) {
                change.expect_continue = Some(options.expect_timeout());
            }
        }
        if options.http10 || self.program.knows_as_old(target.origin()) {
            change.protocols = Protocols::Http10;
        }
        if let Some(seconds) = options.max_time {
            change.timeouts.total = Some(Duration::from_secs_f64(seconds) / TIME_PASSES);
        }
        // Credentials of a URL are for that URL.
        options.adjust(
            &mut change,
            target.origin().host(),
            options.trusted && (options.user.is_some() || located.user.is_none()),
        );
        options.set_proxies(&mut change, &self.program.environment)?;
        change.cookies &= cookie_url.is_none();
        change.dial = change.dial.always_tunnel(options.tunnel || is_elsewhere);
        request.set_options(change).map_err(Exit::Failed)?;
        let user = options.user.as_deref().map(|user| credentials(user, false)).or(located.user);
        let is_probed = user.is_some() && options.schemes == Schemes::Digest && body.is_some();
        options.show_to_proxy(&request).map_err(Exit::Failed)?;
        let mut held_back = None;
        if is_probed {
            let headers = request.headers();
            let mut without = headers.clone();
            without.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            request.set_headers(without).map_err(Exit::Failed)?;
            held_back = Some(HeldBack { user, headers });
        } else if !is_set("authorization") && options.user_of_all().is_none() {
            options.show_credentials(&request, user).map_err(Exit::Failed)?;
        }
        Ok(Prepared { request, body, is_chunked, held_back, cookie_url })
    }

    fn implied_fields(
        &self,
        resumed_at: Option<u64>,
        body: Option<&Body>,
        jar: &CookieJar,
        cookie_url: Option<&str>,
    ) -> Vec<(&'static str, String)> {
        let options = self.options;
        let mut fields = Vec::new();
        fields.extend(options.user_agent.clone().map(|agent| ("User-Agent", agent)));
        let referer = options.referer.as_deref().map(|referer| referer.trim_end_matches(";auto").to_owned());
        fields.extend(referer.filter(|referer| !referer.is_empty()).map(|referer| ("Referer", referer)));
        fields.extend(options.time_condition.as_deref().map(condition));
        let resumed = resumed_at.filter(|at| self.upload.is_none() && *at > 0).map(|at| format!("{at}-"));
        fields.extend(options.range().or(resumed).map(|range| ("Range", format!("bytes={range}"))));
        fields.extend(body.iter().flat_map(|body| body.fields.clone()));
        fields.extend(options.cookie_field(jar, cookie_url).map(|pairs| ("Cookie", pairs)));
        fields
    }

    fn method(&self, has_body: bool) -> Method {
        let method = match &self.options.method {
            Some(method) => method.as_str(),
            None if self.options.head => "HEAD",
            None if self.upload.is_some() => "PUT",
            None if has_body => "POST",
            None => "GET",
        };
        Method::from_bytes(method.as_bytes()).expect("a method")
    }

    /// With the query of `--url-query` and `-G`, and the name of a file that is sent into a folder.
    fn complete_url(&self) -> String {
        let (url, fragment) = self.url.split_once('#').unwrap_or((&self.url, ""));
        let mut url = url.to_owned();
        if let Some(upload) = self.upload.as_deref().filter(|upload| *upload != "-" && *upload != ".")
            && url.ends_with('/')
            && !url.contains('?')
        {
            let name = upload.rsplit('/').next().unwrap_or_default();
            url.push_str(&percent_encode(name.as_bytes()));
        }
        if let Some(query) = self.options.query(&self.program.standard_input) {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&query);
        }
        if fragment.is_empty() { url } else { format!("{url}#{fragment}") }
    }
}

impl Options {
    /// What the options of a request are beside the session's.
    fn adjust(&self, options: &mut RequestOptions, host: &str, keeps_credentials: bool) {
        self.set_redirects(&mut options.redirects, keeps_credentials);
        self.set_names(options, host);
        options.cookies = self.has_cookies();
        options.leniency = self.leniency();
        options.retry = self.retry_policy();
        if let Some(seconds) = self.retry_max_time {
            options.timeouts.total = Some(Duration::from_secs(seconds));
        }
        // curl shows Basic to whoever asks for it.
        options.authentication.cleartext = true;
        if !self.compressed {
            options.decompression = hinternet::Decompression::NONE;
        }
    }

    /// What curl forgives.
    fn leniency(&self) -> Leniency {
        if self.ignore_length { Leniency::all() } else { Leniency::all() - Leniency::NO_LENGTHS }
    }

    /// Where redirects are followed, the program tries again itself: curl begins anew with the URL that it was given.
    fn retry_policy(&self) -> Option<RetryPolicy> {
        let policy = RetryPolicy::new().statuses(TRANSIENT.map(|status| status.try_into().expect("a status")));
        let policy = policy.failures(false).any_method(true).attempts(self.retry.min(99) + 1).budget(None);
        let second = Duration::from_secs(1) / TIME_PASSES;
        // A wait beyond the time there is for all tries is none.
        let longest = self.retry_max_time.map_or(second, |_| Duration::from_secs(3600));
        let policy = policy.first_pause(second).longest_pause(second).longest_retry_after(longest);
        (self.retry > 0 && self.follow == Follow::Never).then_some(policy)
    }

    /// `TE: gzip` is announced by a `Connection`: in the first of the caller's that says anything, or in one of its own.
    fn te_fields(&self, lines: &[HeaderLine]) -> Vec<(String, String)> {
        if !self.transfer_encoding {
            return Vec::new();
        }
        let options = lines.iter().filter(|line| self.joins_te(line)).filter_map(|line| line.value.clone());
        let mut options: Vec<_> = options.filter(|value| !value.is_empty()).collect();
        match options.first_mut() {
            Some(first) => first.push_str(", TE"),
            None => options.push("TE".to_owned()),
        }
        let options = options.into_iter().map(|value| ("Connection".to_owned(), value));
        std::iter::once(("TE".to_owned(), "gzip".to_owned())).chain(options).collect()
    }

    fn joins_te(&self, line: &HeaderLine) -> bool {
        self.transfer_encoding && line.names("connection")
    }

    fn show_credentials(&self, request: &Request, user: Option<(String, String)>) -> hinternet::Result<()> {
        if let Some(token) = &self.bearer {
            let token = Credentials::bearer(token.as_str());
            return request.set_credentials(AuthTarget::Server, AuthScheme::Bearer, token);
        }
        let Some((user, password)) = user else { return Ok(()) };
        // The library refuses to write what RFC 7617 forbids; as a field that the caller has made it may go.
        if self.schemes == Schemes::Basic && user.contains(char::is_control) {
            let shown = base64::encode(format!("{user}:{password}").as_bytes());
            return request.add_header("Authorization", format!("Basic {shown}"));
        }
        let schemes = match self.schemes {
            Schemes::Basic => AuthSchemes::BASIC,
            Schemes::Digest => AuthSchemes::DIGEST,
            Schemes::Any => AuthSchemes::BASIC | AuthSchemes::DIGEST,
        };
        request.set_credentials(AuthTarget::Server, schemes, Credentials::new(user, password))
    }

    /// A proxy that forwards asks in the place of the server.
    fn show_to_proxy(&self, request: &Request) -> hinternet::Result<()> {
        let waits = self.proxy_schemes != Schemes::Basic && !self.tunnel;
        let url_user = self.proxy.as_deref().and_then(|proxy| Located::read(proxy, "http").user);
        let user = self.proxy_user.as_deref().map(|user| credentials(user, false)).or(url_user);
        let Some((user, password)) = user.filter(|_| waits) else { return Ok(()) };
        let schemes = AuthSchemes::BASIC | AuthSchemes::DIGEST;
        request.set_credentials(AuthTarget::Proxy, schemes, Credentials::new(user, password))
    }

    /// Who is shown to everybody that asks.
    pub(crate) fn user_of_all(&self) -> Option<(String, String)> {
        let is_for_all = self.trusted && self.schemes != Schemes::Basic;
        self.user.as_deref().filter(|_| is_for_all).map(|user| credentials(user, false))
    }

    fn range(&self) -> Option<String> {
        let range = self.range.clone()?;
        Some(if range.contains('-') { range } else { format!("{range}-") })
    }

    fn expect_timeout(&self) -> Duration {
        self.expect_timeout.map_or(Duration::from_secs(1) / TIME_PASSES, Duration::from_secs)
    }
}

/// A body that is larger waits for `100 Continue`.
const MUCH: usize = 1024 * 1024;
/// What stands in the path of a URL of the WHATWG as something else.
const CHANGED_IN_A_URL: [char; 4] = ['"', '\\', '{', '}'];
