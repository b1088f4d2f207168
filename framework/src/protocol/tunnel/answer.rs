//! What a proxy answered in place of opening a tunnel.

use std::error::Error as StdError;
use std::fmt;

use bytes::Bytes;

use crate::error::Error;
use crate::protocol::http1::ResponseHead;

/// What a proxy answered to CONNECT in place of opening a tunnel (`WINHTTP_OPTION_RECEIVE_PROXY_CONNECT_RESPONSE`).
///
/// It is the proxy's word, not the server's: no cookie of it is kept, no redirect followed, and it is no [`Response`](crate::Response).
///
/// ```no_run
/// # async fn example(session: hinternet::Session) -> hinternet::Result<()> {
/// use hinternet::network::Proxy;
///
/// let request = session.get("https://www.example.com/")?.proxy(Proxy::parse("http://proxy.example:3128")?);
/// if let Err(error) = request.send().await
///     && let Some(answer) = error.connect_answer()
/// {
///     println!("{}: {}", answer.head().status(), String::from_utf8_lossy(answer.body()));
/// }
/// # Ok(())
/// # }
/// ```
#[doc(alias = "WINHTTP_OPTION_RECEIVE_PROXY_CONNECT_RESPONSE")]
#[derive(Clone)]
pub struct ConnectAnswer {
    pub(super) head: ResponseHead,
    pub(super) body: Bytes,
    pub(super) is_whole: bool,
    pub(super) may_go_on: bool,
}

impl ConnectAnswer {
    /// Status and header fields.
    pub fn head(&self) -> &ResponseHead {
        &self.head
    }

    /// The body, of which 64 KiB at most are kept.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Is that all of the body?
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// May another CONNECT be sent on the same stream?
    pub(crate) fn may_go_on(&self) -> bool {
        self.may_go_on
    }
}

impl fmt::Debug for ConnectAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectAnswer({:?}, {} octets)", self.head, self.body.len())
    }
}

impl fmt::Display for ConnectAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the proxy answered {}", self.head.status())
    }
}

impl StdError for ConnectAnswer {}

impl Error {
    /// What a proxy answered in place of opening a tunnel; `None` for any other error (`WINHTTP_OPTION_IS_PROXY_CONNECT_RESPONSE`).
    #[doc(alias = "WINHTTP_OPTION_IS_PROXY_CONNECT_RESPONSE")]
    pub fn connect_answer(&self) -> Option<&ConnectAnswer> {
        self.source()?.downcast_ref()
    }
}
