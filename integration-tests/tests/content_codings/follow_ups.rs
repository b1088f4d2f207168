//! Coded bodies and what comes before them: what is not delivered is never decoded, and what comes from another shard is decoded all
//! the same.

use bytes::Bytes;
use hinternet::{Cache, Engine, ErrorCode, Method, Protocols, RequestOptions, Session, SessionBuilder, Status};
use integration_tests::coded::Coded;
use integration_tests::http2_origin::{Answer, Http2Origin};
use integration_tests::origin::{Origin, Reply};
use integration_tests::patiently;
use integration_tests::recorder::Recorder;
use integration_tests::scene::read_all;

use crate::content;

/// So many that some of them are at home on other shards than the first.
const ORIGINS: usize = 8;

fn spread() -> SessionBuilder {
    Session::builder().engine(Engine::builder().shards(4).start().unwrap())
}

/// A page that says it is gzip, and is not: nobody who decodes it fails to notice.
fn undecodable(reply: Reply) -> Reply {
    reply.body("no gzip at all").field("content-encoding", "gzip")
}

async fn answering(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Vec<Origin> {
    let reply = std::sync::Arc::new(reply);
    let mut many = Vec::new();
    for _ in 0..ORIGINS {
        let reply = std::sync::Arc::clone(&reply);
        many.push(Origin::start(move |_| reply()).await);
    }
    many
}

#[tokio::test]
async fn what_is_dropped_on_the_way_is_not_decoded() {
    let recorder = Recorder::start();
    let session = recorder.session(spread());
    let sent = content(200_000);
    let (end, coded) = (sent.clone(), Coded::Brotli);
    for to in answering(move || crate::reply(coded, &end)).await {
        let url = to.url("/end");
        let from = Origin::start(move |_| undecodable(Reply::redirect(302, url.clone()))).await;
        let response = patiently("an answer", session.get(from.url("/")).unwrap().send()).await.unwrap();
        assert!(response.is_decoded());
        assert!(patiently("the body", response.bytes()).await.unwrap() == sent);
        // Read away as it was, the wire serves again.
        let again = patiently("an answer", session.get(from.url("/")).unwrap().send()).await.unwrap();
        assert!(patiently("the body", again.bytes()).await.unwrap() == sent);
        assert_eq!((from.connections(), to.connections()), (1, 1));
    }
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_body_from_another_shard_is_decoded_by_the_paved_path() {
    for coded in Coded::ALL {
        for length in [0, 1, 9_000, 600_000] {
            let recorder = Recorder::start();
            let session = recorder.session(spread());
            let sent = content(length);
            let body = sent.clone();
            for to in answering(move || crate::reply(coded, &body)).await {
                let url = to.url("/end");
                let from = Origin::start(move |_| Reply::redirect(307, url.clone())).await;
                let mut response = patiently("an answer", session.get(from.url("/")).unwrap().send()).await.unwrap();
                let mut whole = Vec::new();
                while let Some(piece) = patiently("a piece", response.chunk()).await.unwrap() {
                    whole.extend_from_slice(&piece);
                }
                assert!(whole == sent, "{coded:?} of {length} octets: {}", whole.len());
                let (came, sizes) = (coded.code(&sent).len() as u64, response.sizes());
                assert_eq!((sizes.response_body, sizes.decoded_body), (came, length as u64), "{coded:?}");
                assert_eq!(to.log()[0].field("accept-encoding"), Some("gzip, deflate, br, zstd"));
            }
            recorder.finish(session).await;
        }
    }
}

#[tokio::test]
async fn a_body_from_another_shard_is_decoded_call_by_call() {
    let recorder = Recorder::start();
    let session = recorder.session(spread());
    let sent = content(500_000);
    let body = sent.clone();
    for to in answering(move || crate::reply(Coded::Zstd, &body)).await {
        let url = to.url("/end");
        let from = Origin::start(move |_| Reply::redirect(307, url.clone())).await;
        let connection = session.connect(&from.origin()).unwrap();
        let request = connection.open_request(Method::GET, "/").unwrap();
        request.send(()).await.unwrap();
        request.receive_response().await.unwrap();
        let available = request.query_data_available().await.unwrap() as usize;
        assert_eq!(request.read().await.unwrap(), sent[..available]);
        assert_eq!(request.read_exact(100_001).await.unwrap(), sent[available..available + 100_001]);
        assert!(read_all(&request).await.unwrap() == sent[available + 100_001..]);
        let id = request.id();
        request.close().await.unwrap();
        request.closed().await;
        let totals = |one: &hinternet::Notification| match one.status {
            Status::DownloadProgress { received, total, .. } => Some((received, total)),
            _ => None,
        };
        let totals: Vec<_> = recorder.of(id).iter().filter_map(totals).collect();
        assert!(totals.iter().all(|(_, total)| total.is_none()), "{totals:?}");
        assert_eq!(totals.last().unwrap().0, 500_000);
    }
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_body_from_another_shard_that_cannot_be_decoded_is_an_error() {
    let mut options = RequestOptions::default();
    options.limits.decoded_body = Some(50_000);
    let recorder = Recorder::start();
    let session = recorder.session(spread().request_options(options));
    let truncated = Coded::Gzip.code(&content(40_000));
    let truncated = truncated.slice(..truncated.len() - 3);
    let large = Coded::Gzip.code(&content(50_001));
    for (body, code) in [(truncated, ErrorCode::InvalidServerResponse), (large, ErrorCode::BodyTooLarge)] {
        for to in answering(move || Reply::ok(body.clone()).field("content-encoding", "gzip")).await {
            let url = to.url("/end");
            let from = Origin::start(move |_| Reply::redirect(302, url.clone())).await;
            let read = async { session.get(from.url("/"))?.send().await?.bytes().await };
            let error = patiently("an error", read).await.unwrap_err();
            assert_eq!(error.code(), code, "{error}");
        }
    }
    recorder.finish(session).await;
}

#[tokio::test]
async fn over_http2_it_is_the_same() {
    let recorder = Recorder::start();
    let session = recorder.session(spread().protocols(Protocols::RequireHttp2));
    let sent = content(300_000);
    let body: Bytes = Coded::Brotli.code(&sent);
    for _ in 0..ORIGINS {
        let body = body.clone();
        let to = Http2Origin::start(move |_| Answer::from(Reply::ok(body.clone()).field("content-encoding", "br")));
        let to = to.await;
        let url = to.url("/end");
        let from = Http2Origin::start(move |_| Answer::from(undecodable(Reply::redirect(302, url.clone())))).await;
        let response = patiently("an answer", session.get(from.url("/")).unwrap().send()).await.unwrap();
        assert!(patiently("the body", response.bytes()).await.unwrap() == sent);
    }
    recorder.finish(session).await;
}

#[tokio::test]
async fn what_is_stored_is_what_came_and_is_decoded_as_often_as_it_is_read() {
    for coded in Coded::ALL {
        let sent = content(150_000);
        let (body, came) = (sent.clone(), coded.code(&sent).len() as u64);
        let recorder = Recorder::start();
        let cache = Cache::in_memory();
        let session = recorder.session(Session::builder().cache(cache.clone()));
        let origin = Origin::start(move |_| crate::reply(coded, &body).field("cache-control", "max-age=600")).await;
        for _ in 0..3 {
            let mut response = patiently("an answer", session.get(origin.url("/")).unwrap().send()).await.unwrap();
            let mut whole = Vec::new();
            while let Some(piece) = patiently("a piece", response.chunk()).await.unwrap() {
                whole.extend_from_slice(&piece);
            }
            assert!(whole == sent, "{coded:?}");
            let sizes = response.sizes();
            assert_eq!((sizes.response_body, sizes.decoded_body), (came, 150_000), "{coded:?}");
        }
        assert_eq!(origin.log().len(), 1, "{coded:?}");
        recorder.finish(session).await;
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_decoded_is_not_stored() {
    let whole = Coded::Gzip.code(&content(5_000));
    let body = whole.slice(..whole.len() - 1);
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().cache(Cache::in_memory()));
    let answer = move |_: &integration_tests::request::Request| {
        Reply::ok(body.clone()).field("content-encoding", "gzip").field("cache-control", "max-age=600")
    };
    let origin = Origin::start(answer).await;
    for _ in 0..2 {
        let read = async { session.get(origin.url("/"))?.send().await?.bytes().await };
        let error = patiently("an error", read).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidServerResponse);
    }
    assert_eq!(origin.log().len(), 2);
    recorder.finish(session).await;
}
