//! Proxies chosen by a script (PAC): who keeps it, fetches it and has it run.

mod actor;
mod engine;
mod fetching;
mod options;
mod running;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use actix::Addr;

use crate::engine::Engine;
use crate::error::{Error, ErrorCode, Operation, Result};
use crate::network::{FindingProxy, ProxyResolver, Route};
use crate::options::NameOptions;
use crate::policy::domains::is_public_suffix;
use crate::shown;
use crate::target::{IntoTarget, Target};
use crate::transport::Names;

pub use actor::{FindProxies, PacActor};
pub use options::PacOptions;
use running::Places;

/// Proxies chosen by a script (PAC), which is given as text or by its URL.
///
/// The script is somebody else's program: it runs in a sandbox, on a thread of its own, with nothing but the functions that such
/// scripts are promised, and within the limits of [`PacOptions`]. Each question is a fresh run. Of a secure URL it sees the origin
/// alone, and never a user name or fragment.
///
/// | function | note |
/// |---|---|
/// | `isPlainHostName`, `dnsDomainIs`, `localHostOrDomainIs`, `dnsDomainLevels`, `shExpMatch` | as in browsers |
/// | `isResolvable`, `dnsResolve`, `isInNet`, `convert_addr`, `myIpAddress` | IPv4; each name is looked up once |
/// | `weekdayRange`, `dateRange`, `timeRange` | local time, or GMT |
/// | `isResolvableEx`, `dnsResolveEx`, `isInNetEx`, `myIpAddressEx`, `sortIpAddressList`, `getClientVersion` | Microsoft's, with IPv6 |
/// | `alert` | nobody reads it |
///
/// `FindProxyForURLEx` is asked before `FindProxyForURL`, where a script has it. Cheap to clone; clones share script and actor.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// use hinternet::Pac;
///
/// let pac = Pac::from_text("function FindProxyForURL(url, host) { return 'PROXY proxy.example:3128; DIRECT' }");
/// let routes = pac.proxies_for("http://www.example.com/").await?;
/// assert_eq!(format!("{routes:?}"), "[http://proxy.example:3128, direct]");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Pac(Arc<Inner>);

struct Inner {
    source: Source,
    options: PacOptions,
    engine: Option<Engine>,
    /// `None` until it is first asked.
    actor: Mutex<Option<Addr<PacActor>>>,
    /// For all actors it ever has: threads that were left behind keep their places.
    places: Places,
}

/// Where a script comes from.
#[derive(Clone)]
enum Source {
    Text(Arc<str>),
    Url(Target),
    /// By the name that WPAD gives it.
    Discovered(Target),
}

impl Pac {
    /// A script as text.
    pub fn from_text(script: impl Into<Arc<str>>) -> Self {
        Self::of(Source::Text(script.into()))
    }

    /// A script by its URL. It is fetched when it is first needed, directly and by a session of its own, and kept for its time.
    ///
    /// # Errors
    /// 12005 for a URL that cannot be used, 12006 for another scheme than http and https.
    #[doc(alias = "WINHTTP_AUTOPROXY_CONFIG_URL")]
    pub fn from_url(url: impl IntoTarget) -> Result<Self> {
        let target = url.into_target().map_err(|error| error.in_operation(Operation::ProxyForUrl))?;
        Ok(Self::of(Source::Url(target)))
    }

    /// The script that WPAD's DNS names have in this domain: `http://wpad.DOMAIN/wpad.dat`, and no other. Nothing asks for one by
    /// itself: whoever can answer for that name decides where all traffic goes. There is no DHCP, and no search in the domains
    /// above. The domain has to be one that somebody has registered, or below one: `wpad.co.uk` is whose it was sold to.
    ///
    /// # Errors
    /// 87 for what is no domain of at least two labels, and for a public suffix (`co.uk`, `github.io`).
    #[doc(alias = "WINHTTP_AUTO_DETECT_TYPE_DNS_A")]
    #[doc(alias = "WinHttpDetectAutoProxyConfigUrl")]
    #[doc(alias = "WINHTTP_AUTOPROXY_AUTO_DETECT")]
    pub fn discover(domain: &str) -> Result<Self> {
        let refused = || {
            let detail = format!("{:?} is no domain in which a proxy script could be found", shown::url(domain));
            Error::parameter(Operation::ProxyForUrl, detail)
        };
        let domain = domain.trim_matches('.');
        let target = Target::parse(&format!("http://wpad.{domain}/wpad.dat")).map_err(|_| refused())?;
        let host = target.origin().host();
        let is_domain = target.path_and_query() == "/wpad.dat" && target.origin().port() == 80;
        let is_somebodys = host.strip_prefix("wpad.").is_some_and(|domain| !is_public_suffix(domain));
        if !is_domain || !domain.contains('.') || !is_somebodys {
            return Err(refused());
        }
        Ok(Self::of(Source::Discovered(target)))
    }

