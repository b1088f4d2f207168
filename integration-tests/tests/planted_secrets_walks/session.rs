//! A session that knows many secrets, and reaches its servers by a way that chance lays.

use std::sync::Arc;

use hinternet::network::{FindingProxy, Proxy, ProxyResolver, Route};
use hinternet::{
    AuthScheme, AuthSchemes, AuthTarget, BypassList, CredentialProvider, Credentials, CredentialsAsked, DialOptions,
    NamedProxies, Providing, ProxySettings, SessionBuilder, Target,
};

use crate::graph::{Network, PROXIES, SITES, of_proxy, of_site, of_sites, site_at};
use crate::secrets::Parties;
use crate::world::World;

/// By which proxies each origin may be reached, the first tried first.
#[derive(Clone, Debug)]
pub(crate) struct Ways {
    pub(crate) settings: ProxySettings,
    /// The proxies that a request to each origin may meet.
    pub(crate) met: [Parties; SITES.len()],
}

/// Both proxies, with what they are told.
pub(crate) fn proxies(world: &World) -> [Proxy; 2] {
    let second = if !world.second_is_socks { "http" } else { if world.percent(70) { "socks5h" } else { "socks5" } };
    [(0, "http"), (1, second)].map(|(n, scheme)| {
        let (host, port) = PROXIES[n];
        let mut proxy = Proxy::parse(&format!("{scheme}://{host}:{port}")).unwrap();
        if world.percent(75) {
            let part = |what| world.plant(format!("the {what} for proxy {n}"), of_proxy(n));
            proxy = proxy.credentials(&part("user"), &part("password")).unwrap();
        }
        if scheme == "http" && world.percent(50) {
            proxy = proxy.wait_for_challenge();
        }
        if scheme == "http" && world.percent(50) {
            let value = world.plant(format!("a field for proxy {n}"), of_proxy(n));
            proxy = proxy.header("x-proxy-token".parse().unwrap(), value.parse().unwrap());
        }
        proxy
    })
}

pub(crate) fn ways(world: &World, [one, two]: &[Proxy; 2]) -> Ways {
    let (first, second, both) = (of_proxy(0), of_proxy(1), of_proxy(0).or(of_proxy(1)));
    let by_scheme = |http, https| SITES.map(|site| if site.is_secure { https } else { http });
    let named = |routes: &[Proxy]| NamedProxies::new(routes.iter().cloned());
    let (named, met) = match world.below(8) {
        0 => return Ways { settings: ProxySettings::Direct, met: [Parties::NOBODY; 6] },
        1 => (named(std::slice::from_ref(one)), [first; 6]),
        2 => (named(std::slice::from_ref(two)), [second; 6]),
        3 => (named(std::slice::from_ref(one)).for_https([two.clone()]), by_scheme(first, second)),
        4 => (named(std::slice::from_ref(two)).for_https([one.clone()]), by_scheme(second, first)),
        5 => (named(&[two.clone().through(one.clone()).unwrap()]), [both; 6]),
        6 => (named(&[one.clone(), two.clone()]), [both; 6]),
        _ => return automatic(world, [one, two]),
    };
    let is_bypassed = world.percent(30);
    let named = if is_bypassed { named.bypass(BypassList::parse("a.walk.example").unwrap()) } else { named };
    Ways { settings: named.into(), met }
}

/// A way for each origin on its own.
fn automatic(world: &World, proxies: [&Proxy; 2]) -> Ways {
    let mut met = [Parties::NOBODY; 6];
    let routes = std::array::from_fn(|n| match world.below(3) {
        2 => Route::Direct,
        k => {
            met[n] = of_proxy(k);
            Route::Proxy(proxies[k].clone())
        }
    });
    Ways { settings: ProxySettings::automatic(Table(routes)), met }
}

#[derive(Debug)]
struct Table([Route; SITES.len()]);

