//! SOCKS5 (RFC 1928), with user name and password (RFC 1929).
//!
//! ```text
//!  offer methods -> Method --none--------------------------> Reply -> open
//!                     |                                        ^
//!                     +--user name and password--> Verdict ----+ ask
//! ```

use std::net::IpAddr;

use bytes::{Buf, BytesMut};
use zeroize::Zeroizing;

use super::{Goal, Negotiation, SocksRefusal, Step, TunnelFault};
use crate::network::ProxyCredentials;

/// The conversation, up to the tunnel.
#[derive(Debug)]
pub(crate) struct Socks5 {
    output: Option<Zeroizing<Vec<u8>>>,
    /// What is sent if the proxy wants it (RFC 1929).
    login: Option<Zeroizing<Vec<u8>>>,
    request: Zeroizing<Vec<u8>>,
    awaits: Awaits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaits {
    Method,
    Verdict,
    Reply,
}

impl Socks5 {
    pub(crate) fn new(goal: &Goal, credentials: Option<&ProxyCredentials>) -> Result<Self, TunnelFault> {
        let login = credentials.map(|ProxyCredentials { user, password }| {
            let mut login = Zeroizing::new(Vec::with_capacity(3 + user.len() + password.len()));
            login.push(LOGIN_VERSION);
            // At most 255 octets each: longer ones were refused.
            for part in [user, password] {
                login.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
                login.extend_from_slice(part.as_bytes());
            }
            login
        });
        let mut request = Zeroizing::new(vec![VERSION, CONNECT, 0]);
        match goal {
            Goal::Address(address) => {
                match address.ip().to_canonical() {
                    IpAddr::V4(ip) => {
                        request.push(IPV4);
                        request.extend_from_slice(&ip.octets());
                    }
                    IpAddr::V6(ip) => {
                        request.push(IPV6);
                        request.extend_from_slice(&ip.octets());
                    }
                }
                request.extend_from_slice(&address.port().to_be_bytes());
            }
            Goal::Name(name, port) => {
                let length = u8::try_from(name.len()).map_err(|_| TunnelFault::Unspeakable("name so long"))?;
                request.extend_from_slice(&[NAME, length]);
                request.extend_from_slice(name.as_bytes());
                request.extend_from_slice(&port.to_be_bytes());
            }
        }
        let offer = if login.is_some() { vec![VERSION, 2, NO_LOGIN, LOGIN] } else { vec![VERSION, 1, NO_LOGIN] };
        Ok(Self { output: Some(Zeroizing::new(offer)), login, request, awaits: Awaits::Method })
    }

    fn ask(&mut self) -> Step {
        self.output = Some(std::mem::take(&mut self.request));
        self.awaits = Awaits::Reply;
        Step::Write
    }

    fn take_method(&mut self, method: u8) -> Result<Step, TunnelFault> {
        match (method, self.login.take()) {
            (NO_LOGIN, _) => Ok(self.ask()),
            (LOGIN, Some(login)) => {
                self.output = Some(login);
                self.awaits = Awaits::Verdict;
                Ok(Step::Write)
            }
            (NONE, _) => Err(TunnelFault::NoMethod),
            (other, _) => Err(TunnelFault::Method(other)),
        }
    }
}

impl Negotiation for Socks5 {
    fn output(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        self.output.take()
    }

    fn handle_input(&mut self, received: &mut BytesMut) -> Result<Step, TunnelFault> {
        let version = if self.awaits == Awaits::Verdict { LOGIN_VERSION } else { VERSION };
        match received.first() {
            Some(&first) if first != version => return Err(TunnelFault::Version(first)),
            _ => {}
        }
        let Some(&second) = received.get(1) else { return Ok(Step::NeedMore(2 - received.len())) };
        match self.awaits {
            Awaits::Method => {
                received.advance(2);
                self.take_method(second)
            }
            Awaits::Verdict if second == 0 => {
                received.advance(2);
                Ok(self.ask())
            }
            Awaits::Verdict => Err(TunnelFault::Credentials),
            // Some close after a code that says no.
            Awaits::Reply if second != 0 => Err(TunnelFault::Socks(SocksRefusal::of(second))),
            Awaits::Reply => {
                let Some(&kind) = received.get(3) else { return Ok(Step::NeedMore(4 - received.len())) };
                let address = match kind {
                    IPV4 => 4,
                    IPV6 => 16,
                    NAME => match received.get(4) {
                        Some(&length) => 1 + usize::from(length),
                        None => return Ok(Step::NeedMore(1)),
                    },
                    other => return Err(TunnelFault::AddressKind(other)),
                };
                let reply = 4 + address + 2;
                if received.len() < reply {
                    return Ok(Step::NeedMore(reply - received.len()));
                }
                received.advance(reply);
                Ok(Step::Open)
            }
        }
    }
}

const VERSION: u8 = 5;
const CONNECT: u8 = 1;
const LOGIN_VERSION: u8 = 1;
/// Methods of authentication (RFC 1928 section 3).
const NO_LOGIN: u8 = 0;
const LOGIN: u8 = 2;
const NONE: u8 = 0xff;
/// Kinds of addresses (RFC 1928 section 5).
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

#[cfg(test)]
mod tests;
