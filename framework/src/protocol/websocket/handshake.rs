//! The opening handshake (RFC 6455 section 4.1): the fields of the request, and what the 101 must say.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, Version};

use super::deflate::{Agreed, Offer};
use super::fault::{HandshakeFault, OfferMisuse};

/// What an upgrade was asked for with, and so what its answer must be.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    accept: String,
    protocols: Vec<Box<str>>,
    compression: Option<Offer>,
}

impl Asked {
    /// Adds the fields of an upgrade to those of the caller, who names the subprotocols.
    pub(crate) fn with(nonce: [u8; 16], headers: &mut HeaderMap) -> Result<Self, OfferMisuse> {
        // What is not negotiated here would be taken for negotiated; a second key or version would be nobody's to answer.
        for name in [UPGRADE, CONNECTION, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, SEC_WEBSOCKET_EXTENSIONS] {
            if headers.contains_key(&name) {
                return Err(OfferMisuse::Field { name: known(&name) });
            }
        }
        let mut protocols = Vec::<Box<str>>::new();
        for one in members(headers, &SEC_WEBSOCKET_PROTOCOL) {
            match std::str::from_utf8(one) {
                Ok(name) if is_token(one) && !protocols.iter().any(|known| **known == *name) => {
                    protocols.push(name.into());
                }
                _ => return Err(OfferMisuse::Subprotocol),
            }
        }
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        Ok(Self { accept: String::new(), protocols, compression: None }.with_key(nonce, headers))
    }

    /// Offers to compress messages, if there is an offer.
    pub(crate) fn offering(mut self, compression: Option<Offer>, headers: &mut HeaderMap) -> Self {
        if let Some(offer) = &compression {
            headers.insert(SEC_WEBSOCKET_EXTENSIONS, offer.field());
        }
        self.compression = compression;
        self
    }

    /// The same for one more connection, which needs a key of its own (RFC 6455 section 4.1, item 7 of the request).
    pub(crate) fn with_key(mut self, nonce: [u8; 16], headers: &mut HeaderMap) -> Self {
        let key = STANDARD.encode(nonce);
        self.accept = accept(&key);
        // Base64 is a value whatever it encodes.
        if let Ok(key) = HeaderValue::try_from(key) {
            headers.insert(SEC_WEBSOCKET_KEY, key);
        }
        self
    }

    /// Is the 101 the answer?
    pub(crate) fn check(&self, version: Version, headers: &HeaderMap) -> Result<(), HandshakeFault> {
        if version != Version::HTTP_11 {
            return Err(HandshakeFault::Version);
        }
        let one = |name: HeaderName| {
            let mut values = headers.get_all(name).iter();
            values.next().filter(|_| values.next().is_none()).map(HeaderValue::as_bytes)
        };
        if !one(UPGRADE).is_some_and(|value| value.eq_ignore_ascii_case(b"websocket")) {
            return Err(HandshakeFault::Upgrade);
        }
        if !members(headers, &CONNECTION).any(|option| option.eq_ignore_ascii_case(b"upgrade")) {
            return Err(HandshakeFault::Connection);
        }
        if one(SEC_WEBSOCKET_ACCEPT) != Some(self.accept.as_bytes()) {
            return Err(HandshakeFault::Accept);
        }
        agreed_compression(self.compression.as_ref(), headers)?;
        if headers.contains_key(SEC_WEBSOCKET_PROTOCOL) {
            let chosen = one(SEC_WEBSOCKET_PROTOCOL);
            if !self.protocols.iter().any(|offered| Some(offered.as_bytes()) == chosen) {
                return Err(HandshakeFault::Subprotocol);
            }
        }
        Ok(())
    }
}

/// The subprotocol that a 101 which was checked has chosen.
pub(crate) fn chosen_protocol(headers: &HeaderMap) -> Option<Box<str>> {
    headers.get(SEC_WEBSOCKET_PROTOCOL)?.to_str().ok().map(Into::into)
}

/// What the server says to the offer; `None`: messages go as they are.
pub(crate) fn agreed_compression(offer: Option<&Offer>, headers: &HeaderMap) -> Result<Option<Agreed>, HandshakeFault> {
    match offer {
        Some(offer) => offer.agreed(headers),
        None if headers.contains_key(SEC_WEBSOCKET_EXTENSIONS) => Err(HandshakeFault::Extension),
        None => Ok(None),
    }
}

/// RFC 6455 section 4.2.2, step 5.4. SHA-1 protects nothing here: it shows that the peer speaks WebSocket.
fn accept(key: &str) -> String {
    STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, [key, MAGIC].concat().as_bytes()))
}

fn members<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    let values = headers.get_all(name).iter();
    values.flat_map(|value| value.as_bytes().split(|octet| *octet == b',')).map(<[u8]>::trim_ascii)
}

fn is_token(name: &[u8]) -> bool {
    // A field name is a token.
    HeaderName::from_bytes(name).is_ok()
}

fn known(name: &HeaderName) -> &'static str {
    let all = ["upgrade", "connection", "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"];
    all.into_iter().find(|known| *known == name.as_str()).unwrap_or("upgrade")
}

