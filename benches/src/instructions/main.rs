//! How many instructions one request takes, counted by valgrind: a number that repeats on a busy machine.
//!
//! `instructions` prints it, `instructions --check` compares it with `benches/instructions.txt` and fails where it has grown by
//! more than a twentieth, `instructions --bless` writes that file anew. Another compiler makes other instructions: numbers are
//! compared only with those of the same one. The program starts itself under callgrind with few and
//! with many requests; what one request costs is the difference. Client and server share a thread and a stream in memory, so no
//! kernel takes part. What a request costs elsewhere over the same stream is printed too, for reference: it is neither stored
//! nor checked. The harness, which is in every number, is the server, the streams and the runtime between them; the ratios
//! leave it out.
//!
//! ```text
//! cargo run --release -p benches --no-default-features --bin instructions
//! ```

mod path;
mod references;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::{Parser, ValueEnum};

use path::Path;

#[derive(Debug, Parser)]
#[command(name = "instructions", version)]
struct Arguments {
    /// Fail if a number is more than a twentieth above the stored one
    #[arg(long, conflicts_with = "bless")]
    check: bool,

    /// Store the numbers
    #[arg(long)]
    bless: bool,

    /// Only send this many requests along this path; what runs under callgrind
    #[arg(long, hide = true, requires = "path")]
    requests: Option<u32>,

    #[arg(long, hide = true, value_enum)]
    path: Option<Path>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let (Some(requests), Some(path)) = (arguments.requests, arguments.path) {
        path.run(requests);
        return ExitCode::SUCCESS;
    }
    match count_all(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(reason) => {
            eprintln!("instructions: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// Prints each path's number; `false` if one is too high.
fn count_all(arguments: &Arguments) -> Result<bool, String> {
    let compiler = compiler()?;
    let stored = stored();
    let is_same_compiler = stored.iter().any(|(name, _)| *name == compiler);
    if !is_same_compiler {
        println!("the stored numbers are not those of {compiler}: nothing is compared");
    }
    let (mut all_well, mut lines) = (true, format!("{compiler}\n"));
    let mut references = Vec::new();
    for path in Path::value_variants() {
        let (name, now) = (path.name(), per_request(*path)?);
        if path.is_reference() {
            println!("{name:<24}{now:>8} instructions a request, for reference");
            references.push((*path, now));
            continue;
        }
        lines += &format!("{name} {now}\n");
        let before =
            stored.iter().find(|(stored, _)| is_same_compiler && *stored == name).and_then(|(_, number)| *number);
        let compared = before.map_or_else(String::new, |before| {
            format!(", stored {before}: {:+.1} %", (now as f64 / before as f64 - 1.0) * 100.0)
        });
        println!("{name:<24}{now:>8} instructions a request{compared}{}", ratios(*path, now, &references));
        all_well &= match before {
            Some(before) => !arguments.check || now * 20 <= before * 21,
            None => !(arguments.check && is_same_compiler),
        };
    }
    if arguments.bless {
        fs::write(file(), lines).map_err(|error| error.to_string())?;
    }
    if !all_well {
        eprintln!("instructions: a number is missing, or more than 5 % above the one that {} holds", file().display());
    }
    Ok(all_well)
}

/// How many times each reference a number is; what the harness takes is no client's doing, and left out on both sides.
fn ratios(path: Path, now: u64, references: &[(Path, u64)]) -> String {
    let Some(((_, harness), clients)) = references.split_first() else { return String::new() };
    let own = |number: u64| number.saturating_sub(*harness) as f64;
    let clients = clients.iter().filter(|(client, _)| path.is_like(*client));
    let ratios = clients.map(|(client, number)| format!("; {:.2} x {}", own(now) / own(*number), client.name()));
    ratios.collect()
}

/// The difference of two runs, in which everything that happens once cancels out.
fn per_request(path: Path) -> Result<u64, String> {
    const FEW: u32 = 500;
    const MANY: u32 = 2_500;
    let (few, many) = (count(path, FEW)?, count(path, MANY)?);
    Ok(many.saturating_sub(few) / u64::from(MANY - FEW))
}

fn count(path: Path, requests: u32) -> Result<u64, String> {
    let myself = std::env::current_exe().map_err(|error| error.to_string())?;
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(myself)
        .args(["--requests", &requests.to_string(), "--path", path.name()])
        .output()
        .map_err(|error| format!("valgrind cannot be run: {error}; install Debian's valgrind"))?;
    let told = String::from_utf8_lossy(&run.stderr);
    if !run.status.success() {
        return Err(format!("the run failed:\n{told}"));
    }
    let collected = told.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, number)| number.trim());
    collected.and_then(|number| number.parse().ok()).ok_or_else(|| format!("valgrind printed no count:\n{told}"))
}

/// Each line of the file: the compiler, and a number for each path.
fn stored() -> Vec<(String, Option<u64>)> {
    let text = fs::read_to_string(file()).unwrap_or_default();
    let line = |line: &str| match line.rsplit_once(' ') {
        Some((name, number)) if number.parse::<u64>().is_ok() => (name.to_owned(), number.parse().ok()),
        _ => (line.to_owned(), None),
    };
    text.lines().map(line).collect()
}

fn compiler() -> Result<String, String> {
    let rustc = Command::new("rustc").arg("--version").output().map_err(|error| format!("rustc: {error}"))?;
    Ok(String::from_utf8_lossy(&rustc.stdout).trim().to_owned())
}

fn file() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.txt"))
}
