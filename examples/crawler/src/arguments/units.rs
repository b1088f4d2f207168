//! The values that stand on the command line, and what is said about those that make no sense.

use std::time::Duration;

use hinternet::tls::Certificate;
use url::Url;

pub(super) fn url(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if url.has_host() => Ok(url),
        Ok(_) | Err(url::ParseError::RelativeUrlWithoutBase) => {
            Err(format!("a start is an absolute URL such as {}", with_scheme(text)))
        }
        Err(error) => Err(error.to_string()),
    }
}

/// What was meant by `localhost:8080`.
fn with_scheme(text: &str) -> String {
    let begins_with_host = text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '[');
    match Url::parse(&format!("http://{text}")) {
        Ok(url) if begins_with_host => url.to_string(),
        _ => "http://localhost/".to_owned(),
    }
}

/// Certificates of authorities, out of one file.
#[derive(Clone, Debug)]
pub struct Authorities(pub(super) Vec<Certificate>);

pub(super) fn authorities(file: &str) -> Result<Authorities, String> {
    let pem = std::fs::read(file).map_err(|error| error.to_string())?;
    Certificate::from_pem(&pem).map(Authorities).map_err(|error| error.to_string())
}

/// It is for people to turn to, and stands in a header field.
pub(super) fn contact(text: &str) -> Result<String, String> {
    let reachable = text.contains('@') || text.contains("://");
    let fits = text.bytes().all(|octet| octet.is_ascii_graphic() && !matches!(octet, b'(' | b')' | b'\\'));
    if reachable && fits {
        Ok(text.to_owned())
    } else {
        Err("a contact is a mail address or a URL, in ASCII".to_owned())
    }
}

pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "it is a whole number, at least 1".to_owned())
}

/// `250ms`, `1.5s`, `2m`; a bare number is seconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split_unit(text);
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        _ => f64::NAN,
    };
    let time = number.parse::<f64>().map_or(f64::NAN, |number| number * seconds);
    if (0.0..=86_400.0).contains(&time) {
        return Ok(Duration::from_secs_f64(time));
    }
    Err("a time such as 250ms, 1.5s or 2m, at most a day".to_owned())
}

/// `65536`, `512KiB`, `8MiB`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = split_unit(text);
    let octets = match unit {
        "" | "B" => Some(1),
        "k" | "K" | "KiB" => Some(1 << 10),
        "M" | "MiB" => Some(1 << 20),
        "G" | "GiB" => Some(1 << 30),
        _ => None,
    };
    let size = octets.and_then(|octets: u64| number.parse::<u64>().ok()?.checked_mul(octets));
    size.ok_or_else(|| "a size such as 512KiB or 8MiB".to_owned())
}

fn split_unit(text: &str) -> (&str, &str) {
    text.split_at(text.find(|character: char| character.is_ascii_alphabetic()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, time) in [("250ms", 250), ("1.5s", 1500), ("2m", 120_000), ("3", 3000), ("0", 0)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(time)), "{text}");
        }
        for text in ["", "s", "-1s", "1h", "1e9", "nan"] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn sizes() {
        for (text, octets) in [("65536", 65_536), ("512KiB", 524_288), ("8M", 8_388_608), ("1GiB", 1 << 30)] {
            assert_eq!(size(text), Ok(octets), "{text}");
        }
        for text in ["", "KiB", "-1", "1.5M", "8MB", "99999999999999GiB"] {
            assert!(size(text).is_err(), "{text:?}");
        }
    }
}
