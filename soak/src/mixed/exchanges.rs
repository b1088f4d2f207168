//! Exchanges with honest servers, and with those that answer what they must not.

use std::time::Duration;

use bytes::Bytes;
use hinternet::network::Proxy;
use hinternet::{ErrorCode, Method, Payload, RequestBuilder, Result};
use integration_tests::Seeded;

use super::verdict::{Ended, Verdict, fails, holds, same, well};
use super::world::World;
use crate::octets::octets;

/// What is answered, if that is a success.
pub(super) async fn fetch(request: Result<RequestBuilder>) -> Result<Bytes> {
    request?.send().await?.error_for_status()?.bytes().await
}

pub(super) async fn http1(world: &World, mut chance: Seeded, _: u64) -> Verdict {
    let way = *chance.pick(&["octets", "octets", "chunked", "interim", "closing", "until-close"]);
    let count = size(&mut chance);
    let url = world.servers.url("http1", &format!("/{way}/{count}"));
    same(well(fetch(world.session.get(url)).await)?, octets(count))
}

/// All calls of the handle path.
pub(super) async fn call_for_call(world: &World, mut chance: Seeded, _: u64) -> Verdict {
    let (session, pieces) = if chance.percent(50) {
        (world.session.connect(world.servers.told("http1")), chance.below(5))
    } else {
        (world.http2.connect(world.servers.told("http2")), chance.below(5))
    };
    let request = well(well(session)?.open_request(Method::POST, "/echo"))?;
    let whole = octets(pieces * PIECE);
    well(request.send(Payload::begin(Bytes::new(), whole.len() as u64)).await)?;
    for piece in whole.chunks(PIECE) {
        well(request.write(piece.to_vec()).await)?;
    }
    well(request.receive_response().await)?;
    let mut body = Vec::new();
    if chance.percent(50) {
        while well(request.query_data_available().await)? > 0 {
            body.extend_from_slice(&well(request.read().await)?);
        }
    } else {
        loop {
            let some = well(request.read_at_most(1_000).await)?;
            if some.is_empty() {
                break;
            }
            body.extend_from_slice(&some);
        }
    }
    same(body, whole)
}

pub(super) async fn upload(world: &World, mut chance: Seeded, _: u64) -> Verdict {
    let whole = octets(size(&mut chance));
    let payload = if chance.percent(50) {
        Payload::bytes(whole.clone())
    } else {
        let pieces: Vec<_> = whole.chunks(PIECE).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        Payload::stream(futures_util::stream::iter(pieces))
    };
    let request = match chance.below(3) {
        0 => world.session.post(world.servers.url("http1", "/echo")),
        1 => world.session.post(world.servers.url("secure-http2", "/echo")),
        _ => world.http2.post(world.servers.url("http2", "/echo")),
    };
    same(well(fetch(Ok(well(request)?.body(payload))).await)?, whole)
}

pub(super) async fn http2(world: &World, mut chance: Seeded, _: u64) -> Verdict {
    let count = size(&mut chance);
    let way = *chance.pick(&["octets", "octets", "chunked", "interim"]);
    let url = world.servers.url("http2", &format!("/{way}/{count}"));
    same(well(fetch(world.http2.get(url)).await)?, octets(count))
}

pub(super) async fn http2_refusals(world: &World, mut chance: Seeded, _: u64) -> Verdict {
    let path = *chance.pick(&["/refused", "/reset"]);
    fails(fetch(world.http2.get(world.servers.url("http2", path))).await, &[ErrorCode::ConnectionError])
}

pub(super) async fn secure(world: &World, mut chance: Seeded, _: u64) -> Verdict {
    let (count, server) = (size(&mut chance), *chance.pick(&["secure", "secure-http2"]));
    let url = world.servers.url(server, &format!("/octets/{count}"));
    same(well(fetch(world.session.get(url)).await)?, octets(count))
}

pub(super) async fn wrong_name(world: &World, _: Seeded, _: u64) -> Verdict {
    let url = world.servers.url("secure", "/octets/1").replacen("127.0.0.1", "other.example", 1);
    fails(fetch(world.session.get(url)).await, &[ErrorCode::SecureFailure])
}

pub(super) async fn redirects(world: &World, mut chance: Seeded, _: u64) -> Verdict {
    if chance.percent(20) {
        let url = world.servers.url("http1", "/loop");
        return fails(fetch(world.session.get(url)).await, &[ErrorCode::RedirectFailed]);
    }
    let (server, times) = (*chance.pick(&["http1", "secure", "secure-http2"]), chance.between(1, 5));
    let url = world.servers.url(server, &format!("/redirect/{times}"));
    same(well(fetch(world.session.get(url)).await)?, octets(100))
}

