//! The program that compares clients runs, with all of them; how fast anything is does not matter here.

use std::process::Command;

#[test]
fn every_client_gets_its_row() {
    let output = Command::new(env!("CARGO_BIN_EXE_peers"))
        .args(["--rounds", "1", "--requests", "100", "--in-flight", "1,8"])
        .output()
        .expect("the program starts");
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{table}\n{}", String::from_utf8_lossy(&output.stderr));
    let rows = |client: &str| table.lines().filter(|line| line.starts_with(&format!("| {client}"))).count();
    assert_eq!(rows("client"), 2, "{table}");
    for client in ["socket loop", "hyper-util", "reqwest", "hinternet, on the arbiter", "hinternet |"] {
        assert!(rows(client) >= 2, "{client} is missing:\n{table}");
    }
}
