//! What a session lends to all levels below it, and the work it counts.

mod lanes;
mod setting;
mod work;

use std::sync::Arc;
use std::time::Instant;

use http::HeaderMap;
use http::header::{ACCEPT, ACCEPT_ENCODING, HeaderValue, USER_AGENT};
use tokio::sync::oneshot;

#[cfg(feature = "cache")]
use crate::cache::Cache;
use crate::clock;
use crate::engine::Engine;
use crate::handle::Node;
use crate::options::{AuthTarget, PoolLimits, SessionOptions, SharedOptions};
use crate::origin::{Budgets, Governors, Lanes, Overrides, Proxies, Quota, Terms, make_room};
use crate::policy::auth::{Keyring, bind};
use crate::protocol::http1::plain_octets;
use crate::protocol::http2::head::Plain;
#[cfg(feature = "cookies")]
use crate::stores::CookieJar;
use crate::stores::HstsStore;
use crate::target::Origin;
use crate::transport::Names;

pub(crate) use lanes::Load;
use lanes::{Place, Spread};
use setting::Setting;
pub use work::ShutdownReport;
pub(crate) use work::{Work, WorkEnd, WorkGuard, drain};

/// What a session lends to all levels below it.
#[derive(Clone, Debug)]
pub(crate) struct Services {
    pub(crate) engine: Engine,
    /// Fields every request has unless it names them itself.
    pub(crate) default_headers: Arc<HeaderMap>,
    /// The same as HTTP/2 has them.
    pub(crate) plain_fields: Arc<Plain>,
    /// How many octets their lines take, unless one says something that has to be heeded.
    pub(crate) plain_octets: Option<usize>,
    /// One of them says which content codings are welcome.
    pub(crate) names_codings: bool,
    /// One of them may tell a server, or a proxy, who uses the wire.
    pub(crate) defaults_bind: bool,
    pub(crate) session: Arc<Node>,
    pub(crate) terms: Arc<Terms>,
    pub(crate) work: Arc<Work>,
    pub(crate) opened: Instant,
    #[cfg(feature = "cache")]
    pub(crate) cache: Option<Cache>,
    #[cfg(feature = "cookies")]
    pub(crate) cookies: CookieJar,
    /// `None`: nobody is asked by https who was not asked for so.
    pub(crate) hsts: Option<HstsStore>,
    /// What connections and requests start from, unless their origin has options of its own.
    request_options: Arc<Setting>,
    /// `None` where every origin is on one shard.
    spread: Option<Spread>,
}

/// What a session remembers of servers.
#[derive(Debug, Default)]
pub(crate) struct Stores {
    #[cfg(feature = "cookies")]
    pub(crate) cookies: CookieJar,
    pub(crate) hsts: Option<HstsStore>,
}

impl Services {
    pub(crate) fn new(
        engine: Engine,
        options: SessionOptions,
        overrides: Overrides,
        stores: Stores,
        keyring: Arc<Keyring>,
        session: Arc<Node>,
    ) -> Arc<Self> {
        let limits = PoolLimits::of(&options);
        let request_options = Arc::new(Setting::new(Arc::new(options.request)));
        let mut default_headers = options.default_headers;
        default_headers.entry(USER_AGENT).or_insert(options.user_agent);
        default_headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        let (shards, id) = (engine.clone(), session.id());
        let ask_all_shards = move || {
            for shard in shards.all_shards() {
                // One that has stopped has no wires left.
                let _stopped = shard.run(move || {
                    make_room(id);
                });
            }
        };
        let lanes = Lanes::new(options.lanes.min(engine.shards()), options.wires_per_origin);
        let spread = (lanes.count() > 1).then(|| Spread::new(lanes.count(), engine.shards(), options.wires_per_origin));
        let terms = Arc::new(Terms {
            keyring,
            session: Arc::clone(&session),
            quota: Quota::new(options.wires_per_session, ask_all_shards),
            governors: Governors::new(options.requests_at_once),
            budgets: Budgets::new(),
            limits,
            overrides,
            lanes,
            trace: options.trace,
            names: Names::new(options.names),
            proxies: Proxies::new(default_headers.get(USER_AGENT)),
        });
        let (work, opened) = (Arc::default(), clock::now());
        let names_codings = default_headers.contains_key(ACCEPT_ENCODING);
        let defaults_bind =
            [AuthTarget::Server, AuthTarget::Proxy].iter().any(|target| bind(&default_headers, *target));
        let plain_octets = plain_octets(&default_headers);
        let default_headers = Arc::new(default_headers);
        let hsts = stores.hsts;
        #[cfg(feature = "cookies")]
        let cookies = stores.cookies;
        Arc::new(Self {
            engine,
            default_headers,
            plain_fields: Arc::default(),
            plain_octets,
            names_codings,
            defaults_bind,
            session,
            terms,
            work,
            opened,
            #[cfg(feature = "cache")]
            cache: None,
            #[cfg(feature = "cookies")]
            cookies,
            hsts,
            request_options,
            spread,
        })
    }