pub(super) async fn authentication(world: &World, mut chance: Seeded, _: u64) -> Verdict {
    let is_right = chance.percent(75);
    let password = if is_right { "s3cret" } else { "wrong" };
    let request = if chance.percent(50) {
        well(world.session.get(world.servers.url("basic", "/")))?.basic_auth("alice", password)
    } else {
        well(world.session.get(world.servers.url("digest", "/")))?.digest_auth("alice", password)
    };
    let response = well(request.send().await)?;
    let status = response.status().as_u16();
    let text = well(response.text().await)?;
    if is_right {
        return holds(status == 200 && text == "admitted", &format!("{status} {text:?} with the right password"));
    }
    holds(status == 401, &format!("{status} {text:?} with a wrong password")).map(|_| Ended::AsExpected)
}

pub(super) async fn cookies(world: &World, _: Seeded, _: u64) -> Verdict {
    well(fetch(world.session.get(world.servers.url("http1", "/cookie"))).await)?;
    same(well(fetch(world.session.get(world.servers.url("http1", "/cookies"))).await)?, "flavour=oat")
}

pub(super) async fn codings(world: &World, mut chance: Seeded, _: u64) -> Verdict {
    let path = format!("/coded/{}", chance.below(5));
    let request = if chance.percent(50) {
        world.session.get(world.servers.url("http1", &path))
    } else {
        world.http2.get(world.servers.url("http2", &path))
    };
    same(well(fetch(request).await)?, octets(20_000))
}

pub(super) async fn bombs(world: &World, _: Seeded, _: u64) -> Verdict {
    let url = world.servers.url("http1", "/bomb");
    fails(fetch(world.session.get(url)).await.map(|body| body.len()), &[ErrorCode::BodyTooLarge])
}

pub(super) async fn cache(world: &World, mut chance: Seeded, _: u64) -> Verdict {
    let count = 1_000 + chance.below(8);
    let url = world.servers.url("http1", &format!("/cached/{count}"));
    same(well(fetch(world.session.get(url)).await)?, octets(count))
}

pub(super) async fn proxies(world: &World, mut chance: Seeded, _: u64) -> Verdict {
    let way = chance.below(5);
    let (proxy, server, due) = match way {
        0 | 1 => ("proxy", "http1", format!("forwarded {}", world.servers.url("http1", "/octets/500")).into_bytes()),
        2 => ("proxy", "secure", octets(500)),
        3 => ("asking-proxy", "secure-http2", octets(500)),
        _ => ("socks", "http1", octets(500)),
    };
    let proxy = well(Proxy::parse(world.servers.told(proxy)))?;
    let request = well(world.session.get(world.servers.url(server, "/octets/500")))?.proxy(proxy);
    same(well(fetch(Ok(request)).await)?, due)
}

pub(super) async fn nobody(world: &World, mut chance: Seeded, _: u64) -> Verdict {
    if chance.percent(50) {
        return fails(fetch(world.session.get("http://127.0.0.1:1/")).await, &[ErrorCode::CannotConnect]);
    }
    fails(fetch(world.session.get("http://nobody.invalid/")).await, &[ErrorCode::NameNotResolved])
}

pub(super) async fn malformed(world: &World, mut chance: Seeded, _: u64) -> Verdict {
    let path = *chance.pick(&["/garbage", "/short", "/two-lengths", "/dropped"]);
    let codes = [ErrorCode::InvalidServerResponse, ErrorCode::ConnectionError];
    fails(fetch(world.session.get(world.servers.url("http1", path))).await, &codes)
}

pub(super) async fn silence(world: &World, mut chance: Seeded, _: u64) -> Verdict {
    let request = if chance.percent(50) {
        world.session.get(world.servers.url("http1", "/silent"))
    } else {
        world.http2.get(world.servers.url("http2", "/silent"))
    };
    let time = Duration::from_millis(chance.between(20, 200) as u64);
    fails(fetch(Ok(well(request)?.timeout(time))).await, &[ErrorCode::Timeout])
}

pub(super) fn size(chance: &mut Seeded) -> usize {
    *chance.pick(&[0, 1, 13, 1_000, 5_000, 20_000, 70_000])
}

const PIECE: usize = 3_000;
