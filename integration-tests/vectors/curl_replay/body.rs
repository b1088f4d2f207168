//! What is sent beside the head.

use bytes::Bytes;
use futures_util::stream;
use hinternet::Payload;

use super::exit_code::{Exit, READ_ERROR};
use super::transfer::Job;

/// A body.
pub(crate) struct Body {
    pub(crate) octets: Bytes,
    /// Its length is told.
    pub(crate) is_sized: bool,
    /// The program cannot know beforehand how long it is.
    pub(crate) is_of_unknown_length: bool,
    /// `Content-Type`, `Content-Range` and the like.
    pub(crate) fields: Vec<(&'static str, String)>,
}

impl Body {
    pub(crate) fn payload(&self, is_chunked: bool) -> Payload {
        let octets = self.octets.clone();
        if is_chunked { Payload::stream(stream::iter([Ok(octets)])) } else { Payload::bytes(octets) }
    }
}

impl Job<'_> {
    pub(crate) fn body(&self) -> Result<Option<Body>, Exit> {
        if let Some(upload) = &self.upload {
            return self.file(upload).map(Some);
        }
        if self.options.data_in_query {
            return Ok(None);
        }
        Ok(self.options.form(&self.program.standard_input).map(|form| {
            let fields = if form.is_json {
                vec![("Content-Type", "application/json".to_owned()), ("Accept", "application/json".to_owned())]
            } else {
                vec![("Content-Type", "application/x-www-form-urlencoded".to_owned())]
            };
            Body { octets: form.octets.into(), is_sized: true, is_of_unknown_length: false, fields }
        }))
    }

    fn file(&self, name: &str) -> Result<Body, Exit> {
        if name == "-" || name == "." {
            let octets = Bytes::from(self.program.standard_input.clone());
            let is_sized = self.options.header_lines().iter().any(|line| line.names("content-length"));
            return Ok(Body { octets, is_sized, is_of_unknown_length: true, fields: Vec::new() });
        }
        let Ok(octets) = std::fs::read(name) else { return Err(Exit::Code(READ_ERROR)) };
        let mut fields = Vec::new();
        let mut octets = Bytes::from(octets);
        if let Some(resume) = &self.options.resume {
            let (begin, whole) = (resume.parse().unwrap_or(0), octets.len());
            octets = octets.slice(begin..);
            fields.push(("Content-Range", format!("bytes {begin}-{}/{whole}", whole - 1)));
        }
        Ok(Body { octets, is_sized: true, is_of_unknown_length: false, fields })
    }
}
