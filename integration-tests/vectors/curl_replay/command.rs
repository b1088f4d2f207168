//! A curl command line, read.

/// What stands between two `--next`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) urls: Vec<String>,
    /// Files to write to, one for each URL.
    pub(crate) outputs: Vec<String>,
    /// Files to send, one for each URL.
    pub(crate) uploads: Vec<String>,
    pub(crate) method: Option<String>,
    /// The forms of `-d`, each with its option.
    pub(crate) data: Vec<(String, String)>,
    pub(crate) url_queries: Vec<String>,
    pub(crate) data_in_query: bool,
    pub(crate) head: bool,
    pub(crate) headers: Vec<String>,
    pub(crate) proxy_headers: Vec<String>,
    pub(crate) user: Option<String>,
    pub(crate) bearer: Option<String>,
    pub(crate) schemes: Schemes,
    pub(crate) proxy: Option<String>,
    pub(crate) proxy_user: Option<String>,
    pub(crate) proxy_schemes: Schemes,
    pub(crate) tunnel: bool,
    pub(crate) no_proxy: Option<String>,
    pub(crate) resolve: Vec<String>,
    pub(crate) connect_to: Vec<String>,
    pub(crate) follow: Follow,
    /// Credentials go wherever redirects lead.
    pub(crate) trusted: bool,
    pub(crate) max_redirects: Option<i64>,
    /// The statuses over which POST stays POST.
    pub(crate) post_stays: Vec<u16>,
    pub(crate) range: Option<String>,
    pub(crate) resume: Option<String>,
    pub(crate) compressed: bool,
    pub(crate) transfer_encoding: bool,
    pub(crate) raw: bool,
    pub(crate) cookies: Vec<String>,
    pub(crate) jar: Option<String>,
    pub(crate) junk_session_cookies: bool,
    pub(crate) user_agent: Option<String>,
    pub(crate) referer: Option<String>,
    pub(crate) fail: Fail,
    pub(crate) retry: u32,
    pub(crate) retry_max_time: Option<u64>,
    pub(crate) max_time: Option<f64>,
    pub(crate) time_condition: Option<String>,
    pub(crate) max_file_size: Option<u64>,
    pub(crate) http10: bool,
    pub(crate) proxy_http10: bool,
    pub(crate) request_target: Option<String>,
    pub(crate) path_as_is: bool,
    pub(crate) no_globbing: bool,
    pub(crate) ignore_length: bool,
    pub(crate) dump_header: Option<String>,
    pub(crate) expect_timeout: Option<u64>,
    pub(crate) hsts: Option<String>,
}

/// What credentials may be used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Schemes {
    #[default]
    Basic,
    Digest,
    /// Whatever the challenge asks for.
    Any,
}

/// How redirects are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Follow {
    #[default]
    Never,
    /// `-L`: a method of the caller's own stays.
    Location,
    /// `--follow`: the method changes as the RFC says.
    ByStatus,
}

/// What a status of 400 and more is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fail {
    #[default]
    Never,
    WithoutBody,
    WithBody,
}

/// The parts of a command line.
pub(crate) fn read(arguments: &[(String, String)]) -> Vec<Options> {
    let mut all = vec![Options::default()];
    let mut arguments = arguments.iter();
    while let Some((name, value)) = arguments.next() {
        let value = match name.as_str() {
            "--next" => {
                all.push(Options::default());
                continue;
            }
            // The vectors take what belongs to this option for a URL.
            "--proxy1.0" => arguments.next().map(|(_, value)| value.clone()).unwrap_or_default(),
            _ => value.clone(),
        };
        all.last_mut().expect("there is one").take(name, value);
    }
    all
}

