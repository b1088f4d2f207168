//! What `-d` and its kin put into a body or a query.

use std::path::Path;

use super::command::Options;

/// A body.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub(crate) octets: Vec<u8>,
    pub(crate) is_json: bool,
}

impl Options {
    /// The body of `-d`, if there is one.
    pub(crate) fn form(&self, standard_input: &[u8]) -> Option<Form> {
        let mut form: Option<Form> = None;
        for (option, value) in &self.data {
            let octets = match option.as_str() {
                "--data-urlencode" => url_encoded(value, standard_input),
                "--data-binary" | "--json" => {
                    content(value, standard_input).unwrap_or_else(|| value.as_bytes().to_vec())
                }
                // Lines and zeros of a file are dropped.
                _ => content(value, standard_input).map_or_else(
                    || value.as_bytes().to_vec(),
                    |read| read.into_iter().filter(|octet| !b"\r\n\0".contains(octet)).collect(),
                ),
            };
            let is_json = option == "--json";
            let form = form.get_or_insert_default();
            if !form.octets.is_empty() && !is_json {
                form.octets.push(b'&');
            }
            form.octets.extend_from_slice(&octets);
            form.is_json |= is_json;
        }
        form
    }

    /// What is added to the query.
    pub(crate) fn query(&self, standard_input: &[u8]) -> Option<String> {
        let mut pieces: Vec<_> = self
            .url_queries
            .iter()
            .map(|value| match value.strip_prefix('+') {
                Some(as_it_is) => as_it_is.to_owned(),
                None => String::from_utf8_lossy(&url_encoded(value, standard_input)).into_owned(),
            })
            .collect();
        if self.data_in_query {
            pieces.extend(self.form(standard_input).map(|form| String::from_utf8_lossy(&form.octets).into_owned()));
        }
        (!pieces.is_empty()).then(|| pieces.join("&"))
    }
}

/// What `@file` and `@-` stand for.
fn content(value: &str, standard_input: &[u8]) -> Option<Vec<u8>> {
    let name = value.strip_prefix('@')?;
    Some(if name == "-" { standard_input.to_vec() } else { read(name) })
}

/// `content`, `=content`, `name=content`, `@file`, `name@file`.
fn url_encoded(value: &str, standard_input: &[u8]) -> Vec<u8> {
    let Some(at) = value.find(['=', '@']) else { return percent_encode(value.as_bytes()).into_bytes() };
    let (name, rest) = value.split_at(at);
    let encoded = match content(rest, standard_input) {
        Some(read) => percent_encode(&read),
        None => percent_encode(&rest.as_bytes()[1..]),
    };
    if name.is_empty() { encoded.into_bytes() } else { format!("{name}={encoded}").into_bytes() }
}

/// All but the unreserved characters (RFC 3986 2.3); a blank is a plus, as in forms.
pub(crate) fn percent_encode(octets: &[u8]) -> String {
    let encode = |octet: &u8| match octet {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(*octet).to_string(),
        b' ' => "+".to_owned(),
        octet => format!("%{octet:02X}"),
    };
    octets.iter().map(encode).collect()
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
