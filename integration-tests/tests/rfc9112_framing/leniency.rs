//! What a client reads that has been told to forgive, and what it asks for in other words than usual.

use hinternet::network::Proxy;
use hinternet::{Cache, ErrorCode, Leniency, Method, NamedProxies, RequestOptions, Session, SessionBuilder};
use integration_tests::coded::Coded;
use integration_tests::scene::{Scene, read_all};
use integration_tests::scripted_peer::{Script, ScriptedPeer};

const BARE: &str = "HTTP/1.1 200 OK\nA: b\nTransfer-Encoding: chunked\n\n5\nhello\n0\nC: d\n\n";
const BOTH: &str = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";

fn forgiving(leniency: Leniency) -> SessionBuilder {
    let mut options = RequestOptions::default();
    options.leniency = leniency;
    Session::builder().request_options(options)
}

/// Two requests after one another: what was read of each, and on how many wires.
async fn twice(answer: &'static str, leniency: Leniency) -> (Vec<Vec<u8>>, usize) {
    let scene = Scene::of(ScriptedPeer::always(Script::answering(answer)).await, forgiving(leniency));
    let mut read = Vec::new();
    for _ in 0..2 {
        let request = scene.reading().await;
        read.push(read_all(&request).await.unwrap());
    }
    let wires = scene.peer.connections();
    scene.end().await;
    (read, wires)
}

#[tokio::test]
async fn a_line_that_ends_in_lf_alone_is_a_line_and_behind_one_of_chunks_the_wire_serves_no_other_request() {
    for (answer, wires) in [
        (BARE, 2),
        ("HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello", 1),
        ("HTTP/1.1 103 Early Hints\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 1),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n", 2),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n", 2),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\n\r\n", 2),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\n", 2),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\n\r\n", 2),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\n\n5\r\nhello\r\n0\r\n\r\n", 1),
        // It may be forgiven, and there was nothing to forgive.
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n", 1),
    ] {
        let read = twice(answer, Leniency::BARE_LINE_FEED).await;
        assert_eq!(read, (vec![b"hello".to_vec(); 2], wires), "{answer:?}");
    }
}

#[tokio::test]
async fn a_wire_whose_framing_was_forgiven_serves_no_other_request() {
    let (read, wires) = twice(BOTH, Leniency::BOTH_FRAMINGS).await;
    assert_eq!((read, wires), (vec![b"hello".to_vec(); 2], 2));
}

#[tokio::test]
async fn nothing_is_forgiven_unasked_nor_anything_else_than_was_asked() {
    for (answer, leniency) in [
        (BARE, Leniency::NONE),
        (BOTH, Leniency::NONE),
        (BARE, Leniency::all() - Leniency::BARE_LINE_FEED),
        (BOTH, Leniency::all() - Leniency::BOTH_FRAMINGS - Leniency::NO_LENGTHS),
    ] {
        let scene = Scene::of(ScriptedPeer::always(Script::answering(answer)).await, forgiving(leniency));
        let request = scene.sent().await;
        let error = scene.recorder.failure(request.id(), request.receive_response().await);
        assert_eq!(error.code(), ErrorCode::InvalidServerResponse, "{leniency:?}");
        drop(request);
        scene.end().await;
    }
}

fn gzipped(more: &str, content: &[u8]) -> Vec<u8> {
    let octets = Coded::Gzip.code(content);
    let head = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n{more}\r\n{:x}\r\n", octets.len());
    [head.as_bytes(), &octets, b"\r\n0\r\n\r\n"].concat()
}

#[tokio::test]
async fn rfc9112_7_4_gzip_as_a_transfer_coding_is_undone_for_who_has_asked_for_it() {
    let script = Script::answering(gzipped("", b"hello hello hello"));
    for (te, is_asked) in [("gzip", true), ("trailers, GZip;q=0.5", true), ("gzip;q=0.0", false), ("deflate", false)] {
        // What is of the wire is undone also where the content is to stay as it is coded.
        let builder = Session::builder().decompression(hinternet::Decompression::NONE);
        let scene = Scene::of(ScriptedPeer::always(script.clone()).await, builder);
        let request = scene.request(Method::GET);
        request.add_header("te", te).unwrap();
        request.add_header("connection", "te").unwrap();
        request.send(()).await.unwrap();
        let head = request.receive_response().await;
        if is_asked {
            head.unwrap();
            assert_eq!(read_all(&request).await.unwrap(), b"hello hello hello", "{te}");
        } else {
            let error = scene.recorder.failure(request.id(), head);
            assert_eq!(error.code(), ErrorCode::InvalidServerResponse, "{te}");
        }
        drop(request);
        scene.end().await;
    }
}

#[tokio::test]
async fn rfc9112_7_4_both_codings_are_undone_one_after_the_other() {
    let content = Coded::Brotli.code(b"hello");
    let scene = Scene::with(Script::answering(gzipped("content-encoding: br\r\n", &content))).await;
    let request = scene.request(Method::GET);
    request.add_header("te", "gzip").unwrap();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"hello");
    scene.end().await;
}

#[tokio::test]
async fn what_was_coded_on_the_way_is_not_stored_so() {
    let answer = gzipped("cache-control: max-age=60\r\n", b"hello");
    let builder = Session::builder().cache(Cache::in_memory());
    let scene = Scene::of(ScriptedPeer::always(Script::answering(answer)).await, builder);
    for _ in 0..2 {
        let request = scene.request(Method::GET);
        request.add_header("te", "gzip").unwrap();
        request.send(()).await.unwrap();
        request.receive_response().await.unwrap();
        assert_eq!(read_all(&request).await.unwrap(), b"hello");
    }
    assert_eq!(scene.peer.requests().len(), 2, "the second one was answered by what was stored");
    scene.end().await;
}

#[tokio::test]
async fn e03_a_path_goes_out_as_it_was_written() {
    let scene = Scene::with(Script::answering("HTTP/1.1 204 No Content\r\n\r\n")).await;
    for path in ["/../../x", "/{\"a\"}\\b?c=\"d\""] {
        let request = scene.connection.open_request_verbatim(Method::GET, path).unwrap();
        request.send(()).await.unwrap();
        request.receive_response().await.unwrap();
        assert_eq!(scene.peer.requests().last().unwrap().target, path);
    }
    assert_eq!(
        scene.connection.open_request_verbatim(Method::GET, "/a#b").unwrap_err().code(),
        ErrorCode::InvalidParameter
    );
    scene.end().await;
}

#[tokio::test]
async fn a_proxy_of_http_1_0_is_asked_for_tunnels_in_its_version() {
    let script = Script::new()
        .read_head()
        .send("HTTP/1.0 200 Connection established\r\n\r\n")
        .read_head()
        .send("HTTP/1.1 204 No Content\r\n\r\n")
        .keep();
    let peer = ScriptedPeer::always(script).await;
    let proxy = Proxy::parse(&peer.origin()).unwrap().http10();
    let options = hinternet::DialOptions::default().proxy(NamedProxies::new([proxy])).always_tunnel(true);
    let recorder = integration_tests::recorder::Recorder::start();
    let session = recorder.session(Session::builder().dial(options));
    let request = session.connect("http://server.example").unwrap().open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    drop(request);
    let said = String::from_utf8(peer.received(0)).unwrap();
    assert!(said.starts_with("CONNECT server.example:80 HTTP/1.0\r\n"), "{said}");
    assert!(said.contains("\r\n\r\nGET / HTTP/1.1\r\n"), "{said}");
    recorder.finish(session).await;
}
