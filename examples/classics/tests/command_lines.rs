//! The programs with arguments, as a shell sees them.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use classics::{FILM, film, film_from, film_up_to};
use integration_tests::origin::{Origin, Reply};
use integration_tests::patiently;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use tempfile::TempDir;

/// What a program said, and its exit code. The server of the test goes on meanwhile.
async fn run(program: &'static str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().expect("the program can be run"));
    let Output { status, stdout, stderr } = patiently("the program", output).await.expect("it did not panic");
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn folder() -> (TempDir, impl Fn(&str) -> String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    (folder, move |name| path.join(name).to_str().unwrap().to_owned())
}

fn files(folder: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const DOWNLOAD: &str = env!("CARGO_BIN_EXE_download");

#[tokio::test]
async fn a_get_shows_the_body_and_an_error_is_a_sentence_with_its_number() {
    let site = classics::site().await;
    let (code, out, err) = run(env!("CARGO_BIN_EXE_winhttp_get"), &[&site.url("/")]).await;
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.ends_with("\nHello from loopback.\n"), "{out}");
    let (code, out, err) = run(env!("CARGO_BIN_EXE_winhttp_get"), &["http://127.0.0.1:1/"]).await;
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.starts_with("error 12029 CANNOT_CONNECT in WinHttpSendRequest (send)"), "{err}");
}

#[tokio::test]
async fn an_upload_sends_as_many_kilobytes_as_it_is_told() {
    let site = Origin::start(|request| Reply::ok(format!("{} {}", request.method, request.body.len()))).await;
    for kilobytes in [0, 1, 300] {
        let server = site.address().to_string();
        let (code, out, _) = run(env!("CARGO_BIN_EXE_sendreq_async"), &[&server, "/in", &kilobytes.to_string()]).await;
        assert_eq!(code, Some(0));
        assert!(out.ends_with(&format!("200 OK: POST {}\n", kilobytes * 1024)), "{out}");
        assert_eq!(out.matches("WriteComplete(1024)").count(), kilobytes);
    }
    let (code, _, err) = run(env!("CARGO_BIN_EXE_sendreq_async"), &["a.example"]).await;
    assert_eq!(code, Some(2), "{err}");
}

#[tokio::test]
async fn many_are_waited_for_and_each_says_how_it_ended() {
    let site = classics::site().await;
    let urls = [site.url("/"), site.url("/nothing"), "http://127.0.0.1:1/".to_owned()];
    let (code, out, _) = run(env!("CARGO_BIN_EXE_wait_for_multiple"), &urls.each_ref().map(String::as_str)).await;
    let lines: Vec<_> = out.lines().collect();
    assert_eq!((code, lines.len()), (Some(0), 3), "{out}");
    assert_eq!(lines[..2], [format!("{}: 200 OK", urls[0]), format!("{}: 404 Not Found", urls[1])]);
    assert!(lines[2].contains("12029"), "{out}");
}

#[tokio::test]
async fn a_file_is_there_whole_with_its_prefix_head_and_checksum() {
    let (site, (folder, path)) = (classics::site().await, folder());
    for (prefix, shown) in
        [("0", None), ("9", Some("begins with the 9 octets \"0000000\\n0\"")), ("10000000", Some(""))]
    {
        let line = ["--prefix", prefix, "--head", &site.url("/film"), &path("film")];
        let (code, out, err) = run(DOWNLOAD, &line).await;
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        assert!(out.contains("\n    | HTTP/1.1 200 OK\n    | etag: \"first-cut\"\n"), "{out}");
        match shown {
            Some(shown) => assert!(out.contains(shown), "{out}"),
            None => assert!(!out.contains("begins with"), "{out}"),
        }
        assert!(prefix != "10000000" || out.contains(&format!("begins with the {FILM} octets")), "all there is");
        assert_eq!((files(&folder), std::fs::read(path("film")).unwrap()), (vec!["film".to_owned()], film().to_vec()));
    }
}

