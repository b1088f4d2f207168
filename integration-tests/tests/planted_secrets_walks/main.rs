//! A graph of six origins and two proxies that answer by chance, and requests with secrets that walk through it (P7).
//!
//! A token may be only in octets for those it belongs to, and in no `Debug`, log, error and notification.

mod answers;
mod graph;
mod logs;
mod peers;
mod secrets;
mod session;
mod walk;
mod world;

use std::sync::Arc;

use hinternet::Engine;
use hinternet::tls::TlsOptions;
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::recorder::Recorder;
use integration_tests::tls::Tls;

use crate::graph::SITES;
use crate::world::World;

/// Walks of one session: later ones meet the cookies, nonces, tickets and wires of those before.
const WALKS: usize = 8;

/// What a seed came to.
#[derive(Debug, Default)]
struct Figures {
    messages: usize,
    tokens_planted: usize,
    tokens_seen: usize,
}

#[tokio::test]
async fn p7_no_planted_secret_is_shown_to_anybody_else_on_any_walk() {
    let seeds = if std::env::var_os("HINTERNET_DEEP").is_some() { 10_000 / WALKS } else { 1_500 / WALKS };
    let only = std::env::var("HINTERNET_SEED").ok().map(|seed| seed.parse::<u64>().expect("a seed is a number"));
    logs::listen();
    let authority = Authority::new("Authority of the walks");
    let hosts: std::collections::BTreeSet<_> = SITES.iter().map(|site| site.host).collect();
    let tls = Tls::new(&authority.issue(Leaf::for_names(hosts)));
    let trust = TlsOptions::new().trust_only([authority.certificate()]);
    let engine = Engine::builder().shards(2).start().unwrap();
    let mut sum = Figures::default();
    for seed in only.map_or(0..seeds as u64, |seed| seed..seed + 1) {
        match run(seed, &engine, &tls, &trust).await {
            Ok(figures) => {
                sum.messages += figures.messages;
                sum.tokens_planted += figures.tokens_planted;
                sum.tokens_seen += figures.tokens_seen;
            }
            Err(leak) => panic!("HINTERNET_SEED={seed}: {leak}"),
        }
    }
    println!("{} walks: {sum:?}", seeds * WALKS);
    // A walk of nobody with nothing would prove nothing.
    let walks = if only.is_some() { WALKS } else { seeds * WALKS };
    assert!(sum.messages > 2 * walks && sum.tokens_seen > 3 * walks, "{sum:?}");
    engine.stop();
}

async fn run(seed: u64, engine: &Engine, tls: &Tls, trust: &TlsOptions) -> Result<Figures, String> {
    let world = Arc::new(World::new(seed, tls.clone()));
    let ways = session::ways(&world, &session::proxies(&world));
    let builder = session::session(&world, &ways).tls(trust.clone()).engine(engine.clone());
    world.debug("the builder of a session", &builder);
    let recorder = Recorder::on(engine);
    let session = recorder.session(builder);
    session::set_for_proxies(&world, &session);
    let (mut heard, mut result) = (0, Ok(Figures::default()));
    for n in 0..WALKS {
        walk::walk(&world, &session, &ways, format!("seed {seed}, walk {n}, {ways:?}")).await;
        world.debug("the credentials of a session", &session.credentials());
        world.debug("the jar", &session.cookies());
        world.debug("a session", &session);
        if n == WALKS - 1 {
            world.debug("a snapshot", &session.snapshot().await);
            session.close().await.expect("close never fails");
            session.closed().await;
        }
        let log = recorder.log();
        for notification in &log[heard..] {
            world.debug("a notification", notification);
        }
        heard = log.len();
        world.note("a log", logs::take());
        let messages = world.unchecked();
        result = world.check().and_then(|seen| {
            let sum = result?;
            let (messages, tokens_seen) = (sum.messages + messages, sum.tokens_seen + seen);
            Ok(Figures { messages, tokens_seen, tokens_planted: world.state().secrets.len() })
        });
        if result.is_err() {
            break;
        }
    }
    recorder.finish(session).await;
    result
}
