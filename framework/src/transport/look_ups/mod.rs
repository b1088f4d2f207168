//! Name look-ups that block, on threads of their own.

mod line;

use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::watch;

use crate::network::{Lookup, Resolver};

use line::Line;

/// A resolver made of a function that blocks: it runs on a pool of at most 16 threads of its own.
///
/// Requests that want the same host while it is being looked up share one call. A call that no thread has begun is dropped when
/// nobody waits for it any more; one that was begun cannot be stopped, and its thread is waited for by nobody: neither by an
/// engine that stops nor by the process that ends. Threads start when they are needed and end when they had nothing to do for a
/// while. Clones share the pool.
///
/// ```
/// use std::net::{IpAddr, Ipv4Addr};
/// use hinternet::transport::BlockingResolver;
/// use hinternet::{DialOptions, Session};
///
/// # fn main() -> hinternet::Result<()> {
/// let hosts = BlockingResolver::new(|host| match host {
///     "build.internal" => Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]),
///     _ => Err(std::io::Error::new(std::io::ErrorKind::NotFound, "no such host")),
/// });
/// let session = Session::builder().dial(DialOptions::default().resolver(hosts)).open()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct BlockingResolver(Arc<Pool>);

struct Pool {
    look_up: Box<LookUp>,
    state: Mutex<State>,
    work: Condvar,
    /// How long a thread waits for more to do.
    patience: Duration,
}

type LookUp = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

struct State {
    line: Line<Arc<Watched>>,
    threads: usize,
    idle: usize,
}

/// `None` until there is an outcome.
type Watched = watch::Sender<Option<Outcome>>;

/// Of an error the same for all who took part.
type Outcome = Result<Vec<IpAddr>, Arc<io::Error>>;

impl BlockingResolver {
    /// A resolver that calls this function, for up to 16 hosts at a time.
    pub fn new(look_up: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static) -> Self {
        Self::of(Box::new(look_up), IDLE)
    }

    fn of(look_up: Box<LookUp>, patience: Duration) -> Self {
        let state = Mutex::new(State { line: Line::new(), threads: 0, idle: 0 });
        Self(Arc::new(Pool { look_up, state, work: Condvar::new(), patience }))
    }

    /// The system's resolver (`getaddrinfo`), which requests use that are given none. One pool serves the whole process.
    pub fn system() -> Self {
        static SYSTEM: LazyLock<BlockingResolver> = LazyLock::new(|| {
            BlockingResolver::new(|host| Ok((host, 0).to_socket_addrs()?.map(|address| address.ip()).collect()))
        });
        SYSTEM.clone()
    }
}

impl Resolver for BlockingResolver {
    fn resolve(&self, host: &str) -> Lookup {
        let (pool, host) = (Arc::clone(&self.0), host.to_owned());
        Box::pin(async move {
            let part = Part::take(&pool, &host)?;
            let mut watched = part.outcome.subscribe();
            let outcome = watched.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
            match outcome {
                Some(Ok(addresses)) => Ok(addresses),
                Some(Err(error)) => Err(io::Error::new(error.kind(), error)),
                None => Err(io::Error::other("the look-up was given up")),
            }
        })
    }
}

impl fmt::Debug for BlockingResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingResolver").finish_non_exhaustive()
    }
}

/// One who waits for a look-up; dropped, it waits no more.
struct Part<'a> {
    pool: &'a Pool,
    host: &'a str,
    outcome: Arc<Watched>,
}

impl<'a> Part<'a> {
    fn take(pool: &'a Arc<Pool>, host: &'a str) -> io::Result<Self> {
        let mut state = pool.state();
        let outcome = state.line.join(host, || Arc::new(Watched::new(None)));
        let part = Self { pool, host, outcome };
        let staffed = pool.staff(&mut state);
        drop(state);
        // An error drops the part, which takes the lock.
        staffed.map(|()| part)
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        self.pool.state().line.leave(self.host, |outcome| Arc::ptr_eq(outcome, &self.outcome));
    }
}

impl Pool {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to it that somebody does what waits.
    fn staff(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        if state.line.waiting() == 0 {
            return Ok(());
        }
        if state.idle >= state.line.waiting() || state.threads == THREADS {
            self.work.notify_one();
            return Ok(());
        }
        let pool = Arc::clone(self);
        match thread::Builder::new().name("hinternet-resolve".to_owned()).spawn(move || pool.work()) {
            Ok(_nobody_joins_it) => state.threads += 1,
            // Those that there are come to it later.
            Err(_) if state.threads > 0 => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The life of a thread.
    fn work(&self) {
        let mut state = self.state();
        loop {
            let Some(host) = state.line.next() else {
                state.idle += 1;
                let (woken, waited) =
                    self.work.wait_timeout(state, self.patience).unwrap_or_else(PoisonError::into_inner);
                state = woken;
                state.idle -= 1;
                if waited.timed_out() && state.line.waiting() == 0 {
                    state.threads -= 1;
                    return;
                }
                continue;
            };
            drop(state);
            let outcome = self.look_up(&host);
            state = self.state();
            if let Some(watched) = state.line.finish(&host) {
                watched.send_replace(Some(outcome));
            }
        }
    }

    fn look_up(&self, host: &str) -> Outcome {
        // The function is the caller's: a panic in it must not cost the pool a thread and the request its answer.
        let looked_up = catch_unwind(AssertUnwindSafe(|| (self.look_up)(host)));
        looked_up.unwrap_or_else(|_| Err(io::Error::other("the resolver panicked"))).map_err(Arc::new)
    }
}

const THREADS: usize = 16;
const IDLE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn e_threads_end_when_they_have_nothing_to_do() {
        let (alive, ended) = mpsc::channel::<()>();
        let look_up = move |_: &str| {
            let _lives_with_the_function = &alive;
            Ok(Vec::new())
        };
        let resolver = BlockingResolver::of(Box::new(look_up), Duration::ZERO);
        for host in ["a", "b", "c"] {
            assert!(resolver.resolve(host).await.unwrap().is_empty());
        }
        drop(resolver);
        // A thread that goes on holds the function.
        assert_eq!(ended.recv(), Err(mpsc::RecvError));
    }
}
