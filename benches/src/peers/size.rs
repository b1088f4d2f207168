//! Sizes on the command line: `1GiB`, `64KiB`, `100`.

/// Reads a size in octets.
pub(super) fn parse(text: &str) -> Result<u64, String> {
    let (number, unit) = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("", 1)]
        .into_iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))
        .unwrap_or((text, 1));
    let size = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    size.filter(|size| *size > 0).ok_or_else(|| format!("{text:?} is no size such as 256MiB"))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sizes_have_units_or_none() {
        assert_eq!(parse("1GiB"), Ok(1 << 30));
        assert_eq!(parse("64KiB"), Ok(1 << 16));
        assert_eq!(parse("100"), Ok(100));
        for wrong in ["", "MiB", "0", "-1", "1MB", "99999999999GiB"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
