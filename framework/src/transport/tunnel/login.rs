//! Who we are to a proxy of HTTP, and what it is told of it.

use http::header::PROXY_AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use super::ByProxy;
use crate::network::Proxy;
use crate::options::{AuthSchemes, AuthTarget, Authentication, Credentials};
use crate::policy::auth::{Dialogue, Keyring, Line, Place};
use crate::target::Origin;

/// Rounds with one proxy, in one dial.
pub(super) struct Login {
    dialogue: Option<Dialogue>,
    shown: Option<HeaderValue>,
}

impl Login {
    pub(super) fn new(proxy: &Proxy, keyring: &Keyring, schemes: AuthSchemes) -> Self {
        let mut dialogue = dialogue(proxy, keyring, schemes);
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

impl ByProxy {
    /// Who a proxy that forwards is, when it asks for credentials.
    pub(crate) fn forwarding_place(&self) -> Option<Place> {
        self.forwards.as_ref()?;
        self.place()
    }

    /// Who it is to those who have credentials for it.
    pub(crate) fn place(&self) -> Option<Place> {
        place(&self.proxy)
    }

    /// Its own credentials, if they are shown only when it asks; those that go unasked are among what it is forwarded with.
    pub(crate) fn waiting_credentials(&self) -> Option<(Credentials, AuthSchemes)> {
        credentials(&self.proxy).filter(|_| self.proxy.waits_for_challenge())
    }
}

fn place(proxy: &Proxy) -> Option<Place> {
    let scheme = if proxy.protocol().scheme() == "https" { "https" } else { "http" };
    let origin = Origin::parse(&format!("{scheme}://{}", proxy.authority())).ok()?;
    Some(Place { target: AuthTarget::Proxy, origin })
}

fn credentials(proxy: &Proxy) -> Option<(Credentials, AuthSchemes)> {
    let secret = proxy.secret()?;
    let credentials = Credentials::new(secret.user.as_str(), secret.password.as_str());
    let named = if proxy.waits_for_challenge() { AuthSchemes::BASIC | AuthSchemes::DIGEST } else { AuthSchemes::BASIC };
    Some((credentials, named))
}

/// By the proxy's own credentials, else by what the session has for it.
fn dialogue(proxy: &Proxy, keyring: &Keyring, schemes: AuthSchemes) -> Option<Dialogue> {
    let place = place(proxy)?;
    let own = credentials(proxy);
    // Whoever names a proxy in the clear with a password means it to be shown there.
    let options = Authentication { cleartext: own.is_some(), proxy_schemes: schemes, ..Authentication::default() };
    let (credentials, named) = own.or_else(|| keyring.set_for(&place))?;
    Some(Dialogue::new(place, credentials, named, &options))
}
