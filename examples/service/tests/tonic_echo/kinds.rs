//! The four kinds of call, with what goes along.

use futures_util::{TryStreamExt, stream};
use hinternet::Session;
use hinternet::tls::TlsOptions;
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::patiently;
use integration_tests::recorder::Recorder;
use service::echo::echo_client::EchoClient;
use service::echo::echo_server::EchoServer;
use tokio::net::TcpListener;
use tonic::Request;
use tonic::metadata::MetadataValue;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Identity, Server, ServerTlsConfig};

use super::oracle::Oracle;
use super::{Scene, times, words};

#[tokio::test]
async fn once_over_a_connection_a_session_and_our_transport() {
    let scene = Scene::new().await;
    let mut plain = EchoClient::new(scene.connection.clone());
    assert_eq!(patiently("a reply", plain.once(words("plain"))).await.unwrap().into_inner().text, "plain");
    let origin = scene.server.origin().parse().unwrap();
    let mut absolute = EchoClient::with_origin(scene.session.clone(), origin);
    assert_eq!(patiently("a reply", absolute.once(words("absolute"))).await.unwrap().into_inner().text, "absolute");
    assert_eq!(patiently("a reply", scene.echo().once(words("ours"))).await.unwrap().into_inner().text, "ours");
    assert_eq!(scene.oracle.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn a_thousand_messages_come_in_order() {
    let scene = Scene::new().await;
    let replies = patiently("a head", scene.echo().repeat(times(1000, "x".repeat(1024)))).await.unwrap();
    let replies: Vec<_> = patiently("the replies", replies.into_inner().try_collect()).await.unwrap();
    assert_eq!(replies.iter().map(|reply| reply.number).collect::<Vec<_>>(), (1..=1000).collect::<Vec<_>>());
    assert!(replies.iter().all(|reply| reply.text.len() == 1024));
    scene.end().await;
}

#[tokio::test]
async fn a_thousand_messages_go_out_beyond_any_window() {
    let scene = Scene::new().await;
    let told = stream::iter((0..1000).map(|_| words("x".repeat(8 * 1024))));
    let reply = patiently("a reply", scene.echo().gather(told)).await.unwrap().into_inner();
    assert_eq!((reply.number, reply.text), (1000, (1000 * 8 * 1024).to_string()));
    scene.end().await;
}

#[tokio::test]
async fn messages_of_four_mebibytes_go_both_ways() {
    let scene = Scene::new().await;
    let text = "x".repeat(4 * 1024 * 1024 - 16);
    let reply = patiently("a reply", scene.echo().once(words(text.clone()))).await.unwrap().into_inner();
    assert!(reply.text == text);
    scene.end().await;
}

#[tokio::test]
async fn metadata_go_both_ways_octet_for_octet() {
    let scene = Scene::new().await;
    let octets: [&[u8]; 3] = [b"\0\x01\xff", b"", b"a, b"];
    let mut request = Request::new(words("hello"));
    request.metadata_mut().insert("x-ask", MetadataValue::from_static("one, two"));
    for octets in octets {
        request.metadata_mut().append_bin("x-ask-bin", MetadataValue::from_bytes(octets));
    }
    let reply = patiently("a reply", scene.echo().once(request)).await.unwrap();
    assert_eq!(reply.metadata().get("x-ask").unwrap(), "one, two");
    let back: Vec<_> = reply.metadata().get_all_bin("x-ask-bin").iter().map(|one| one.to_bytes().unwrap()).collect();
    assert_eq!(back, octets);
    assert!(reply.extensions().get::<hinternet::ConnectionInfo>().is_some(), "which wire it came over");
    scene.end().await;
}

#[tokio::test]
async fn over_tls_the_protocol_is_agreed_on() {
    let authority = Authority::new("The test's authority");
    let identity = authority.issue(Leaf::for_names(["127.0.0.1"]));
    let identity = Identity::from_pem(identity.chain_pem(), identity.key_pem());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("https://{}", listener.local_addr().unwrap());
    let mut server = Server::builder().tls_config(ServerTlsConfig::new().identity(identity)).unwrap();
    let server = server.add_service(EchoServer::new(Oracle::default()));
    let serving = tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));

    let recorder = Recorder::start();
    // Without a word about HTTP/2.
    let session = recorder.session(Session::builder().tls(TlsOptions::new().trust_only([authority.certificate()])));
    let mut echo = EchoClient::with_origin(session.clone(), origin.parse().unwrap());
    assert_eq!(patiently("a reply", echo.once(words("secret"))).await.unwrap().into_inner().text, "secret");
    drop(echo);
    recorder.finish(session).await;
    serving.abort();
}
