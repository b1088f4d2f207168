//! What is typed is said, heard, and answered by an orderly end.

use std::io::Write;
use std::process::{Command, Stdio};

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
