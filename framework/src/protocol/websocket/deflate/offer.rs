//! What is offered to the server, and what of its answer may be (RFC 7692 sections 5 and 7.1).

use http::{HeaderMap, HeaderValue};

use super::extensions::{Extension, extensions};
use crate::options::{AgreedCompression, LARGEST_WINDOW, SMALLEST_WINDOW, WebSocketOptions};
use crate::protocol::websocket::fault::HandshakeFault;

/// What is offered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offer(Agreed);

/// What was agreed to, and what is ours alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Agreed {
    pub(crate) terms: AgreedCompression,
    pub(super) level: u8,
    pub(super) least: usize,
}

impl Offer {
    /// What these options would have; `None`: no compression.
    pub(crate) fn of(options: &WebSocketOptions) -> Option<Self> {
        let ours = options.compression?;
        let terms = AgreedCompression {
            client_window_bits: ours.client_window()?,
            server_window_bits: ours.server_window_bits,
            client_context_takeover: ours.client_context_takeover,
            server_context_takeover: ours.server_context_takeover,
        };
        Some(Self(Agreed { terms, level: ours.level, least: ours.least }))
    }

    /// The value of the Sec-WebSocket-Extensions field.
    pub(crate) fn field(&self) -> HeaderValue {
        let terms = self.0.terms;
        let mut offer = EXTENSION.to_owned();
        if !terms.server_context_takeover {
            offer += &format!("; {SERVER_FORGETS}");
        }
        if !terms.client_context_takeover {
            offer += &format!("; {CLIENT_FORGETS}");
        }
        if terms.server_window_bits < LARGEST_WINDOW {
            offer += &format!("; {SERVER_WINDOW}={}", terms.server_window_bits);
        }
        // Without a value it says that the server may ask for a smaller one.
        offer += &format!("; {CLIENT_WINDOW}");
        if terms.client_window_bits < LARGEST_WINDOW {
            offer += &format!("={}", terms.client_window_bits);
        }
        // Tokens and digits make a value.
        HeaderValue::try_from(offer).unwrap_or_else(|_| HeaderValue::from_static(EXTENSION))
    }

    /// What the server agrees to; `None`: it does not accept the offer.
    pub(crate) fn agreed(&self, headers: &HeaderMap) -> Result<Option<Agreed>, HandshakeFault> {
        let mut all = extensions(headers)?.into_iter();
        let Some(Extension { name, parameters }) = all.next() else { return Ok(None) };
        if name != EXTENSION || all.next().is_some() {
            return Err(HandshakeFault::Extension);
        }
        let asked = self.0.terms;
        let (mut server_window, mut client_window) = (None, None);
        let (mut server_forgets, mut client_forgets) = (false, false);
        for (name, value) in parameters {
            let value = value.as_deref();
            let is_new = match name.as_str() {
                SERVER_FORGETS => flag(&mut server_forgets, value, SERVER_FORGETS)?,
                CLIENT_FORGETS => flag(&mut client_forgets, value, CLIENT_FORGETS)?,
                SERVER_WINDOW => window(&mut server_window, value, asked.server_window_bits, SERVER_WINDOW)?,
                CLIENT_WINDOW => window(&mut client_window, value, asked.client_window_bits, CLIENT_WINDOW)?,
                _ => false,
            };
            if !is_new {
                return Err(HandshakeFault::UnknownParameter);
            }
        }
        if !asked.server_context_takeover && !server_forgets {
            return Err(HandshakeFault::MissingParameter { name: SERVER_FORGETS });
        }
        if asked.server_window_bits < LARGEST_WINDOW && server_window.is_none() {
            return Err(HandshakeFault::MissingParameter { name: SERVER_WINDOW });
        }
        let terms = AgreedCompression {
            // What was offered is a promise, also if the server has no use for it.
            client_window_bits: client_window.unwrap_or(asked.client_window_bits),
            server_window_bits: server_window.unwrap_or(LARGEST_WINDOW),
            client_context_takeover: asked.client_context_takeover && !client_forgets,
            server_context_takeover: !server_forgets,
        };
        Ok(Some(Agreed { terms, ..self.0 }))
    }
}

#[cfg(any(test, feature = "fuzzing"))]
impl Agreed {
    /// Of windows, and of what is taken over: the client's first.
    pub(crate) fn on(windows: (u8, u8), takeovers: (bool, bool), level: u8, least: usize) -> Self {
        let terms = AgreedCompression {
            client_window_bits: windows.0,
            server_window_bits: windows.1,
            client_context_takeover: takeovers.0,
            server_context_takeover: takeovers.1,
        };
        Self { terms, level, least }
    }
}

/// A parameter without a value. `false`: it came before.
fn flag(known: &mut bool, value: Option<&str>, name: &'static str) -> Result<bool, HandshakeFault> {
    match value {
        None => Ok(!std::mem::replace(known, true)),
        Some(_) => Err(HandshakeFault::ParameterValue { name }),
    }
}

/// A decimal number without leading zeros, from 8 to what was asked for. `false`: it came before.
fn window(known: &mut Option<u8>, value: Option<&str>, most: u8, name: &'static str) -> Result<bool, HandshakeFault> {
    let mut all = SMALLEST_WINDOW..=most;
    match all.find(|bits| value.is_some_and(|value| *value == bits.to_string())) {
        Some(bits) => Ok(known.replace(bits).is_none()),
        None => Err(HandshakeFault::ParameterValue { name }),
    }
}

