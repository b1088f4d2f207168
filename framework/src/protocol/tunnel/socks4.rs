//! SOCKS4, and 4a that hands a name on: one request of 9 octets and more, one answer of 8.
//!
//! ```text
//! request  04 01 port:2 address:4 user 00 [name 00]      answer  00 code:1 port:2 address:4
//! ```

use std::net::{IpAddr, Ipv4Addr};

use bytes::{Buf, BytesMut};
use zeroize::Zeroizing;

use super::{Goal, Negotiation, SocksRefusal, Step, TunnelFault};
use crate::network::ProxyCredentials;

/// One request, and its answer.
#[derive(Debug)]
pub(crate) struct Socks4 {
    output: Option<Zeroizing<Vec<u8>>>,
}

impl Socks4 {
    pub(crate) fn new(goal: &Goal, credentials: Option<&ProxyCredentials>) -> Result<Self, TunnelFault> {
        let (address, port, name) = match goal {
            Goal::Address(address) => match address.ip().to_canonical() {
                IpAddr::V4(ip) => (ip, address.port(), None),
                IpAddr::V6(_) => return Err(TunnelFault::Unspeakable("IPv6 address: it speaks SOCKS4")),
            },
            Goal::Name(name, port) => (NAME_FOLLOWS, *port, Some(name)),
        };
        let user = credentials.map_or("", |credentials| credentials.user.as_str());
        let mut output = Zeroizing::new(Vec::with_capacity(10 + user.len() + name.map_or(0, String::len)));
        output.extend_from_slice(&[VERSION, CONNECT]);
        output.extend_from_slice(&port.to_be_bytes());
        output.extend_from_slice(&address.octets());
        // Neither can hold the octet that ends it: the one is no host then, the other was refused.
        output.extend_from_slice(user.as_bytes());
        output.push(0);
        if let Some(name) = name {
            output.extend_from_slice(name.as_bytes());
            output.push(0);
        }
        Ok(Self { output: Some(output) })
    }
}

impl Negotiation for Socks4 {
    fn output(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        self.output.take()
    }

    fn handle_input(&mut self, received: &mut BytesMut) -> Result<Step, TunnelFault> {
        match received.first() {
            Some(&version) if version != 0 => return Err(TunnelFault::Version(version)),
            _ => {}
        }
        match received.get(1) {
            Some(&GRANTED) | None => {}
            // Some close after it.
            Some(&code) => return Err(TunnelFault::Socks(SocksRefusal::of(code))),
        }
        match ANSWER.checked_sub(received.len()) {
            Some(0) | None => {
                received.advance(ANSWER);
                Ok(Step::Open)
            }
            Some(missing) => Ok(Step::NeedMore(missing)),
        }
    }
}

const VERSION: u8 = 4;
const CONNECT: u8 = 1;
const GRANTED: u8 = 90;
const ANSWER: usize = 8;
/// Any of 0.0.0.x but 0.0.0.0.
const NAME_FOLLOWS: Ipv4Addr = Ipv4Addr::new(0, 0, 0, 1);

#[cfg(test)]
mod tests;
