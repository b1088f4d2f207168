//! What means nothing while a sanitizer watches: how much memory there is, and how fast it all goes.

use std::fmt::Display;
use std::io::Write;

/// Does a sanitizer watch this build? Then what the process holds is its own too: a shadow of all memory, zones around each
/// allocation, and what was freed and is kept to see who still uses it. `build.rs` finds it out.
///
/// A test that is about memory alone is `#[cfg_attr(sanitized, ignore = "a sanitizer's memory is counted too")]`.
pub const SANITIZED: bool = cfg!(sanitized);

/// Is that more than a ceiling allows, where ceilings of memory mean something?
pub const fn is_over(kib: u64, most: u64) -> bool {
    !SANITIZED && kib > most
}

/// Asserts that there are no more KiB than a ceiling allows. Under a sanitizer it says that this was not judged, and says it past
/// libtest, which keeps what a test prints.
///
/// # Panics
/// When there are more.
#[track_caller]
pub fn assert_kib(kib: u64, most: u64, what: impl Display) {
    assert!(!is_over(kib, most), "{what}: {kib} KiB are more than {most} KiB");
    if SANITIZED {
        let line = format!("not judged, for a sanitizer's memory is counted too: {what}: {kib} KiB of {most} KiB\n");
        let _nobody_listens = std::io::stderr().write_all(line.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_sanitizer_a_ceiling_holds() {
        let (at_most, more) = (is_over(8, 8), is_over(9, 8));
        assert_eq!((at_most, more), (false, !SANITIZED));
        let told = std::panic::catch_unwind(|| assert_kib(9, 8, "nine")).map_err(|told| *told.downcast().unwrap());
        let sentence = "nine: 9 KiB are more than 8 KiB".to_owned();
        assert_eq!(told, if SANITIZED { Ok(()) } else { Err(sentence) });
    }

    /// Shadows take terabytes of addresses, and nothing else does.
    #[test]
    #[cfg(target_os = "linux")]
    fn it_is_known_whether_a_sanitizer_watches() {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let addresses = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
        let kib: u64 = addresses.trim().trim_end_matches(" kB").parse().unwrap();
        assert_eq!(kib > 1 << 30, SANITIZED, "{kib} KiB of addresses");
    }
}