    fn of(source: Source) -> Self {
        Self(Arc::new(Inner {
            source,
            options: PacOptions::default(),
            engine: None,
            actor: Mutex::default(),
            places: Places::new(THREADS),
        }))
    }

    /// The same script with these limits. What is remembered is not taken along.
    ///
    /// # Errors
    /// 87 for limits that cannot be meant.
    pub fn with_options(self, options: PacOptions) -> Result<Self> {
        options.check()?;
        let (source, engine) = (self.0.source.clone(), self.0.engine.clone());
        let places = Places::new(THREADS);
        Ok(Self(Arc::new(Inner { source, options, engine, actor: Mutex::default(), places })))
    }

    /// The engine that its actor runs on; by default the one all sessions share. What is remembered is not taken along.
    pub fn on(self, engine: Engine) -> Self {
        let (source, options) = (self.0.source.clone(), self.0.options.clone());
        let (actor, places) = (Mutex::default(), Places::new(THREADS));
        Self(Arc::new(Inner { source, options, engine: Some(engine), actor, places }))
    }

    /// The ways to this URL, in the order in which they are to be tried.
    ///
    /// # Errors
    /// 12166 for what is no proxy script, 12167 when it cannot be fetched (12180 for one that was to be discovered), 12177 when it
    /// fails, passes a limit or answers nothing that can be used, 12178 when no thread is left to run it; 12005 and 12006 for the
    /// URL, 12012 when the engine has stopped.
    #[doc(alias = "WinHttpGetProxyForUrl")]
    #[doc(alias = "WinHttpGetProxyForUrlEx")]
    pub async fn proxies_for(&self, url: impl IntoTarget) -> Result<Vec<Route>> {
        let target = url.into_target().map_err(|error| error.in_operation(Operation::ProxyForUrl))?;
        self.0.ask(target).await
    }

    /// Forgets the script that was fetched, and that it could not be.
    #[doc(alias(
        "WINHTTP_AUTOPROXY_NO_CACHE_CLIENT",
        "WINHTTP_RESET_STATE",
        "WINHTTP_RESET_SCRIPT_CACHE",
        "WINHTTP_RESET_ALL"
    ))]
    #[doc(alias = "WinHttpResetAutoProxy")]
    pub fn reset(&self) {
        let actor = self.0.actor.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(actor) = actor {
            actor.do_send(actor::Reset);
        }
    }

    /// The actor behind it, which takes [`FindProxies`] as a message. One that has crashed is replaced by
    /// another that remembers nothing.
    ///
    /// # Errors
    /// 12004 when the engine finds no thread, 12012 when it has stopped.
    pub fn addr(&self) -> Result<Addr<PacActor>> {
        self.0.addr()
    }
}

impl Inner {
    fn addr(&self) -> Result<Addr<PacActor>> {
        let engine = self.engine.clone().map_or_else(Engine::global, Ok)?;
        engine.check(Operation::ProxyForUrl)?;
        let mut actor = self.actor.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(alive) = actor.as_ref().filter(|addr| addr.connected()) {
            return Ok(alive.clone());
        }
        let PacOptions { time, memory, look_ups, look_up, ref dial, .. } = self.options;
        let runs = running::Runs {
            bounds: engine::Bounds { time, memory, look_ups },
            look_up,
            dial: dial.clone(),
            names: Names::new(NameOptions::default()),
            places: self.places.clone(),
        };
        let (source, options, on) = (self.source.clone(), self.options.clone(), engine.clone());
        let started = engine.next_shard().start(move || PacActor::new(source, options, on, runs));
        Ok(actor.insert(started).clone())
    }

    async fn ask(&self, target: Target) -> Result<Vec<Route>> {
        let asked = self.addr()?.send(FindProxies { target }).await;
        asked.unwrap_or_else(|_| {
            self.engine.as_ref().map_or(Ok(()), |engine| engine.check(Operation::ProxyForUrl))?;
            let detail = "the actor of the proxy script ended before it answered".to_owned();
            Err(actor::failure(ErrorCode::AutoProxyServiceError, detail))
        })
    }
}

impl ProxyResolver for Pac {
    fn find(&self, url: &str) -> FindingProxy {
        let (inner, target) = (Arc::clone(&self.0), Target::parse(url));
        Box::pin(async move { inner.ask(target?).await.map_err(io::Error::from) })
    }
}

impl fmt::Debug for Pac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.source {
            Source::Text(script) => write!(f, "Pac({:?})", shown::count(script.as_bytes())),
            Source::Url(target) | Source::Discovered(target) => write!(f, "Pac({target:?})"),
        }
    }
}

/// Scripts that run at a time. What is left behind of them, too, is no more.
const THREADS: usize = 4;