#[tokio::test]
async fn any_status_but_200_saves_nothing_and_leaves_the_file_that_is_there() {
    let site = Origin::start(|request| Reply::new(request.path()[1..].parse().unwrap()).body("no film")).await;
    let (folder, path) = folder();
    std::fs::write(path("film"), "the old one").unwrap();
    for status in ["201", "203", "204", "206", "304", "403", "404", "500"] {
        let (code, out, _) = run(DOWNLOAD, &[&site.url(&format!("/{status}")), &path("film")]).await;
        assert_eq!(code, Some(1), "{out}");
        let sentence = format!("film: not saved: the server answered {status} ");
        assert!(out.starts_with(&sentence) || (status == "206" && out.contains("12152")), "{out}");
        assert_eq!(
            (files(&folder), std::fs::read(path("film")).unwrap()),
            (vec!["film".to_owned()], b"the old one".into())
        );
    }
}

#[tokio::test]
async fn a_checksum_that_is_wrong_saves_nothing_and_the_right_one_does() {
    let (site, (folder, path)) = (classics::site().await, folder());
    let (code, out, _) = run(DOWNLOAD, &["--sha256", &"0".repeat(64), &site.url("/film"), &path("film")]).await;
    assert_eq!((code, files(&folder).len()), (Some(1), 0), "{out}");
    let right = out.split_whitespace().nth(6).expect("it says what it is").trim_end_matches(',').to_owned();
    let (code, out, _) = run(DOWNLOAD, &["--sha256", &right.to_uppercase(), &site.url("/film"), &path("film")]).await;
    assert_eq!((code, files(&folder).len()), (Some(0), 1), "{out}");
}

#[tokio::test]
async fn what_makes_no_sense_is_said_and_nothing_is_asked() {
    for line in [vec!["http://a.example/"], vec!["--sha256", "12", "http://a.example/", "a"]] {
        let (code, out, err) = run(DOWNLOAD, &line).await;
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    }
    let (code, out, _) = run(DOWNLOAD, &["gopher://a.example/", "a", "http://127.0.0.1:1/", "no/folder/b"]).await;
    assert_eq!((code, out.matches("not saved").count()), (Some(1), 2), "{out}");
    assert!(out.contains("12006") && out.contains("error 29 "), "{out}");
    assert!(!Path::new("a").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_stops_all_of_them_and_the_same_command_goes_on_from_there() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    let half = Script::new().read_request().send(film_up_to(FILM / 2)).keep();
    let one = ScriptedPeer::start(vec![half.clone(), Script::answering(film_from(FILM / 2))]).await;
    let two = ScriptedPeer::start(vec![half, Script::answering(film_from(FILM / 2))]).await;
    let (folder, path) = folder();
    let line = [one.url("/film"), path("one"), two.url("/film"), path("two")];

    let mut command = Command::new(DOWNLOAD);
    command.args(&line).stdin(Stdio::null()).stdout(Stdio::piped());
    let download = command.spawn().expect("the program can be run");
    let has_half = |name: &str| std::fs::metadata(path(name)).is_ok_and(|file| file.len() == FILM as u64 / 2);
    patiently("half of both", async {
        while !(has_half("one.part") && has_half("two.part")) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    kill(Pid::from_raw(download.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    let ended = tokio::task::spawn_blocking(move || download.wait_with_output().unwrap());
    let ended = patiently("its end", ended).await.unwrap();
    let out = String::from_utf8(ended.stdout).unwrap();
    assert_eq!((ended.status.code(), out.matches("stopped").count()), (Some(130), 2), "{out}");
    assert_eq!(files(&folder), ["one.part", "one.part.record", "two.part", "two.part.record"]);

    let (code, out, _) = run(DOWNLOAD, &line.each_ref().map(String::as_str)).await;
    assert_eq!((code, out.matches(&format!("{} of them from before", FILM / 2)).count()), (Some(0), 2), "{out}");
    assert_eq!(files(&folder), ["one", "two"]);
    assert!(["one", "two"].iter().all(|name| std::fs::read(path(name)).unwrap() == film()));
}
