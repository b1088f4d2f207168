//! A Sec-WebSocket-Extensions field (RFC 6455 section 9.1): extensions, each with its parameters.

use http::header::SEC_WEBSOCKET_EXTENSIONS;
use http::{HeaderMap, HeaderValue};

use crate::protocol::websocket::fault::HandshakeFault;

/// One extension that the peer names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extension {
    pub(super) name: String,
    /// Each with its value, if it has one; a quoted one without its quotes.
    pub(super) parameters: Vec<(String, Option<String>)>,
}

/// All of them, in the order in which they stand; however many fields there are, they make one list.
pub(super) fn extensions(headers: &HeaderMap) -> Result<Vec<Extension>, HandshakeFault> {
    let mut all = Vec::new();
    for value in headers.get_all(SEC_WEBSOCKET_EXTENSIONS) {
        read(value, &mut all).ok_or(HandshakeFault::ExtensionSyntax)?;
    }
    Ok(all)
}

fn read(value: &HeaderValue, all: &mut Vec<Extension>) -> Option<()> {
    let mut text = Text(value.as_bytes());
    loop {
        let mut extension = Extension { name: text.token()?, ..Extension::default() };
        while text.takes(b';') {
            let name = text.token()?;
            let value = if text.takes(b'=') { Some(text.value()?) } else { None };
            extension.parameters.push((name, value));
        }
        all.push(extension);
        if !text.takes(b',') {
            return text.is_at_end().then_some(());
        }
    }
}

/// What is left to be read.
struct Text<'a>(&'a [u8]);

impl Text<'_> {
    /// This octet, with blanks on both sides.
    fn takes(&mut self, octet: u8) -> bool {
        self.0 = self.0.trim_ascii_start();
        let Some(rest) = self.0.strip_prefix(&[octet]) else { return false };
        self.0 = rest.trim_ascii_start();
        true
    }

    fn is_at_end(&self) -> bool {
        self.0.trim_ascii_start().is_empty()
    }

    fn token(&mut self) -> Option<String> {
        self.0 = self.0.trim_ascii_start();
        let length = self.0.iter().position(|octet| !is_of_token(*octet)).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at_checked(length).filter(|(token, _)| !token.is_empty())?;
        self.0 = rest;
        String::from_utf8(token.to_vec()).ok()
    }

    /// A token, which may stand in quotes.
    fn value(&mut self) -> Option<String> {
        let Some(mut rest) = self.0.strip_prefix(b"\"") else { return self.token() };
        let mut value = Vec::new();
        loop {
            let (octet, after) = match rest {
                [b'"', after @ ..] => {
                    self.0 = after;
                    break;
                }
                [b'\\', octet, after @ ..] | [octet, after @ ..] => (*octet, after),
                [] => return None,
            };
            value.push(octet);
            rest = after;
        }
        if value.is_empty() || !value.iter().all(|octet| is_of_token(*octet)) {
            return None;
        }
        String::from_utf8(value).ok()
    }
}

/// RFC 9110 section 5.6.2.
fn is_of_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[&'static str]) -> Result<Vec<String>, HandshakeFault> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(field));
        }
        let told = |Extension { name, parameters }: Extension| {
            parameters.into_iter().fold(name, |told, (name, value)| match value {
                Some(value) => format!("{told}; {name}={value}"),
                None => format!("{told}; {name}"),
            })
        };
        Ok(extensions(&headers)?.into_iter().map(told).collect())
    }

    #[test]
    fn rfc6455_9_1_fields_make_one_list_and_quotes_are_no_part_of_a_value() {
        assert_eq!(of(&[]).unwrap(), [""; 0]);
        assert_eq!(of(&["a ;b = 1;c; d=\"x\\y\" , e", "f"]).unwrap(), ["a; b=1; c; d=xy", "e", "f"]);
    }

    #[test]
    fn rfc6455_9_1_what_is_no_list_of_extensions_is_refused() {
        for wrong in
            ["", "a;", "a;b=", "a,", ",a", "a b", "a;b=\"", "a;b=\"\"", "a;b=\"x y\"", "a;b=\"1\"2", "a=1", "a;=1"]
        {
            assert_eq!(of(&[wrong]), Err(HandshakeFault::ExtensionSyntax), "{wrong:?}");
        }
    }
}
