//! Look-ups of our own, over UDP and TCP, by the `hickory-resolver` crate.

mod asking;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use futures_util::future::{Either, select};
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts, ServerOrderingStrategy,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{Hosts, TokioResolver};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::network::{Answer, Answering, Lookup, Resolver};

use asking::{Asker, Candidates, into_io_error};

/// A resolver that asks name servers itself, and so knows for how long an answer may be kept (RFC 1035 3.2.1). Feature `hickory`.
///
/// It asks for the addresses of both families at a time, over UDP, and over TCP where an answer is too long for that. It keeps no
/// answers: the session does, see [`NameOptions`](crate::NameOptions). Where only one family could be looked up the answer is used
/// but not kept. IPv6 addresses come first, else the order is the server's.
///
/// All look-ups are made on a thread of its own, which starts with the first and ends with the last clone; so it serves any number
/// of sessions, on any engine, and stops or outlives none of them. Clones are the same resolver, but equal to each other only as
/// clones of the [`DialOptions`](crate::DialOptions) they are put in.
///
/// ```no_run
/// use hinternet::transport::HickoryResolver;
/// use hinternet::{DialOptions, Session};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let dial = DialOptions::default().resolver(HickoryResolver::system()?);
/// let session = Session::builder().dial(dial).open()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HickoryResolver(Arc<Inner>);

struct Inner {
    config: ResolverConfig,
    options: ResolverOpts,
    hosts: Arc<Hosts>,
    /// What its thread is told to do; `None` before the first look-up.
    jobs: Mutex<Option<mpsc::UnboundedSender<Job>>>,
}

struct Job {
    host: String,
    reply: oneshot::Sender<io::Result<Answer>>,
}

impl HickoryResolver {
    /// As the system is configured now: `/etc/resolv.conf` with its name servers, search domains and options (on Windows and macOS
    /// the name servers and search domains of the network settings), and the hosts file: what that says of a host, as it is given,
    /// is all there is of it, as `files dns` has it in `nsswitch.conf`. A change of those is seen by a new resolver only.
    ///
    /// # Errors
    /// The configuration cannot be read, or names no server.
    pub fn system() -> io::Result<Self> {
        let (config, options) = read_system_conf().map_err(into_io_error)?;
        // Without one there is nothing in it.
        Self::of(config, options, Hosts::from_system().unwrap_or_default())
    }

    /// With these name servers alone: no search domains and no hosts file. `localhost` is this machine all the same (RFC 6761 6.3).
    ///
    /// # Errors
    /// There is no name server.
    pub fn with_name_servers(servers: impl IntoIterator<Item = SocketAddr>) -> io::Result<Self> {
        let server = |address: SocketAddr| {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = address.port();
                connection
            });
            NameServerConfig::new(address.ip(), true, connections.into())
        };
        let config = ResolverConfig::from_name_servers(servers.into_iter().map(server).collect());
        let mut options = ResolverOpts::default();
        options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
        Self::of(config, options, Hosts::default())
    }

    fn of(config: ResolverConfig, mut options: ResolverOpts, hosts: Hosts) -> io::Result<Self> {
        if config.name_servers().is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "there is no name server to be asked"));
        }
        // Of each family and each domain that is searched it would look there anew.
        options.use_hosts_file = ResolveHosts::Never;
        // The session's table is the one place where answers are kept: two would add their times.
        options.cache_size = 0;
        // Two of each look-up may be on one connection.
        options.max_active_requests = 2 * AT_A_TIME;
        Ok(Self(Arc::new(Inner { config, options, hosts: Arc::new(hosts), jobs: Mutex::default() })))
    }
}

impl Resolver for HickoryResolver {
    fn resolve(&self, host: &str) -> Lookup {
        let answer = self.answer(host);
        Box::pin(async {
            let Answer { addresses, reason, .. } = answer.await?;
            match reason {
                Some(reason) => Err(io::Error::new(io::ErrorKind::NotFound, reason)),
                None => Ok(addresses),
            }
        })
    }

    fn answer(&self, host: &str) -> Answering {
        let (resolver, host) = (Self(Arc::clone(&self.0)), host.to_owned());
        Box::pin(async move {
            let answer = resolver.0.ask(host)?.await;
            answer.unwrap_or_else(|_| Err(io::Error::other("the look-up was given up")))
        })
    }
}

impl fmt::Debug for HickoryResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers: Vec<_> = self.0.config.name_servers().iter().map(|server| server.ip).collect();
        f.debug_struct("HickoryResolver").field("name_servers", &servers).finish_non_exhaustive()
    }
}

impl Inner {
    /// Has the thread look it up; starts it if it does not run.
    fn ask(&self, host: String) -> io::Result<oneshot::Receiver<io::Result<Answer>>> {
        let (reply, answer) = oneshot::channel();
        let mut job = Job { host, reply };
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = &*jobs {
            match running.send(job) {
                Ok(()) => return Ok(answer),
                Err(ended) => job = ended.0,
            }
        }
        let (sender, receiver) = mpsc::unbounded_channel();
        let (config, options, hosts) = (self.config.clone(), self.options.clone(), Arc::clone(&self.hosts));
        let run = move || serve(config, options, hosts, receiver);
        // Nobody joins it: it ends when nobody can tell it anything any more.
        thread::Builder::new().name("hinternet-names".to_owned()).spawn(run)?;
        // It has just been started, and ends no sooner than the sender.
        let _sent = sender.send(job);
        *jobs = Some(sender);
        Ok(answer)
    }
}

/// The life of the thread. What the crate spawns belongs to the runtime here, and ends with it.
fn serve(config: ResolverConfig, options: ResolverOpts, hosts: Arc<Hosts>, mut jobs: mpsc::UnboundedReceiver<Job>) {
    let candidates = Candidates::new(&config, options.ndots);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        // Whoever waits hears that the look-up was given up; the next one tries again.
        Err(error) => return tracing::error!(%error, "no runtime for look-ups"),
    };
    runtime.block_on(async {
        let provider = TokioRuntimeProvider::default();
        let built = TokioResolver::builder_with_config(config, provider).with_options(options).build();
        let resolver = match built {
            Ok(resolver) => resolver,
            Err(error) => return tracing::error!(%error, "no resolver for look-ups"),
        };
        let asker = Arc::new(Asker::new(resolver, candidates, hosts));
        let places = Arc::new(Semaphore::new(AT_A_TIME));
        while let Some(Job { host, mut reply }) = jobs.recv().await {
            let (asker, places) = (Arc::clone(&asker), Arc::clone(&places));
            tokio::spawn(async move {
                let asked = {
                    let asking = pin!(async {
                        // It is never closed.
                        let _place = places.acquire().await;
                        asker.ask(&host).await
                    });
                    match select(asking, pin!(reply.closed())).await {
                        Either::Left((answer, _)) => answer,
                        Either::Right(_) => return,
                    }
                };
                // Whoever asked may just have lost interest.
                let _left = reply.send(asked);
            });
        }
    });
}

/// Each has up to two sockets open, which is what this bounds. Not less: where a domain's name servers are dead its look-ups last for
/// seconds, and those of other names would have to wait for them.
const AT_A_TIME: usize = 256;
