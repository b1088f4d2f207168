//! Reads challenges: the fields `WWW-Authenticate` and `Proxy-Authenticate` (RFC 9110 section 11.6.1).
//!
//! ```text
//! field     = #challenge
//! challenge = scheme [ 1*SP ( token68 / #( name BWS "=" BWS ( token / quoted-string ) ) ) ]
//! ```
//!
//! A comma parts both challenges and their parameters; what comes after one is a parameter if a `=` follows its name. A field is
//! read up to its first flaw, and the challenge with the flaw counts for nothing.

use http::{HeaderMap, HeaderName};

use crate::options::AuthTarget;

/// What one scheme asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge<'a> {
    /// As it is spelled.
    pub(crate) scheme: &'a [u8],
    pub(crate) asked: Asked<'a>,
}

/// What stands behind the scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked<'a> {
    Token68(&'a [u8]),
    /// With what quotes and backslashes stood for.
    Parameters(Vec<(&'a [u8], Vec<u8>)>),
}

impl<'a> Challenge<'a> {
    /// The parameter of this name, which is written in lower case here.
    pub(crate) fn parameter(&self, name: &str) -> Option<&[u8]> {
        let Asked::Parameters(all) = &self.asked else { return None };
        let named = |(known, _): &&(&[u8], Vec<u8>)| known.eq_ignore_ascii_case(name.as_bytes());
        all.iter().find(named).map(|(_, value)| value.as_slice())
    }

    /// All challenges of the fields with this name, in order; no more than [`MOST`].
    pub(crate) fn all(fields: &'a HeaderMap, name: &HeaderName) -> Vec<Self> {
        let mut all = Vec::new();
        for field in fields.get_all(name) {
            let mut reader = Reader { rest: field.as_bytes() };
            while all.len() < MOST
                && let Some(challenge) = reader.challenge()
            {
                all.push(challenge);
            }
        }
        all
    }
}

/// The nonce for the next request, if the response names one (`Authentication-Info`, RFC 7615).
pub(crate) fn next_nonce(fields: &HeaderMap, target: AuthTarget) -> Option<Vec<u8>> {
    let name = match target {
        AuthTarget::Server => "authentication-info",
        AuthTarget::Proxy => "proxy-authentication-info",
    };
    let parameters = Reader { rest: fields.get(name)?.as_bytes() }.parameters()?;
    let (_, next) = parameters.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(b"nextnonce"))?;
    Some(next)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// The next one; `None` at the end, or where it is not one.
    fn challenge(&mut self) -> Option<Challenge<'a>> {
        self.skip(b" \t,");
        let scheme = self.token()?;
        if self.at_end_of_member() {
            return Some(Challenge { scheme, asked: Asked::Parameters(Vec::new()) });
        }
        if !self.rest.starts_with(b" ") {
            self.rest = &[];
            return None;
        }
        self.skip(b" ");
        if let Some(token68) = self.token68() {
            return Some(Challenge { scheme, asked: Asked::Token68(token68) });
        }
        match self.parameters() {
            Some(parameters) => Some(Challenge { scheme, asked: Asked::Parameters(parameters) }),
            None => {
                self.rest = &[];
                None
            }
        }
    }

    /// `None`: there is a flaw.
    fn parameters(&mut self) -> Option<Vec<(&'a [u8], Vec<u8>)>> {
        let mut all: Vec<(&[u8], Vec<u8>)> = Vec::new();
        loop {
            let before = self.rest;
            self.skip(b" \t,");
            if self.rest.is_empty() {
                return Some(all);
            }
            let name = self.token()?;
            self.skip(b" \t");
            let Some(value) = self.rest.strip_prefix(b"=") else {
                // The scheme of the next challenge.
                self.rest = before;
                return Some(all);
            };
            self.rest = value;
            self.skip(b" \t");
            let value = if self.rest.starts_with(b"\"") { self.quoted_string()? } else { self.token()?.to_vec() };
            // RFC 9110 11.2 lets each name stand once; of servers that repeat one the last is taken, as others do.
            all.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            if all.len() == MOST_PARAMETERS {
                return None;
            }
            all.push((name, value));
            if !self.at_end_of_member() {
                return None;
            }
        }
    }

    /// Up to the comma or the end behind it; nothing is taken if it is something else.
    fn token68(&mut self) -> Option<&'a [u8]> {
        let is_one = |octet: &u8| octet.is_ascii_alphanumeric() || b"-._~+/".contains(octet);
        let length = self.rest.iter().take_while(|octet| is_one(octet)).count();
        let padding = self.rest.iter().skip(length).take_while(|octet| **octet == b'=').count();
        let (token68, after) = self.rest.split_at(length + padding);
        let behind = Reader { rest: after };
        if length == 0 || !behind.at_end_of_member() {
            return None;
        }
        self.rest = after;
        Some(token68)
    }

    fn token(&mut self) -> Option<&'a [u8]> {
        let is_one = |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet);
        let length = self.rest.iter().take_while(|octet| is_one(octet)).count();
        let (token, after) = self.rest.split_at(length);
        self.rest = after;
        (length > 0).then_some(token)
    }

    fn quoted_string(&mut self) -> Option<Vec<u8>> {
        let mut value = Vec::new();
        let mut octets = self.rest.iter().enumerate().skip(1);
        while let Some((at, octet)) = octets.next() {
            match octet {
                b'"' => {
                    self.rest = self.rest.get(at + 1..).unwrap_or_default();
                    return Some(value);
                }
                b'\\' => value.push(*octets.next()?.1),
                octet => value.push(*octet),
            }
        }
        None
    }

    fn at_end_of_member(&self) -> bool {
        let rest = self.rest.trim_ascii_start();
        rest.is_empty() || rest.starts_with(b",")
    }

    fn skip(&mut self, octets: &[u8]) {
        let length = self.rest.iter().take_while(|octet| octets.contains(octet)).count();
        self.rest = self.rest.split_at(length).1;
    }
}

/// More challenges than anybody has schemes.
const MOST: usize = 32;
const MOST_PARAMETERS: usize = 32;

#[cfg(test)]
mod tests;
