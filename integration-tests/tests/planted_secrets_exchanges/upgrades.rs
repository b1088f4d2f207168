//! WebSockets of every kind.

use futures_util::{SinkExt, StreamExt};
use hinternet::{Compression, MessagePart, SelfHealingOptions, Session, WebSocketBuilder, WebSocketOptions};
use integration_tests::deflating::{DeflatingOrigin, Terms};
use integration_tests::http2_origin::{Http2Origin, Settings, builder};
use integration_tests::origin::Reply;
use integration_tests::patiently;
use integration_tests::websocket::WebSocketOrigin;

use crate::{Place, Stage};

/// With secrets in its request, and messages both ways.
async fn talk(place: &Place<'_>, builder: WebSocketBuilder) {
    let stage = place.stage;
    stage.exchanged();
    let builder = builder.header("authorization", format!("Bearer {}", stage.plant("a token of a WebSocket")));
    stage.show("a WebSocket's builder", &builder);
    let websocket = patiently("a WebSocket", builder.connect()).await.unwrap();
    stage.show("a WebSocket", &websocket);
    let long = stage.plant("a long message").repeat(100);
    for sent in [
        MessagePart::from(stage.plant("a text")),
        MessagePart::from(stage.plant("octets").into_bytes()),
        MessagePart::from(long),
    ] {
        stage.show("a message", &sent);
        patiently("a message to go", websocket.send(sent)).await.unwrap();
        stage.show("a message", &patiently("a message", websocket.receive()).await.unwrap());
    }
    // A server's stream may have ended by then.
    if let Err(error) = patiently("the end", websocket.close(1000, "")).await {
        stage.show_error(&error);
    }
    stage.show("a WebSocket", &websocket);
    stage.show("a snapshot", &place.session.snapshot().await);
}

pub(crate) async fn by_http1(stage: &Stage) {
    let origin = WebSocketOrigin::echo().await;
    let place = Place::of(stage, Session::builder());
    let url = format!("{}?token={}", origin.url(), stage.plant("a query"));
    talk(&place, place.session.websocket(&url).unwrap()).await;
    place.end().await;
}

pub(crate) async fn compressed(stage: &Stage) {
    let origin = DeflatingOrigin::echo(Terms::USUAL, 0).await;
    let place = Place::of(stage, Session::builder());
    let mut options = WebSocketOptions::default();
    options.compression = Some(Compression::default());
    talk(&place, place.session.websocket(&origin.url()).unwrap().options(options)).await;
    place.end().await;
}

pub(crate) async fn by_http2(stage: &Stage) {
    let settings = Settings::new().websockets(|mut stream| async move {
        while let Some(Ok(message)) = stream.next().await {
            if stream.send(message).await.is_err() {
                return;
            }
        }
    });
    let origin = Http2Origin::with(settings, |_| Reply::ok("ok").into()).await;
    let place = Place::of(stage, builder());
    let url = format!("ws://{}/?token={}", origin.address(), stage.plant("a query"));
    talk(&place, place.session.websocket(&url).unwrap()).await;
    place.end().await;
}

pub(crate) async fn self_healing(stage: &Stage) {
    let origin = WebSocketOrigin::echo().await;
    let place = Place::of(stage, Session::builder());
    stage.exchanged();
    let url = format!("{}?token={}", origin.url(), stage.plant("a query"));
    let builder = place.session.websocket(&url).unwrap().header("x-token", stage.plant("a field"));
    let builder = builder.self_healing(SelfHealingOptions::default());
    stage.show("a self-healing WebSocket's builder", &builder);
    let feed = builder.open().unwrap();
    patiently("a message to go", feed.send(stage.plant("a queued message"))).await.unwrap();
    stage.show("an event of a self-healing WebSocket", &patiently("a message", feed.receive()).await.unwrap());
    stage.show("a self-healing WebSocket", &feed);
    if let Err(error) = patiently("the end", feed.close(1000, "")).await {
        stage.show_error(&error);
    }
    drop(feed);
    place.end().await;
}
