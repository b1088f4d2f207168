//! The program that compares clients does every kind of work with every client; how fast anything is does not matter here.

use std::process::Command;

/// What the program prints. It fails where an answer is not the one that was asked for.
fn run(program: &str, arguments: &str) -> String {
    let output = Command::new(program).args(arguments.split_whitespace()).output().expect("the program starts");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    printed
}

fn peers(arguments: &str) -> String {
    run(env!("CARGO_BIN_EXE_peers"), arguments)
}

/// So many tables were printed, and each has a row for each of these clients.
fn assert_rows(printed: &str, tables: usize, clients: &[&str]) {
    let rows = |client: &str| printed.lines().filter(|line| line.starts_with(&format!("| {client}"))).count();
    assert_eq!(rows("client"), tables, "{printed}");
    for client in clients {
        assert!(rows(client) >= tables, "{client} is missing:\n{printed}");
    }
}

const REQUESTS: [&str; 8] = [
    "socket loop",
    "hyper conn",
    "hyper-util",
    "reqwest",
    "awc",
    "hinternet, on the arbiter |",
    "hinternet, on the arbiter, all notifications",
    "hinternet |",
];

#[test]
fn every_client_gets_its_row() {
    let printed = peers("--rounds 1 --requests 100 --in-flight 1,8");
    assert_rows(&printed, 2, &REQUESTS);
    assert_eq!(printed.matches("| hinternet |").count(), 2, "{printed}");
}

#[test]
fn the_work_that_is_meant_without_a_name_has_one() {
    let printed = peers("requests --rounds 1 --requests 8 --in-flight 1 --only reqwest");
    assert_rows(&printed, 1, &["reqwest | one thread", "reqwest | 2 workers"]);
}

#[test]
fn allocations_are_counted() {
    let printed = run(env!("CARGO_BIN_EXE_peers-counting"), "--rounds 1 --requests 100 --in-flight 2 --only floor");
    let row = printed.lines().find(|line| line.starts_with("| socket loop")).expect("a row");
    let allocations = row.split('|').nth(7).expect("a column").trim();
    assert!(allocations.parse::<f64>().is_ok_and(|count| count > 1.0), "{printed}");
}

#[test]
fn long_bodies_come_whole() {
    let printed = peers("download --rounds 1 --octets 300001");
    let ours = ["hinternet, on the arbiter", "hinternet, from another thread"];
    assert_rows(&printed, 2, &[&["socket loop", "hyper conn", "hyper-util", "reqwest"][..], &ours].concat());
}

#[test]
fn long_bodies_go_whole() {
    let printed = peers("upload --rounds 1 --octets 300001");
    let ours = ["hinternet, on the arbiter, stream", "hinternet, from another thread, write"];
    assert_rows(&printed, 2, &[&["socket loop", "hyper conn", "hyper-util", "reqwest"][..], &ours].concat());
}

/// The program fails where the server says otherwise of a handshake than the table.
#[test]
fn handshakes_are_resumed_in_one_table_and_full_in_the_other() {
    let printed = peers("handshakes --rounds 1 --connections 3");
    assert_rows(&printed, 2, &["tokio-rustls", "hyper-util", "reqwest", "hinternet, on the arbiter"]);
}

#[test]
fn every_origin_is_asked() {
    let printed = peers("origins --rounds 1 --origins 2,20");
    assert_rows(&printed, 1, &["bare TCP", "hyper-util", "reqwest", "hinternet, on the arbiter"]);
    assert!(printed.contains("| 20 x 2 |"), "{printed}");
}
