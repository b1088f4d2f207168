//! For how long a script that was fetched is taken to hold.

use std::time::{Duration, Instant};

use http::HeaderMap;
use http::header::CACHE_CONTROL;

/// What the answer says (`Cache-Control: max-age`, RFC 9111 5.2.2.1), within these bounds; the default if it says nothing.
/// One that forbids to store it holds for the least: to fetch it for every request would be worse for its server.
pub(crate) fn lifetime(fields: &HeaderMap, default: Duration) -> Duration {
    let values = fields.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let directives = values.flat_map(|value| value.split(',')).map(str::trim);
    let mut said = None;
    for directive in directives {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return LEAST,
            "max-age" => said = value.trim().trim_matches('"').parse().ok().map(Duration::from_secs).or(said),
            _ => {}
        }
    }
    said.map_or(default, |said| said.clamp(LEAST, MOST))
}

/// Until when it holds, from now on. What cannot be told is too far off to matter.
pub(crate) fn held_until(now: Instant, lifetime: Duration) -> Instant {
    now.checked_add(lifetime).unwrap_or(now + FAR_OFF)
}

const LEAST: Duration = Duration::from_secs(60);
const MOST: Duration = Duration::from_secs(24 * 60 * 60);
const FAR_OFF: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_holds_as_long_as_its_answer_says_within_bounds() {
        let of = |value: &'static str| {
            let mut fields = HeaderMap::new();
            fields.append(CACHE_CONTROL, http::HeaderValue::from_static(value));
            lifetime(&fields, Duration::from_secs(3600)).as_secs()
        };
        assert_eq!(of("public, MAX-AGE=600"), 600);
        assert_eq!(of("max-age=\"600\""), 600);
        assert_eq!([of("max-age=0"), of("no-store"), of("max-age=900, no-cache")], [60; 3]);
        assert_eq!([of("max-age=99999999999"), of("max-age=86401")], [86_400; 2]);
        assert_eq!([of("max-age=x"), of("max-age=99999999999999999999999"), of("private")], [3600; 3]);
        assert_eq!(lifetime(&HeaderMap::new(), Duration::from_secs(5)), Duration::from_secs(5));
    }

    #[test]
    fn a_script_may_be_kept_for_ever() {
        let now = Instant::now();
        assert_eq!(held_until(now, Duration::from_secs(60)), now + Duration::from_secs(60));
        assert!(held_until(now, Duration::MAX) > now + Duration::from_secs(24 * 60 * 60));
    }
}
