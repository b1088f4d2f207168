//! Every way of sending a request that is counted does send it. The counting itself needs valgrind, and is a step of CI.

use std::process::Command;

#[test]
fn every_path_gets_its_answers() {
    let references = ["harness", "floor", "hyper-conn", "hyper-util", "h2"];
    let ours = ["paved", "paved-listening", "handles-listening", "paved-http2"];
    let paths = [&references[..], &ours].concat();
    for path in paths {
        let output = Command::new(env!("CARGO_BIN_EXE_instructions"))
            .args(["--requests", "20", "--path", path])
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
