//! Where a cookie comes from, and where a request goes: host, path and scheme of one URL, never of a `Host` field.

use crate::policy::domains;
use crate::target::Target;

/// What of a URL decides about cookies.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(super) host: &'a str,
    pub(super) path: &'a str,
    pub(super) secure: bool,
}

impl<'a> Scope<'a> {
    pub(crate) fn of(target: &'a Target) -> Self {
        let path = target.path_and_query();
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let host = domains::of_url(target.origin().host());
        // What does not leave the machine is as good as secure, as browsers and curl have it.
        Self { host, path, secure: target.origin().is_secure() || LOOPBACK.contains(&host) }
    }

    /// The folder of the URL (RFC 6265bis 5.1.4).
    pub(super) fn default_path(&self) -> &'a str {
        match self.path.rsplit_once('/') {
            Some((folder, _)) if folder.starts_with('/') => folder,
            _ => "/",
        }
    }
}

/// Is the path the cookie's, or below it (RFC 6265bis 5.1.4)?
pub(super) fn is_on_path(path: &str, cookie: &str) -> bool {
    let rest = path.strip_prefix(cookie);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || cookie.ends_with('/'))
}

const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_path_is_the_folder_of_the_url() {
        for (url, path) in [
            ("http://h", "/"),
            ("http://h/a", "/"),
            ("http://h/a/", "/a"),
            ("http://h/a/b?c=/d/e", "/a"),
            ("http://h/a//b", "/a/"),
        ] {
            let target = Target::parse(url).unwrap();
            assert_eq!(Scope::of(&target).default_path(), path, "{url}");
        }
    }

    #[test]
    fn a_path_is_matched_by_whole_segments() {
        assert!(is_on_path("/a/b", "/a"));
        assert!(is_on_path("/a/b", "/a/"));
        assert!(is_on_path("/a", "/a"));
        assert!(is_on_path("/ab", "/"));
        assert!(!is_on_path("/ab", "/a"));
        assert!(!is_on_path("/", "/a"));
        assert!(!is_on_path("*", "/"));
    }
}
