//! Header fields that are set in more ways than one line more (pure).

use http::header::{CACHE_CONTROL, PRAGMA};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Request;
use super::state::Call;
use crate::error::{Error, Operation, Result};
use crate::options::MOST_FIELD_NAMES;
use crate::protocol::http1::field;

/// What becomes of a header field that a request may have already: the modifiers of `WinHttpAddRequestHeaders`.
///
/// An example is at [`Request::add_header_with`](crate::Request::add_header_with).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeaderModifier {
    /// It gets another line, behind those that are there.
    #[default]
    #[doc(alias = "WINHTTP_ADDREQ_FLAG_ADD")]
    Add,
    /// It is set only if there is none of that name.
    #[doc(alias = "WINHTTP_ADDREQ_FLAG_ADD_IF_NEW")]
    AddIfNew,
    /// It is set in place of the first one, if there is one. An empty value takes that away.
    #[doc(alias = "WINHTTP_ADDREQ_FLAG_REPLACE")]
    Replace,
    /// The same of the one at this place among those of its name; 0 is the first.
    #[doc(alias = "WINHTTP_ADDREQ_INDEX_MASK")]
    ReplaceNth(usize),
    /// It is set in place of the first one or, without any, anew (`WINHTTP_ADDREQ_FLAG_ADD | WINHTTP_ADDREQ_FLAG_REPLACE`). An empty
    /// value takes the first one away.
    AddOrReplace,
    /// It is appended to the first one with a comma, or set if there is none.
    #[doc(alias("WINHTTP_ADDREQ_FLAG_COALESCE", "WINHTTP_ADDREQ_FLAG_COALESCE_WITH_COMMA"))]
    CoalesceWithComma,
    /// It is appended to the first one with a semicolon, or set if there is none.
    #[doc(alias = "WINHTTP_ADDREQ_FLAG_COALESCE_WITH_SEMICOLON")]
    CoalesceWithSemicolon,
}

impl HeaderModifier {
    /// Was anything changed?
    pub(super) fn apply(self, map: &mut HeaderMap, name: HeaderName, value: HeaderValue) -> Result<bool> {
        match self {
            Self::Add => return add(map, name, value),
            Self::AddIfNew if map.contains_key(&name) => return Ok(false),
            Self::Replace => return Ok(replace(map, &name, 0, value)),
            Self::ReplaceNth(place) => return Ok(replace(map, &name, place, value)),
            _ => {}
        }
        let joint: &[u8] = match self {
            Self::CoalesceWithComma => b", ",
            Self::CoalesceWithSemicolon => b"; ",
            _ if map.contains_key(&name) => return Ok(replace(map, &name, 0, value)),
            // Nothing is there to take away.
            Self::AddOrReplace if value.is_empty() => return Ok(false),
            _ => return add(map, name, value),
        };
        let Some(first) = map.get_mut(&name) else { return add(map, name, value) };
        let both = [first.as_bytes(), joint, value.as_bytes()].concat();
        // Of two values that may be sent the joint one may be, too.
        let Ok(mut both) = HeaderValue::from_maybe_shared(both) else { return Ok(false) };
        // What is a secret in part is one.
        both.set_sensitive(first.is_sensitive() || value.is_sensitive());
        *first = both;
        Ok(true)
    }
}

/// One more line, if there is room for its name. A map that is full would panic if it was not asked.
pub(super) fn add(map: &mut HeaderMap, name: HeaderName, value: HeaderValue) -> Result<bool> {
    if map.keys_len() >= MOST_FIELD_NAMES && !map.contains_key(&name) {
        return Err(too_many());
    }
    map.try_append(name, value).map_err(|_| too_many())?;
    Ok(true)
}

/// Those of another map, each as one more line.
pub(super) fn add_all(map: &mut HeaderMap, more: HeaderMap) -> Result<()> {
    let mut last = None;
    for (name, value) in more {
        // Of several lines of a name the first alone has it.
        last = name.or(last);
        if let Some(name) = &last {
            add(map, name.clone(), value)?;
        }
    }
    Ok(())
}

/// A map that the caller has filled.
pub(super) fn check_names(map: &HeaderMap) -> Result<()> {
    if map.keys_len() > MOST_FIELD_NAMES { Err(too_many()) } else { Ok(()) }
}

fn replace(map: &mut HeaderMap, name: &HeaderName, place: usize, value: HeaderValue) -> bool {
    // Not by an entry, which needs room for one more.
    let Some((_, replaced)) = map.iter_mut().filter(|(of, _)| *of == name).nth(place) else { return false };
    if !value.is_empty() {
        *replaced = value;
        return true;
    }
    let all = map.get_all(name).iter().enumerate();
    let kept: Vec<_> = all.filter(|(at, _)| *at != place).map(|(_, value)| value.clone()).collect();
    map.remove(name);
    for value in kept {
        map.append(name, value);
    }
    true
}

fn too_many() -> Error {
    Error::parameter(Operation::AddHeader, "there are too many header fields")
}

