//! The proxies that the environment names: `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`.

use std::env::VarError;

use crate::error::{Error, Operation, Result};
use crate::network::{Proxy, Route};
use crate::options::{BypassList, NamedProxies, ProxySettings};

impl ProxySettings {
    /// What an environment with these variables says. The lower case of each name comes first; a variable that is set and empty is
    /// [`Route::Direct`], and goes before `all_proxy`. `HTTP_PROXY` in upper case is not heeded where `REQUEST_METHOD` is set: there a
    /// request to a CGI program has set it (httpoxy, CVE-2016-5385). On Windows, where both cases are one variable, neither is.
    ///
    /// # Errors
    /// 87 for a proxy that cannot be read. The error names the variable, not what it holds.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        said_by(variable, Names { have_case: !cfg!(windows) })
    }
}

/// How an environment tells its variables apart.
#[derive(Clone, Copy)]
struct Names {
    have_case: bool,
}

fn said_by(variable: impl Fn(&str) -> Option<String>, names: Names) -> Result<ProxySettings> {
    let of = |name: &str| {
        let upper = name.to_ascii_uppercase();
        let heeded = upper != "HTTP_PROXY" || variable("REQUEST_METHOD").is_none();
        let lower = (heeded || names.have_case).then(|| variable(name)).flatten();
        lower.or_else(|| heeded.then(|| variable(&upper)).flatten())
    };
    let route = |name| -> Result<Vec<Route>> {
        let (name, url) = match of(name) {
            Some(url) => (name, url),
            None => match of("all_proxy") {
                Some(url) => ("all_proxy", url),
                None => return Ok(Vec::new()),
            },
        };
        if url.is_empty() {
            return Ok(Vec::new());
        }
        let refused = |_| Error::parameter(Operation::SetOption, format!("{name} in the environment names no proxy"));
        Ok(vec![Route::Proxy(Proxy::parse(&url).map_err(refused)?)])
    };
    let named = NamedProxies::new(route("http_proxy")?).for_https(route("https_proxy")?);
    Ok(named.bypass(BypassList::no_proxy(&of("no_proxy").unwrap_or_default())).into())
}

/// What a variable of the process says. One that is no text is not passed over: with what is added here no proxy can be read from
/// it, and of a list of exceptions what can be read still counts.
pub(crate) fn text_of(variable: std::result::Result<String, VarError>) -> Option<String> {
    match variable {
        Ok(text) => Some(text),
        Err(VarError::NotPresent) => None,
        Err(VarError::NotUnicode(octets)) => Some(format!("{},\0", octets.to_string_lossy())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::proxy::routes;
    use crate::target::Origin;

    fn chosen(variables: &[(&str, &str)], url: &str) -> String {
        chosen_where(Names { have_case: true }, variables, url)
    }

    fn chosen_where(names: Names, variables: &[(&str, &str)], url: &str) -> String {
        let is = |known: &str, name: &str| known == name || !names.have_case && known.eq_ignore_ascii_case(name);
        let variable =
            |name: &str| variables.iter().find(|(known, _)| is(known, name)).map(|(_, value)| (*value).to_owned());
        let settings = match said_by(variable, names) {
            Ok(ProxySettings::Named(named)) => named,
            Ok(other) => panic!("{other:?}"),
            Err(error) => return error.to_string(),
        };
        routes(&settings, &Origin::parse(url).unwrap()).iter().map(Route::to_string).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn the_environment_names_proxies_by_scheme_and_lower_case_comes_first() {
        let both =
            [("http_proxy", "p:1"), ("HTTP_PROXY", "q:1"), ("HTTPS_PROXY", "https://s"), ("ALL_PROXY", "socks5h://a")];
        assert_eq!(chosen(&both, "http://h"), "http://p:1");
        assert_eq!(chosen(&both, "https://h"), "https://s:443");
        assert_eq!(chosen(&both[3..], "http://h"), "socks5h://a:1080");
        assert_eq!(chosen(&both[1..2], "http://h"), "http://q:1");
        assert_eq!(chosen(&both[..1], "https://h"), "direct");
        assert_eq!(chosen(&[("http_proxy", ""), ("all_proxy", "p:1")], "http://h"), "direct");
        assert_eq!(chosen(&[], "http://h"), "direct");
    }

    #[test]
    fn what_a_request_to_a_cgi_program_set_is_not_heeded() {
        let httpoxy = [("HTTP_PROXY", "evil:1"), ("REQUEST_METHOD", "GET"), ("HTTPS_PROXY", "p:1")];
        assert_eq!(chosen(&httpoxy, "http://h"), "direct");
        assert_eq!(chosen(&httpoxy, "https://h"), "http://p:1");
        assert_eq!(chosen(&[("http_proxy", "p:1"), ("REQUEST_METHOD", "GET")], "http://h"), "http://p:1");
    }

    #[test]
    fn where_names_have_no_case_what_a_request_to_a_cgi_program_set_is_heeded_in_no_case() {
        let on_windows = |variables: &[(&str, &str)], url| chosen_where(Names { have_case: false }, variables, url);
        let httpoxy =
            [("HTTP_PROXY", "evil:1"), ("REQUEST_METHOD", "GET"), ("HTTPS_PROXY", "p:1"), ("ALL_PROXY", "a:1")];
        assert_eq!(on_windows(&httpoxy[..3], "http://h"), "direct");
        assert_eq!(on_windows(&httpoxy, "http://h"), "http://a:1");
        assert_eq!(on_windows(&httpoxy, "https://h"), "http://p:1");
        assert_eq!(on_windows(&httpoxy[..1], "http://h"), "http://evil:1", "there is no such program");
    }

    #[test]
    fn no_proxy_names_exceptions() {
        let with = |no_proxy| [("http_proxy", "p:1"), ("no_proxy", no_proxy), ("NO_PROXY", "other.example")];
        assert_eq!(chosen(&with("*"), "http://h"), "direct");
        assert_eq!(chosen(&with("example.com"), "http://a.example.com"), "direct");
        assert_eq!(chosen(&with("example.com"), "http://other.example"), "http://p:1");
        assert_eq!(chosen(&with(""), "http://other.example"), "http://p:1");
    }

    #[test]
    fn what_cannot_be_read_is_an_error_that_does_not_repeat_it() {
        let error = chosen(&[("http_proxy", "gopher://user:secret@p")], "http://h");
        assert!(error.contains("http_proxy") && !error.contains("secret"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_no_text_is_an_error_and_not_passed_over() {
        use std::os::unix::ffi::OsStringExt;
        let broken = |octets: &[u8]| text_of(Err(VarError::NotUnicode(OsStringExt::from_vec(octets.to_vec()))));
        let proxy = broken(b"http://user:s\xe9cret@proxy.example:3128").unwrap();
        let error = chosen(&[("http_proxy", &proxy)], "http://h");
        assert!(error.contains("http_proxy") && !error.contains("cret"), "{error}");
        let exceptions = broken(b"a.example,\xe9.example").unwrap();
        assert_eq!(chosen(&[("http_proxy", "p:1"), ("no_proxy", &exceptions)], "http://a.example"), "direct");
        assert_eq!(chosen(&[("http_proxy", "p:1"), ("no_proxy", &exceptions)], "http://b.example"), "http://p:1");
        assert_eq!(text_of(Err(VarError::NotPresent)), None);
    }
}
