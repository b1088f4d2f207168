//! A large download on a first wire over a long path, beside curl's: both times are printed, and nothing is asserted of them.

use std::process::Stdio;
use std::time::{Duration, Instant};

use integration_tests::fault_proxy::{Direction, Fault, FaultProxy};
use integration_tests::patiently;
use tokio::process::Command;

use super::place::{NAME, World, content, wrong};
use super::servers::{Server, h2o, nginx};

const DOWNLOAD: usize = 64 * 1024 * 1024;
/// 200 Mbit/s, 25 ms each way: 1.25 MB are on the way.
const PATH: Fault = Fault::Path { takes: Duration::from_millis(25), rate: 25_000_000 };
const ROUNDS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx and curl"]
async fn a_download_over_a_long_path_from_nginx_beside_curl() {
    let world = World::new().await;
    beside_curl("nginx", &world, &nginx(&world, "")).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs h2o and curl"]
async fn a_download_over_a_long_path_from_h2o_beside_curl() {
    let world = World::new().await;
    beside_curl("h2o", &world, &h2o(&world)).await;
}

async fn beside_curl(name: &str, world: &World, server: &Server) {
    std::fs::write(server.peer.folder().join("files/large"), content(DOWNLOAD)).unwrap();
    let proxy = FaultProxy::start(server.secure.address()).await;
    for direction in [Direction::ToServer, Direction::ToClient] {
        proxy.spoil(direction, PATH);
    }
    for _ in 0..ROUNDS {
        let (ours, first) = ours(world, proxy.address().port()).await;
        let curls = curls(server, proxy.address().port()).await;
        println!("64 MiB from {name}: ours {ours:.3} s, its first octet after {first:.3} s; curl {curls}");
    }
    assert_eq!(proxy.connections(), 2 * ROUNDS, "a first wire each");
}

/// How long the whole takes, and the first octet of it.
async fn ours(world: &World, port: u16) -> (f64, f64) {
    let visit = world.secure(port).visit();
    let began = Instant::now();
    let mut response = visit.get("/large").await;
    let (mut body, mut first) = (Vec::with_capacity(DOWNLOAD), None);
    while let Some(chunk) = patiently("more of the body", response.chunk()).await.unwrap() {
        first.get_or_insert_with(|| began.elapsed());
        body.extend_from_slice(&chunk);
    }
    let took = began.elapsed();
    assert_eq!((body.len(), wrong(&body)), (DOWNLOAD, 0));
    drop(response);
    visit.close().await;
    assert_eq!(visit.wires().len(), 1);
    visit.end().await;
    (took.as_secs_f64(), first.unwrap().as_secs_f64())
}

async fn curls(server: &Server, port: u16) -> String {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--http2", "--cacert", "authority.pem", "--output", "/dev/null"]);
    command.args(["--resolve", &format!("{NAME}:{port}:127.0.0.1"), &format!("https://{NAME}:{port}/large")]);
    command.args([
        "--write-out",
        "%{time_total} s, its first octet after %{time_starttransfer} s, %{http_version} %{size_download}",
    ]);
    command.current_dir(server.peer.folder()).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = patiently("curl", command.output()).await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let served = format!(", 2 {DOWNLOAD}");
    said.strip_suffix(&served).unwrap_or_else(|| panic!("{said}")).to_owned()
}