    /// The same with a cache.
    #[cfg(feature = "cache")]
    pub(crate) fn with_cache(self: Arc<Self>, cache: Option<Cache>) -> Arc<Self> {
        if cache.is_none() {
            return self;
        }
        Arc::new(Self { cache, ..Self::clone(&self) })
    }

    /// The same for a connection, whose work is counted by itself too.
    pub(crate) fn for_connection(&self) -> Arc<Self> {
        Arc::new(Self { work: Arc::new(Work::below(&self.work)), ..self.clone() })
    }

    /// What connections and requests start from.
    pub(crate) fn request_options(&self) -> SharedOptions {
        self.request_options.get()
    }

    pub(crate) fn set_request_options(&self, options: SharedOptions) {
        self.request_options.set(options);
    }

    /// The same to this origin.
    pub(crate) fn options_for(&self, origin: &Origin) -> SharedOptions {
        self.terms.overrides.request_options(origin).unwrap_or_else(|| self.request_options())
    }

    /// What wires to another origin are to be, where either of them has options of its own: those are for nobody else.
    pub(crate) fn options_on_the_way(&self, from: &Origin, to: &Origin) -> Option<SharedOptions> {
        let is_known = |origin| self.terms.overrides.request_options(origin).is_some();
        (is_known(from) || is_known(to)).then(|| self.options_for(to))
    }

    /// Where a request to this origin runs.
    pub(crate) fn shard_for(&self, origin: &Origin) -> Place<'_> {
        let key = (self.session.id(), origin);
        match &self.spread {
            Some(spread) => spread.place(self.engine.all_shards(), Engine::hash_of(key)),
            None => Place::only(self.engine.shard_of(key)),
        }
    }

    /// May an exchange with this origin run on this very thread: is that its shard, or one of those that have a lane of it?
    pub(crate) fn serves_here(&self, origin: &Origin) -> bool {
        let key = (self.session.id(), origin);
        match &self.spread {
            Some(spread) => spread.serves_here(self.engine.all_shards(), Engine::hash_of(key)),
            None => self.engine.shard_of(key).is_here(),
        }
    }
}

impl Services {
    /// Has the same done on every shard. One that has stopped has nothing to say.
    pub(crate) fn on_all_shards<T: Send + 'static, J: Fn() -> T + Clone + Send + 'static>(
        &self,
        job: J,
    ) -> impl Future<Output = Vec<T>> + Send + use<T, J> {
        let said: Vec<_> = self
            .engine
            .all_shards()
            .iter()
            .map(|shard| {
                let (say, said) = oneshot::channel();
                let job = job.clone();
                let _stopped = shard.run(move || {
                    // Whoever asked may have lost interest.
                    let _left = say.send(job());
                });
                said
            })
            .collect();
        async move {
            let mut all = Vec::new();
            for one in said {
                all.extend(one.await.ok());
            }
            all
        }
    }
}
