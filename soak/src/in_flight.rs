//! Ten thousand requests at a time: over HTTP/1.1 most of them wait in line, over HTTP/2 all of them wait for their answers. Every
//! notification of each is counted.

use std::time::{Duration, Instant};

use clap::Args;
use futures_util::future::join_all;
use hinternet::{Protocols, Result, Session, SessionBuilder, Status};
use integration_tests::recorder::Recorder;

use crate::Failed;
use crate::process::{Figures, allow_descriptors, runtime};
use crate::servers::Servers;

/// How many.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Options {
    /// Over each protocol
    #[arg(long, default_value_t = 10_000)]
    requests: usize,
    /// Of HTTP/1.1
    #[arg(long, default_value_t = 200)]
    wires: usize,
}

pub(crate) fn run(options: &Options) -> std::result::Result<(), Failed> {
    allow_descriptors(1_024)?;
    runtime()?.block_on(async {
        // A wire of HTTP/2 has a hundred streams.
        let http2_wires = options.requests.div_ceil(100);
        let by_http1 = |builder: SessionBuilder| builder.wires_per_origin(options.wires);
        let by_http2 =
            |builder: SessionBuilder| builder.protocols(Protocols::RequireHttp2).wires_per_origin(http2_wires);
        measure("http1", options.requests, options.wires, options.wires, by_http1).await?;
        measure("http2", options.requests, http2_wires, options.requests, by_http2).await
    })
}

/// Sends them all, and lets them be answered when so many have arrived.
async fn measure(
    server: &str,
    requests: usize,
    wires: usize,
    arriving: usize,
    change: impl FnOnce(SessionBuilder) -> SessionBuilder,
) -> std::result::Result<(), Failed> {
    let servers = Servers::that_hold().await?;
    let recorder = Recorder::start();
    let session = recorder.session(change(Session::builder()));
    let control = Recorder::start();
    let other = control.session(Session::builder());
    let before = Figures::now()?;
    let (url, began) = (servers.url(server, "/hold"), Instant::now());
    let all = join_all((0..requests).map(|_| async { session.get(&url)?.send().await?.text().await }));
    let release = async {
        while arrived(&other, &servers).await? < arriving {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let (full, reached) = (Figures::now()?, began.elapsed());
        other.get(servers.url("http1", "/open"))?.send().await?;
        Ok::<_, Failed>((full, reached))
    };
    let (texts, released) = tokio::join!(all, release);
    let ((full, reached), took) = (released?, began.elapsed());
    control.finish(other).await;
    let lost: Vec<_> = texts.into_iter().filter(|text| !text.as_ref().is_ok_and(|text| text == "hello")).collect();
    session.close().await?;
    session.closed().await;
    let told = |wanted: fn(&Status) -> bool| recorder.count(wanted);
    let counts = [
        ("SendRequestComplete", told(|status| matches!(status, Status::SendRequestComplete)), requests),
        ("HeadersAvailable", told(|status| matches!(status, Status::HeadersAvailable)), requests),
        ("the end of a body", told(|status| matches!(status, Status::ReadComplete(0))), requests),
        ("HandleClosing", told(|status| matches!(status, Status::HandleClosing)), requests + 1),
        ("ConnectedToServer", told(|status| matches!(status, Status::ConnectedToServer(_))), wires),
        ("Missed", told(|status| matches!(status, Status::Missed(_))), 0),
        ("RequestError", told(|status| matches!(status, Status::RequestError { .. })), 0),
    ];
    let notifications = recorder.heard();
    recorder.finish(session).await;
    println!(
        "in-flight: {server}: {requests} requests over {wires} wires, {} lost, {notifications} notifications; all sent in {:.2} s, all answered \
         in {:.2} s, RSS {:.1} -> {:.1} MiB with what was recorded",
        lost.len(),
        reached.as_secs_f64(),
        took.as_secs_f64(),
        before.mebibytes(),
        full.mebibytes(),
    );
    if let Some(one) = lost.first() {
        return Err(format!("{} requests were lost, the first: {one:?}", lost.len()).into());
    }
    match counts.iter().find(|(_, told, due)| told != due) {
        None => Ok(()),
        Some((name, told, due)) => Err(format!("{told} times {name} where {due} were due").into()),
    }
}

async fn arrived(session: &Session, servers: &Servers) -> Result<usize> {
    let text = session.get(servers.url("http1", "/arrived"))?.send().await?.text().await?;
    Ok(text.parse().unwrap_or(0))
}
