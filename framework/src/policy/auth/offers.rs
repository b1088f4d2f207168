//! What a server or a proxy offers: its challenges, as far as they are understood, and the strongest that can be answered.

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, WWW_AUTHENTICATE};

#[cfg(feature = "negotiate")]
use super::challenge::Asked;
use super::challenge::Challenge;
use super::digest::{LONGEST, Question};
use crate::options::{AuthScheme, AuthSchemes, AuthTarget};

/// The challenges of one response.
#[derive(Default)]
pub(crate) struct Offers {
    all: Vec<Offer>,
}

/// A challenge of a scheme that is known.
#[derive(Clone)]
pub(crate) struct Offer {
    pub(crate) scheme: AuthScheme,
    pub(crate) realm: Option<Vec<u8>>,
    /// Of Digest, if it can be answered.
    pub(super) question: Option<Question>,
    /// Of a scheme that binds a wire: what its handshake goes on with.
    #[cfg(feature = "negotiate")]
    pub(crate) leg: Leg,
}

/// What stands behind the name of a scheme that binds a wire.
#[cfg(feature = "negotiate")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Leg {
    /// Nothing: it begins, or is refused.
    #[default]
    None,
    Token(Vec<u8>),
    /// It is not base64, or longer than any token.
    Bad,
}

/// The field that asks, and the one that answers.
pub(crate) fn field_names(target: AuthTarget) -> (HeaderName, HeaderName) {
    match target {
        AuthTarget::Server => (WWW_AUTHENTICATE, AUTHORIZATION),
        AuthTarget::Proxy => (PROXY_AUTHENTICATE, PROXY_AUTHORIZATION),
    }
}

/// Is who asks answered by these fields?
pub(crate) fn are_answered(fields: &HeaderMap, target: AuthTarget) -> bool {
    fields.contains_key(field_names(target).1)
}

/// Is that by a scheme which tells who sends whatever comes over the wire?
pub(crate) fn bind(fields: &HeaderMap, target: AuthTarget) -> bool {
    let names_one = |value: &HeaderValue| {
        let name = value.as_bytes().split(u8::is_ascii_whitespace).find(|name| !name.is_empty());
        name.and_then(AuthScheme::named).is_some_and(AuthScheme::binds)
    };
    fields.get_all(field_names(target).1).iter().any(names_one)
}

impl Offers {
    pub(crate) fn of(fields: &HeaderMap, target: AuthTarget) -> Self {
        let (asks, _) = field_names(target);
        Self { all: Challenge::all(fields, &asks).iter().filter_map(Offer::read).collect() }
    }

    /// Which schemes, known to us, whether or not they can be answered.
    pub(crate) fn schemes(&self) -> AuthSchemes {
        self.all.iter().map(|offer| AuthSchemes::from(offer.scheme)).collect()
    }

    /// The first one in the order of the fields (`WinHttpQueryAuthSchemes`).
    pub(crate) fn first(&self) -> Option<AuthScheme> {
        self.all.first().map(|offer| offer.scheme)
    }

    pub(crate) fn realm_of(&self, scheme: AuthScheme) -> Option<&[u8]> {
        self.all.iter().find(|offer| offer.scheme == scheme)?.realm.as_deref()
    }

    /// The strongest that can be answered by one of these schemes; of two that are equal the first. Digest that only the whole body
    /// can answer counts only if that is known.
    pub(crate) fn strongest(&self, schemes: AuthSchemes, body_is_known: bool) -> Option<&Offer> {
        let mut best: Option<(&Offer, u8)> = None;
        for offer in self.all.iter().filter(|offer| schemes.has(offer.scheme)) {
            let Some(strength) = offer.strength(body_is_known) else { continue };
            if best.is_none_or(|(_, known)| strength > known) {
                best = Some((offer, strength));
            }
        }
        best.map(|(offer, _)| offer)
    }

    /// How a handshake by this scheme goes on.
    #[cfg(feature = "negotiate")]
    pub(crate) fn leg_of(&self, scheme: AuthScheme) -> Option<&Leg> {
        Some(&self.all.iter().find(|offer| offer.scheme == scheme)?.leg)
    }

    pub(super) fn digests(&self) -> impl Iterator<Item = &Question> {
        self.all.iter().filter_map(|offer| offer.question.as_ref())
    }
}

impl Offer {
    fn read(challenge: &Challenge<'_>) -> Option<Self> {
        let scheme = AuthScheme::named(challenge.scheme)?;
        let question = if scheme == AuthScheme::Digest { Question::read(challenge) } else { None };
        let realm = challenge.parameter("realm").map(|realm| realm.get(..LONGEST).unwrap_or(realm).to_vec());
        Some(Self {
            scheme,
            realm,
            question,
            #[cfg(feature = "negotiate")]
            leg: Leg::read(scheme, &challenge.asked),
        })
    }

