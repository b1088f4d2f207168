//! What a `Strict-Transport-Security` field says (RFC 6797 6.1).

/// What a server wants of those who come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wish {
    /// For how many seconds; 0 is: no longer.
    pub(crate) max_age: u64,
    pub(crate) include_subdomains: bool,
}

impl Wish {
    /// `None` for what does not keep to the grammar: a directive twice, no `max-age`, one that is no number.
    pub(crate) fn parse(field: &[u8]) -> Option<Self> {
        let field = std::str::from_utf8(field).ok()?;
        let mut seen = Vec::new();
        let (mut max_age, mut include_subdomains) = (None, false);
        for directive in field.split(';').map(str::trim).filter(|directive| !directive.is_empty()) {
            let (name, value) = match directive.split_once('=') {
                Some((name, value)) => (name.trim(), Some(value.trim())),
                None => (directive, None),
            };
            let name = name.to_ascii_lowercase();
            if seen.len() == MOST_DIRECTIVES || seen.contains(&name) {
                return None;
            }
            match (&*name, value) {
                ("max-age", Some(value)) => max_age = Some(seconds(value)?),
                ("max-age", None) | ("includesubdomains", Some(_)) => return None,
                ("includesubdomains", None) => include_subdomains = true,
                // Others may come to mean something (RFC 6797 6.1).
                _ => {}
            }
            seen.push(name);
        }
        Some(Self { max_age: max_age?, include_subdomains })
    }
}

/// A token or a quoted string of nothing but digits. What is too much is as much as can be told.
fn seconds(value: &str) -> Option<u64> {
    let digits = value.strip_prefix('"').map_or(Some(value), |quoted| quoted.strip_suffix('"'))?;
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// More are no wish but a burden.
const MOST_DIRECTIVES: usize = 32;
