//! How calls fail: by the server's word, by a reset, by none at all; each with the status that gRPC has for it.

use std::error::Error as _;

use futures_util::TryStreamExt;
use hinternet::{Error, WireState};
use http::uri::PathAndQuery;
use integration_tests::http2_origin::{Answer, Http2Scene, Reason};
use integration_tests::origin::Reply;
use integration_tests::patiently;
use service::echo::echo_client::EchoClient;
use service::echo::{Reply as Said, Words};
use service::grpc::transport;
use tonic::client::Grpc;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use super::oracle::{DETAILS, REFUSAL};
use super::{Scene, times, words};

fn error_of(status: &Status) -> &Error {
    status.source().and_then(|source| source.downcast_ref()).expect("the status has our error as its source")
}

#[tokio::test]
async fn a_status_without_any_message_comes_whole() {
    let scene = Scene::new().await;
    let mut request = Request::new(words("refuse"));
    request.metadata_mut().insert("x-ask", MetadataValue::from_static("why"));
    request.metadata_mut().insert_bin("x-ask-bin", MetadataValue::from_bytes(b"\0\xff"));
    for status in [
        patiently("a status", scene.echo().once(request)).await.unwrap_err(),
        patiently("a status", EchoClient::new(scene.connection.clone()).once(words("refuse"))).await.unwrap_err(),
    ] {
        assert_eq!((status.code(), status.message(), status.details()), (Code::FailedPrecondition, REFUSAL, DETAILS));
        if let Some(why) = status.metadata().get("x-ask") {
            assert_eq!(why, "why");
            assert_eq!(status.metadata().get_bin("x-ask-bin").unwrap().to_bytes().unwrap(), &b"\0\xff"[..]);
        }
    }
    scene.end().await;
}

#[tokio::test]
async fn a_status_after_some_messages_comes_behind_them() {
    let scene = Scene::new().await;
    let mut request = Request::new(times(5, "fail"));
    request.metadata_mut().insert("x-ask", MetadataValue::from_static("why"));
    let mut replies = patiently("a head", scene.echo().repeat(request)).await.unwrap().into_inner();
    for number in 1..=5 {
        assert_eq!(patiently("a reply", replies.message()).await.unwrap().unwrap().number, number);
    }
    let status = patiently("the status", replies.message()).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Aborted, "half way"));
    assert_eq!(status.metadata().get("x-ask").unwrap(), "why");
    scene.end().await;
}

#[tokio::test]
async fn what_is_not_there_is_unimplemented() {
    let scene = Scene::new().await;
    for path in ["/echo.v1.Echo/Nothing", "/other.v1.Service/Method"] {
        let mut grpc = Grpc::new(scene.connection.clone());
        grpc.ready().await.unwrap();
        let codec = ProstCodec::<Words, Said>::default();
        let call = grpc.unary(Request::new(words("hello")), PathAndQuery::from_static(path), codec);
        assert_eq!(patiently("a status", call).await.unwrap_err().code(), Code::Unimplemented, "{path}");
    }
    scene.end().await;
}

/// The protocol's table: gRPC over HTTP/2, "Errors".
#[tokio::test]
async fn a_reset_has_the_status_of_its_code() {
    let expected = [
        (Reason::NO_ERROR, Code::Internal),
        (Reason::PROTOCOL_ERROR, Code::Internal),
        (Reason::INTERNAL_ERROR, Code::Internal),
        (Reason::FLOW_CONTROL_ERROR, Code::Internal),
        (Reason::SETTINGS_TIMEOUT, Code::Internal),
        (Reason::STREAM_CLOSED, Code::Unknown),
        (Reason::FRAME_SIZE_ERROR, Code::Internal),
        (Reason::REFUSED_STREAM, Code::Unavailable),
        (Reason::CANCEL, Code::Cancelled),
        (Reason::COMPRESSION_ERROR, Code::Internal),
        (Reason::CONNECT_ERROR, Code::Internal),
        (Reason::ENHANCE_YOUR_CALM, Code::ResourceExhausted),
        (Reason::INADEQUATE_SECURITY, Code::PermissionDenied),
    ];
    for (reason, code) in expected {
        let scene = Http2Scene::with(move |_| Answer::reset(reason)).await;
        let mut echo = EchoClient::new(transport(scene.connection.clone()));
        let status = patiently("a status", echo.once(words("hello"))).await.unwrap_err();
        assert_eq!(status.code(), code, "{reason:?}: {status}");
        assert_eq!(error_of(&status).http2_error_code(), Some(reason.into()));
        let refused = error_of(&status).wire_state() == WireState::RefusedByPeer;
        assert_eq!(refused, reason == Reason::REFUSED_STREAM);
        drop(echo);
        scene.end().await;
    }
}

#[tokio::test]
async fn without_our_transport_the_error_is_the_source_of_an_unknown_status() {
    let scene = Http2Scene::with(|_| Answer::reset(Reason::CANCEL)).await;
    let mut echo = EchoClient::new(scene.connection.clone());
    let status = patiently("a status", echo.once(words("hello"))).await.unwrap_err();
    assert_eq!(error_of(&status).http2_error_code(), Some(Reason::CANCEL.into()), "{status}");
    drop(echo);
    scene.end().await;
}

#[tokio::test]
async fn an_answer_that_is_not_grpcs_has_the_status_of_its_http_status() {
    for (http, code) in [(503, Code::Unavailable), (404, Code::Unimplemented), (401, Code::Unauthenticated)] {
        let scene = Http2Scene::with(move |_| Reply::new(http).into()).await;
        let mut echo = EchoClient::new(transport(scene.connection.clone()));
        assert_eq!(patiently("a status", echo.once(words("hello"))).await.unwrap_err().code(), code);
        drop(echo);
        scene.end().await;
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_and_nothing_was_sent() {
    let scene = Scene::new().await;
    let Scene { recorder, session, connection, server, .. } = scene;
    server.stop().await;
    let mut echo = EchoClient::new(transport(connection));
    let status = patiently("a status", echo.once(words("hello"))).await.unwrap_err();
    assert_eq!((status.code(), error_of(&status).wire_state()), (Code::Unavailable, WireState::NotSent), "{status}");
    let status = patiently("a status", echo.gather(futures_util::stream::iter([words("hello")]))).await.unwrap_err();
    assert_eq!((status.code(), error_of(&status).wire_state()), (Code::Unavailable, WireState::NotSent), "{status}");
    drop(echo);
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_message_that_is_too_large_to_send_keeps_the_stubs_own_status() {
    let scene = Scene::new().await;
    let mut echo = scene.echo().max_encoding_message_size(10);
    let told = futures_util::stream::iter([words("short"), words("much too long to go")]);
    let status = patiently("a status", echo.gather(told)).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
    let mut echo = scene.echo().max_decoding_message_size(10);
    let replies = patiently("a head", echo.repeat(times(1, "much too long to come"))).await.unwrap();
    let status = patiently("a status", replies.into_inner().try_collect::<Vec<_>>()).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
    scene.end().await;
}
