//! A dialer that knows on which threads it was called and how many wires there are, and that can hold a thread up.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, ThreadId};

use hinternet::network::{Destination, Dialer, Dialing, Stream};
use integration_tests::{Gate, WatchedStream};
use tokio::net::TcpStream;

/// Counts what goes to 127.0.0.1; dials to other addresses may hold up the thread they are made on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watched(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    wires: Mutex<Wires>,
    hold: Mutex<Hold>,
    released: Condvar,
    is_held: Gate,
}

#[derive(Debug, Default)]
struct Wires {
    dials: HashMap<ThreadId, usize>,
    now: usize,
    most: usize,
}

#[derive(Debug, Default)]
struct Hold {
    thread: Option<ThreadId>,
}

impl Watched {
    /// The threads that dialed.
    pub(crate) fn threads(&self) -> Vec<ThreadId> {
        self.0.wires.lock().unwrap().dials.keys().copied().collect()
    }

    /// How many wires there are, those included that are being dialed.
    pub(crate) fn wires(&self) -> usize {
        self.0.wires.lock().unwrap().now
    }

    /// How many there ever were at a time.
    pub(crate) fn most_wires(&self) -> usize {
        self.0.wires.lock().unwrap().most
    }

    /// The next dial on this thread, to another address, holds it up.
    pub(crate) fn hold_up(&self, thread: ThreadId) {
        self.0.hold.lock().unwrap().thread = Some(thread);
    }

    /// Waits until the thread is held up.
    pub(crate) async fn held_up(&self) {
        self.0.is_held.passed().await;
    }

    /// Lets it go on.
    pub(crate) fn release(&self) {
        self.0.hold.lock().unwrap().thread = None;
        self.0.released.notify_all();
    }
}

impl Dialer for Watched {
    fn dial(&self, to: &Destination) -> Dialing {
        let (address, here) = (to.address, thread::current().id());
        if address.ip() != HOT {
            let hold = self.0.hold.lock().unwrap();
            if hold.thread == Some(here) {
                self.0.is_held.open();
                drop(self.0.released.wait_while(hold, |hold| hold.thread.is_some()).unwrap());
            }
            return Box::pin(async move { Ok(Box::new(TcpStream::connect(address).await?) as Box<dyn Stream>) });
        }
        *self.0.wires.lock().unwrap().dials.entry(here).or_default() += 1;
        let counted = Counted::one_more(&self.0);
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            // Held by the stream, as long as there is one.
            let count = move || _ = &counted;
            Ok(Box::new(WatchedStream::new(stream, count)) as Box<dyn Stream>)
        })
    }
}

struct Counted(Arc<Inner>);

impl Counted {
    fn one_more(inner: &Arc<Inner>) -> Self {
        let mut wires = inner.wires.lock().unwrap();
        wires.now += 1;
        wires.most = wires.most.max(wires.now);
        Self(Arc::clone(inner))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.wires.lock().unwrap().now -= 1;
    }
}

const HOT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
