//! The functions of a PAC script that compare names.

#[cfg(test)]
mod tests;

/// `isPlainHostName`: a name without a domain. An IPv6 address is none.
pub(crate) fn is_plain_host_name(host: &str) -> bool {
    !host.contains(['.', ':'])
}

/// `dnsDomainIs`: the host ends so. As in browsers no boundary of labels is asked for: scripts write the first dot.
pub(crate) fn dns_domain_is(host: &str, domain: &str) -> bool {
    let (host, domain) = (host.as_bytes(), domain.as_bytes());
    host.len()
        .checked_sub(domain.len())
        .and_then(|at| host.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(domain))
}

/// `localHostOrDomainIs`: the host is this one, or a plain name that this one begins with.
pub(crate) fn local_host_or_domain_is(host: &str, full: &str) -> bool {
    let (host, full) = (host.as_bytes(), full.as_bytes());
    match full.split_at_checked(host.len()) {
        Some((first, rest)) => first.eq_ignore_ascii_case(host) && matches!(rest, [] | [b'.', ..]),
        None => false,
    }
}

/// `dnsDomainLevels`: how many dots the name has.
pub(crate) fn dns_domain_levels(host: &str) -> usize {
    host.bytes().filter(|octet| *octet == b'.').count()
}

/// `shExpMatch`: a shell expression of `*` and `?` over all of the text. All else stands for itself.
///
/// No regular expression: it looks at each pair of positions once at most. What is longer than a URL may be matches nothing, so
/// that a script cannot spend its time in here.
pub(crate) fn shell_expression_matches(text: &str, pattern: &str) -> bool {
    if text.len() > LONGEST || pattern.len() > LONGEST {
        return false;
    }
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut pattern_at) = (0, 0);
    // The last `*`, and how far it reaches.
    let mut star: Option<(usize, usize)> = None;
    while let Some(&here) = text.get(at) {
        match pattern.get(pattern_at) {
            Some('*') => {
                star = Some((pattern_at, at));
                pattern_at += 1;
            }
            Some(&one) if one == '?' || one == here => {
                at += 1;
                pattern_at += 1;
            }
            _ => {
                let Some((star_at, reach)) = star else { return false };
                star = Some((star_at, reach + 1));
                at = reach + 1;
                pattern_at = star_at + 1;
            }
        }
    }
    pattern.iter().skip(pattern_at).all(|one| *one == '*')
}

const LONGEST: usize = 8 * 1024;