/// What has a proxy on the way ask the server itself.
pub(super) fn refresh(map: &mut HeaderMap) -> Result<()> {
    for name in [CACHE_CONTROL, PRAGMA] {
        map.remove(&name);
        add(map, name, HeaderValue::from_static("no-cache"))?;
    }
    Ok(())
}

/// One field as the caller wrote it, checked.
pub(super) fn checked(name: &str, value: &[u8]) -> Result<(HeaderName, HeaderValue)> {
    field(name, value).map_err(|misuse| Error::parameter(Operation::AddHeader, misuse.to_string()))
}

/// The fields of a text of several lines, which end in any run of CR and LF.
fn lines(text: &str) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let lines = text.split(['\r', '\n']).filter(|line| !line.is_empty());
    let read = |line: &str| {
        let no_colon = || Error::parameter(Operation::AddHeader, "a line of the header has no colon");
        let (name, value) = line.split_once(':').ok_or_else(no_colon)?;
        checked(name, value.trim_matches([' ', '\t']).as_bytes())
    };
    lines.map(read).collect()
}

impl Request {
    /// [`add_header`](Self::add_header) with a say in what becomes of one that is there: `true` if anything was changed, `false` if there
    /// was one already ([`AddIfNew`](HeaderModifier::AddIfNew)), or none to replace.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> hinternet::Result<()> {
    /// # let session = builder().open()?;
    /// use hinternet::{HeaderModifier, Method};
    ///
    /// let request = session.connect("http://www.example.com")?.open_request(Method::GET, "/")?;
    /// request.add_header("Accept", "text/html")?;
    /// request.add_header_with(HeaderModifier::CoalesceWithComma, "Accept", "text/plain")?;
    /// request.add_header_with(HeaderModifier::Replace, "X-Draft", "")?; // Takes it away.
    /// assert_eq!(request.headers()["accept"], "text/html, text/plain");
    /// # session.close().await
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`add_header`](Self::add_header).
    #[doc(alias = "HttpAddRequestHeaders")]
    #[doc(alias("WinHttpAddRequestHeaders", "WinHttpAddRequestHeadersEx"))]
    pub fn add_header_with(&self, modifier: HeaderModifier, name: &str, value: impl AsRef<[u8]>) -> Result<bool> {
        self.inner.shared.check(Call::AddHeader, Operation::AddHeader)?;
        let (name, value) = checked(name, value.as_ref())?;
        modifier.apply(self.inner.shared.draft().headers.change(), name, value)
    }

    /// The same for a text of several lines, `Name: value` each, that end in CR, LF or both; empty ones are passed over. How many changed
    /// anything.
    ///
    /// For what the program itself wrote. In a text that holds a stranger's words, each line end would be one more field: those go
    /// to [`add_header`](Self::add_header), which refuses them.
    ///
    /// # Errors
    /// See [`add_header`](Self::add_header); then no line was taken.
    #[doc(alias = "WinHttpAddRequestHeaders")]
    pub fn add_header_lines(&self, modifier: HeaderModifier, text: &str) -> Result<usize> {
        self.inner.shared.check(Call::AddHeader, Operation::AddHeader)?;
        let fields = lines(text)?;
        let mut draft = self.inner.shared.draft();
        // All of them or none.
        let (mut headers, mut changed) = (HeaderMap::clone(&draft.headers), 0);
        for (name, value) in fields {
            changed += usize::from(modifier.apply(&mut headers, name, value)?);
        }
        draft.headers = headers.into();
        Ok(changed)
    }

    /// In place of those set so far: fields of which each was counted when it was added.
    pub(super) fn put_headers(&self, headers: HeaderMap) -> Result<()> {
        self.inner.shared.check(Call::AddHeader, Operation::AddHeader)?;
        self.inner.shared.draft().headers = headers.into();
        Ok(())
    }

    /// Asks whoever has a copy of the response to ask the server itself (`Cache-Control` and `Pragma: no-cache`, RFC 9111 5.2.1.4).
    ///
    /// # Errors
    /// 12019 while the request is under way, 6 when it is closed.
    #[doc(alias("WINHTTP_FLAG_REFRESH", "WINHTTP_FLAG_BYPASS_PROXY_CACHE"))]
    pub fn refresh(&self) -> Result<()> {
        self.inner.shared.check(Call::AddHeader, Operation::AddHeader)?;
        refresh(self.inner.shared.draft().headers.change())
    }
}

#[cfg(test)]
mod tests {
    use super::HeaderModifier::*;
    use super::*;
    use crate::error::ErrorCode;

    fn start() -> HeaderMap {
        let mut map = HeaderMap::new();
        for value in ["1", "2"] {
            map.append("x", HeaderValue::from_static(value));
        }
        map.append("y", HeaderValue::from_static("3"));
        map
    }

    fn values(map: &HeaderMap) -> Vec<&str> {
        map.get_all("x").iter().map(|value| value.to_str().unwrap()).collect()
    }

    #[track_caller]
    fn becomes(modifier: HeaderModifier, value: &str, expected: &[&str]) {
        let mut map = start();
        let value_set = HeaderValue::from_str(value).unwrap();
        let changed = modifier.apply(&mut map, HeaderName::from_static("x"), value_set).unwrap();
        assert_eq!((values(&map), changed), (expected.to_vec(), expected != ["1", "2"]), "{modifier:?} {value:?}");
        assert_eq!(map["y"], "3");
    }