    /// The greater one is the stronger; `None` cannot be answered by this build.
    fn strength(&self, body_is_known: bool) -> Option<u8> {
        match self.scheme {
            AuthScheme::Basic => Some(0),
            AuthScheme::Bearer => Some(1),
            AuthScheme::Digest => {
                let question = self.question.as_ref()?;
                (question.qop.auth || !question.qop.auth_int || body_is_known)
                    .then(|| 2 + question.algorithm.strength())
            }
            // WinHTTP's order: each of them before any Digest.
            AuthScheme::Ntlm => cfg!(feature = "negotiate").then_some(u8::MAX - 1),
            AuthScheme::Negotiate => cfg!(feature = "negotiate").then_some(u8::MAX),
        }
    }
}

#[cfg(feature = "negotiate")]
impl Leg {
    fn read(scheme: AuthScheme, asked: &Asked<'_>) -> Self {
        match asked {
            Asked::Token68(text) if scheme.binds() => super::token::decode(text).map_or(Self::Bad, Self::Token),
            _ => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn offers(fields: &[&'static str]) -> Offers {
        let fields = fields.iter().map(|field| (WWW_AUTHENTICATE, HeaderValue::from_static(field))).collect();
        Offers::of(&fields, AuthTarget::Server)
    }

    fn strongest(fields: &[&'static str], schemes: AuthSchemes) -> Option<(AuthScheme, String)> {
        let offers = offers(fields);
        let offer = offers.strongest(schemes, false)?;
        Some((offer.scheme, String::from_utf8(offer.realm.clone().unwrap_or_default()).unwrap()))
    }

    #[test]
    fn winhttp_a_03_and_a_04_the_schemes_that_are_offered_and_the_first_of_them() {
        let basic = offers(&["Basic realm=\"x\""]);
        assert_eq!((basic.schemes(), basic.first()), (AuthSchemes::BASIC, Some(AuthScheme::Basic)));
        let several = offers(&["Blackmagic x", "Basic realm=x", "NTLM"]);
        assert_eq!(
            (several.schemes(), several.first()),
            (AuthSchemes::BASIC | AuthSchemes::NTLM, Some(AuthScheme::Basic))
        );
        // Bearer, which WinHTTP ignores, is known here.
        let bearer = offers(&["Bearer", "Basic realm=x"]);
        assert_eq!(
            (bearer.schemes(), bearer.first()),
            (AuthSchemes::BEARER | AuthSchemes::BASIC, Some(AuthScheme::Bearer))
        );
        assert_eq!(offers(&["Blackmagic x", ""]).first(), None);
    }

    #[test]
    fn the_strongest_scheme_is_chosen_whatever_the_order() {
        let all = AuthSchemes::all();
        let basic = "Basic realm=b";
        let (md5, sha) =
            ("Digest realm=m, nonce=n, algorithm=MD5", "Digest realm=s, nonce=n, qop=auth, algorithm=SHA-256");
        let sha512 = "Digest realm=t, nonce=n, qop=auth, algorithm=SHA-512-256";
        let digest = |realm: &str| Some((AuthScheme::Digest, realm.to_owned()));
        assert_eq!(strongest(&[basic, md5], all), digest("m"));
        assert_eq!(strongest(&[md5, sha, basic], all), digest("s"));
        assert_eq!(strongest(&[sha, md5], all), digest("s"));
        assert_eq!(strongest(&[sha512, sha, md5], all), digest("t"));
        assert_eq!(strongest(&[sha, sha512, md5], all), digest("s"));
        assert_eq!(strongest(&[sha, basic], AuthSchemes::BASIC), Some((AuthScheme::Basic, "b".to_owned())));
        assert_eq!(strongest(&[sha], AuthSchemes::BASIC), None);
        let windows = ["NTLM", sha512, "Negotiate"];
        if cfg!(feature = "negotiate") {
            let scheme = |schemes| strongest(&windows, schemes).map(|(scheme, _)| scheme);
            assert_eq!(scheme(all), Some(AuthScheme::Negotiate));
            assert_eq!(scheme(all - AuthSchemes::NEGOTIATE), Some(AuthScheme::Ntlm));
        } else {
            assert_eq!(strongest(&["Negotiate", "NTLM"], all), None, "not in this build");
            assert_eq!(strongest(&windows, all), digest("t"));
        }
        assert_eq!(strongest(&["Digest realm=x, nonce=n, algorithm=TOKEN", basic], all).unwrap().0, AuthScheme::Basic);
    }

    #[test]
    fn digest_that_needs_the_whole_body_is_not_chosen_without_it() {
        let offers = offers(&["Digest realm=x, nonce=n, qop=auth-int"]);
        assert!(offers.strongest(AuthSchemes::all(), false).is_none());
        assert!(offers.strongest(AuthSchemes::all(), true).is_some());
    }

    #[test]
    fn rfc9110_11_7_a_proxy_asks_by_fields_of_its_own() {
        let fields = HeaderMap::from_iter([
            (WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=server")),
            (PROXY_AUTHENTICATE, HeaderValue::from_static("Digest realm=proxy, nonce=n")),
        ]);
        assert_eq!(Offers::of(&fields, AuthTarget::Server).schemes(), AuthSchemes::BASIC);
        assert_eq!(Offers::of(&fields, AuthTarget::Proxy).schemes(), AuthSchemes::DIGEST);
    }
}
