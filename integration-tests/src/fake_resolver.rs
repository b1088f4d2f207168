//! A resolver that knows the names it was told, counts who asks, and may be held.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use hinternet::network::{Lookup, Resolver};
use tokio::sync::watch;

use crate::gate::Gate;
use crate::patience::reached;

/// Knows the names it was told. Clones are the same resolver.
#[derive(Clone, Debug)]
pub struct FakeResolver(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    names: Mutex<HashMap<String, Vec<IpAddr>>>,
    gate: Option<Gate>,
    look_ups: watch::Sender<LookUps>,
}

#[derive(Debug, Default)]
struct LookUps {
    asked: Vec<String>,
    under_way: usize,
}

impl FakeResolver {
    /// Knows one name.
    pub fn knowing(name: &str, addresses: &[&str]) -> Self {
        Self::of(None).and(name, addresses)
    }

    /// Answers nothing before the gate is open.
    pub fn held_by(gate: &Gate) -> Self {
        Self::of(Some(gate.clone()))
    }

    fn of(gate: Option<Gate>) -> Self {
        Self(Arc::new(Inner { names: Mutex::default(), gate, look_ups: watch::Sender::default() }))
    }

    /// Knows this too, from now on and instead of what it knew of the name.
    ///
    /// # Panics
    /// When one of them is no address.
    pub fn and(self, name: &str, addresses: &[&str]) -> Self {
        let addresses = addresses.iter().map(|address| address.parse().expect("an address")).collect();
        self.0.names.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), addresses);
        self
    }

    /// The names it was asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.0.look_ups.borrow().asked.clone()
    }

    /// Waits until nobody waits for an answer any more.
    ///
    /// # Panics
    /// When somebody goes on waiting.
    pub async fn wait_until_left(&self) {
        reached("look-ups to be given up", &self.0.look_ups.subscribe(), |look_ups| look_ups.under_way == 0).await;
    }
}

impl Resolver for FakeResolver {
    fn resolve(&self, host: &str) -> Lookup {
        let (inner, host) = (Arc::clone(&self.0), host.to_owned());
        inner.look_ups.send_modify(|look_ups| {
            look_ups.asked.push(host.clone());
            look_ups.under_way += 1;
        });
        let under_way = UnderWay(inner);
        Box::pin(async move {
            if let Some(gate) = &under_way.0.gate {
                gate.passed().await;
            }
            let names = under_way.0.names.lock().unwrap_or_else(PoisonError::into_inner);
            names.get(&host).cloned().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such name"))
        })
    }
}

/// Somebody who waits.
struct UnderWay(Arc<Inner>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.look_ups.send_modify(|look_ups| look_ups.under_way -= 1);
    }
}
