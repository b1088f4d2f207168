//! tokio-tungstenite over a bare socket, as a sink and a stream.

use std::pin::pin;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::{Turn, both_ways};
use crate::peers::Failed;
use crate::peers::clients::websocket;
use crate::peers::meter::{Meter, Sample};
use crate::peers::runtimes::Threads;

pub(super) fn run(turn: &Turn) -> Result<Sample, Failed> {
    Threads::One.runtime()?.block_on(async {
        let stream = websocket::connect(&turn.endpoint).await?;
        let (sink, stream) = WebSocketStream::from_raw_socket(stream, Role::Client, None).await.split();
        let (mut sink, mut stream) = (pin!(sink), pin!(stream));
        let payload = Bytes::from(vec![b'x'; turn.octets]);
        let mut echo = async |messages| {
            let message = || Message::Binary(payload.clone());
            let check = |message: Message| turn.check(message.len());
            both_ways::by_polls(sink.as_mut(), stream.as_mut(), (messages, turn.in_flight), message, check).await
        };
        echo(turn.warm_up()).await?;
        let meter = Meter::start()?;
        echo(turn.messages).await?;
        meter.stop(turn.messages as u64)
    })
}
