//! Who we are to a proxy of HTTP, and what it is told of it.

use http::header::PROXY_AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use crate::network::Proxy;
use crate::options::{AuthSchemes, AuthTarget, Authentication, Credentials};
use crate::policy::auth::{Dialogue, Line, Place};
use crate::target::Origin;

/// Rounds with one proxy, in one dial.
pub(super) struct Login {
    dialogue: Option<Dialogue>,
    shown: Option<HeaderValue>,
}

impl Login {
    pub(super) fn new(proxy: &Proxy) -> Self {
        let mut dialogue = dialogue(proxy);
        let shown = dialogue.as_mut().and_then(Dialogue::unasked);
        Self { dialogue, shown }
    }

    /// The fields that the proxy is sent.
    pub(super) fn fields(&self, proxy: &Proxy) -> HeaderMap {
        let mut fields: HeaderMap = proxy.fields().iter().cloned().collect();
        if let Some(shown) = &self.shown {
            fields.insert(PROXY_AUTHORIZATION, shown.clone());
        }
        fields
    }

    /// It wants to be told more, or otherwise: can it?
    pub(super) fn answers(&mut self, challenge: &HeaderMap, authority: &str) -> bool {
        let line = Line { method: "CONNECT", uri: authority, body: None };
        let mut random = [0; 16];
        if aws_lc_rs::rand::fill(&mut random).is_err() {
            return false;
        }
        self.shown = self.dialogue.as_mut().and_then(|dialogue| dialogue.answer(challenge, &line, random));
        self.shown.is_some()
    }
}

fn dialogue(proxy: &Proxy) -> Option<Dialogue> {
    let secret = proxy.secret()?;
    let scheme = if proxy.protocol().scheme() == "https" { "https" } else { "http" };
    let origin = Origin::parse(&format!("{scheme}://{}", proxy.authority())).ok()?;
    let place = Place { target: AuthTarget::Proxy, origin };
    let credentials = Credentials::new(secret.user.as_str(), secret.password.as_str());
    let named = if proxy.waits_for_challenge() { AuthSchemes::BASIC | AuthSchemes::DIGEST } else { AuthSchemes::BASIC };
    // Whoever names a proxy in the clear with a password means it to be shown there.
    let options = Authentication { cleartext: true, ..Authentication::default() };
    Some(Dialogue::new(place, credentials, named, &options))
}
