//! The server's loop: accept connections, and on each of them accept streams and do what it is told meanwhile.

use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::record::{Tap, Wire};
use super::{Order, Shared, stream, tunnel};
use crate::http2_peer::{Frame, Kind};
use crate::origin::Connection as Http1Connection;
use crate::tls::Carrier;
use crate::websocket::accept_choosing_chat;

pub(super) async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let Ok(address) = stream.local_addr() else { continue };
        let number = shared.log.connected(address);
        let n = shared.wires.borrow().len();
        shared.wires.send_modify(|wires| wires.push(Wire::default()));
        let (orders, ordered) = mpsc::unbounded_channel();
        shared.orders().push(orders.clone());
        let one = Connection { number, n, orders, settled: watch::Sender::new(false), shared: Arc::clone(&shared) };
        connections.spawn(async move {
            one.serve(stream, ordered).await;
            one.shared.wires.send_modify(|wires| wires[n].ended = true);
        });
    }
}

/// One connection, as its streams know it.
#[derive(Clone)]
pub(super) struct Connection {
    /// Which of the origin's, from 1.
    pub(super) number: u64,
    n: usize,
    orders: mpsc::UnboundedSender<Order>,
    /// Has the client acknowledged the settings, so that they are in force?
    settled: watch::Sender<bool>,
    pub(super) shared: Arc<Shared>,
}

impl Connection {
    pub(super) fn order(&self, order: Order) {
        // It may be at its end.
        let _ended = self.orders.send(order);
    }

    /// Waits until the settings are in force.
    pub(super) async fn settled(&self) {
        let mut settled = self.settled.subscribe();
        // The sender is kept here.
        let _kept = settled.wait_for(|settled| *settled).await;
    }

    /// A client that goes away in the middle is no fault of the server's, and nobody to be told of it is there.
    async fn serve(&self, stream: TcpStream, ordered: mpsc::UnboundedReceiver<Order>) {
        let _slower = stream.set_nodelay(true);
        let Ok(stream) = Carrier::of(stream, self.shared.tls.as_ref()).await else { return };
        let is_http2 = self.shared.tls.is_none() || stream.protocol() == Some(b"h2");
        if is_http2 {
            self.serve_streams(stream, ordered).await;
        } else {
            self.serve_http1(stream, ordered).await;
        }
    }

    async fn serve_http1(&self, stream: Carrier<TcpStream>, mut ordered: mpsc::UnboundedReceiver<Order>) {
        let Ok(address) = stream.below().local_addr() else { return };
        self.shared.wires.send_modify(|wires| wires[self.n].is_http1 = true);
        if let Some(serve) = &self.shared.websockets {
            let serving = async {
                if let Ok(served) = accept_choosing_chat(Box::new(stream) as Box<dyn tunnel::Duplex>).await {
                    serve(served).await;
                }
            };
            return tokio::select! {
                () = serving => {}
                _ = ordered.recv() => {}
            };
        }
        let handler = Arc::clone(&self.shared.handler);
        let handler = Arc::new(move |request: &_| handler(request).reply);
        let served = Http1Connection::serve_carried(stream, address, self.number, self.shared.log.clone(), handler);
        // HTTP/1.1 has no word for going away: whatever the order, the connection ends.
        tokio::select! {
            () = served => {}
            _ = ordered.recv() => {}
        }
    }

    async fn serve_streams(&self, stream: Carrier<TcpStream>, mut ordered: mpsc::UnboundedReceiver<Order>) {
        let Ok(address) = stream.below().local_addr() else { return };
        let tap = Tap::new(stream, Arc::clone(&self.shared), self.n);
        let Ok(mut connection) = self.shared.http2.handshake::<_, Bytes>(tap).await else { return };
        // Those that are left over are dropped with it.
        let mut streams = JoinSet::new();
        let mut settled = false;
        loop {
            let accept = poll_fn(|context| {
                let accepted = connection.poll_accept(context);
                // All that has come is dealt with then.
                if accepted.is_pending() && !settled && self.is_acknowledged() {
                    settled = true;
                    self.settled.send_replace(true);
                }
                accepted
            });
            tokio::select! {
                accepted = accept => match accepted {
                    Some(Ok((request, respond))) if request.extensions().get::<h2::ext::Protocol>().is_some() => {
                        if let Some(serve) = self.shared.websockets.clone() {
                            streams.spawn(tunnel::serve(self.clone(), address, request, respond, serve));
                        }
                    }
                    Some(Ok((request, respond))) => {
                        streams.spawn(stream::serve(self.clone(), address, request, respond));
                    }
                    Some(Err(_)) | None => return,
                },
                Some(order) = ordered.recv() => match order {
                    Order::GoAway => connection.graceful_shutdown(),
                    Order::Break(reason) => connection.abrupt_shutdown(reason),
                    Order::Cut => return,
                },
                Some(_) = streams.join_next() => {}
            }
        }
    }
    fn is_acknowledged(&self) -> bool {
        let is_it = |frame: &Frame| frame.kind == Kind::Settings && frame.is_ack();
        self.shared.wires.borrow()[self.n].frames.iter().any(is_it)
    }
}
