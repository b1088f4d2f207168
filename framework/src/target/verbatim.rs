//! Paths that are asked for as they are written.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::{Origin, Target, refuse_injection};
use crate::error::{Error, Operation, Result};

impl Target {
    /// A path on an origin, of which nothing is changed that could go into a request line as it is: no dot segment is resolved, no
    /// backslash turned, no quotation mark encoded.
    pub(crate) fn verbatim(origin: &Origin, path: &str, asterisk_allowed: bool) -> Result<Self> {
        let operation = Operation::OpenRequest;
        refuse_injection(path, operation)?;
        if asterisk_allowed && path == "*" {
            return Ok(Self::join(origin.clone(), path));
        }
        if path.contains('#') {
            return Err(Error::parameter(operation, "the path holds a #, and a fragment is not sent"));
        }
        let written = utf8_percent_encode(path, NEVER_SENT).to_string();
        let slash = if written.starts_with('/') { "" } else { "/" };
        Ok(Self::join(origin.clone(), &[slash, &written].concat()))
    }
}

/// What would end the target, or the line.
const NEVER_SENT: &AsciiSet = &CONTROLS.add(b' ');

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    fn path(input: &str) -> Result<String> {
        let origin = Origin::parse("http://h").unwrap();
        Ok(Target::verbatim(&origin, input, false)?.path_and_query().to_owned())
    }

    #[test]
    fn e03_nothing_is_changed_but_what_no_request_line_can_hold() {
        for input in ["/../../x", "/a/./b/../c", "/\\x", "/{\"a\"}?[b]|^`", "/%2e%2E/%", "//x//y"] {
            assert_eq!(path(input).unwrap(), input);
        }
        assert_eq!(path("x y\t?z\u{e4}").unwrap(), "/x%20y%09?z%C3%A4");
        assert_eq!(path("").unwrap(), "/");
    }

    #[test]
    fn f_octets_that_would_inject_are_refused_with_87() {
        for input in ["/a\r\nX: y", "/a\nb", "/a\0", "/a#b"] {
            assert_eq!(path(input).unwrap_err().code(), ErrorCode::InvalidParameter, "{input:?}");
        }
    }

    #[test]
    fn what_leads_on_from_it_is_as_for_any_other() {
        let origin = Origin::parse("http://h:81").unwrap();
        let target = Target::verbatim(&origin, "/../../x", false).unwrap();
        assert_eq!(target.url(), "http://h:81/../../x");
        assert_eq!(target.by_https().map(|secure| secure.url()), Some("https://h:81/../../x".to_owned()));
        assert_eq!(url::Url::parse(&target.url()).unwrap().join("../y").unwrap().as_str(), "http://h:81/y");
    }
}
