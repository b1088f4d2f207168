//! Exchanges over a network that fails: they come to their end with what was sent, or fail with what the network did.

use std::time::Duration;

use hinternet::{Bytes, MessageKind, MessagePart, RequestBuilder, Result, RetryPolicy, Session};
use integration_tests::Seeded;

use super::exchanges::{fetch, size};
use super::verdict::{Ended, NETWORK, Verdict, fails, may_fail, same};
use super::world::World;
use crate::octets::{FILE, octets};

pub(super) async fn http1(world: &World, chance: Seeded, _: u64) -> Verdict {
    there_and_back(world, &world.session, "spoiled-http1", chance).await
}

pub(super) async fn secure(world: &World, chance: Seeded, _: u64) -> Verdict {
    there_and_back(world, &world.session, "spoiled-secure", chance).await
}

pub(super) async fn http2(world: &World, chance: Seeded, _: u64) -> Verdict {
    there_and_back(world, &world.http2, "spoiled-http2", chance).await
}

/// A GET, or a POST whose body comes back.
async fn there_and_back(world: &World, session: &Session, server: &str, mut chance: Seeded) -> Verdict {
    let count = size(&mut chance);
    let request = if chance.percent(60) {
        session.get(world.servers.url(server, &format!("/octets/{count}")))
    } else {
        session.post(world.servers.url(server, "/echo")).map(|request| request.body(octets(count)))
    };
    let got = fetch(request.map(soon)).await;
    may_fail(got, &NETWORK, |body: Bytes| same(body, octets(count)))
}

fn soon(request: RequestBuilder) -> RequestBuilder {
    request.timeout(Duration::from_millis(700))
}

pub(super) async fn websocket(world: &World, mut chance: Seeded, _: u64) -> Verdict {
    let said = octets(size(&mut chance));
    let conversation = async {
        let websocket = world.session.websocket(&world.servers.websocket("spoiled-websocket", "/"))?.connect().await?;
        websocket.send(MessagePart::new(MessageKind::Binary, said.clone())).await?;
        let mut heard = Vec::new();
        loop {
            let part = websocket.receive().await?;
            heard.extend_from_slice(part.octets());
            if !part.kind().is_fragment() {
                return Ok::<_, hinternet::Error>(heard);
            }
        }
    };
    match tokio::time::timeout(Duration::from_secs(1), conversation).await {
        Ok(heard) => may_fail(heard, &NETWORK, |heard| same(heard, &said)),
        // What holds octets back holds them for ever.
        Err(_) => Ok(Ended::AsExpected),
    }
}

/// Gone on with where it was broken off, it is whole at the end.
pub(super) async fn download(world: &World, _: Seeded, number: u64) -> Verdict {
    let path = world.folder.path().join(format!("spoiled-{number}"));
    let policy = RetryPolicy::new().attempts(4).first_pause(Duration::from_millis(20));
    let fetched: Result<_> = async {
        let download = world.session.download(world.servers.url("spoiled-http1", "/file"))?;
        download.retry(policy).to_file(&path).await
    }
    .await;
    let verdict = match fetched {
        Ok(_) => same(std::fs::read(&path).map_err(|error| error.to_string())?, octets(FILE)),
        failed => fails(failed.map(|_| ()), &NETWORK),
    };
    // What was broken off is left for another call, which there is none of here.
    for name in [path.clone(), path.with_extension("part"), path.with_extension("part.record")] {
        let _is_there = std::fs::remove_file(name);
    }
    verdict
}