impl Options {
    fn take(&mut self, name: &str, value: String) {
        match name {
            "url" => self.urls.push(value),
            "-o" => self.outputs.push(value),
            "-T" => self.uploads.push(value),
            "-X" => self.method = Some(value),
            "-d" | "--data-binary" | "--data-urlencode" | "--json" => self.data.push((name.to_owned(), value)),
            "--url-query" => self.url_queries.push(value),
            "-G" => self.data_in_query = true,
            "-I" | "--head" => self.head = true,
            "-H" | "--header" => self.headers.push(value),
            "--proxy-header" => self.proxy_headers.push(value),
            "-u" | "--user" => self.user = Some(value),
            "--oauth2-bearer" => self.bearer = Some(value),
            "--digest" => self.schemes = Schemes::Digest,
            "--anyauth" => self.schemes = Schemes::Any,
            "-x" | "--proxy" => self.proxy = Some(value),
            "--proxy1.0" => (self.proxy, self.proxy_http10) = (Some(value), true),
            "-U" | "--proxy-user" => self.proxy_user = Some(value),
            "--proxy-digest" => self.proxy_schemes = Schemes::Digest,
            "--proxy-anyauth" => self.proxy_schemes = Schemes::Any,
            "-p" | "--proxytunnel" => self.tunnel = true,
            "--noproxy" => self.no_proxy = Some(value),
            "--resolve" => self.resolve.push(value),
            "--connect-to" => self.connect_to.push(value),
            "-L" | "--location" if self.follow == Follow::Never => self.follow = Follow::Location,
            "-L" | "--location" => {}
            "--location-trusted" => (self.follow, self.trusted) = (Follow::Location, true),
            "--follow" => self.follow = Follow::ByStatus,
            "--max-redirs" => self.max_redirects = Some(number(&value)),
            "--post301" => self.post_stays.push(301),
            "--post302" => self.post_stays.push(302),
            "--post303" => self.post_stays.push(303),
            "-r" | "--range" => self.range = Some(value),
            "-C" => self.resume = Some(value),
            "--compressed" => self.compressed = true,
            "--tr-encoding" => self.transfer_encoding = true,
            "--raw" => self.raw = true,
            "-b" => self.cookies.push(value),
            "-c" => self.jar = Some(value),
            "-j" => self.junk_session_cookies = true,
            "-A" => self.user_agent = Some(value),
            "-e" | "--referer" => self.referer = Some(value),
            "-f" | "--fail" => self.fail = Fail::WithoutBody,
            "--fail-with-body" => self.fail = Fail::WithBody,
            "--retry" => self.retry = number(&value).try_into().expect("few"),
            "--retry-max-time" => self.retry_max_time = Some(number(&value).try_into().expect("positive")),
            "-m" | "--max-time" => self.max_time = Some(value.parse().expect("a number")),
            "-z" => self.time_condition = Some(value),
            "--max-filesize" => self.max_file_size = Some(number(&value).try_into().expect("positive")),
            "-0" | "--http1.0" => self.http10 = true,
            "--request-target" => self.request_target = Some(value),
            "--path-as-is" => self.path_as_is = true,
            "-g" => self.no_globbing = true,
            "--ignore-content-length" => self.ignore_length = true,
            "-D" | "--dump-header" => self.dump_header = Some(value),
            "--expect100-timeout" => self.expect_timeout = Some(number(&value).try_into().expect("positive")),
            "--hsts" => self.hsts = Some(value),
            // What is written where, and how it looks, is not compared; nor how long a program waits before it tries again.
            "-w"
            | "--write-out"
            | "-i"
            | "--include"
            | "--no-include"
            | "-s"
            | "--silent"
            | "-sS"
            | "-S"
            | "--show-error"
            | "-v"
            | "--stderr"
            | "--no-progress-meter"
            | "--suppress-connect-headers"
            | "--retry-delay" => {}
            // What is so in any case.
            "-4" | "--ipv4" | "--http1.1" | "--no-http0.9" | "--http0.9" => {}
            other => panic!("the program does not know {other}"),
        }
    }
}

fn number(text: &str) -> i64 {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}
