//! A case that a process of its own plays, and what it costs there.
//!
//! The runner starts itself again with the name of the case in its environment. What the child prints is read by its parent: the
//! last words of a failure, and of a measured case its cost. The server is in the same process, so what is counted is the client's
//! cost and at most as much again.
#![allow(dead_code, reason = "not all suites measure")]

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use integration_tests::is_over;
use serde_json::Value;
use tokio::process::Command;

use crate::runner::{list, peak_memory_kib, read_json};

/// Plays the case in a child; what that printed, or its last words.
pub(crate) async fn in_a_process(variable: &str, id: &str) -> Result<String, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    played(Command::new(program), variable, id).await
}

/// The same in a child that may have so many KiB of addresses. What is reserved counts there as what is used, and who asks for more
/// is aborted.
pub(crate) async fn in_a_small_process(variable: &str, id: &str, addresses_kib: u64) -> Result<String, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -v \"$1\" && exec \"$0\""]).arg(program).arg(addresses_kib.to_string());
    played(shell, variable, id).await
}

async fn played(mut child: Command, variable: &str, id: &str) -> Result<String, String> {
    // An arena of glibc's reserves 64 MiB for a thread, of which next to nothing is used.
    child.env(variable, id).env("MALLOC_ARENA_MAX", "1").kill_on_drop(true);
    let ended = child.output().await.map_err(|error| error.to_string())?;
    let said = |octets: &[u8]| String::from_utf8_lossy(octets).trim().to_owned();
    if ended.status.success() { Ok(said(&ended.stdout)) } else { Err(said(&ended.stderr)) }
}

/// The case of that name, of which alone something is left in memory.
pub(crate) fn case(place: &str, id: &str) -> Value {
    let file = PathBuf::from(std::env::var_os("HINTERNET_VECTORS").expect("the parent found them")).join(place);
    let mut vectors = read_json(&file);
    let found = list(&vectors["cases"]).iter().position(|vector| vector["id"] == id).expect("the parent found it");
    vectors["cases"][found].take()
}

/// How a child ends.
pub(crate) fn ended(verdict: Result<(), String>) -> ExitCode {
    match verdict {
        Ok(()) => ExitCode::SUCCESS,
        Err(wrong) => {
            eprintln!("{wrong}");
            ExitCode::FAILURE
        }
    }
}

/// A runtime such as cases are played on.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

/// What a case cost on top of a good exchange before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    /// By how much the most memory that was held was more than what there was before.
    pub(crate) memory_kib: u64,
    /// Of all threads, in steps of 10 ms.
    pub(crate) cpu_ms: u64,
    pub(crate) wall_ms: u64,
    /// File descriptors before and after.
    pub(crate) files: (usize, usize),
}

impl Cost {
    /// Plays something good, and then the case.
    pub(crate) async fn of<F>(warm_up: impl Future<Output = ()>, case: F) -> (Result<(), String>, Self)
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        warm_up.await;
        let files = settled(usize::MAX).await;
        // The peak begins anew with what there is now.
        let _not_on_this_system = std::fs::write("/proc/self/clear_refs", "5").err();
        let (memory, cpu, began) = (peak_memory_kib().unwrap_or_default(), cpu_ms(), Instant::now());
        let verdict = tokio::spawn(case).await.unwrap_or_else(|panic| Err(panic.to_string()));
        let wall_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let cost = Self {
            memory_kib: peak_memory_kib().unwrap_or_default().saturating_sub(memory),
            cpu_ms: cpu_ms().saturating_sub(cpu),
            wall_ms,
            files: (files, settled(files).await),
        };
        (verdict, cost)
    }

    /// What is beyond the bounds of appendix D of the reliability rules.
    pub(crate) fn check(&self, most: &Self) -> Result<(), String> {
        let Self { memory_kib, cpu_ms, wall_ms, files: (before, after) } = *self;
        if is_over(memory_kib, most.memory_kib) || cpu_ms > most.cpu_ms || wall_ms > most.wall_ms {
            return Err(format!("costs {self}, where {most} are allowed"));
        }
        if after > before { Err(format!("{before} file descriptors have become {after}")) } else { Ok(()) }
    }

    /// As a child printed it.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let numbers: Option<Vec<u64>> = line.lines().last()?.split(' ').map(|number| number.parse().ok()).collect();
        let [memory_kib, cpu_ms, wall_ms, before, after] = numbers?.try_into().ok()?;
        let files = (usize::try_from(before).ok()?, usize::try_from(after).ok()?);
        Some(Self { memory_kib, cpu_ms, wall_ms, files })
    }

    /// The line that a parent reads.
    pub(crate) fn line(&self) -> String {
        let Self { memory_kib, cpu_ms, wall_ms, files: (before, after) } = self;
        format!("{memory_kib} {cpu_ms} {wall_ms} {before} {after}")
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory_kib, cpu_ms, wall_ms, .. } = self;
        write!(f, "{memory_kib} KiB, {cpu_ms} ms of CPU, {wall_ms} ms until its end")
    }
}

/// The worst of many, each with the case that it is of.
pub(crate) fn worst(costs: &[(String, Cost)]) -> String {
    let by = |what: fn(&Cost) -> u64| costs.iter().max_by_key(|(_, cost)| what(cost));
    let told = |what: fn(&Cost) -> u64, unit: &str| {
        by(what).map(|(id, cost)| format!("{} {unit} ({id})", what(cost))).unwrap_or_default()
    };
    let left = costs.iter().filter(|(_, cost)| cost.files.1 > cost.files.0).count();
    format!(
        "{} cases, each in a process of its own; the worst: {}, {}, {}; {left} left file descriptors open",
        costs.len(),
        told(|cost| cost.memory_kib, "KiB of memory"),
        told(|cost| cost.cpu_ms, "ms of CPU"),
        told(|cost| cost.wall_ms, "ms until its end"),
    )
}

/// How many file descriptors are open, once they are no more than that; or after a while.
async fn settled(most: usize) -> usize {
    for _ in 0..LONGEST_SETTLING.as_millis() {
        if files() <= most {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    files()
}

fn files() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// `utime` and `stime` of `/proc/self/stat`, in hundredths of a second.
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program, in parentheses, may hold blanks.
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) * 10
}

/// Sockets close when their tasks are next looked at.
const LONGEST_SETTLING: Duration = Duration::from_secs(5);
