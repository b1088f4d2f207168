//! A chat room in this process: what anybody says is told to all.

use futures_util::{SinkExt, StreamExt};
use integration_tests::websocket::{Message, Served, WebSocketOrigin};
use tokio::sync::broadcast::{self, Receiver, Sender};

/// Opens the room; it closes when it is dropped.
pub(crate) async fn open() -> WebSocketOrigin {
    let (say, _) = broadcast::channel(64);
    WebSocketOrigin::start(move |guest| serve(guest, say.clone(), say.subscribe())).await
}

async fn serve(mut guest: Served, say: Sender<Message>, mut hear: Receiver<Message>) {
    loop {
        tokio::select! {
            // What was said is told before somebody leaves.
            biased;
            Ok(said) = hear.recv() => {
                if guest.send(said).await.is_err() {
                    return;
                }
            }
            said = guest.next() => match said {
                // Its own words come back to the guest: there is somebody who hears them.
                Some(Ok(said)) if said.is_text() => drop(say.send(said)),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
        }
    }
}
