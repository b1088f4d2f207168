//! Exchanges that their caller does not let come to their end.

use std::time::Duration;

use futures_util::future::join_all;
use hinternet::{Method, Request, Session};
use integration_tests::Seeded;
use tokio::time::{sleep, timeout};

use super::exchanges::fetch;
use super::verdict::{CLOSED, Ended, NETWORK, Verdict, holds, may_fail, same, well};
use super::world::World;
use crate::octets::octets;

/// The future is dropped, wherever it is.
pub(super) async fn given_up(world: &World, mut chance: Seeded, _: u64) -> Verdict {
    let time = Duration::from_micros(chance.below(15_000) as u64);
    let request = match chance.below(4) {
        0 => world.session.get(world.servers.url("http1", "/octets/70000")),
        1 => world.http2.get(world.servers.url("http2", "/octets/70000")),
        2 => world.session.get(world.servers.url("secure-http2", "/octets/70000")),
        _ => world.session.post(world.servers.url("http1", "/echo")).map(|request| request.body(octets(70_000))),
    };
    match timeout(time, fetch(request)).await {
        Ok(got) => same(well(got)?, octets(70_000)),
        Err(_) => Ok(Ended::AsExpected),
    }
}

/// Somebody else cancels it, or closes its handle.
pub(super) async fn cancelled(world: &World, mut chance: Seeded, _: u64) -> Verdict {
    let connection = if chance.percent(50) {
        world.session.connect(world.servers.told("http1"))
    } else {
        world.http2.connect(world.servers.told("http2"))
    };
    let connection = well(connection)?;
    let request = well(connection.open_request(Method::GET, "/slow/20"))?;
    let (other, time) = (request.clone(), Duration::from_micros(chance.below(30_000) as u64));
    let way = chance.below(3);
    let interrupt = async {
        sleep(time).await;
        match way {
            0 => other.cancel(),
            1 => drop(other.close()),
            _ => drop(connection.close()),
        }
    };
    let (read, ()) = tokio::join!(read(&request), interrupt);
    may_fail(read, &CLOSED, |body| same(body, octets(100)))
}

async fn read(request: &Request) -> hinternet::Result<Vec<u8>> {
    request.send(()).await?;
    request.receive_response().await?;
    let mut body = Vec::new();
    loop {
        let some = request.read().await?;
        if some.is_empty() {
            return Ok(body);
        }
        body.extend_from_slice(&some);
    }
}

/// A session of its own, with several things going on in it, is ended at one of its levels; then as a whole.
pub(super) async fn closed(world: &World, mut chance: Seeded, _: u64) -> Verdict {
    let session = world.passing_session(|builder| builder.wires_per_origin(2));
    let connection = well(session.connect(world.servers.told("http1")))?;
    let secure = well(session.connect(world.servers.told("secure-http2")))?;
    let mut requests = Vec::new();
    for n in 0..6 {
        let of = if n % 2 == 0 { &connection } else { &secure };
        requests.push(well(of.open_request(Method::GET, &format!("/slow/{}", chance.below(30))))?);
    }
    let (time, level) = (Duration::from_micros(chance.below(40_000) as u64), chance.below(6));
    let url = world.servers.websocket("websocket", "/");
    let talk = async {
        let websocket = session.websocket(&url)?.connect().await?;
        websocket.send("hello").await?;
        websocket.receive().await?;
        // Nothing comes any more but the end.
        websocket.receive().await.map(drop)
    };
    let close = async {
        sleep(time).await;
        match level {
            0 => drop(requests[0].close()),
            1 => drop(connection.close()),
            2 => session.cancel(),
            3 => drop(session.shutdown(Duration::from_millis(10)).await),
            _ => {}
        }
        sleep(Duration::from_millis(10)).await;
        close(&session).await;
    };
    let all = join_all(requests.iter().map(read));
    let (bodies, talked, ()) = tokio::join!(all, talk, close);
    let mut ended = Ended::Well;
    for body in bodies {
        if may_fail(body, &CLOSED, |body| same(body, octets(100)))? == Ended::AsExpected {
            ended = Ended::AsExpected;
        }
    }
    may_fail(talked, &[&CLOSED[..], &NETWORK[..2]].concat(), |()| Err("the talk went on".to_owned()))?;
    let late = session.get(world.servers.url("http1", "/"));
    holds(late.is_err() && !session.is_open(), "a closed session takes more work")?;
    Ok(ended)
}

async fn close(session: &Session) {
    // Twice is as good as once.
    for _ in 0..2 {
        if session.close().await.is_err() {
            return;
        }
    }
    session.closed().await;
}
