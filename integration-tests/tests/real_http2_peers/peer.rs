//! Processes that serve, with a folder of their own, and that end with the test.

use std::fmt::Debug;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server's processes. The first is the one that signals are for.
pub(crate) struct Peer {
    folder: tempfile::TempDir,
    processes: Vec<Child>,
}

impl Peer {
    /// Prepares a folder, and starts there what answers at these ports.
    pub(crate) fn start(ports: &[u16], start: impl FnOnce(&Path) -> Vec<Command>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Servers that root starts read as somebody else.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let processes = start(folder.path()).iter_mut().map(|command| spawn(command, folder.path())).collect();
        let peer = Self { folder, processes };
        let patience = Instant::now() + Duration::from_secs(20);
        for port in ports {
            while TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, *port))).is_err() {
                assert!(Instant::now() < patience, "nobody listens at {port}: {}", peer.said());
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        peer
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it wrote to its standard error.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(self.folder().join(SAID)).unwrap_or_default()
    }

    /// Sends a signal, by its name without `SIG`.
    pub(crate) fn signal(&self, name: &str) {
        signal(&self.processes[0], name);
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // By a signal that lets a master end its workers too.
        self.processes.iter().for_each(|process| signal(process, "TERM"));
        let patience = Instant::now() + Duration::from_secs(5);
        for process in &mut self.processes {
            while matches!(process.try_wait(), Ok(None)) && Instant::now() < patience {
                std::thread::sleep(Duration::from_millis(10));
            }
            // It may have ended by itself: then there is nothing to kill.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Ports that were free a moment ago. All bound at a time, so that they differ.
pub(crate) fn ports<const COUNT: usize>() -> [u16; COUNT] {
    let free = [(); COUNT].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    free.map(|listener| listener.local_addr().unwrap().port())
}

fn signal(process: &Child, name: &str) {
    let sent =
        Command::new("kill").arg(format!("-{name}")).arg(process.id().to_string()).stderr(Stdio::null()).status();
    drop(sent);
}

fn spawn(command: &mut Command, folder: &Path) -> Child {
    let said = std::fs::OpenOptions::new().create(true).append(true).open(folder.join(SAID)).unwrap();
    let started = command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(said).spawn();
    started.unwrap_or_else(|error| panic!("{:?}: {error}", command as &dyn Debug))
}

const SAID: &str = "said.log";
