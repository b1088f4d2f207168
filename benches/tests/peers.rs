//! The program that compares clients does every kind of work with every client; how fast anything is does not matter here.

use std::path::Path;
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
fn every_client_shares_a_connection() {
    let printed = peers("http2 --rounds 1 --requests 100 --streams 1,8");
    let ours = ["hinternet, on the arbiter |", "hinternet, on the arbiter, all notifications", "hinternet |"];
    assert_rows(&printed, 2, &[&["h2 (raw)", "hyper conn", "hyper-util", "reqwest"][..], &ours].concat());
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
    assert_rows(&printed, 4, &[&["hyper conn", "hyper-util", "reqwest"][..], &ours].concat());
    for raw in ["socket loop", "h2"] {
        assert_eq!(printed.matches(&format!("| {raw} (raw) |")).count(), 2, "{printed}");
    }
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
fn messages_come_back_whole() {
    let printed = peers("websocket --rounds 1 --messages 40 --sizes 64,70000 --in-flight 1,8");
    let ours = ["hinternet, on the arbiter", "hinternet, from another thread"];
    assert_rows(&printed, 4, &[&["tokio-tungstenite", "fastwebsockets"][..], &ours].concat());
}

#[test]
fn every_origin_is_asked() {
    let printed = peers("origins --rounds 1 --origins 2,20");
    assert_rows(&printed, 1, &["bare TCP", "hyper-util", "reqwest", "hinternet, on the arbiter"]);
    assert!(printed.contains("| 20 x 2 |"), "{printed}");
}

#[test]
fn memory_is_told_of_every_thing_that_is_held() {
    let printed = run(env!("CARGO_BIN_EXE_peers-counting"), "memory --rounds 1 --count 5");
    assert_rows(&printed, 9, &["hinternet"]);
    assert_eq!(printed.matches("| tokio-tungstenite |").count(), 2, "{printed}");
    for client in ["h2 (raw)", "hyper conn"] {
        assert_eq!(printed.matches(&format!("| {client} |")).count(), 2, "{printed}");
    }
    for (client, tables) in [("bare socket", 6), ("hyper-util", 4), ("reqwest", 4)] {
        assert_eq!(printed.matches(&format!("| {client} |")).count(), tables, "{printed}");
    }
    let heap = |row: &str| row.split('|').nth(3).and_then(|cell| cell.trim().parse::<f64>().ok());
    let rows = || printed.lines().filter(|line| line.starts_with("| hinternet"));
    assert!(rows().all(|row| heap(row).is_some_and(|kib| kib > 0.0)), "{printed}");
}

/// The program fails where the two crawlers find different numbers of pages.
#[test]
fn both_crawlers_find_the_same_pages() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("site");
    let page = |name: &str, links: &str| {
        std::fs::create_dir_all(folder.join(name).parent().expect("a folder")).expect("a folder");
        std::fs::write(folder.join(name), format!("<!DOCTYPE html><title>{name}</title>{links}")).expect("a page");
    };
    page("index.html", "<a href='b/'>b</a> <a href='missing.html'>missing</a> <a href='a.html#part'>a</a>");
    page(
        "a.html",
        "<a href='index.html'>back</a> <a href='b'>b, without its slash</a> <a href='http://x.example/'>x</a>",
    );
    page("b/index.html", "<a href='../a.html?q=1&amp;r=2'>a, asked otherwise</a>");
    let folder = folder.to_str().expect("a name");
    let printed = peers(&format!("crawl --rounds 1 --folder {folder}"));
    assert!(printed.contains("A crawl of 4 pages"), "{printed}");
    assert_rows(&printed, 1, &["reqwest + lol_html by hand", "hinternet"]);
}