const EXTENSION: &str = "permessage-deflate";
const SERVER_FORGETS: &str = "server_no_context_takeover";
const CLIENT_FORGETS: &str = "client_no_context_takeover";
const SERVER_WINDOW: &str = "server_max_window_bits";
const CLIENT_WINDOW: &str = "client_max_window_bits";

#[cfg(test)]
mod tests {
    use http::header::SEC_WEBSOCKET_EXTENSIONS;

    use super::*;
    use crate::options::Compression;

    fn offer(compression: Compression) -> Offer {
        Offer::of(&WebSocketOptions { compression: Some(compression), ..WebSocketOptions::default() }).unwrap()
    }

    /// The windows, and whether contexts are taken over: the client's first.
    type Told = (u8, u8, bool, bool);

    fn agreed(offer: &Offer, answers: &[&str]) -> Result<Option<Told>, HandshakeFault> {
        let mut headers = HeaderMap::new();
        for answer in answers {
            headers.append(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_str(answer).unwrap());
        }
        let told = |Agreed { terms, .. }: Agreed| {
            let AgreedCompression { client_window_bits, server_window_bits, .. } = terms;
            (client_window_bits, server_window_bits, terms.client_context_takeover, terms.server_context_takeover)
        };
        Ok(offer.agreed(&headers)?.map(told))
    }

    fn small() -> Compression {
        Compression {
            client_window_bits: 11,
            server_window_bits: 10,
            client_context_takeover: false,
            server_context_takeover: false,
            ..Compression::default()
        }
    }

    #[test]
    fn rfc7692_7_1_what_is_wanted_is_offered() {
        assert!(Offer::of(&WebSocketOptions::default()).is_none());
        let usual = offer(Compression::default()).field();
        assert_eq!(usual, "permessage-deflate; client_max_window_bits");
        assert_eq!(
            offer(small()).field(),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
             server_max_window_bits=10; client_max_window_bits=11"
        );
        let tight = Compression { context_memory: 200 * 1024, ..Compression::default() };
        assert_eq!(offer(tight).field(), "permessage-deflate; client_max_window_bits=11");
    }

    #[test]
    fn rfc7692_7_1_the_server_may_agree_to_it_or_to_less_or_not_at_all() {
        let usual = offer(Compression::default());
        assert_eq!(agreed(&usual, &[]), Ok(None));
        assert_eq!(agreed(&usual, &["permessage-deflate"]), Ok(Some((15, 15, true, true))));
        let less = "permessage-deflate; server_max_window_bits=8; client_max_window_bits=\"9\"; \
                    client_no_context_takeover; server_no_context_takeover";
        assert_eq!(agreed(&usual, &[less]), Ok(Some((9, 8, false, false))));
        let right = "permessage-deflate; server_no_context_takeover; server_max_window_bits=10";
        assert_eq!(agreed(&offer(small()), &[right]), Ok(Some((11, 10, false, false))));
    }

    #[test]
    fn rfc7692_5_1_what_the_server_may_not_answer_is_refused() {
        let usual = offer(Compression::default());
        for answers in [
            &["permessage-gzip"][..],
            &["Permessage-Deflate"],
            &["permessage-deflate, permessage-deflate"],
            &["permessage-deflate", "permessage-deflate; client_max_window_bits=10"],
            &["permessage-deflate, x-webkit-deflate-frame"],
        ] {
            assert_eq!(agreed(&usual, answers), Err(HandshakeFault::Extension), "{answers:?}");
        }
        let of = |offer, parameters: &str| {
            let answer = format!("permessage-deflate; {parameters}");
            agreed(offer, &[&answer]).unwrap_err()
        };
        assert_eq!(of(&usual, ""), HandshakeFault::ExtensionSyntax);
        for unknown in [
            "max_window_bits=10",
            "Server_No_Context_Takeover",
            "server_no_context_takeover; server_no_context_takeover",
            "client_max_window_bits=10; client_max_window_bits=10",
            "server_max_window_bits=10; server_max_window_bits=11",
        ] {
            assert_eq!(of(&usual, unknown), HandshakeFault::UnknownParameter, "{unknown}");
        }
        for (name, values) in [
            (SERVER_FORGETS, &["=true", "=\"1\""][..]),
            (CLIENT_FORGETS, &["=1"]),
            (SERVER_WINDOW, &["", "=7", "=16", "=08", "=+9", "=x", "=\"010\"", "=99999999999999999999"]),
            (CLIENT_WINDOW, &["", "=7", "=16", "=010", "=1e1"]),
        ] {
            for value in values {
                let wrong = format!("{name}{value}");
                assert_eq!(of(&usual, &wrong), HandshakeFault::ParameterValue { name }, "{wrong}");
            }
        }
        let small = offer(small());
        let all = [SERVER_FORGETS, "server_max_window_bits=10"];
        assert_eq!(of(&small, all[0]), HandshakeFault::MissingParameter { name: SERVER_WINDOW });
        assert_eq!(of(&small, all[1]), HandshakeFault::MissingParameter { name: SERVER_FORGETS });
        let more = |parameter| of(&small, &format!("{}; {parameter}", all[0]));
        let name = SERVER_WINDOW;
        assert_eq!(more("server_max_window_bits=11"), HandshakeFault::ParameterValue { name });
        let name = CLIENT_WINDOW;
        assert_eq!(
            more("server_max_window_bits=9; client_max_window_bits=12"),
            HandshakeFault::ParameterValue { name }
        );
    }
}
