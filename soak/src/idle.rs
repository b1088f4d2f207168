//! Idle wires and idle WebSockets: what they weigh, and that they cost next to no time.

use std::time::Duration;

use clap::Args;
use futures_util::future::join_all;
use hinternet::{Engine, Session, Timeouts, WebSocket};
use integration_tests::recorder::Recorder;
use tokio::time::{Instant, sleep};

use crate::Failed;
use crate::process::{Figures, allow_descriptors, cpu_time, runtime};
use crate::servers::Servers;

/// How many, and for how long.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Options {
    #[arg(default_value_t = 600)]
    seconds: u64,
    /// Of either
    #[arg(long, default_value_t = 5_000)]
    count: usize,
}

pub(crate) fn run(options: &Options) -> Result<(), Failed> {
    allow_descriptors(options.count as u64 * 2 + 1_024)?;
    runtime()?.block_on(rest(options))
}

async fn rest(options: &Options) -> Result<(), Failed> {
    let servers = Servers::that_hold().await?;
    let engine = Engine::builder().shards(2).start()?;
    let recorder = Recorder::on(&engine).forgetting();
    let rests = Duration::from_secs(options.seconds * 2 + 600);
    let session = recorder.session(
        Session::builder()
            .engine(engine.clone())
            .timeouts(Timeouts::all(Duration::from_secs(60)))
            .wires_per_origin(None)
            .wires_per_session(options.count * 3)
            .idle_timeout(rests),
    );
    // Threads, tables and buffers are there before anything is weighed.
    let _first = join_all((0..50).map(|_| talk(&session, &servers))).await;
    fetch(&session, &servers, "/").await?;

    let before = Figures::now()?;
    let held = join_all((0..options.count).map(|_| fetch(&session, &servers, "/hold")));
    let other = recorder.session(Session::builder().engine(engine.clone()));
    let open = async {
        while fetch(&other, &servers, "/arrived").await?.parse::<usize>()? < options.count {
            sleep(Duration::from_millis(20)).await;
        }
        fetch(&other, &servers, "/open").await
    };
    let (answers, opened) = tokio::join!(held, open);
    opened?;
    for answer in answers {
        answer?;
    }
    close(other).await?;
    let wires = Figures::now()?;
    let mut websockets = Vec::with_capacity(options.count);
    while websockets.len() < options.count {
        let more = join_all((0..100.min(options.count - websockets.len())).map(|_| talk(&session, &servers)));
        for websocket in more.await {
            websockets.push(websocket?);
        }
    }
    let both = Figures::now()?;
    let each = |from: &Figures, to: &Figures| {
        let count = options.count as f64;
        ((to.rss as f64 - from.rss as f64) / count, (to.heap as f64 - from.heap as f64) / count / 1024.0)
    };
    let (wire, websocket) = (each(&before, &wires), each(&wires, &both));

    let (cpu, began) = (cpu_time()?, Instant::now());
    sleep(Duration::from_secs(options.seconds)).await;
    let share = (cpu_time()?.saturating_sub(cpu)).as_secs_f64() / began.elapsed().as_secs_f64() * 100.0;
    let after = Figures::now()?;

    let snapshot = session.snapshot().await;
    let resting: usize = snapshot.origins.iter().map(|origin| origin.wires.len()).sum();
    let open = snapshot.websockets.len();
    let spoken = join_all(websockets.iter().step_by(50).map(speak)).await;
    drop(websockets);
    close(session).await?;
    let notifications = recorder.heard();
    recorder.settle().await;
    println!(
        "idle: {} wires {:.2} KiB each (heap {:.2}), {} WebSockets {:.2} KiB each (heap {:.2}), CPU {share:.2} % over {} s, \
         RSS {:.1} -> {:.1} MiB meanwhile, {notifications} notifications",
        options.count,
        wire.0,
        wire.1,
        options.count,
        websocket.0,
        websocket.1,
        options.seconds,
        both.mebibytes(),
        after.mebibytes(),
    );
    for answer in spoken {
        answer?;
    }
    let rules = [
        (resting >= options.count * 2, format!("{resting} wires are left")),
        (open >= options.count, format!("{open} WebSockets are left")),
        (wire.1 <= 4.0, "an idle wire weighs more than 4 KiB".to_owned()),
        (websocket.1 <= 8.0, "an idle WebSocket weighs more than 8 KiB".to_owned()),
        // The WebSockets take up what the requests that made the wires have left.
        (wire.0 + websocket.0 <= 12.0, "one of either weighs more than 12 KiB".to_owned()),
        (share < 2.0, "they cost more than 2 % of a core".to_owned()),
    ];
    match rules.into_iter().find(|(holds, _)| !holds) {
        None => Ok(()),
        Some((_, broken)) => Err(broken.into()),
    }
}

async fn fetch(session: &Session, servers: &Servers, path: &str) -> Result<String, Failed> {
    Ok(session.get(servers.url("http1", path))?.send().await?.text().await?)
}

/// Opens a WebSocket, over which a message goes there and back.
async fn talk(session: &Session, servers: &Servers) -> Result<WebSocket, Failed> {
    let websocket = session.websocket(&servers.websocket("websocket", "/"))?.connect().await?;
    speak(&websocket).await?;
    Ok(websocket)
}

async fn speak(websocket: &WebSocket) -> Result<(), Failed> {
    websocket.send("are you there?").await?;
    let heard = websocket.receive().await?;
    if heard.as_text() == Some("are you there?") { Ok(()) } else { Err(format!("{heard:?} came back").into()) }
}

async fn close(session: Session) -> Result<(), Failed> {
    session.close().await?;
    session.closed().await;
    Ok(())
}
