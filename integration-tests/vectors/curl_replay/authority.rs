//! What curl takes for a URL: one without a scheme, or with credentials in it.

use super::vector::percent_decode;

/// A URL, and the credentials that stood in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Located {
    pub(crate) url: String,
    pub(crate) user: Option<(String, String)>,
}

impl Located {
    /// Completes and takes apart.
    pub(crate) fn read(text: &str, default_scheme: &str) -> Self {
        let complete = if has_scheme(text) { text.to_owned() } else { format!("{default_scheme}://{text}") };
        let begin = complete.find("://").map_or(0, |at| at + 3);
        let end = complete[begin..].find(['/', '?', '#']).map_or(complete.len(), |at| begin + at);
        let Some((userinfo, host)) = complete[begin..end].rsplit_once('@') else {
            return Self { url: complete, user: None };
        };
        // An empty name is none.
        let user =
            Some(credentials(userinfo, true)).filter(|(user, password)| !(user.is_empty() && password.is_empty()));
        Self { url: format!("{}{host}{}", &complete[..begin], &complete[end..]), user }
    }
}

impl Located {
    /// Path and query as they were written.
    pub(crate) fn raw_path(&self) -> String {
        let begin = self.url.find("://").map_or(0, |at| at + 3);
        let path = self.url[begin..].find(['/', '?', '#']).map_or("", |at| &self.url[begin + at..]);
        path.split('#').next().unwrap_or_default().to_owned()
    }
}

/// `user:password`; in a URL both are percent-encoded.
pub(crate) fn credentials(text: &str, is_encoded: bool) -> (String, String) {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    let read = |part: &str| {
        let octets = if is_encoded { percent_decode(part.as_bytes()) } else { part.as_bytes().to_vec() };
        String::from_utf8_lossy(&octets).into_owned()
    };
    (read(user), read(password))
}

fn has_scheme(text: &str) -> bool {
    let scheme = text.split(':').next().unwrap_or_default();
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    is_scheme && text[scheme.len()..].starts_with(":/")
}
