//! The program as a shell sees it.

use std::path::Path;
use std::process::Output;

use integration_tests::certificates::{Authority, Leaf, pem};
use integration_tests::http2_origin::Http2Origin;
use integration_tests::origin::{Origin, Reply};
use integration_tests::patiently;
use integration_tests::tls::Tls;
use tokio::process::Command;

async fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_http2_facts"));
    let Output { status, stdout, stderr } =
        patiently("the program", command.args(arguments).output()).await.expect("the program can be run");
    let text = |octets| String::from_utf8(octets).expect("it prints UTF-8");
    (status.code(), text(stdout), text(stderr))
}

/// `HINTERNET_BLESS=1 cargo test -p http2_facts` writes what it prints into the file that the book shows.
#[tokio::test]
async fn without_a_url_it_prints_what_the_book_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("expected.txt");
    let (code, out, err) = run(&[]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    if std::env::var_os("HINTERNET_BLESS").is_some_and(|bless| bless == "1") {
        std::fs::write(&file, out).expect("the expectation can be written");
        return;
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(out == expected, "it does not print {}. It prints:\n{out}", file.display());
}

#[tokio::test]
async fn it_says_what_was_agreed_on() {
    let authority = Authority::new("The test's authority");
    let files = tempfile::tempdir().unwrap();
    let trusted = files.path().join("authority.pem");
    std::fs::write(&trusted, pem(authority.der())).unwrap();
    for (offered, protocol) in [("h2", "HTTP/2.0"), ("http/1.1", "HTTP/1.1")] {
        let tls = Tls::new(&authority.issue(Leaf::for_names(["127.0.0.1"]))).offering(&[offered]);
        let server = Http2Origin::secure(&tls, |_| Reply::new(200).chunked(["hello"]).trailer("sum", "5").into()).await;
        let (code, out, err) = run(&[&server.url("/"), "--trust", trusted.to_str().unwrap()]).await;
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        for line in [format!("protocol  {protocol}\n"), format!("ALPN      {offered}\n")] {
            assert!(out.contains(&line), "{line} is not in {out}");
        }
        assert!(out.contains("body      5 octets\ntrailer   sum: 5\n"), "{out}");
    }
}

#[tokio::test]
async fn without_tls_http2_is_spoken_where_it_is_required() {
    let server = Http2Origin::start(|_| Reply::ok("hello").into()).await;
    let (code, out, err) = run(&[&server.url("/"), "--require"]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.starts_with("protocol  HTTP/2.0\nALPN      no TLS\n"), "{out}");
    let server = Origin::start(|_| Reply::ok("hello")).await;
    let (code, out, err) = run(&[&server.url("/")]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.starts_with("protocol  HTTP/1.1\n"), "{out}");
}

#[tokio::test]
async fn no_answer_is_exit_code_1_and_a_file_that_cannot_be_read_is_named() {
    let (code, out, err) = run(&["http://127.0.0.1:1/"]).await;
    assert_eq!((code, out.as_str(), err.contains("12029")), (Some(1), "", true), "{err}");
    let (code, out, err) = run(&["https://127.0.0.1:1/", "--trust", "nowhere.pem"]).await;
    assert_eq!((code, out.as_str(), err.contains("nowhere.pem")), (Some(2), "", true), "{err}");
}
