//! What a form carries, how long it is, and whether it can be given again.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use hinternet::{Error, ErrorCode, Method, Payload, RetryPolicy};
use integration_tests::Seeded;

use super::*;

fn pieces(pieces: &'static [&'static str]) -> impl futures_util::Stream<Item = io::Result<Bytes>> + Send {
    stream::iter(pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))))
}

#[tokio::test]
async fn text_octets_files_and_streams_arrive_as_they_were_given() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    std::fs::write(&path, vec![7; 200_000]).unwrap();
    let form = Form::new()
        .text("title", "A film\r\nof two lines \u{e9}")
        .text("empty", "")
        .bytes("poster", "poster.png", &b"\x89PNG\r\n\0\xff"[..])
        .content_type("image/png")
        .file("film", &path)
        .content_type("video/mp4")
        .stream("subtitles", "film.srt", Some(5), pieces(&["ab", "", "cde"]))
        .file_name("other.srt");
    let request = world.post(form).await.unwrap();
    let expected = [
        came("title", "A film\r\nof two lines \u{e9}"),
        came("empty", ""),
        Came { content_type: Some("image/png".to_owned()), ..file("poster", "poster.png", &b"\x89PNG\r\n\0\xff"[..]) },
        Came { content_type: Some("video/mp4".to_owned()), ..file("film", "film.mp4", vec![7; 200_000]) },
        file("subtitles", "other.srt", "abcde"),
    ];
    assert_eq!(parts(&request).await, expected);
    let length = request.body.len().to_string();
    assert_eq!((request.field("content-length"), request.field("transfer-encoding")), (Some(&*length), None));
    world.end().await;
}

#[tokio::test]
async fn with_a_stream_of_unknown_length_it_is_chunked() {
    let world = World::start().await;
    let form = Form::new().text("a", "1").stream("log", "log", None, pieces(&["one ", "two"])).text("b", "2");
    let request = world.post(form).await.unwrap();
    assert_eq!((request.field("content-length"), request.field("transfer-encoding")), (None, Some("chunked")));
    assert_eq!(parts(&request).await, [came("a", "1"), file("log", "log", "one two"), came("b", "2")]);
    world.end().await;
}

#[tokio::test]
async fn any_form_is_read_back_as_it_was_written() {
    let world = World::start().await;
    let mut seeded = Seeded::new(7);
    for _ in 0..60 {
        let (mut form, mut expected) = (Form::new(), Vec::new());
        for nth in 0..seeded.below(6) {
            // What a part holds may look like what stands between parts.
            let octets: Vec<u8> = (0..seeded.below(300)).map(|_| b"\r\n--ab\0\xff"[seeded.below(8)]).collect();
            let name = format!("part {nth}");
            if seeded.below(2) == 0 {
                form = form.bytes(&name, "x", octets.clone());
            } else {
                let piece = Bytes::from(octets.clone());
                let length = (seeded.below(2) == 0).then_some(octets.len() as u64);
                form = form.stream(&name, "x", length, stream::iter([Ok(piece)]));
            }
            expected.push(file(&name, "x", octets));
        }
        let request = world.post(form).await.unwrap();
        assert_eq!(parts(&request).await, expected);
    }
    world.end().await;
}

#[tokio::test]
async fn each_form_has_a_boundary_of_its_own() {
    let (one, other) = (Form::new(), Form::default());
    assert_ne!(one.boundary(), other.boundary());
    assert!(one.boundary().len() <= 70 && one.boundary().len() >= 32, "{}", one.boundary());
}

#[tokio::test]
async fn a_form_is_sent_again_whole_unless_a_part_is_a_stream() {
    let busy = "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n";
    let policy = RetryPolicy::new().any_method(true).first_pause(Duration::from_millis(1)).attempts(2);
    let world = World::playing(Script::answering(busy)).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film");
    std::fs::write(&path, "octets").unwrap();
    let post = |form| world.session.post(world.peer.url("/")).unwrap().retry(policy.clone()).multipart(form);
    post(Form::new().text("a", "1").file("film", &path)).send().await.unwrap().bytes().await.unwrap();
    let sent = world.peer.requests();
    let [first, again] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!((&first.head, &first.body), (&again.head, &again.body));
    assert_eq!(parts(again).await, [came("a", "1"), file("film", "film", "octets")]);
    post(Form::new().stream("log", "log", None, pieces(&["once"]))).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(world.peer.requests().len(), 3);
    world.end().await;
}

#[tokio::test]
async fn call_for_call_the_payload_says_what_it_is() {
    let world = World::start().await;
    let request = world.session.connect(&world.peer.origin()).unwrap().open_request(Method::POST, "/").unwrap();
    request.send(Payload::multipart(Form::new().text("a", "1"))).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(parts(&world.peer.requests()[0]).await, [came("a", "1")]);

    let form = Form::new().text("a", "1");
    let mixed = format!("multipart/mixed; boundary={}", form.boundary());
    let own = world.session.post(world.peer.url("/")).unwrap().header("content-type", &mixed).multipart(form);
    own.send().await.unwrap().bytes().await.unwrap();
    assert_eq!(world.peer.requests()[1].fields_named("content-type"), [&mixed], "the caller's word");
    world.end().await;
}

/// What a form fails with.
async fn fails(form: Form) -> Error {
    let world = World::start().await;
    let error = world.post(form).await.unwrap_err();
    world.end().await;
    error
}

#[tokio::test]
async fn a_part_that_cannot_be_given_is_the_callers_fault() {
    let lies = |length| Form::new().stream("log", "log", Some(length), pieces(&["four"]));
    let broken = stream::iter([Ok(Bytes::from_static(b"a")), Err(io::Error::other("the disk is gone"))]);
    for form in
        [Form::new().file("film", "/no/such/file"), lies(3), lies(5), Form::new().stream("log", "log", None, broken)]
    {
        assert_eq!(fails(form).await.code(), ErrorCode::InvalidParameter);
    }
}
