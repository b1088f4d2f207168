//! Which addresses may be connected to: the guard against requests that are steered into a private network (SSRF).

use std::fmt;
use std::net::SocketAddr;

use super::is_public;

/// Decides of every address, before it is connected to, whether it may be.
///
/// It sees the addresses that a look-up gave and address literals alike, and what it let through is what is connected to: no
/// second look-up can bring in another one (DNS rebinding). Wires are shared only under the same policy.
///
/// ```
/// use std::net::SocketAddr;
/// use hinternet::network::{AddressPolicy, PublicAddresses};
///
/// /// The public internet, by the ports of the web.
/// #[derive(Debug)]
/// struct Web;
///
/// impl AddressPolicy for Web {
///     fn check(&self, host: &str, address: SocketAddr) -> Result<(), String> {
///         PublicAddresses.check(host, address)?;
///         if matches!(address.port(), 80 | 443) { Ok(()) } else { Err(format!("{} is no port of the web", address.port())) }
///     }
/// }
///
/// assert!(Web.check("www.example.com", "192.168.0.1:80".parse().unwrap()).is_err());
/// ```
pub trait AddressPolicy: fmt::Debug + Send + Sync + 'static {
    /// May `address`, found for `host`, be connected to on its port? If not, the reason, for the error.
    ///
    /// # Errors
    /// The reason why it may not.
    fn check(&self, host: &str, address: SocketAddr) -> Result<(), String>;
}

/// Only addresses of the public internet: none that is private, loopback, link-local, shared, reserved, multicast, or an IPv6
/// form of such an IPv4 address.
///
/// An example is at [`AddressPolicy`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PublicAddresses;

impl AddressPolicy for PublicAddresses {
    fn check(&self, _host: &str, address: SocketAddr) -> Result<(), String> {
        let address = address.ip();
        if is_public(address) { Ok(()) } else { Err(format!("{address} is not an address of the public internet")) }
    }
}
