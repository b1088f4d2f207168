//! A turn in a process of its own, so that one client's memory is not found in another's figures.

use std::process::{Command, Stdio};

use super::Failed;

/// Runs this program with these arguments; the figures that [`tell`] printed there.
pub(super) fn run(arguments: &[String]) -> Result<Vec<f64>, Failed> {
    let output = Command::new(std::env::current_exe()?)
        .args(arguments)
        // What is free shall not count, as far as the allocator lets go of it.
        .env("MALLOC_ARENA_MAX", "1")
        .env("MALLOC_TRIM_THRESHOLD_", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("its process ended with {}", output.status).into());
    }
    let told = String::from_utf8(output.stdout)?;
    Ok(told.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
}

/// Prints the figures of a turn for the program that started this process.
pub(super) fn tell(figures: &[f64]) {
    println!("{}", figures.iter().map(f64::to_string).collect::<Vec<_>>().join(" "));
}
