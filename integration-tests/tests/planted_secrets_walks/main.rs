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

use std::collections::BTreeSet;
use std::env;
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
    walks: usize,
    messages: usize,
    tokens_planted: usize,
    tokens_seen: usize,
}

impl Figures {
    fn and(self, other: Self) -> Self {
        Self {
            walks: self.walks + other.walks,
            messages: self.messages + other.messages,
            tokens_planted: self.tokens_planted + other.tokens_planted,
            tokens_seen: self.tokens_seen + other.tokens_seen,
        }
    }
}

/// What all seeds have in common.
struct Stage {
    engine: Engine,
    tls: Tls,
    trust: TlsOptions,
    is_careless: bool,
}

impl Stage {
    fn new(is_careless: bool) -> Self {
        let authority = Authority::new("Authority of the walks");
        let hosts: BTreeSet<_> = SITES.iter().map(|site| site.host).collect();
        let tls = Tls::new(&authority.issue(Leaf::for_names(hosts)));
        let trust = TlsOptions::new().trust_only([authority.certificate()]);
        Self { engine: Engine::builder().shards(2).start().unwrap(), tls, trust, is_careless }
    }
}

#[tokio::test]
async fn p7_no_planted_secret_is_shown_to_anybody_else_on_any_walk() {
    let seeds = if env::var_os("HINTERNET_DEEP").is_some() { 10_000 / WALKS } else { 1_000 / WALKS } as u64;
    let only = env::var("HINTERNET_SEED").ok().map(|seed| seed.parse::<u64>().expect("a seed is a number"));
    let seeds = only.map_or(0..seeds, |seed| seed..seed + 1);
    logs::listen();
    let stage = Stage::new(false);
    let mut sum = Figures::default();
    for seed in seeds {
        match run(seed, &stage).await {
            Ok(figures) => sum = sum.and(figures),
            Err(leak) => panic!("HINTERNET_SEED={seed}: {leak}"),
        }
    }
    println!("{sum:?}");
    // A walk of nobody with nothing would prove nothing.
    assert!(sum.messages > 2 * sum.walks && sum.tokens_seen > 3 * sum.walks, "{sum:?}");
    stage.engine.stop();
}

#[tokio::test]
async fn a_client_that_keeps_credentials_on_redirects_is_found_out() {
    let stage = Stage::new(true);
    for seed in 0..20 {
        if let Err(leak) = run(seed, &stage).await {
            println!("found in {}", leak.lines().find(|line| line.starts_with("seed ")).unwrap_or_default());
            assert!(leak.contains("has got"), "{leak}");
            stage.engine.stop();
            return;
        }
    }
    panic!("160 walks with everything in hand, and nobody saw any of it");
}

async fn run(seed: u64, stage: &Stage) -> Result<Figures, String> {
    let Stage { engine, tls, trust, is_careless } = stage;
    let world = Arc::new(World::new(seed, tls.clone(), *is_careless));
    let ways = session::ways(&world, &session::proxies(&world));
    let builder = session::session(&world, &ways).tls(trust.clone()).engine(engine.clone());
    world.debug("the builder of a session", &builder);
    let recorder = Recorder::on(engine);
    let session = recorder.session(builder);
    session::set_for_proxies(&world, &session);
    let (mut heard, mut planted, mut result) = (0, 0, Ok(Figures::default()));
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
        if !is_careless {
            world.note("a log", logs::take());
        }
        let messages = world.unchecked();
        result = world.check().and_then(|tokens_seen| {
            let tokens_planted = world.state().secrets.len() - planted;
            Ok(result?.and(Figures { walks: 1, messages, tokens_planted, tokens_seen }))
        });
        planted = world.state().secrets.len();
        if result.is_err() {
            break;
        }
    }
    recorder.finish(session).await;
    result
}
