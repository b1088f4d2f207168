//! What goes on for longer than an exchange: WebSockets, event sources, downloads.

use hinternet::{
    Compression, EventSourceOptions, MessagePart, Protocols, WebSocket, WebSocketBuilder, WebSocketOptions,
};
use integration_tests::Seeded;
use std::time::Duration;

use super::exchanges::size;
use super::verdict::{Ended, Verdict, holds, same, well};
use super::world::World;
use crate::octets::{FILE, event, octets};

pub(super) async fn websocket(world: &World, chance: Seeded, _: u64) -> Verdict {
    converse(world.session.websocket(&world.servers.websocket("websocket", "/")), chance).await
}

pub(super) async fn websocket_over_http2(world: &World, mut chance: Seeded, _: u64) -> Verdict {
    let builder = if chance.percent(50) {
        world.http2.websocket(&world.servers.websocket("http2", "/"))
    } else {
        world.session.websocket(&world.servers.websocket("secure-http2", "/"))
    };
    converse(builder.map(|builder| builder.protocols(Protocols::RequireHttp2)), chance).await
}

pub(super) async fn compressed(world: &World, chance: Seeded, _: u64) -> Verdict {
    let mut options = WebSocketOptions::default();
    options.compression = Some(Compression::default());
    let builder = world.session.websocket(&world.servers.websocket("deflating", "/"));
    converse(builder.map(|builder| builder.options(options)), chance).await
}

/// Says some things, hears each of them again, and ends in one of the ways there are.
async fn converse(builder: hinternet::Result<WebSocketBuilder>, mut chance: Seeded) -> Verdict {
    let websocket = well(well(builder)?.connect().await)?;
    for _ in 0..chance.between(1, 6) {
        let said = octets(size(&mut chance));
        well(websocket.send(MessagePart::new(hinternet::MessageKind::Binary, said.clone())).await)?;
        same(hear(&websocket).await?, said)?;
    }
    match chance.below(3) {
        0 => well(websocket.close(1000, "bye").await)?,
        1 => {
            well(websocket.shutdown(1000, "bye").await)?;
            let last = well(websocket.receive().await)?;
            holds(last.is_close(), "something was said after the close")?;
        }
        // Dropped, it is closed.
        _ => drop(websocket),
    }
    Ok(Ended::Well)
}

async fn hear(websocket: &WebSocket) -> Result<Vec<u8>, String> {
    let mut heard = Vec::new();
    loop {
        let part = well(websocket.receive().await)?;
        heard.extend_from_slice(part.octets());
        if !part.kind().is_fragment() {
            return Ok(heard);
        }
    }
}

/// More events than a stream has, so that it is asked for again.
pub(super) async fn events(world: &World, mut chance: Seeded, _: u64) -> Verdict {
    let mut options = EventSourceOptions::default();
    options.first_pause = Duration::from_millis(5);
    options.seed = Some(chance.below(1_000) as u64);
    let url = world.servers.url("http1", "/events");
    let mut source = well(well(world.session.events(url))?.options(options).open())?;
    for number in 1..=chance.between(1, 8) as u64 {
        let next = well(source.next().await.ok_or("the events ended")?)?;
        let right = next.id == number.to_string() && next.data == event(number);
        holds(right, &format!("{next:?} came where event {number} was due"))?;
    }
    Ok(Ended::Well)
}

pub(super) async fn download(world: &World, mut chance: Seeded, number: u64) -> Verdict {
    let (path, url) = (world.folder.path().join(number.to_string()), world.servers.url("http1", "/file"));
    if chance.percent(50) {
        well(well(world.session.download(url))?.to_file(&path).await)?;
        let got = std::fs::read(&path).map_err(|error| error.to_string())?;
        std::fs::remove_file(&path).map_err(|error| error.to_string())?;
        return same(got, octets(FILE));
    }
    let mut download = well(well(world.session.download(url))?.stream())?;
    let mut got = Vec::new();
    while let Some(piece) = well(download.chunk().await)? {
        got.extend_from_slice(&piece);
    }
    same(got, octets(FILE))
}
