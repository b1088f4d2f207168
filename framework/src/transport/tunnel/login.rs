//! Who we are to a proxy of HTTP, and what it is told of it.

use http::header::PROXY_AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use super::ByProxy;
use crate::chance;
use crate::network::Proxy;
#[cfg(feature = "negotiate")]
use crate::options::AuthScheme;
use crate::options::{AuthSchemes, AuthTarget, Authentication, Credentials};
use crate::policy::auth::{Answer, Dialogue, Keyring, Line, Place};
#[cfg(feature = "negotiate")]
use crate::policy::auth::{Leg, Offers, token_field};
use crate::target::Origin;
#[cfg(feature = "negotiate")]
use crate::transport::logon::Logon;

/// Rounds with one proxy, in one dial.
pub(super) struct Login {
    dialogue: Option<Dialogue>,
    shown: Option<HeaderValue>,
    /// The handshake under way on the stream.
    #[cfg(feature = "negotiate")]
    handshake: Option<Handshake>,
}

impl Login {
    pub(super) fn new(proxy: &Proxy, keyring: &Keyring, schemes: AuthSchemes) -> Self {
        let mut dialogue = dialogue(proxy, keyring, schemes);
        let shown = dialogue.as_mut().and_then(Dialogue::unasked);
        Self {
            dialogue,
            shown,
            #[cfg(feature = "negotiate")]
            handshake: None,
        }
    }

    /// The fields that the proxy is sent.
    pub(super) fn fields(&self, proxy: &Proxy) -> HeaderMap {
        let mut fields: HeaderMap = proxy.fields().iter().cloned().collect();
        if let Some(shown) = &self.shown {
            fields.insert(PROXY_AUTHORIZATION, shown.clone());
        }
        fields
    }

    /// It wants to be told more, or otherwise: can it? `may_go_on` on the same stream, which a handshake needs.
    pub(super) async fn answers(&mut self, challenge: &HeaderMap, authority: &str, may_go_on: bool) -> bool {
        #[cfg(feature = "negotiate")]
        if let Some(handshake) = self.handshake.take() {
            self.shown = None;
            if let Some((handshake, shown)) = handshake.goes_on(challenge).await {
                if may_go_on {
                    (self.handshake, self.shown) = (Some(handshake), Some(shown));
                    return true;
                }
                // Its stream is gone: from the beginning, once.
                return self.begins(handshake.scheme, handshake.restarts + 1).await;
            }
        }
        #[cfg(not(feature = "negotiate"))]
        let _ = may_go_on;
        let line = Line { method: "CONNECT", uri: authority, body: None };
        let Ok(random) = chance::octets() else { return false };
        match self.dialogue.as_mut().and_then(|dialogue| dialogue.answer(challenge, &line, random)) {
            Some(Answer::Field(value)) => {
                self.shown = Some(value);
                true
            }
            #[cfg(feature = "negotiate")]
            Some(Answer::Handshake(scheme)) => self.begins(scheme, 0).await,
            _ => {
                self.shown = None;
                false
            }
        }
    }

    #[cfg(feature = "negotiate")]
    async fn begins(&mut self, scheme: AuthScheme, restarts: u32) -> bool {
        self.shown = None;
        let Some((place, credentials)) = self.dialogue.as_ref().map(Dialogue::parties) else { return false };
        if restarts <= MOST_RESTARTS
            && let Some((handshake, shown)) = Handshake::begin(scheme, credentials, place, restarts).await
        {
            (self.handshake, self.shown) = (Some(handshake), Some(shown));
        }
        self.shown.is_some()
    }
}

/// NTLM or Negotiate with a proxy, on one stream.
#[cfg(feature = "negotiate")]
struct Handshake {
    scheme: AuthScheme,
    logon: Logon,
    legs: u32,
    restarts: u32,
}

#[cfg(feature = "negotiate")]
impl Handshake {
    async fn begin(
        scheme: AuthScheme,
        credentials: &Credentials,
        place: &Place,
        restarts: u32,
    ) -> Option<(Self, HeaderValue)> {
        let mut logon = Logon::new(scheme, credentials, place, None).ok()?;
        let token = logon.step(None).await.ok()??;
        Some((Self { scheme, logon, legs: 0, restarts }, token_field(scheme, &token)?))
    }

    /// `None`: it is refused, or broken. Then the 407 is what came of it.
    async fn goes_on(mut self, challenge: &HeaderMap) -> Option<(Self, HeaderValue)> {
        let offers = Offers::of(challenge, AuthTarget::Proxy);
        let Leg::Token(token) = offers.leg_of(self.scheme)? else { return None };
        self.legs += 1;
        if self.legs > MOST_LEGS || self.logon.is_done() {
            return None;
        }
        let token = self.logon.step(Some(token.clone())).await.ok()??;
        let shown = token_field(self.scheme, &token)?;
        Some((self, shown))
    }
}

#[cfg(feature = "negotiate")]
const MOST_RESTARTS: u32 = 1;
#[cfg(feature = "negotiate")]
const MOST_LEGS: u32 = 6;

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
