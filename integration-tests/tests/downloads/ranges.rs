//! What a request asks for, and what of the answer is that.

use hinternet::{ErrorCode, Ranged, RequestBuilder, Validator};

use super::*;

async fn answered(
    answer: impl Into<Vec<u8>>,
    ask: impl FnOnce(RequestBuilder) -> RequestBuilder,
) -> (World, hinternet::Result<Ranged>) {
    let world = World::of(vec![Script::answering(answer.into())]).await;
    let response = ask(world.session.get(world.peer.url("/film")).unwrap()).send().await.unwrap();
    let ranged = response.ranged();
    drop(response);
    (world, ranged)
}

fn partial(range: &str) -> String {
    format!("HTTP/1.1 206 Partial Content\r\ncontent-range: {range}\r\ncontent-length: 0\r\n\r\n")
}

#[tokio::test]
async fn rfc9110_14_2_the_range_is_asked_for_without_a_coding() {
    let (world, ranged) = answered(partial("bytes 5-9/20"), |it| it.range(5..10)).await;
    let Ok(Ranged::Part(part)) = ranged else { panic!("{ranged:?}") };
    assert_eq!((part.first, part.last, part.complete_length, part.len()), (5, 9, Some(20), 5));
    let [request] = &world.requests()[..] else { panic!("one request") };
    assert_eq!((request.field("range"), request.field("accept-encoding")), (Some("bytes=5-9"), Some("identity")));
    world.end().await;
}

#[tokio::test]
async fn rfc9110_15_3_7_a_206_is_what_was_asked_or_an_error() {
    for (range, is_it) in [
        ("bytes 5-9/20", true),
        ("bytes 5-7/20", true),
        ("bytes 5-9/*", true),
        ("bytes 4-9/20", false),
        ("bytes 5-10/20", false),
        ("bytes 0-19/20", false),
        ("bytes 9-5/20", false),
        ("bytes 5-9/9", false),
        ("items 5-9/20", false),
        ("bytes */20", false),
    ] {
        let (world, ranged) = answered(partial(range), |it| it.range(5..10)).await;
        assert_eq!(ranged.is_ok(), is_it, "{range}: {ranged:?}");
        if let Err(error) = ranged {
            assert_eq!(error.code(), ErrorCode::InvalidServerResponse);
        }
        world.end().await;
    }
    let twice =
        "HTTP/1.1 206 P\r\ncontent-range: bytes 5-9/20\r\ncontent-range: bytes 0-4/20\r\ncontent-length: 0\r\n\r\n";
    let (world, ranged) = answered(twice, |it| it.range(5..10)).await;
    assert!(ranged.is_err());
    world.end().await;
    let (world, ranged) = answered(partial("bytes 5-9/20"), |it| it).await;
    assert!(ranged.is_err(), "nobody asked for it");
    world.end().await;
}

#[tokio::test]
async fn a_200_in_place_of_a_206_and_a_416_are_told_apart() {
    let (world, ranged) = answered(whole(&film(), TAG), |it| it.range(5..)).await;
    assert_eq!(ranged.unwrap(), Ranged::Whole);
    world.end().await;
    for (fields, length) in
        [("content-range: bytes */20\r\n", Some(20)), ("", None), ("content-range: bytes 0-4/20\r\n", None)]
    {
        let answer = format!("HTTP/1.1 416 No\r\n{fields}content-length: 0\r\n\r\n");
        let (world, ranged) = answered(answer, |it| it.range(50..)).await;
        assert_eq!(ranged.unwrap(), Ranged::NotSatisfiable { complete_length: length });
        world.end().await;
    }
    let (world, ranged) = answered("HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n", |it| it.last_octets(5)).await;
    assert!(ranged.is_err());
    assert_eq!(world.requests()[0].field("range"), Some("bytes=-5"));
    world.end().await;
}

#[tokio::test]
async fn rfc9110_13_1_5_if_range_says_of_which_version() {
    let world = World::of(vec![Script::answering(whole(&film(), TAG))]).await;
    let first = world.session.get(world.peer.url("/film")).unwrap().send().await.unwrap();
    let validator = Validator::of(first.headers()).unwrap();
    first.bytes().await.unwrap();
    let again = world.session.get(world.peer.url("/film")).unwrap().range(5..).if_range(&validator);
    assert_eq!(again.send().await.unwrap().ranged().unwrap(), Ranged::Whole);
    assert_eq!(world.asked(), [ALL, asks("bytes=5-", TAG)]);
    world.end().await;
}

#[tokio::test]
async fn ranges_that_cannot_be_meant_are_refused_and_nothing_is_sent() {
    let world = World::of(vec![Script::answering(whole(&film(), TAG))]).await;
    let get = || world.session.get(world.peer.url("/film")).unwrap();
    let many = (0..101u64).map(|nth| nth * 10..nth * 10 + 5);
    for wrong in
        [get().range(5..5), get().last_octets(0), get().ranges(many), get().ranges(Vec::<std::ops::Range<u64>>::new())]
    {
        assert_eq!(wrong.send().await.unwrap_err().code(), ErrorCode::InvalidParameter);
    }
    assert_eq!(world.requests().len(), 0);
    get().range(..).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(world.asked(), [ALL], "all there is is no range");
    world.end().await;
}
