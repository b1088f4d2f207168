//! Just enough of Rust's grammar to see `mod` lines, paths and test items without taking a comment for code.

use std::fmt;

/// A word or a punctuation character; `::` is one token, a literal is a lone quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    pub(crate) line: usize,
}

pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, kept) = match first {
            _ if first.is_whitespace() => (first.len_utf8(), None),
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), None),
            '/' if rest.starts_with("/*") => (comment_length(rest), None),
            '\'' => (quote_length(rest), Some("\"")),
            ':' if rest.starts_with("::") => (2, Some("::")),
            _ => match string_length(rest) {
                Some(length) => (length, Some("\"")),
                None => {
                    let length = word_length(rest).unwrap_or(first.len_utf8());
                    (length, Some(&rest[..length]))
                }
            },
        };
        found.extend(kept.map(|text| Token { text: text.trim_start_matches("r#"), line }));
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    found
}

fn word_length(text: &str) -> Option<usize> {
    let word = text.strip_prefix("r#").unwrap_or(text);
    let end = word.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(word.len());
    (end > 0).then_some(text.len() - word.len() + end)
}

/// Block comments nest.
fn comment_length(text: &str) -> usize {
    let mut depth = 0;
    for (i, pair) in text.as_bytes().windows(2).enumerate() {
        match pair {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return i + 2;
        }
    }
    text.len()
}

/// A character literal, or a lifetime's quote and name.
fn quote_length(text: &str) -> usize {
    let mut after = text[1..].chars();
    match (after.next(), after.next()) {
        (Some('\\'), _) => text[3..].find('\'').map_or(text.len(), |end| end + 4),
        (Some(c), Some('\'')) => c.len_utf8() + 2,
        _ => 1 + word_length(&text[1..]).unwrap_or(0),
    }
}

/// A string with its prefix (`b`, `c`, `r##`, ...), if one starts here.
fn string_length(text: &str) -> Option<usize> {
    let body = text.trim_start_matches(['b', 'c']);
    let raw = body.strip_prefix('r').unwrap_or(body);
    let inner = raw.trim_start_matches('#');
    let (prefix, hashes) = (text.len() - raw.len(), raw.len() - inner.len());
    let is_raw = body.len() > raw.len();
    if prefix > 2 || (hashes > 0 && !is_raw) || !inner.starts_with('"') {
        return None;
    }
    let opened = prefix + hashes + 1;
    let end = if is_raw {
        let close = format!("\"{}", "#".repeat(hashes));
        text[opened..].find(&close).map(|end| end + close.len())
    } else {
        let mut escaped = false;
        let close = text[opened..].find(|c| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        });
        close.map(|end| end + 1)
    };
    Some(end.map_or(text.len(), |end| opened + end))
}

/// A `mod name;` line.
#[derive(Debug)]
pub(crate) struct Declaration {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) test_only: bool,
    pub(crate) macro_use: bool,
}

pub(crate) fn declarations(tokens: &[Token<'_>]) -> Vec<Declaration> {
    let mut found = Vec::new();
    let mut attributes: Vec<&[Token<'_>]> = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let end = attribute_end(tokens, i);
        if end > i {
            attributes.push(&tokens[i..end]);
            i = end;
            continue;
        }
        match texts(tokens, i) {
            ["pub", "(", ..] => i = group_end(tokens, i + 1),
            ["pub", ..] => i += 1,
            ["mod", name, ";"] => {
                found.push(Declaration {
                    name: name.to_string(),
                    line: tokens[i].line,
                    test_only: attributes.iter().any(|a| is_cfg_test(a)),
                    macro_use: attributes.iter().any(|a| a.iter().any(|t| t.text == "macro_use")),
                });
                attributes.clear();
                i += 3;
            }
            _ => {
                attributes.clear();
                i += 1;
            }
        }
    }
    found
}

/// The tokens without the items under `#[cfg(test)]`.
pub(crate) fn without_test_items<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut kept = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let end = attribute_end(tokens, i);
        if end > i && is_cfg_test(&tokens[i..end]) {
            i = item_end(tokens, end);
        } else {
            kept.push(tokens[i]);
            i += 1;
        }
    }
    kept
}

