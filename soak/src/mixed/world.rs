//! What all exchanges of a round share: servers, sessions, a recorder, and a folder.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hinternet::network::{Lookup, Resolver};
use hinternet::tls::TlsOptions;
use hinternet::{Cache, DialOptions, Engine, Protocols, Session, SessionBuilder, Snapshot, Timeouts};
use integration_tests::recorder::Recorder;
use tempfile::TempDir;

use crate::Failed;
use crate::servers::Servers;

/// One round's.
pub(super) struct World {
    pub(super) servers: Servers,
    /// Speaks HTTP/1.1, and HTTP/2 where TLS agrees on it.
    pub(super) session: Session,
    /// Knows that its servers speak HTTP/2.
    pub(super) http2: Session,
    pub(super) engine: Engine,
    pub(super) folder: TempDir,
    trust: TlsOptions,
    recorder: Recorder,
    passing: AtomicU64,
}

impl World {
    pub(super) fn open(engine: Engine, servers: Servers) -> Result<Self, Failed> {
        let (recorder, trust) = (Recorder::on(&engine).forgetting(), servers.trust()?);
        let basic = || builder(&engine, &trust);
        let session = recorder.session(basic().cache(Cache::in_memory()).wires_per_origin(24));
        let http2 = recorder.session(basic().protocols(Protocols::RequireHttp2).wires_per_origin(4));
        let folder = tempfile::tempdir()?;
        Ok(Self { servers, session, http2, engine, folder, trust, recorder, passing: AtomicU64::new(0) })
    }

    /// One for a single exchange, watched like the others.
    pub(super) fn passing_session(&self, change: impl FnOnce(SessionBuilder) -> SessionBuilder) -> Session {
        self.passing.fetch_add(1, Ordering::Relaxed);
        self.recorder.session(change(builder(&self.engine, &self.trust)))
    }

    /// Looks that nothing is under way, closes all, and sees what was told. How many notifications there were.
    pub(super) async fn close(self) -> Result<u64, Failed> {
        let Self { session, http2, recorder, servers, .. } = self;
        for session in [session, http2] {
            let began = Instant::now();
            while let Some(left) = under_way(&session.snapshot().await) {
                if began.elapsed() > PATIENCE {
                    return Err(format!("{left} when all exchanges had ended").into());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            session.close().await?;
            session.closed().await;
        }
        let heard = recorder.heard();
        recorder.settle().await;
        drop(servers);
        Ok(heard)
    }
}

fn builder(engine: &Engine, trust: &TlsOptions) -> SessionBuilder {
    // An honest server on a busy machine is to have the time it needs.
    let timeouts = Timeouts::all(Duration::from_secs(30));
    let dial = DialOptions::default().resolver(Here);
    // The options of TLS are among those of the dial.
    Session::builder().engine(engine.clone()).timeouts(timeouts).dial(dial).tls(trust.clone())
}

/// What is still going on, but for wires that rest.
fn under_way(snapshot: &Snapshot) -> Option<String> {
    let Snapshot { connections, origins, requests, websockets, .. } = snapshot;
    let waiting: usize = origins.iter().map(|origin| origin.waiting + origin.dialing).sum();
    let streams: usize = origins.iter().flat_map(|origin| &origin.wires).map(|wire| wire.open_streams).sum();
    let counts = [connections.len(), requests.len(), websockets.len(), waiting, streams];
    let names = ["connections", "requests", "WebSockets", "in line or dialed", "streams"];
    let left: Vec<_> =
        counts.iter().zip(names).filter(|(n, _)| **n > 0).map(|(n, name)| format!("{n} {name}")).collect();
    (!left.is_empty()).then(|| format!("there are {}", left.join(", ")))
}

/// Every name is this machine, but for those that do not exist.
#[derive(Clone, Copy, Debug)]
struct Here;

impl Resolver for Here {
    fn resolve(&self, host: &str) -> Lookup {
        let is_there = !host.ends_with(".invalid");
        Box::pin(async move {
            is_there.then(|| vec![IpAddr::from([127, 0, 0, 1])]).ok_or_else(|| io::ErrorKind::NotFound.into())
        })
    }
}

const PATIENCE: Duration = Duration::from_secs(20);
