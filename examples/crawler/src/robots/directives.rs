//! What a page or its answer says about its links: `<meta name=robots>` and `X-Robots-Tag`.

use super::PRODUCT_TOKEN;

/// Does a list of directives say not to follow links?
pub fn forbid_following(directives: &str) -> bool {
    let forbids = |word: &str| word.eq_ignore_ascii_case("nofollow") || word.eq_ignore_ascii_case("none");
    directives.split(',').any(|word| forbids(word.trim_ascii()))
}

/// The same for a value of `X-Robots-Tag`, which may name the crawler it is for: `otherbot: nofollow`.
pub fn field_forbids_following(value: &str) -> bool {
    let (directives, agent) = match value.split_once(':') {
        Some((before, after)) if !before.contains(',') && !takes_a_value(before.trim_ascii()) => {
            (after, Some(before.trim_ascii()))
        }
        _ => (value, None),
    };
    agent.is_none_or(|agent| agent.eq_ignore_ascii_case(PRODUCT_TOKEN)) && forbid_following(directives)
}

fn takes_a_value(directive: &str) -> bool {
    directive.eq_ignore_ascii_case("unavailable_after")
        || directive.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("max-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x_robots_tag_may_be_for_somebody_else() {
        for ours in
            ["nofollow", "noindex, NoFollow", "none", "hinternet-crawler: nofollow", "max-snippet: 20, nofollow"]
        {
            assert!(field_forbids_following(ours), "{ours}");
        }
        for not in ["", "noindex", "otherbot: nofollow", "unavailable_after: 25 Jun 2040 15:00:00 GMT", "max-snippet:5"]
        {
            assert!(!field_forbids_following(not), "{not}");
        }
    }
}
