//! What this process weighs.

/// How many KiB of memory this process has; 0 where there is no `/proc`.
///
/// # Panics
/// When `/proc` does not say it: a test that compares two zeros would prove nothing.
pub fn resident_kib() -> u64 {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return 0 };
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the line of what is resident");
    line.trim().trim_end_matches(" kB").parse().expect("a number of KiB")
}