impl ProxyResolver for Table {
    fn find(&self, url: &str) -> FindingProxy {
        let target = Target::parse(url).expect("a URL");
        let site = site_at(target.origin().host(), target.origin().port()).expect("one of the six");
        Box::pin(std::future::ready(Ok(vec![self.0[site].clone()])))
    }
}

/// The session, but for what a recorder sets.
pub(crate) fn session(world: &Arc<World>, ways: &Ways) -> SessionBuilder {
    let dial = DialOptions::default().resolver(Network(Arc::clone(world))).dialer(Network(Arc::clone(world)));
    let dial = dial.proxy(ways.settings.clone()).always_tunnel(world.percent(25));
    let mut builder = hinternet::Session::builder().dial(dial).trace(32);
    for _ in 0..world.below(4) {
        let n = world.below(PATTERNS.len());
        let (pattern, means) = PATTERNS[n];
        let credentials = credentials(world, &format!("{pattern:?}"), of_sites(means));
        builder = builder.credentials(pattern, credentials);
    }
    if world.percent(40) {
        builder = builder.credential_provider(Provider(Arc::clone(world)));
    }
    builder
}

type Means = fn(&crate::graph::Site) -> bool;

const PATTERNS: [(&str, Means); 6] = [
    ("https://a.walk.example", |site| site.is_secure && site.host == "a.walk.example"),
    ("a.walk.example:8443", |site| site.port == 8443),
    ("a.walk.example", |site| site.host == "a.walk.example"),
    ("*.walk.example", |site| site.host.ends_with(".walk.example")),
    ("http://b.walk.example:8080", |site| site.port == 8080),
    ("other.example:81", |site| site.port == 81),
];

/// Of the session, for the second proxy or the first.
pub(crate) fn set_for_proxies(world: &World, session: &hinternet::Session) {
    for (n, (host, port)) in PROXIES.into_iter().enumerate() {
        if world.percent(20) {
            let part = |what| world.plant(format!("the session's {what} for proxy {n}"), of_proxy(n));
            let credentials = Credentials::new(part("user"), part("password"));
            let pattern = format!("http://{host}:{port}");
            session.credentials().set(AuthTarget::Proxy, &pattern, AuthSchemes::all(), credentials).unwrap();
        }
    }
}

/// Credentials that leave the choice of the scheme to who asks: over a wire without TLS nobody reads the secret.
pub(crate) fn credentials(world: &World, whose: &str, allowed: Parties) -> Credentials {
    let secure = allowed.and(of_sites(|site| site.is_secure));
    match world.percent(30) {
        true => Credentials::bearer(world.plant(format!("a token for {whose}"), secure)),
        false => {
            let user = world.plant(format!("the user for {whose}"), allowed);
            Credentials::new(user, world.plant(format!("the password for {whose}"), secure))
        }
    }
}

/// Gives each who asks something of its own.
#[derive(Debug)]
struct Provider(Arc<World>);

impl CredentialProvider for Provider {
    fn credentials(&self, asked: &CredentialsAsked) -> Providing {
        let (world, host, port) = (&self.0, asked.origin.host(), asked.origin.port());
        world.debug("a question for credentials", asked);
        let given = world.percent(70).then(|| match asked.target {
            AuthTarget::Server => {
                let n = site_at(host, port).expect("one of the six");
                credentials(world, &format!("origin {n}, by the provider"), of_site(n))
            }
            AuthTarget::Proxy => {
                let n = PROXIES.iter().position(|proxy| *proxy == (host, port)).expect("one of the two");
                let part = |what| world.plant(format!("the provider's {what} for proxy {n}"), of_proxy(n));
                Credentials::new(part("user"), part("password"))
            }
        });
        Box::pin(std::future::ready(given))
    }
}

/// Schemes of which a request names one, or leaves the choice.
pub(crate) const NAMED: [Option<AuthScheme>; 4] =
    [None, Some(AuthScheme::Basic), Some(AuthScheme::Bearer), Some(AuthScheme::Digest)];
