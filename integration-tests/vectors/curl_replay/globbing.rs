//! `{a,b}` and `[1-3]` in URLs and file names, as curl expands them.

use super::exit_code::URL_MALFORMAT;

/// All that a pattern stands for.
///
/// # Errors
/// curl's exit code for a pattern that is none.
pub(crate) fn expand(pattern: &str) -> Result<Vec<String>, i32> {
    let mut all = vec![String::new()];
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let (choices, length) = match c {
            '{' => list(rest)?,
            '[' => match range(rest)? {
                Some(range) => range,
                // `[]` and an address are no ranges.
                None => (vec!["[".to_owned()], 1),
            },
            '\\' if rest[1..].starts_with(['{', '}', '[', ']']) => (vec![rest[1..2].to_owned()], 2),
            '}' | ']' if !is_end_of_address(pattern, rest) => return Err(URL_MALFORMAT),
            c => (vec![c.to_string()], c.len_utf8()),
        };
        all = all.iter().flat_map(|begun| choices.iter().map(move |choice| format!("{begun}{choice}"))).collect();
        rest = &rest[length..];
    }
    Ok(all)
}

fn is_end_of_address(pattern: &str, rest: &str) -> bool {
    rest.starts_with(']') && pattern[..pattern.len() - rest.len()].contains('[')
}

/// `{a,b}`, `{<name>a,b}`.
fn list(text: &str) -> Result<(Vec<String>, usize), i32> {
    let end = text.find('}').ok_or(URL_MALFORMAT)?;
    let choices = without_name(&text[1..end]).split(',').map(str::to_owned).collect();
    Ok((choices, end + 1))
}

/// `[a-d]`, `[1-10]`, `[001-100:2]`, `[<name>1-3]`.
fn range(text: &str) -> Result<Option<(Vec<String>, usize)>, i32> {
    let Some(end) = text.find(']') else { return Err(URL_MALFORMAT) };
    let inside = without_name(&text[1..end]);
    let (bounds, step) = inside.split_once(':').unwrap_or((inside, "1"));
    let Some((first, last)) = bounds.split_once('-') else { return Ok(None) };
    let step: usize = step.parse().map_err(|_| URL_MALFORMAT)?;
    let choices = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(from), Ok(to)) => {
            let width = if first.starts_with('0') { first.len() } else { 0 };
            if to < from || to.checked_sub(from).is_none_or(|many| many >= MOST) {
                return Err(URL_MALFORMAT);
            }
            // The library cannot count beyond this.
            if i64::try_from(to).is_ok_and(|to| to == i64::MAX) {
                return Err(URL_MALFORMAT);
            }
            (from..=to).step_by(step).map(|number| format!("{number:0width$}")).collect()
        }
        _ if first.len() == 1 && last.len() == 1 => {
            let (from, to) = (first.as_bytes()[0], last.as_bytes()[0]);
            (from..=to).step_by(step).map(|letter| char::from(letter).to_string()).collect()
        }
        _ => return Err(URL_MALFORMAT),
    };
    Ok(Some((choices, end + 1)))
}

fn without_name(text: &str) -> &str {
    text.strip_prefix('<').and_then(|named| named.split_once('>')).map_or(text, |(_, rest)| rest)
}

const MOST: u64 = 100_000;
