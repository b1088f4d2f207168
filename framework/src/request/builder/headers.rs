//! Header fields that are set in more ways than one line more.

use super::RequestBuilder;
use crate::request::headers::{HeaderModifier, checked, refresh};

impl RequestBuilder {
    /// Sets a header field with a say in what becomes of one that was set before; see [`Request::add_header_with`].
    ///
    /// [`Request::add_header_with`]: crate::Request::add_header_with
    #[doc(alias = "WinHttpAddRequestHeaders")]
    pub fn header_with(mut self, modifier: HeaderModifier, name: &str, value: impl AsRef<[u8]>) -> Self {
        let set = checked(name, value.as_ref());
        if let Err(wrong) = set.and_then(|(name, value)| modifier.apply(&mut self.0.headers, name, value)) {
            self.is_wrong(wrong);
        }
        self
    }

    /// Asks whoever has a copy of the response to ask the server itself (`Cache-Control` and `Pragma: no-cache`, RFC 9111 5.2.1.4).
    #[doc(alias("WINHTTP_FLAG_REFRESH", "WINHTTP_FLAG_BYPASS_PROXY_CACHE"))]
    pub fn refresh(mut self) -> Self {
        if let Err(wrong) = refresh(&mut self.0.headers) {
            self.is_wrong(wrong);
        }
        self
    }
}
