//! The file that a curl reads before its command line.

use std::path::Path;

/// What stands in the `curlrc` of this environment, as arguments; it goes before the command line.
pub(crate) fn read(environment: &[(String, String)]) -> Vec<(String, String)> {
    let named = |wanted: &str| environment.iter().find(|(name, _)| name == wanted).map(|(_, value)| Path::new(value));
    let places = [
        named("CURL_HOME").map(|home| home.join(".curlrc")),
        named("CURL_HOME").map(|home| home.join(".config/curlrc")),
        named("XDG_CONFIG_HOME").map(|home| home.join("curlrc")),
    ];
    let found = places.into_iter().flatten().find_map(|place| std::fs::read_to_string(place).ok());
    found.unwrap_or_default().lines().map(argument).collect()
}

/// `--next`, `data = "text"`.
fn argument(line: &str) -> (String, String) {
    let (name, value) = line.split_once('=').unwrap_or((line, ""));
    let (name, value) = (name.trim(), value.trim().trim_matches('"'));
    let option = match name {
        "data" => "-d",
        "header" => "-H",
        other => other,
    };
    (option.to_owned(), value.to_owned())
}
