//! A whole conversation: both ways at once, and an end.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join;
use hinternet::{Bytes, MessageKind, MessagePart, Operation, Result, WebSocket};
use integration_tests::simulation::words;
use tokio::time::{sleep, timeout};

use super::ears::Ears;
use super::plan::Manner;
use crate::verdict::{Outcomes, note};

/// What is written down of one WebSocket.
#[derive(Clone)]
pub(crate) struct Noted {
    pub(crate) outcomes: Rc<RefCell<Outcomes>>,
    pub(crate) ears: Rc<RefCell<Ears>>,
}

impl Noted {
    pub(super) async fn send(&self, websocket: &WebSocket, number: u64, part: MessagePart) -> Result<()> {
        let is_last = !part.kind().is_fragment();
        note(&self.outcomes, websocket.id(), Operation::WebSocketSend, websocket.send(part)).await?;
        if is_last {
            self.ears.borrow_mut().sent.push(number);
        }
        Ok(())
    }

    pub(super) async fn receive(&self, websocket: &WebSocket, at_most: Option<usize>) -> Result<()> {
        let receive = async {
            match at_most {
                None => websocket.receive().await,
                Some(most) => websocket.receive_at_most(most).await,
            }
        };
        let part = note(&self.outcomes, websocket.id(), Operation::WebSocketReceive, receive).await?;
        self.ears.borrow_mut().hear(&part);
        Ok(())
    }

    pub(super) async fn shut_down(&self, websocket: &WebSocket) -> Result<()> {
        note(&self.outcomes, websocket.id(), Operation::WebSocketShutdown, websocket.shutdown(1000, "bye")).await
    }

    pub(super) async fn close(&self, websocket: &WebSocket) -> Result<()> {
        self.ears.borrow_mut().skips = true;
        note(&self.outcomes, websocket.id(), Operation::WebSocketClose, websocket.close(1001, "")).await
    }
}

/// Says all this while it listens, ends, and listens to the end.
pub(crate) async fn story(websocket: WebSocket, sizes: Vec<usize>, pieces: usize, manner: Manner, noted: Noted) {
    let speak = async {
        for (number, octets) in (0..).zip(&sizes) {
            sleep(Duration::from_millis(manner.pace)).await;
            for part in parts(number, *octets, pieces) {
                noted.send(&websocket, number, part).await?;
            }
        }
        if manner.closes { noted.close(&websocket).await } else { noted.shut_down(&websocket).await }
    };
    let listen = async {
        while !noted.ears.borrow().closed {
            let receive = || noted.receive(&websocket, manner.at_most);
            match manner.patience {
                // Given up and begun again, it loses nothing.
                Some(patience) => tokio::select! {
                    biased;
                    // Also when it has been answered by then.
                    () = sleep(Duration::from_millis(patience)) => {}
                    received = receive() => received?,
                },
                None => receive().await?,
            }
        }
        Ok::<_, hinternet::Error>(())
    };
    // A server may be silent for ever after a shutdown: then it is closed.
    if timeout(Duration::from_secs(10), join(speak, listen)).await.is_err() {
        noted.close(&websocket).await.ok();
    }
}

/// A message in so many pieces, text or octets by its number.
pub(super) fn parts(number: u64, octets: usize, pieces: usize) -> Vec<MessagePart> {
    let mut rest = Bytes::from(words('c', number, octets));
    let (size, is_text) = (rest.len() / pieces, number.is_multiple_of(2));
    let (part, whole) = match is_text {
        true => (MessageKind::TextFragment, MessageKind::Text),
        false => (MessageKind::BinaryFragment, MessageKind::Binary),
    };
    let first: Vec<_> = (1..pieces).map(|_| MessagePart::new(part, rest.split_to(size))).collect();
    first.into_iter().chain([MessagePart::new(whole, rest)]).collect()
}