    #[test]
    fn h06_to_h12_a_field_that_is_there() {
        becomes(Add, "9", &["1", "2", "9"]);
        becomes(Add, "", &["1", "2", ""]);
        becomes(AddIfNew, "9", &["1", "2"]);
        becomes(Replace, "9", &["9", "2"]);
        becomes(Replace, "", &["2"]);
        becomes(ReplaceNth(1), "9", &["1", "9"]);
        becomes(ReplaceNth(1), "", &["1"]);
        becomes(ReplaceNth(2), "9", &["1", "2"]);
        becomes(AddOrReplace, "9", &["9", "2"]);
        becomes(AddOrReplace, "", &["2"]);
        becomes(CoalesceWithComma, "9", &["1, 9", "2"]);
        becomes(CoalesceWithSemicolon, "9", &["1; 9", "2"]);
    }

    #[test]
    fn h10_to_h13_a_field_that_is_not_there() {
        for modifier in [Add, AddIfNew, AddOrReplace, CoalesceWithComma, CoalesceWithSemicolon] {
            let mut map = HeaderMap::new();
            let added = modifier.apply(&mut map, HeaderName::from_static("x"), HeaderValue::from_static("9"));
            assert!(added.unwrap());
            assert_eq!(values(&map), ["9"], "{modifier:?}");
        }
        for (modifier, value) in [(Replace, "9"), (ReplaceNth(0), "9"), (Replace, ""), (AddOrReplace, "")] {
            let mut map = HeaderMap::new();
            let changed = modifier.apply(&mut map, HeaderName::from_static("x"), HeaderValue::from_static(value));
            assert!(!changed.unwrap());
            assert!(map.is_empty(), "{modifier:?}");
        }
        assert_eq!(HeaderModifier::default(), Add);
    }

    #[test]
    fn a_value_that_a_secret_is_appended_to_is_a_secret() {
        let secret = |value| {
            let mut value = HeaderValue::from_static(value);
            value.set_sensitive(true);
            value
        };
        for (first, appended) in
            [(secret("a"), HeaderValue::from_static("b")), (HeaderValue::from_static("a"), secret("b"))]
        {
            let mut map = HeaderMap::new();
            map.append("x", first);
            assert!(CoalesceWithComma.apply(&mut map, HeaderName::from_static("x"), appended).unwrap());
            assert!(map["x"] == "a, b" && map["x"].is_sensitive());
        }
    }

    #[test]
    fn a_map_that_is_full_refuses_more_and_does_not_panic() {
        let mut map = HeaderMap::new();
        let value = HeaderValue::from_static("1");
        let name = |number: u32| HeaderName::try_from(format!("x-{number}")).unwrap();
        let added = (0..100_000).take_while(|number| Add.apply(&mut map, name(*number), value.clone()).is_ok()).count();
        assert_eq!(added, MOST_FIELD_NAMES);
        for modifier in [Add, AddIfNew, AddOrReplace, CoalesceWithComma, CoalesceWithSemicolon] {
            let refused = modifier.apply(&mut map, name(100_000), value.clone()).unwrap_err();
            assert_eq!(refused.code(), ErrorCode::InvalidParameter, "{modifier:?}");
        }
        assert_eq!(refresh(&mut map).unwrap_err().code(), ErrorCode::InvalidParameter);
        let one_more = HeaderMap::from_iter([(name(100_000), value.clone())]);
        assert_eq!(add_all(&mut map, one_more).unwrap_err().code(), ErrorCode::InvalidParameter);
        assert!(check_names(&map).is_ok());
        assert!(Replace.apply(&mut map, name(0), value.clone()).unwrap());
        assert!(!Replace.apply(&mut map, name(100_000), value).unwrap());
        assert_eq!(map.len(), added);
    }

    #[test]
    fn each_line_of_another_map_is_one_more() {
        let mut map = start();
        add_all(&mut map, start()).unwrap();
        assert_eq!((values(&map), map.get_all("y").iter().count()), (vec!["1", "2", "1", "2"], 2));
    }

    #[test]
    fn h17_h18_lines_end_in_any_run_of_cr_and_lf() {
        let fields = lines("\r\na: 1\n\r\r\nb:2 \rc:\n\nd: x:y\r\n").unwrap();
        let shown: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", value.to_str().unwrap())).collect();
        assert_eq!(shown, ["a=1", "b=2", "c=", "d=x:y"]);
        assert!(lines("").unwrap().is_empty());
    }

    #[test]
    fn h14_what_is_no_line_is_refused() {
        for text in [
            ":",
            ":b",
            "cd",
            " e :f",
            "a: 1\r\nb",
            "a: \u{1}",
            " folded: 1\r\n on",
            "a: 1\n on: 2",
            "a: \0",
            "a\0: 1",
            "\u{e9}: 1",
            "a\t: 1",
        ] {
            assert_eq!(lines(text).unwrap_err().code(), ErrorCode::InvalidParameter, "{text:?}");
        }
    }
}