const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 6455 section 1.3 is this nonce.
    const NONCE: [u8; 16] = *b"the sample nonce";

    fn asked(protocols: &[&'static str]) -> (Asked, HeaderMap) {
        let mut headers = HeaderMap::new();
        for protocol in protocols {
            headers.append(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
        }
        (Asked::with(NONCE, &mut headers).unwrap(), headers)
    }

    fn answer(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn rfc6455_1_3_the_sample_key_has_the_sample_answer() {
        let (asked, headers) = asked(&[]);
        assert_eq!(headers[SEC_WEBSOCKET_KEY], "dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(asked.accept, ACCEPT);
    }

    #[test]
    fn rfc6455_4_1_a_new_key_takes_the_place_of_the_one_before_and_has_an_answer_of_its_own() {
        let (asked, mut headers) = asked(&["chat"]);
        let again = asked.clone().with_key(*b"another nonce...", &mut headers);
        assert_eq!(headers.get_all(SEC_WEBSOCKET_KEY).iter().count(), 1);
        assert_eq!(headers[SEC_WEBSOCKET_KEY], STANDARD.encode(b"another nonce..."));
        assert_ne!(asked.accept, again.accept);
        assert_eq!(asked.protocols, again.protocols);
    }

    #[test]
    fn w03_the_request_carries_the_fields_of_an_upgrade() {
        let (_, headers) = asked(&[]);
        assert_eq!(
            (&headers[CONNECTION], &headers[UPGRADE]),
            (&"Upgrade".parse().unwrap(), &"websocket".parse().unwrap())
        );
        assert_eq!((&headers[SEC_WEBSOCKET_VERSION], headers[SEC_WEBSOCKET_KEY].len()), (&"13".parse().unwrap(), 24));
    }

    #[test]
    fn rfc6455_4_1_the_answer_must_say_all_of_it_and_nothing_unasked() {
        let right = [("upgrade", "WebSocket"), ("connection", "keep-alive, upgrade"), ("sec-websocket-accept", ACCEPT)];
        let (asked, _) = asked(&["chat, superchat"]);
        assert_eq!(asked.check(Version::HTTP_11, &answer(&right)), Ok(()));
        assert_eq!(asked.check(Version::HTTP_10, &answer(&right)), Err(HandshakeFault::Version));
        let faults = [HandshakeFault::Upgrade, HandshakeFault::Connection, HandshakeFault::Accept];
        for (missing, fault) in faults.into_iter().enumerate() {
            let mut fields = right.to_vec();
            fields.remove(missing);
            assert_eq!(asked.check(Version::HTTP_11, &answer(&fields)), Err(fault));
            fields.insert(missing, (right[missing].0, "other"));
            assert_eq!(asked.check(Version::HTTP_11, &answer(&fields)), Err(fault));
        }
        let more = |name, value| asked.check(Version::HTTP_11, &answer(&[&right[..], &[(name, value)]].concat()));
        assert_eq!(more("sec-websocket-accept", ACCEPT), Err(HandshakeFault::Accept));
        assert_eq!(more("sec-websocket-extensions", "permessage-deflate"), Err(HandshakeFault::Extension));
        assert_eq!(more("sec-websocket-protocol", "superchat"), Ok(()));
        assert_eq!(more("sec-websocket-protocol", "chat, superchat"), Err(HandshakeFault::Subprotocol));
        assert_eq!(more("sec-websocket-protocol", "other"), Err(HandshakeFault::Subprotocol));
    }

    #[cfg(feature = "deflate")]
    #[test]
    fn rfc7692_5_what_is_offered_is_asked_for_and_its_answer_is_checked() {
        let mut options = crate::options::WebSocketOptions::default();
        options.compression = Some(crate::options::Compression::default());
        let (asked, mut headers) = asked(&[]);
        let asked = asked.offering(Offer::of(&options), &mut headers);
        assert_eq!(headers[SEC_WEBSOCKET_EXTENSIONS], "permessage-deflate; client_max_window_bits");
        let answered = |extensions| {
            let fields = [("upgrade", "websocket"), ("connection", "upgrade"), ("sec-websocket-accept", ACCEPT)];
            asked.check(Version::HTTP_11, &answer(&[&fields[..], &[("sec-websocket-extensions", extensions)]].concat()))
        };
        assert_eq!(answered("permessage-deflate; server_max_window_bits=12"), Ok(()));
        assert_eq!(
            answered("permessage-deflate; server_max_window_bits=7"),
            Err(HandshakeFault::ParameterValue { name: "server_max_window_bits" })
        );
        assert_eq!(answered("other"), Err(HandshakeFault::Extension));
    }

    #[test]
    fn what_is_the_librarys_to_write_and_what_is_no_subprotocol_are_refused() {
        let refuse = |name, value| Asked::with(NONCE, &mut answer(&[(name, value)])).unwrap_err();
        for name in ["upgrade", "connection", "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"]
        {
            assert_eq!(refuse(name, "x"), OfferMisuse::Field { name });
        }
        for value in ["a b", "a, a", "", "a,"] {
            assert_eq!(refuse("sec-websocket-protocol", value), OfferMisuse::Subprotocol, "{value:?}");
        }
    }

    #[test]
    fn the_chosen_subprotocol_is_told() {
        assert_eq!(chosen_protocol(&answer(&[("sec-websocket-protocol", "chat")])).as_deref(), Some("chat"));
        assert_eq!(chosen_protocol(&answer(&[])), None);
    }

    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
}
