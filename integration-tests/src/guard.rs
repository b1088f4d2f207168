//! Who stands before an origin, asks for credentials by Basic or Digest, and checks what it is shown.
//!
//! ```no_run
//! # async fn example() {
//! use integration_tests::guard::Guard;
//! use integration_tests::origin::{Origin, Reply};
//!
//! let guard = Guard::digest("MD5", "auth", "alice", "s3cret");
//! let origin = Origin::start(guard.before(|_| Reply::ok("admitted"))).await;
//! # }
//! ```

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest as _, Md5};

use crate::origin::Reply;
use crate::request::Request;

/// Admits one user. Its Digest is written from RFC 7616 by itself, so that it agrees with the library only where both are right.
#[derive(Debug)]
pub struct Guard {
    way: Way,
    /// It stands in a proxy, and asks by 407.
    is_proxy: bool,
    realm: String,
    user: String,
    password: String,
    state: Mutex<State>,
}

#[derive(Debug)]
enum Way {
    Basic,
    Digest { algorithm: String, qop: String },
}

#[derive(Debug, Default)]
struct State {
    nonces: u64,
    /// Behind each admission: the next request is told another nonce.
    gives_next: bool,
    stale: bool,
    refused: usize,
    seen: Vec<(String, String)>,
}

impl Guard {
    /// Asks by Basic, for the realm `guarded`.
    pub fn basic(user: &str, password: &str) -> Arc<Self> {
        Self::new(Way::Basic, false, user, password)
    }

    /// Asks by Digest, for the realm `guarded`; an empty `qop` is RFC 2069.
    pub fn digest(algorithm: &str, qop: &str, user: &str, password: &str) -> Arc<Self> {
        Self::new(Way::Digest { algorithm: algorithm.to_owned(), qop: qop.to_owned() }, false, user, password)
    }

    /// The same in a proxy that forwards, by MD5. As all clients do it takes the path for the URL, and not what the request line has.
    pub fn digest_of_a_proxy(user: &str, password: &str) -> Arc<Self> {
        Self::new(Way::Digest { algorithm: "MD5".to_owned(), qop: "auth".to_owned() }, true, user, password)
    }

    fn new(way: Way, is_proxy: bool, user: &str, password: &str) -> Arc<Self> {
        let (realm, user, password) = ("guarded".to_owned(), user.to_owned(), password.to_owned());
        Arc::new(Self { way, is_proxy, realm, user, password, state: Mutex::default() })
    }

    /// The same guard before these answers.
    pub fn before(
        self: &Arc<Self>,
        answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
        let guard = Arc::clone(self);
        move |request| match guard.check(request) {
            Ok(next) => next.iter().fold(answer(request), |reply, next| {
                reply.field("authentication-info", format!("nextnonce=\"{next}\""))
            }),
            Err(asks) => *asks,
        }
    }

    /// Another nonce from now on; that of before is stale.
    pub fn change_nonce(&self) {
        let mut state = self.state();
        state.nonces += 1;
        state.stale = true;
    }

    /// Another nonce from now on, and that of before was never one: as after a restart.
    pub fn forget_nonce(&self) {
        let mut state = self.state();
        state.nonces += 1;
        state.stale = false;
    }

    /// Names the next nonce with each answer.
    pub fn gives_next_nonce(&self) {
        self.state().gives_next = true;
    }

    /// The nonces and counts of what was shown, in order of arrival.
    pub fn seen(&self) -> Vec<(String, String)> {
        self.state().seen.clone()
    }

    /// How often it asked for credentials.
    pub fn refused(&self) -> usize {
        self.state().refused
    }

    /// The next nonce, or the response that asks.
    fn check(&self, request: &Request) -> Result<Option<String>, Box<Reply>> {
        let mut state = self.state();
        let shown = request.field(if self.is_proxy { "proxy-authorization" } else { "authorization" });
        let admitted = match (&self.way, shown) {
            (_, None) => false,
            (Way::Basic, Some(shown)) => {
                shown == format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", self.user, self.password)))
            }
            (Way::Digest { algorithm, .. }, Some(shown)) => self.proves(algorithm, shown, request, &mut state),
        };
        if admitted {
            if state.gives_next {
                state.nonces += 1;
            }
            return Ok(state.gives_next.then(|| format!("n{}", state.nonces)));
        }
        state.refused += 1;
        let asks = match &self.way {
            Way::Basic => format!("Basic realm=\"{}\"", self.realm),
            Way::Digest { algorithm, qop } => {
                let qop = if qop.is_empty() { String::new() } else { format!(", qop=\"{qop}\"") };
                let stale = if shown.is_some() && state.stale { ", stale=true" } else { "" };
                let (realm, nonce) = (&self.realm, state.nonces);
                format!("Digest realm=\"{realm}\", nonce=\"n{nonce}\", algorithm={algorithm}{qop}, opaque=\"o\"{stale}")
            }
        };
        let (status, field) = if self.is_proxy { (407, "proxy-authenticate") } else { (401, "www-authenticate") };
        Err(Box::new(Reply::new(status).field(field, asks).body("who are you?")))
    }

    fn proves(&self, algorithm: &str, shown: &str, request: &Request, state: &mut State) -> bool {
        let Some(fields) = shown.strip_prefix("Digest ") else { return false };
        let fields: HashMap<&str, &str> = fields
            .split(", ")
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name, value.trim_matches('"')))
            .collect();
        let field = |name: &str| fields.get(name).copied().unwrap_or_default();
        let (nonce, count, cnonce, qop) = (field("nonce"), field("nc"), field("cnonce"), field("qop"));
        let use_of_it = (nonce.to_owned(), count.to_owned());
        let is_replay = !count.is_empty() && state.seen.contains(&use_of_it);
        state.seen.push(use_of_it);
        let hash = |text: String| hash_of(algorithm, text.as_bytes());
        let mut a1 = hash(format!("{}:{}:{}", self.user, self.realm, self.password));
        if algorithm.ends_with("-sess") {
            a1 = hash(format!("{a1}:{nonce}:{cnonce}"));
        }
        let uri = if self.is_proxy { path_of(&request.target) } else { &request.target };
        let mut a2 = format!("{}:{uri}", request.method);
        if qop == "auth-int" {
            a2 = format!("{a2}:{}", hash_of(algorithm, &request.body));
        }
        let a2 = hash(a2);
        let response = match qop {
            "" => hash(format!("{a1}:{nonce}:{a2}")),
            qop => hash(format!("{a1}:{nonce}:{count}:{cnonce}:{qop}:{a2}")),
        };
        !is_replay
            && nonce == format!("n{}", state.nonces)
            && field("username") == self.user
            && field("uri") == uri
            && field("opaque") == "o"
            && field("response") == response
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn path_of(url: &str) -> &str {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    authority.find('/').map_or("/", |at| &authority[at..])
}

fn hash_of(algorithm: &str, octets: &[u8]) -> String {
    let hex = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x}")).collect();
    if algorithm.starts_with("MD5") { hex(&Md5::digest(octets)) } else { hex(digest(&SHA256, octets).as_ref()) }
}
