//! The server on one core and the clients on the others: how much of the kernel's work for a stream is booked on whom, and so what
//! a body costs, hangs on who runs where.

use nix::errno::Errno;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use super::Failed;
use super::server::Server;

/// While it lives, they are apart.
pub(super) struct Pinned {
    server: Pid,
    everywhere: CpuSet,
}

impl Pinned {
    /// The server gets the first of this program's cores. `None` where there is but one.
    pub(super) fn apart(server: &Server) -> Result<Option<Self>, Failed> {
        let everywhere = sched_getaffinity(Pid::from_raw(0))?;
        let mut cores = (0..CpuSet::count()).filter(|core| everywhere.is_set(*core).unwrap_or(false));
        let (Some(first), Some(second)) = (cores.next(), cores.next()) else { return Ok(None) };
        let (mut one, mut others) = (CpuSet::new(), CpuSet::new());
        one.set(first)?;
        for core in [second].into_iter().chain(cores) {
            others.set(core)?;
        }
        let pinned = Self { server: Pid::from_raw(i32::try_from(server.process_id())?), everywhere };
        sched_setaffinity(pinned.server, &one)?;
        put_all_threads_on(&others)?;
        Ok(Some(pinned))
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // The server may be gone, and threads end at any time.
        let _gone = sched_setaffinity(self.server, &self.everywhere);
        let _ended = put_all_threads_on(&self.everywhere);
    }
}

/// Those there are; the ones to come are put where the one is that starts them.
fn put_all_threads_on(cores: &CpuSet) -> Result<(), Failed> {
    for thread in std::fs::read_dir("/proc/self/task")? {
        let id = thread?.file_name().to_string_lossy().parse()?;
        match sched_setaffinity(Pid::from_raw(id), cores) {
            // It has ended meanwhile.
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
