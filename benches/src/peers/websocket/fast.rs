//! fastwebsockets over a bare socket. It has no sink: every message is a call.

use fastwebsockets::{Frame, Payload, Role, WebSocketError, after_handshake_split};

use super::{Turn, both_ways};
use crate::peers::Failed;
use crate::peers::clients::websocket;
use crate::peers::meter::{Meter, Sample};
use crate::peers::runtimes::Threads;

pub(super) fn run(turn: &Turn) -> Result<Sample, Failed> {
    Threads::One.runtime()?.block_on(async {
        let (read, write) = websocket::connect(&turn.endpoint).await?.into_split();
        let (mut read, mut write) = after_handshake_split(read, write, Role::Client);
        let payload = vec![b'x'; turn.octets];
        let mut echo = async |messages| {
            // It masks in place where it owns the octets, and copies where it does not: the latter is what the others do.
            let send = async || Ok(write.write_frame(Frame::binary(Payload::Borrowed(&payload))).await?);
            let receive = async || {
                let nothing_owed = &mut |_| std::future::ready(Ok::<_, WebSocketError>(()));
                turn.check(read.read_frame(nothing_owed).await?.payload.len())
            };
            both_ways::by_calls((messages, turn.in_flight), send, receive).await
        };
        echo(turn.warm_up()).await?;
        let meter = Meter::start()?;
        echo(turn.messages).await?;
        meter.stop(turn.messages as u64)
    })
}
