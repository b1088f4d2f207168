//! A resolver that knows the names it was told, counts who asks, and may be held.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hinternet::network::{Answer, Answering, Lookup, Resolver};
use tokio::sync::watch;

use crate::gate::Gate;
use crate::patience::reached;

/// Knows the names it was told. Clones are the same resolver.
#[derive(Clone, Debug)]
pub struct FakeResolver(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    names: Mutex<HashMap<String, Vec<IpAddr>>>,
    gate: Mutex<Option<Gate>>,
    /// What it says of the time for which its answers may be kept.
    ttl: Mutex<Option<Duration>>,
    fails: Mutex<bool>,
    is_mute: Mutex<bool>,
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
        let inner = Inner { gate: Mutex::new(gate), ..Inner::default() };
        Self(Arc::new(inner))
    }

    /// Says of every answer that it may be kept so long, also that there is none.
    pub fn telling(self, ttl: Duration) -> Self {
        *lock(&self.0.ttl) = Some(ttl);
        self
    }

    /// From now on it answers nothing before this gate is open.
    pub fn is_held_by(&self, gate: &Gate) {
        *lock(&self.0.gate) = Some(gate.clone());
    }

    /// From now on it never answers.
    pub fn falls_silent(&self) {
        *lock(&self.0.is_mute) = true;
    }

    /// From now on it answers again; who has waited waits on.
    pub fn speaks_again(&self) {
        *lock(&self.0.is_mute) = false;
    }

    /// From now on it does not know whether a name exists; or it does again.
    pub fn fails(&self, fails: bool) {
        *lock(&self.0.fails) = fails;
    }

    /// Knows this too, from now on and instead of what it knew of the name.
    ///
    /// # Panics
    /// When one of them is no address.
    pub fn and(self, name: &str, addresses: &[&str]) -> Self {
        let addresses = addresses.iter().map(|address| address.parse().expect("an address")).collect();
        lock(&self.0.names).insert(name.to_owned(), addresses);
        self
    }

    /// From now on it knows of no such name.
    pub fn and_not(self, name: &str) -> Self {
        lock(&self.0.names).remove(name);
        self
    }

    /// The names it was asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.0.look_ups.borrow().asked.clone()
    }

    /// How many wait for an answer.
    pub fn under_way(&self) -> usize {
        self.0.look_ups.borrow().under_way
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
            let gate = lock(&under_way.0.gate).clone();
            if let Some(gate) = gate {
                gate.passed().await;
            }
            let is_mute = *lock(&under_way.0.is_mute);
            if is_mute {
                std::future::pending().await
            }
            if *lock(&under_way.0.fails) {
                return Err(io::Error::other("out of order"));
            }
            lock(&under_way.0.names)
                .get(&host)
                .cloned()
                .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such name"))
        })
    }

    fn answer(&self, host: &str) -> Answering {
        let (ttl, lookup) = (*lock(&self.0.ttl), self.resolve(host));
        Box::pin(async move {
            let answer = match (lookup.await, ttl) {
                (Err(error), Some(_)) if error.kind() == io::ErrorKind::NotFound => Answer::none(error.to_string()),
                (found, _) => Answer::new(found?),
            };
            Ok(ttl.map_or(answer.clone(), |ttl| answer.with_ttl(ttl)))
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Somebody who waits.
struct UnderWay(Arc<Inner>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.look_ups.send_modify(|look_ups| look_ups.under_way -= 1);
    }
}
