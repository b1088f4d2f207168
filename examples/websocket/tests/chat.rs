//! What is typed is said, heard, and answered by an orderly end.

use std::io::{Write, read_to_string};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use futures_util::StreamExt;
use integration_tests::websocket::WebSocketOrigin;

#[test]
fn what_is_typed_comes_back_from_the_room_and_the_end_of_input_closes() {
    let mut chat = Command::new(env!("CARGO_BIN_EXE_websocket"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    chat.stdin.take().expect("a pipe").write_all(b"hello\nis anybody there?\n").expect("it reads");
    let ended = chat.wait_with_output().expect("it ends");
    let said = String::from_utf8(ended.stdout).expect("text");
    assert_eq!(said, "the server speaks chat\nme: hello\nme: is anybody there?\nclosed by 1000 nothing more to say\n");
    assert!(ended.status.success());
}

#[test]
fn what_goes_wrong_is_said_in_a_sentence() {
    let run =
        |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_websocket")).args(arguments).output().expect("it runs");
    let refused = run(&["ws://127.0.0.1:1/"]);
    let said = String::from_utf8(refused.stderr).expect("text");
    assert!(said.starts_with("websocket: error 12029 CANNOT_CONNECT in ") && said.ends_with("\n"), "{said}");
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(run(&["--help"]).stdout).expect("text").contains("[URL] [NAME]"));
}

#[test]
fn it_ends_when_the_server_closes_though_somebody_might_still_type() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let room = runtime.block_on(WebSocketOrigin::start(async |mut served| {
        served.close(None).await.expect("it closes");
        while served.next().await.is_some() {}
    }));
    let mut chat = Command::new(env!("CARGO_BIN_EXE_websocket"))
        .arg(room.url())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let _keyboard = chat.stdin.take().expect("a pipe");
    let screen = chat.stdout.take().expect("a pipe");
    let (shows, shown) = mpsc::channel();
    // Up to its end.
    std::thread::spawn(move || shows.send(read_to_string(screen)));
    let Ok(shown) = shown.recv_timeout(Duration::from_secs(20)) else {
        chat.kill().expect("it is still there");
        panic!("it does not end");
    };
    assert!(shown.expect("text").ends_with("closed by 1005 \n"));
    assert!(chat.wait().expect("it ends").success());
}
