//! A dial that failed, as an error: which code it has, at which stage, and whose fault it is.

use super::OriginKey;
use crate::error::{Blame, Error, ErrorCode, Operation, Stage};
use crate::protocol::tunnel::TunnelFault;
use crate::transport::{DialFailure, NoTunnel};

pub(super) fn into_error(failure: DialFailure, key: &OriginKey, operation: Operation) -> Error {
    let host = key.origin.host();
    of_host(failure, host, key.dial().name_for(host), operation)
}

/// Of a dial to this host, which is looked up under this name.
fn of_host(failure: DialFailure, host: &str, name: &str, operation: Operation) -> Error {
    match failure {
        DialFailure::AtProxy(proxy, failure) => {
            of_host(*failure, proxy.host(), proxy.host(), operation).at_proxy(&proxy.to_string())
        }
        DialFailure::NoTunnel(proxy, failure) => no_tunnel(failure, operation).about(proxy.to_string()),
        DialFailure::NoRoute(error) => error.in_operation(operation),
        DialFailure::NotResolved(reason) => {
            let detail = format!("no address was found: {reason}");
            Error::new(ErrorCode::NameNotResolved, operation, Stage::Resolve, Blame::Network, detail)
                .about(name)
                .with_source(reason)
        }
        DialFailure::ResolveTimeout(waited) => Error::timeout(operation, Stage::Resolve, waited).about(name),
        DialFailure::NotAllowed(reason) => {
            let detail = format!("the address policy lets no address of it through: {reason}");
            Error::new(ErrorCode::CannotConnect, operation, Stage::Connect, Blame::Caller, detail).about(host)
        }
        DialFailure::NotSecured(failure) => failure.into_error(operation, Stage::Tls).about(host),
        DialFailure::PrepareTimeout(waited) => Error::timeout(operation, Stage::Tls, waited).about(host),
        DialFailure::SecureTimeout(address, waited) => {
            Error::timeout(operation, Stage::Tls, waited).about(address.to_string())
        }
        DialFailure::NotOfFamily(local) => {
            let detail = format!("none of its addresses is of the family of the local address {local}");
            Error::new(ErrorCode::CannotConnect, operation, Stage::Connect, Blame::Caller, detail).about(host)
        }
        DialFailure::NotConnected { address, tried, error } => {
            let none = if tried > 1 { format!("none of {tried} addresses") } else { "no address".to_owned() };
            let detail = format!("{none} accepted a connection; the last one: {error}");
            Error::new(ErrorCode::CannotConnect, operation, Stage::Connect, Blame::Network, detail)
                .about(address.to_string())
                .with_source(error)
        }
        DialFailure::ConnectTimeout { address, tried, waited } => {
            let last =
                if tried > 1 { format!("{address} (the last of {tried} addresses)") } else { address.to_string() };
            Error::timeout(operation, Stage::Connect, waited).about(last)
        }
        DialFailure::BeginTimeout(waited) => Error::timeout(operation, Stage::Connect, waited).about(host),
        DialFailure::NotHttp2(chosen) => {
            let chosen = chosen.map_or_else(|| "none".to_owned(), |chosen| format!("{chosen:?}"));
            let detail = format!("HTTP/2 is required, and the protocol the server chose is {chosen}");
            Error::new(ErrorCode::HttpProtocolMismatch, operation, Stage::Tls, Blame::Peer, detail).about(host)
        }
        DialFailure::NotBegun(error) => {
            let detail = format!("the connection broke before a word of HTTP/2 was said: {error}");
            Error::new(ErrorCode::CannotConnect, operation, Stage::Connect, Blame::Network, detail)
                .about(host)
                .with_source(error)
        }
        DialFailure::Panicked(blame) => {
            let detail = match blame {
                Blame::Caller => {
                    "a resolver, a dialer, an address policy or a chooser of certificates of the caller's panicked"
                }
                _ => "opening a connection panicked",
            };
            Error::new(ErrorCode::InternalError, operation, Stage::Connect, blame, detail).about(host)
        }
    }
}

/// A proxy was reached, and opened no tunnel.
fn no_tunnel(failure: NoTunnel, operation: Operation) -> Error {
    let detail = failure.to_string();
    let new = |code, blame| Error::new(code, operation, Stage::Tunnel, blame, detail);
    match failure {
        NoTunnel::Timeout(waited) => Error::timeout(operation, Stage::Tunnel, waited),
        NoTunnel::Broken(error) => new(ErrorCode::ConnectionError, Blame::Network).with_source(error),
        NoTunnel::Fault(TunnelFault::Ended) => new(ErrorCode::ConnectionError, Blame::Network),
        NoTunnel::Fault(TunnelFault::Misuse(_)) => new(ErrorCode::InvalidParameter, Blame::Caller),
        NoTunnel::Fault(fault) if fault.is_broken() => new(ErrorCode::InvalidServerResponse, Blame::Peer),
        NoTunnel::Fault(fault) => {
            let wants_login = fault.is_about_credentials();
            let error = if wants_login {
                new(ErrorCode::LoginFailure, Blame::Caller)
            } else {
                new(ErrorCode::CannotConnect, Blame::Peer)
            };
            match fault {
                TunnelFault::Refused(answer) => error.with_source(*answer),
                _ => error,
            }
        }
    }
}
