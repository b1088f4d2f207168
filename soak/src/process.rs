//! What this process has and has used, and how it is started.

use std::fmt;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::sys::time::TimeValLike;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::{ALLOCATOR, Failed};

/// What a process has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// Resident memory, in KiB.
    pub(crate) rss: u64,
    /// Octets of the heap that are in use.
    pub(crate) heap: u64,
    /// Files and sockets.
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
    /// Of the caller's runtime: what the library runs beside it stands in its [snapshot](hinternet::Snapshot), and on the heap.
    pub(crate) tasks: usize,
}

impl Figures {
    /// Those of this process now. Within its runtime.
    pub(crate) fn now() -> Result<Self, Failed> {
        let status = std::fs::read_to_string("/proc/self/status")?;
        let value = |name: &str| -> Result<u64, Failed> {
            let found = status.lines().find_map(|line| line.strip_prefix(name)).ok_or("a line is missing")?;
            Ok(found.trim().trim_end_matches(" kB").parse()?)
        };
        let stats = ALLOCATOR.stats();
        Ok(Self {
            rss: value("VmRSS:")?,
            heap: stats.bytes_allocated.wrapping_sub(stats.bytes_deallocated) as u64,
            // One is the directory's that is read.
            descriptors: std::fs::read_dir("/proc/self/fd")?.count() - 1,
            threads: value("Threads:")? as usize,
            tasks: Handle::current().metrics().num_alive_tasks(),
        })
    }

    /// Resident memory in MiB.
    pub(crate) fn mebibytes(&self) -> f64 {
        self.rss as f64 / 1024.0
    }

    /// Is no more there of what can be counted?
    pub(crate) fn is_within(&self, before: &Self) -> bool {
        self.descriptors <= before.descriptors && self.threads <= before.threads && self.tasks <= before.tasks
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { heap, descriptors, threads, tasks, .. } = self;
        let heap = heap / 1024;
        write!(
            f,
            "RSS {:.1} MiB, heap {heap} KiB, fds {descriptors}, threads {threads}, tasks {tasks}",
            self.mebibytes()
        )
    }
}

/// User and system time of this process until now.
pub(crate) fn cpu_time() -> Result<Duration, Failed> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(micros.try_into()?))
}

/// Makes sure that so many files and sockets may be open.
pub(crate) fn allow_descriptors(count: u64) -> Result<(), Failed> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    }
    if hard < count {
        return Err(format!("{count} files and sockets are more than this system's {hard}: see `ulimit -Hn`").into());
    }
    Ok(())
}

/// The caller's runtime: two threads, and those for files do not outlive their work for long.
pub(crate) fn runtime() -> Result<Runtime, Failed> {
    Ok(Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .thread_keep_alive(Duration::from_millis(200))
        .build()?)
}

/// Was the allocator told to let go of what is free?
pub(crate) fn lets_go() -> bool {
    std::env::var_os(ARENAS).is_some()
}

/// Runs this program once more, and tells the allocator so.
pub(crate) fn once_more() -> Result<(), Failed> {
    let status = Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .env(ARENAS, "1")
        .env("MALLOC_TRIM_THRESHOLD_", "0")
        .stdin(Stdio::null())
        .status()?;
    if status.success() { Ok(()) } else { Err(format!("its process ended with {status}").into()) }
}

const ARENAS: &str = "MALLOC_ARENA_MAX";
