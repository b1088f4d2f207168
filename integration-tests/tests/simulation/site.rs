//! Servers that ask more of a client than one exchange: they redirect from host to host, want to know who is there, code what they say,
//! set cookies, are busy, confirm what is kept. And who may see what (P4, P7).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hinternet::network::Proxy;
use hinternet::{Authentication, BypassList, Cache, Credentials, NamedProxies, RetryPolicy, SessionBuilder};
use integration_tests::Seeded;
use integration_tests::coded::Coded;
use integration_tests::origin::{Reply, Visit};
use integration_tests::request::Request;
use integration_tests::simulation::{OTHER, SERVER, SimulatedPeer};

use crate::plan::{BAD, CONTENT, PROXY, REFUSAL};

/// What the servers are like, and what the session has for them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    seed: u64,
    /// They want to know who is there.
    guarded: bool,
    /// The other host is reached through a proxy, which may want to know too.
    proxy: Option<bool>,
    /// The session sends again what fails.
    retries: bool,
    /// The session keeps responses.
    keeps: bool,
    /// From its send to its end a request may take so many milliseconds.
    pub(crate) total: Option<u64>,
}

impl Site {
    pub(crate) fn of(seed: u64) -> Self {
        let mut chance = Seeded::new(seed ^ 0x5_0000_0000);
        Self {
            seed,
            guarded: chance.percent(50),
            proxy: chance.percent(50).then(|| chance.percent(50)),
            retries: chance.percent(50),
            keeps: chance.percent(50),
            total: chance.percent(50).then(|| chance.between(50, 1_500) as u64),
        }
    }

    /// What the session has for them.
    pub(crate) fn equip(self, builder: SessionBuilder) -> SessionBuilder {
        let mut authentication = Authentication::default();
        // There is no TLS here.
        authentication.cleartext = true;
        let mut builder = builder.authentication(authentication);
        for host in [SERVER, OTHER] {
            builder = builder.credentials(&format!("http://{host}:{BAD}"), Credentials::new("alice", secret(host)));
        }
        if self.proxy.is_some() {
            let proxy = format!("http://alice:{}@{SERVER}:{PROXY}", secret(PROXY_NAME));
            let proxy = Proxy::parse(&proxy).expect("a proxy");
            let near = BypassList::parse(SERVER).expect("a name");
            builder = builder.proxy(NamedProxies::new([proxy]).bypass(near));
        }
        if self.keeps {
            builder = builder.cache(Cache::in_memory());
        }
        if self.retries {
            builder = builder.retry(RetryPolicy::new().attempts(3).first_pause(Duration::from_millis(10)));
        }
        builder
    }

    /// What is answered on this port.
    pub(crate) fn handler(self, port: u16) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
        let chance = Mutex::new(Seeded::new(self.seed ^ u64::from(port) << 40));
        move |request| {
            let mut chance = chance.lock().unwrap_or_else(PoisonError::into_inner);
            let is_known = |field: &str, who: &str| request.field(field).is_some_and(|shown| shown == basic(who));
            if port == PROXY && self.proxy == Some(true) && !is_known("proxy-authorization", PROXY_NAME) {
                return Reply::new(407).field("proxy-authenticate", "Basic realm=\"p\"").body(REFUSAL);
            }
            let host = host_of(&request.target, request.field("host"));
            if self.guarded && !is_known("authorization", &host) {
                return Reply::new(401).field("www-authenticate", "Basic realm=\"r\"").body(REFUSAL);
            }
            if self.keeps && chance.percent(65) {
                return kept(request, &mut chance);
            }
            answer(&host, &mut chance)
        }
    }
}

/// What a cache may keep, or what confirms it.
fn kept(request: &Request, chance: &mut Seeded) -> Reply {
    let fresh = *chance.pick(&["public, max-age=0", "public, max-age=0", "public, max-age=60", "no-store"]);
    let reply = match request.field("if-none-match") {
        Some(TAG) if chance.percent(80) => Reply::new(304),
        _ => Reply::ok(CONTENT),
    };
    reply.field("etag", TAG).field("cache-control", fresh)
}

fn answer(host: &str, chance: &mut Seeded) -> Reply {
    let reply = match chance.below(20) {
        0..6 => {
            let (status, to) = (*chance.pick(&[301, 302, 303, 307, 308]), *chance.pick(&[SERVER, OTHER]));
            let to = if chance.percent(30) { String::new() } else { format!("http://{to}:{BAD}") };
            Reply::redirect(status, format!("{to}/{}", chance.below(4))).body(REFUSAL)
        }
        6 => Reply::new(503).field("retry-after", "0").body(REFUSAL),
        7 => Reply::drop_connection(),
        8 => Reply::raw("HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!"),
        9 => Reply::ok(CONTENT).closing(),
        10 => Reply::ok(CONTENT).interim(103),
        11 => Reply::new(200).until_close(CONTENT),
        12..15 => {
            let coded = *chance.pick(&Coded::ALL);
            let reply = Reply::ok(coded.code(CONTENT.as_bytes())).field("content-encoding", coded.name());
            if chance.percent(30) { reply.until_close(coded.code(CONTENT.as_bytes())) } else { reply }
        }
        _ => Reply::new(200).chunked([&CONTENT[..7], &CONTENT[7..]].map(str::to_owned)),
    };
    let reply =
        if chance.percent(20) { reply.after(Duration::from_millis(chance.between(1, 200) as u64)) } else { reply };
    reply.field("set-cookie", format!("mine={}; Path=/", secret(host)))
}

/// What was shown to whom it does not belong to.
pub(crate) fn shown_to_others(peer: &SimulatedPeer) -> Vec<String> {
    let looks = |visit: &Visit| {
        let host = host_of(&visit.target, visit.field("host"));
        let is_proxy = peer.port() == PROXY;
        let others =
            [SERVER, OTHER, PROXY_NAME].into_iter().filter(|who| *who != host && !(is_proxy && *who == PROXY_NAME));
        let all: String =
            visit.fields.iter().map(|(_, value)| format!("{value}\n")).collect::<String>() + &visit.target;
        let seen = others.filter(|who| all.contains(&secret(who)) || all.contains(&basic(who)));
        let wrong = seen.map(|who| format!("P7: what belongs to {who} was shown to {host} on {}", peer.port()));
        wrong.collect::<Vec<_>>()
    };
    let mut wrong: Vec<_> = peer.visits().iter().flat_map(looks).collect();
    // What its server cannot read is the client's fault (P2).
    wrong.extend(peer.visits().iter().filter(|visit| visit.status == 400).map(|visit| format!("P2: {visit:?}")));
    wrong.dedup();
    wrong
}

/// Whom the request is for: by its target, where that says it.
fn host_of(target: &str, host: Option<&str>) -> String {
    let authority = target
        .strip_prefix("http://")
        .map_or(host.unwrap_or_default(), |rest| rest.split('/').next().unwrap_or_default());
    authority.split(':').next().unwrap_or_default().to_owned()
}

/// What nobody but this one may see.
fn secret(who: &str) -> String {
    format!("s3cret-of-{who}")
}

fn basic(who: &str) -> String {
    use base64::Engine as _;
    let pair = format!("alice:{}", secret(who));
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

const PROXY_NAME: &str = "proxy";
const TAG: &str = "\"v1\"";
