//! Several ranges in one response (RFC 9110 14.6).

use hinternet::{ErrorCode, Parts};
use integration_tests::scripted_peer::Split;

use super::*;

const BODY: &str = "\r\n--X\r\ncontent-type: text/plain\r\ncontent-range: bytes 0-4/300\r\n\r\nabcde\r\n--X\r\n\
                    content-range: bytes 295-299/300\r\n\r\nvwxyz\r\n--X--\r\n";

fn several(body: &str) -> String {
    let content_type = "content-type: multipart/byteranges; boundary=X\r\n";
    format!("HTTP/1.1 206 Partial Content\r\n{content_type}content-length: {}\r\n\r\n{body}", body.len())
}

async fn parts(world: &World) -> hinternet::Result<Parts> {
    world.session.get(world.peer.url("/film"))?.ranges([0..5, 295..300]).send().await?.parts()
}

async fn read(mut parts: Parts) -> hinternet::Result<Vec<(u64, Vec<u8>)>> {
    let mut all = Vec::new();
    while let Some(part) = parts.next_part().await? {
        let mut octets = Vec::new();
        while let Some(piece) = parts.chunk().await? {
            octets.extend_from_slice(&piece);
        }
        all.push((part.range.first, octets));
    }
    Ok(all)
}

#[tokio::test]
async fn rfc9110_14_6_parts_come_one_after_the_other_however_they_are_cut() {
    for split in [Split::Whole, Split::OneOctet, Split::Twenty, Split::Seeded(7)] {
        let world = World::of(vec![Script::answering(several(BODY)).split(split)]).await;
        let all = read(parts(&world).await.unwrap()).await.unwrap();
        assert_eq!(all, [(0, b"abcde".to_vec()), (295, b"vwxyz".to_vec())]);
        assert_eq!(world.requests()[0].field("range"), Some("bytes=0-4,295-299"));
        world.end().await;
    }
}

#[tokio::test]
async fn a_part_that_is_not_read_is_skipped() {
    let world = World::of(vec![Script::answering(several(BODY))]).await;
    let mut parts = parts(&world).await.unwrap();
    assert_eq!(parts.next_part().await.unwrap().unwrap().headers["content-type"], "text/plain");
    let second = parts.next_part().await.unwrap().unwrap();
    assert_eq!((second.range.first, second.range.complete_length), (295, Some(300)));
    assert!(parts.next_part().await.unwrap().is_none() && parts.next_part().await.unwrap().is_none());
    world.end().await;
}

#[tokio::test]
async fn a_single_part_is_one_too() {
    let world = World::of(vec![Script::answering(part(&film(), 295, TAG))]).await;
    assert_eq!(read(parts(&world).await.unwrap()).await.unwrap(), [(295, film()[295..].to_vec())]);
    world.end().await;
}

#[tokio::test]
async fn what_was_not_asked_and_what_ends_too_early_is_an_error() {
    let early = &BODY[..BODY.len() - 12];
    for body in [&BODY.replace("0-4/300", "1-5/300"), early, "", "no boundary"] {
        let world = World::of(vec![Script::answering(several(body))]).await;
        let error = read(parts(&world).await.unwrap()).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidServerResponse, "{body}");
        world.end().await;
    }
    let world = World::of(vec![Script::answering(whole(&film(), TAG))]).await;
    assert!(parts(&world).await.is_err(), "all of it is no part");
    world.end().await;
}
