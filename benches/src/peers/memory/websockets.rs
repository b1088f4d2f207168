//! Idle WebSockets, each of which has echoed one message.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::{Client, Grown, Job};
use crate::peers::Failed;
use crate::peers::clients::raw::{Octets, Raw};
use crate::peers::clients::{ours, websocket};
use crate::peers::runtimes::Threads;

pub(super) const CLIENTS: [Client; 3] = [
    Client { name: "bare socket", place: "", run: |job| by_bare(job, async |stream| Ok(stream)) },
    Client { name: "tokio-tungstenite", place: "", run: |job| by_bare(job, by_tungstenite) },
    Client { name: "hinternet", place: "", run: by_ours },
];

const MESSAGE: Bytes = Bytes::from_static(&[b'x'; 64]);

fn by_bare<T>(job: &Job, speak: impl AsyncFn(Box<dyn Octets>) -> Result<T, Failed>) -> Result<Grown, Failed> {
    Threads::One.runtime()?.block_on(async {
        let raw = Raw::new(&job.endpoint)?;
        let connect = async || speak(websocket::upgraded(raw.connect().await?).await?).await;
        let _first = connect().await?;
        job.growth(async {
            let mut all = Vec::with_capacity(job.count as usize);
            for _ in 0..job.count {
                all.push(connect().await?);
            }
            Ok(all)
        })
        .await
    })
}

async fn by_tungstenite(stream: Box<dyn Octets>) -> Result<WebSocketStream<Box<dyn Octets>>, Failed> {
    let mut websocket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
    websocket.send(Message::Binary(MESSAGE)).await?;
    websocket.next().await.ok_or("the server closed")??;
    Ok(websocket)
}

fn by_ours(job: &Job) -> Result<Grown, Failed> {
    let wires = job.count as usize + 1;
    let session = ours::session(&job.endpoint).wires_per_origin(None).wires_per_session(wires);
    ours::on_the_arbiter(session, async |session| {
        let url = job.endpoint.url(websocket::PATH).replacen("http", "ws", 1);
        let connect = async || {
            let websocket = session.websocket(&url)?.connect().await?;
            websocket.send(MESSAGE).await?;
            websocket.receive().await?;
            Ok::<_, Failed>(websocket)
        };
        let _first = connect().await?;
        job.growth(async {
            let mut all = Vec::with_capacity(job.count as usize);
            for _ in 0..job.count {
                all.push(connect().await?);
            }
            Ok(all)
        })
        .await
    })
}
