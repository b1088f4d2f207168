//! What a request does with the cache of its session.

/// What a request does with the cache of its session, if that has one. The modes are WinINet's; WinHTTP has no cache.
///
/// An example is at [`Cache`](crate::Cache).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CacheMode {
    /// As RFC 9111 says: what is fresh is taken from the cache, what is stale is asked for with its validators, and what comes is
    /// stored.
    #[default]
    Standard,
    /// What the cache has is not looked at; what comes is stored. The request says `Cache-Control: no-cache` unless it says
    /// something of its own.
    #[doc(alias = "INTERNET_FLAG_RELOAD")]
    Reload,
    /// As `Standard`, but nothing is stored.
    #[doc(alias = "INTERNET_FLAG_NO_CACHE_WRITE")]
    NoWrite,
    /// Only what the cache has, however old; nothing is sent. What it does not have fails with 12028.
    #[doc(alias = "RetrieveUrlCacheEntryFile")]
    #[doc(alias = "INTERNET_FLAG_OFFLINE")]
    Offline,
    /// As `Standard`; and where the server cannot be reached, does not answer or answers 500, 502, 503 or 504 (RFC 5861 section 4),
    /// what the cache has is taken, however old.
    #[doc(alias = "INTERNET_FLAG_CACHE_IF_NET_FAIL")]
    IfNetworkFails,
    /// No cache.
    Off,
}

impl CacheMode {
    /// May what the cache has be taken?
    pub(crate) fn reads(self) -> bool {
        !matches!(self, Self::Reload | Self::Off)
    }

    /// May what comes be stored?
    pub(crate) fn writes(self) -> bool {
        !matches!(self, Self::NoWrite | Self::Offline | Self::Off)
    }
}
