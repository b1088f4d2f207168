//! hinternet: by the halves of a WebSocket, and by its calls.

use std::pin::pin;

use bytes::Bytes;
use hinternet::{MessagePart, Session, WebSocket};

use super::{Turn, both_ways};
use crate::peers::Failed;
use crate::peers::clients::{ours, websocket};
use crate::peers::meter::{Meter, Sample};

pub(super) fn halves_on_the_arbiter(turn: &Turn) -> Result<Sample, Failed> {
    ours::on_the_arbiter(ours::session(&turn.endpoint), async |session| by_halves(turn, session).await)
}

pub(super) fn halves_from_another_thread(turn: &Turn) -> Result<Sample, Failed> {
    ours::from_another_thread(ours::session(&turn.endpoint), async |session| by_halves(turn, session).await)
}

pub(super) fn calls_on_the_arbiter(turn: &Turn) -> Result<Sample, Failed> {
    ours::on_the_arbiter(ours::session(&turn.endpoint), async |session| by_calls(turn, session).await)
}

async fn connect(turn: &Turn, session: &Session) -> Result<WebSocket, Failed> {
    let url = turn.endpoint.url(websocket::PATH).replacen("http", "ws", 1);
    Ok(session.websocket(&url)?.connect().await?)
}

async fn by_halves(turn: &Turn, session: Session) -> Result<Sample, Failed> {
    let (sink, stream) = connect(turn, &session).await?.split();
    let (mut sink, mut stream) = (pin!(sink), pin!(stream));
    let payload = Bytes::from(vec![b'x'; turn.octets]);
    let mut echo = async |messages| {
        let message = || MessagePart::from(payload.clone());
        let check = |message: MessagePart| turn.check(message.octets().len());
        both_ways::by_polls(sink.as_mut(), stream.as_mut(), (messages, turn.in_flight), message, check).await
    };
    echo(turn.warm_up()).await?;
    let meter = Meter::start()?;
    echo(turn.messages).await?;
    meter.stop(turn.messages as u64)
}

async fn by_calls(turn: &Turn, session: Session) -> Result<Sample, Failed> {
    let websocket = connect(turn, &session).await?;
    let payload = Bytes::from(vec![b'x'; turn.octets]);
    let echo = async |messages| {
        let send = async || Ok(websocket.send(payload.clone()).await?);
        let receive = async || turn.check(websocket.receive().await?.octets().len());
        both_ways::by_calls((messages, turn.in_flight), send, receive).await
    };
    echo(turn.warm_up()).await?;
    let meter = Meter::start()?;
    echo(turn.messages).await?;
    meter.stop(turn.messages as u64)
}
