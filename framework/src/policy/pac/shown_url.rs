//! How much of a URL a PAC script is told.

use crate::target::Target;

/// The URL as a script sees it: without a user name and a fragment, which a [`Target`] never has, and of a secure one only
/// its origin, since path and query may hold secrets and the script is somebody else's.
pub(crate) fn shown_to_script(target: &Target) -> String {
    let origin = target.origin();
    if origin.is_secure() { format!("{origin}/") } else { target.url() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_secure_url_a_script_sees_no_path_and_no_query() {
        let shown = |url| shown_to_script(&Target::parse(url).unwrap());
        assert_eq!(shown("https://a.example/secret?token=1#part"), "https://a.example/");
        assert_eq!(shown("https://a.example:8443/secret"), "https://a.example:8443/");
        assert_eq!(shown("http://a.example/path?query#part"), "http://a.example/path?query");
        assert!(Target::parse("http://user:password@a.example/").is_err(), "a target holds no user name");
    }
}
