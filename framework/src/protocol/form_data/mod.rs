//! `multipart/form-data` (RFC 7578): what stands before, between and behind the parts.
//!
//! Names are written as browsers write them (WHATWG HTML 4.10.21.8): in UTF-8, with CR, LF and the quote percent-encoded, so that no name
//! can end its line or its quotes.

use std::fmt::Write;

/// What a part is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    /// Checked: no line of it ends early.
    pub(crate) content_type: Option<String>,
}

/// What stands before a part's octets.
pub(crate) fn opening(boundary: &str, part: &Named) -> String {
    let mut text = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"", escaped(&part.name));
    if let Some(file_name) = &part.file_name {
        // Writing to a string does not fail.
        let _written = write!(text, "; filename=\"{}\"", escaped(file_name));
    }
    if let Some(content_type) = &part.content_type {
        let _written = write!(text, "\r\nContent-Type: {content_type}");
    }
    text.push_str("\r\n\r\n");
    text
}

/// What stands behind the last part.
pub(crate) fn closing(boundary: &str) -> String {
    format!("--{boundary}--\r\n")
}

/// What stands behind the octets of each part.
pub(crate) const PART_END: &[u8] = b"\r\n";

/// Can it be a name? Controls but for line ends and the tab have no business in one, and some servers stop at a NUL.
pub(crate) fn is_name(name: &str) -> bool {
    !name.chars().any(|letter| letter.is_ascii_control() && !matches!(letter, '\r' | '\n' | '\t'))
}

fn escaped(name: &str) -> String {
    name.replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, file_name: Option<&str>) -> Named {
        Named { name: name.to_owned(), file_name: file_name.map(str::to_owned), content_type: None }
    }

    #[test]
    fn whatwg_html_4_10_21_8_line_ends_and_quotes_in_names_are_escaped() {
        assert_eq!(
            opening("B", &named("a\r\nX: y\"; filename=\"evil", Some("\"\r\n\r\nbody"))),
            "--B\r\nContent-Disposition: form-data; name=\"a%0D%0AX: y%22; filename=%22evil\"; filename=\"%22%0D%0A%0D%0Abody\"\r\n\r\n"
        );
        assert_eq!(
            opening("B", &named("caf\u{e9}\\%22", None)),
            "--B\r\nContent-Disposition: form-data; name=\"caf\u{e9}\\%22\"\r\n\r\n",
            "nothing else is"
        );
    }

    #[test]
    fn whatever_the_name_is_the_head_of_a_part_has_just_its_lines() {
        for name in ["\r", "\n", "\r\n", "\"", "\r\n\r\n", "a\u{2028}b", "--B\r\n", "%0D"] {
            let typed = Named { content_type: Some("text/plain".to_owned()), ..named(name, Some(name)) };
            let head = opening("B", &typed);
            assert_eq!(
                (head.matches('\r').count(), head.matches('\n').count(), head.matches('"').count()),
                (4, 4, 4),
                "{name:?}"
            );
        }
    }

    #[test]
    fn a_name_with_a_control_character_is_none() {
        assert!(is_name("a\tb\r\nc") && is_name("") && is_name("\u{e9}\u{1f600}"));
        assert!(!is_name("a\0b") && !is_name("\x1b") && !is_name("\x7f"));
    }
}