/// Where an attribute that starts at `i` ends; `i` itself if none does.
fn attribute_end(tokens: &[Token<'_>], i: usize) -> usize {
    match texts(tokens, i) {
        ["#", "[", _] => group_end(tokens, i + 1),
        ["#", "!", "["] => group_end(tokens, i + 2),
        _ => i,
    }
}

fn is_cfg_test(attribute: &[Token<'_>]) -> bool {
    let words: Vec<&str> = attribute.iter().map(|t| t.text).collect();
    matches!(words[..], ["#", "[", "cfg", "(", "test", ")", ..] | ["#", "[", "cfg", "(", "all", "(", "test", ..])
}

/// Where the item behind an attribute ends. What is no item (a field, an arm) is not skipped.
fn item_end(tokens: &[Token<'_>], start: usize) -> usize {
    let mut i = start;
    while attribute_end(tokens, i) > i {
        i = attribute_end(tokens, i);
    }
    if let ["pub", next, _] = texts(tokens, i) {
        i = if next == "(" { group_end(tokens, i + 1) } else { i + 1 };
    }
    let first = tokens.get(i).map_or("", |t| t.text);
    if !ITEM_WORDS.contains(&first) {
        return start;
    }
    while let Some(token) = tokens.get(i) {
        match token.text {
            ";" => return i + 1,
            "{" if !matches!(first, "use" | "let" | "static") => return group_end(tokens, i),
            "{" | "(" | "[" => i = group_end(tokens, i),
            _ => i += 1,
        }
    }
    i
}

const ITEM_WORDS: &[&str] = &[
    "async",
    "const",
    "enum",
    "extern",
    "fn",
    "impl",
    "let",
    "macro_rules",
    "mod",
    "static",
    "struct",
    "trait",
    "type",
    "use",
];

/// The index after the bracket that closes the one at `open`.
fn group_end(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0;
    for (i, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return i + 1;
        }
    }
    tokens.len()
}

fn texts<'a>(tokens: &[Token<'a>], i: usize) -> [&'a str; 3] {
    [0, 1, 2].map(|n| tokens.get(i + n).map_or("", |t| t.text))
}

/// One path that starts at the crate root, the parent module or here; a grouped import is several.
#[derive(Debug)]
pub(crate) struct PathUse {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
    /// `crate::name!(..)`: macros live at the root by the language's own rule.
    pub(crate) calls_macro: bool,
    /// `$crate::..`: resolved where the macro is used.
    pub(crate) in_macro: bool,
    /// How deep the module stands in which the path is written.
    depth: usize,
}

impl PathUse {
    pub(crate) fn climbs_twice(&self) -> bool {
        self.segments.windows(2).any(|pair| pair == ["super", "super"])
    }

    /// What the path names below the crate root, if that is where it leads.
    pub(crate) fn below_root(&self) -> Option<&str> {
        let mut segments = self.segments.iter().map(String::as_str).skip_while(|s| *s == "self");
        match segments.next()? {
            "crate" | CRATE => segments.next(),
            "super" if self.depth == 1 => segments.next(),
            _ => None,
        }
    }
}

impl fmt::Display for PathUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.segments.join("::"))
    }
}

const CRATE: &str = "hinternet";

/// All such paths in a file that holds the module `module`, in imports and in code.
pub(crate) fn paths(tokens: &[Token<'_>], module: &[String]) -> Vec<PathUse> {
    let mut found: Vec<PathUse> = Vec::new();
    let mut braces = 0;
    let mut inline_modules = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let before = i.checked_sub(1).map_or("", |b| tokens[b].text);
        match texts(tokens, i) {
            ["mod", _, "{"] => inline_modules.push(braces),
            ["{", ..] => braces += 1,
            ["}", ..] => {
                braces -= 1;
                inline_modules.pop_if(|opened| *opened == braces);
            }
            ["crate" | CRATE | "super" | "self", "::", _] if before != "::" => {
                let first = found.len();
                i = collect(tokens, i, Vec::new(), &mut found);
                let calls_macro = matches!(texts(tokens, i), ["!", "(" | "[" | "{", _]);
                for path in &mut found[first..] {
                    path.calls_macro = calls_macro;
                    path.in_macro = before == "$";
                    path.depth = module.len() + inline_modules.len();
                }
                continue;
            }
            _ => {}
        }
        i += 1;
    }
    found
}

/// Reads the path or group at `i` behind `prefix`; returns where it ends.
fn collect(tokens: &[Token<'_>], mut i: usize, mut prefix: Vec<String>, found: &mut Vec<PathUse>) -> usize {
    if tokens.get(i).is_some_and(|t| t.text == "{") {
        let close = group_end(tokens, i) - 1;
        i += 1;
        while i < close {
            i = collect(tokens, i, prefix.clone(), found);
            while i < close && tokens[i].text != "," {
                i += 1; // `as name`
            }
            i += 1;
        }
        return close + 1;
    }
    let line = tokens.get(i).map_or(0, |t| t.line);
    if let Some(word) = tokens.get(i).filter(|t| t.text == "*" || word_length(t.text).is_some()) {
        prefix.push(word.text.to_string());
        i += 1;
        if tokens.get(i).is_some_and(|t| t.text == "::") {
            return collect(tokens, i + 1, prefix, found);
        }
    }
    found.push(PathUse { segments: prefix, line, calls_macro: false, in_macro: false, depth: 0 });
    i
}
