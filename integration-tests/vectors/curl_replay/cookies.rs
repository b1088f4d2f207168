//! `-b`, `-j` and `--hsts`: what the session's stores begin with.

use std::time::{Duration, SystemTime};

use hinternet::{CookieFile, CookieJar, HstsStore};

use super::command::Options;

impl Options {
    /// Does curl look at cookies at all?
    pub(crate) fn has_cookies(&self) -> bool {
        self.jar.is_some() || !self.cookies.is_empty()
    }

    /// Loads the files: Netscape's lines, and header fields, which are as if the server of this URL had sent them. curl passes over
    /// lines that are neither.
    pub(crate) fn load_cookies(&self, jar: &CookieJar, url: &str) {
        for file in self.cookies.iter().filter(|cookie| !cookie.contains('=')) {
            let Ok(text) = std::fs::read_to_string(file) else { continue };
            for line in text.lines() {
                let field = line.get(..11).filter(|name| name.eq_ignore_ascii_case("set-cookie:"));
                let _passed_over = match field {
                    Some(_) => jar.set(url, line[11..].trim()).err(),
                    None => jar.add_octets(CookieFile::Netscape, format!("{line}\n").as_bytes()).err(),
                };
            }
        }
        if self.junk_session_cookies {
            jar.end_session();
        }
    }

    /// curl chooses cookies by a `Host` of the caller's; the library never does. So the program does it itself: the URL that they
    /// are chosen for.
    pub(crate) fn cookie_url(&self, path: &str) -> Option<String> {
        let lines = self.header_lines();
        let host = lines.iter().find(|line| line.names("host"))?.value.clone().filter(|host| !host.is_empty())?;
        self.has_cookies().then(|| format!("http://{host}{path}"))
    }

    /// Those of the caller's, behind those of the jar for this URL.
    pub(crate) fn cookie_field(&self, jar: &CookieJar, url: Option<&str>) -> Option<String> {
        let of_jar = url.and_then(|url| jar.for_url(url).ok()).unwrap_or_default();
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        let mut pairs: Vec<_> =
            of_jar.iter().map(|cookie| format!("{}={}", text(cookie.name()), text(cookie.value()))).collect();
        pairs.extend(self.cookies.iter().filter(|cookie| cookie.contains('=')).cloned());
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Loads the hosts: a dot before one means those below it too.
    pub(crate) fn load_hsts(&self, store: &HstsStore) {
        let text = self.hsts.as_ref().and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (host, until) = line.split_once(' ').expect("a host and a date");
            // What is over is not loaded.
            let Some(age) = until_then(until.trim_matches('"')) else { continue };
            let below = host.starts_with('.');
            store.add(host.trim_start_matches('.'), age, below).expect("a host");
        }
    }
}

/// `99991001 04:47:41`, or `unlimited`. The day is not looked at.
fn until_then(text: &str) -> Option<Duration> {
    let Some(year) = text.get(..4).and_then(|year| year.parse::<u64>().ok()) else { return Some(LONG) };
    let seconds = (year - 1970) * 31_556_952;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    seconds.checked_sub(now).filter(|left| *left > 0).map(|left| Duration::from_secs(left).min(LONG))
}

const LONG: Duration = Duration::from_secs(400 * 24 * 60 * 60);
