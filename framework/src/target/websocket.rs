//! The URLs of WebSockets (RFC 6455 section 3): `ws` is spoken where `http` is, and `wss` where `https` is.

use super::{Target, refuse_injection};
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};

impl Target {
    /// Where a `ws` or `wss` URL leads.
    pub(crate) fn of_websocket(input: &str) -> Result<Self> {
        let operation = Operation::CompleteUpgrade;
        refuse_injection(input, operation)?;
        if input.contains('#') {
            return Err(Error::invalid_url(operation, "the URL of a WebSocket has no fragment (RFC 6455 3)"));
        }
        let spoken = [("ws:", "http:"), ("wss:", "https:")].into_iter().find_map(|(scheme, spoken)| {
            let (found, rest) = input.split_at_checked(scheme.len())?;
            found.eq_ignore_ascii_case(scheme).then(|| [spoken, rest].concat())
        });
        let Some(spoken) = spoken else {
            let detail = "a WebSocket is asked for by a URL that begins with ws: or wss:";
            return Err(Error::new(ErrorCode::UnrecognizedScheme, operation, Stage::Arguments, Blame::Caller, detail));
        };
        Self::parse(&spoken).map_err(|error| error.in_operation(operation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc6455_3_the_urls_of_websockets_lead_to_http_origins() {
        let of = |url| Target::of_websocket(url).map(|target| target.url()).map_err(|error| error.code());
        assert_eq!(of("ws://h/chat?a=b"), Ok("http://h/chat?a=b".to_owned()));
        assert_eq!(of("WSS://h:444"), Ok("https://h:444/".to_owned()));
        assert_eq!(of("ws://h:80/"), Ok("http://h/".to_owned()));
        assert_eq!(of("ws://h/#part"), Err(ErrorCode::InvalidUrl));
        assert_eq!(of("ws://"), Err(ErrorCode::InvalidUrl));
        assert_eq!(of("http://h/"), Err(ErrorCode::UnrecognizedScheme));
        assert_eq!(of("ws"), Err(ErrorCode::UnrecognizedScheme));
        assert_eq!(of("ws://h/\r\nx: y"), Err(ErrorCode::InvalidParameter));
    }
}
