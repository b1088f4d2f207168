//! Reading ahead: a reader on another thread than the request's has its next piece read before it asks (contract B.7, B.11, F).

mod times;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hinternet::transport::{MemoryListener, MemoryStream, in_memory};
use hinternet::{DialOptions, ErrorCode, HandleId, Method, Request, Response, Session, SessionBuilder, Status};
use integration_tests::recorder::Recorder;
use integration_tests::{dropped_after, patiently};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const URL: &str = "http://a.example/";
const MIB: usize = 1024 * 1024;

/// A session in a network in memory.
struct World {
    recorder: Recorder,
    session: Session,
    listener: MemoryListener,
}

impl World {
    fn new() -> Self {
        Self::with(Recorder::start(), Session::builder())
    }

    fn with(recorder: Recorder, builder: SessionBuilder) -> Self {
        let (dialer, listener) = in_memory();
        let session = recorder.session(builder.dial(DialOptions::default().dialer(dialer)).wires_per_origin(1));
        Self { recorder, session, listener }
    }

    /// A response whose head has come, and nothing of its body; and the peer's end.
    async fn answered(&mut self, framing: &str) -> (Response, MemoryStream) {
        let call = tokio::spawn(self.session.get(URL).unwrap().send());
        let mut peer = self.accept().await;
        answer(&mut peer, framing).await;
        (patiently("the head", call).await.unwrap().unwrap(), peer)
    }

    /// The next connection, whose request was read.
    async fn accept(&mut self) -> MemoryStream {
        let (mut peer, _) = patiently("a connection", self.listener.accept()).await.unwrap();
        read_head(&mut peer).await;
        peer
    }

    /// Everything that could happen on the shard without the peer or the caller has happened: it has come round so often.
    async fn turns(&self) {
        let connection = self.session.connect(URL).unwrap();
        for _ in 0..50 {
            connection.open_request(Method::GET, "/").unwrap().close().await.unwrap();
        }
    }

    fn read_octets(&self, handle: HandleId) -> Vec<u64> {
        let octets = |one: &hinternet::Notification| match one.status {
            Status::ReadComplete(octets) => Some(octets),
            _ => None,
        };
        self.recorder.of(handle).iter().filter_map(octets).collect()
    }

    async fn end(self) {
        self.recorder.finish(self.session).await;
    }
}

async fn read_head(peer: &mut MemoryStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(patiently("the request", peer.read_u8()).await.unwrap());
    }
}

async fn answer(peer: &mut MemoryStream, framing: &str) {
    peer.write_all(format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n").as_bytes()).await.unwrap();
}

/// Octets that show it when one is lost, doubled or out of place.
fn content(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n ^ (n >> 8) ^ (n >> 15)) as u8).collect()
}

/// The content in chunks of many lengths.
fn in_chunks(content: &[u8]) -> Vec<u8> {
    let (mut octets, mut rest) = (Vec::new(), content);
    for length in [1, 70_000, 16, 300_000, 4_096, 65_536, 7].into_iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, others) = rest.split_at(length.min(rest.len()));
        octets.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        octets.extend_from_slice(piece);
        octets.extend_from_slice(b"\r\n");
        rest = others;
    }
    octets.extend_from_slice(b"0\r\n\r\n");
    octets
}

/// Both framings of the content: the field that says so, and what follows the head.
fn framed(content: &[u8]) -> [(String, Vec<u8>); 2] {
    let plain = (format!("content-length: {}", content.len()), content.to_vec());
    [plain, ("transfer-encoding: chunked".to_owned(), in_chunks(content))]
}

fn writing(mut peer: MemoryStream, octets: Vec<u8>) -> tokio::task::JoinHandle<MemoryStream> {
    tokio::spawn(async move {
        peer.write_all(&octets).await.unwrap();
        peer
    })
}

async fn a_large_body_is_whole(mut world: World) {
    let content = content(5 * MIB + 77);
    for (framing, octets) in framed(&content) {
        let (mut response, peer) = world.answered(&framing).await;
        let written = writing(peer, octets);
        let (id, mut whole, mut pieces) = (response.handle().id(), Vec::new(), 0);
        while let Some(piece) = patiently("a piece", response.chunk()).await.unwrap() {
            assert!(!piece.is_empty());
            pieces += 1;
            whole.extend_from_slice(&piece);
        }
        assert!(whole == content, "{framing}: {} octets of {}", whole.len(), content.len());
        assert_eq!(response.sizes().response_body, content.len() as u64);
        drop(response);
        world.recorder.wait_for_closing(id).await;
        let told = world.read_octets(id);
        assert_eq!(told.len(), pieces + 1, "{framing}: one completion for each read");
        assert_eq!(told.iter().sum::<u64>(), content.len() as u64, "{framing}");
        assert_eq!(
            told.iter().position(|octets| *octets == 0),
            Some(pieces),
            "{framing}: the end comes last, and once"
        );
        drop(written.await.unwrap());
    }
    world.end().await;
}

#[tokio::test]
async fn b11_a_large_body_is_whole_for_a_reader_on_another_thread() {
    a_large_body_is_whole(World::new()).await;
}

#[test]
fn b11_a_large_body_is_whole_for_a_reader_on_the_same_thread() {
    actix::System::new().block_on(async {
        let builder = Session::builder().on_current_arbiter();
        a_large_body_is_whole(World::with(Recorder::on_current_arbiter(), builder)).await;
    });
}

#[tokio::test]
async fn f_a_body_cut_short_gives_all_that_came_and_then_one_error() {
    for framing in ["content-length: 100000", "transfer-encoding: chunked"] {
        for behind in [0, 700] {
            let mut world = World::new();
            let (mut response, mut peer) = world.answered(framing).await;
            let id = response.handle().id();
            if framing.starts_with("transfer") {
                peer.write_all(b"ffff\r\n").await.unwrap();
            }
            let content = content(1000 + behind);
            peer.write_all(&content[..1000]).await.unwrap();
            let mut came = patiently("the first piece", response.chunk()).await.unwrap().unwrap().to_vec();
            peer.write_all(&content[1000..]).await.unwrap();
            drop(peer);
            world.turns().await;
            assert_eq!(world.recorder.count_of(id, "RequestError"), 0, "nobody has asked");
            let error = loop {
                match patiently("a piece", response.chunk()).await {
                    Ok(piece) => came.extend_from_slice(&piece.expect("a cut is no end")),
                    Err(error) => break world.recorder.failure::<()>(id, Err(error)),
                }
            };
            assert_eq!(error.code(), ErrorCode::ConnectionError, "{error}");
            assert!(came == content, "{} octets of {}", came.len(), content.len());
            let again = world.recorder.refusal(id, response.chunk().await);
            assert!(again.is_incorrect_state(), "{again}");
            drop(response);
            world.recorder.wait_for_closing(id).await;
            assert_eq!(world.recorder.count_of(id, "RequestError"), 1);
            world.end().await;
        }
    }
}

/// How a reader leaves in the middle of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    Drop,
    Close,
    Cancel,
}

async fn leave(response: Response, leaving: Leaving) {
    match leaving {
        Leaving::Drop => drop(response),
        Leaving::Close => response.handle().close().await.unwrap(),
        Leaving::Cancel => {
            response.handle().cancel();
            drop(response);
        }
    }
}

#[tokio::test]
async fn b7_left_while_it_is_read_ahead_the_wire_is_closed_and_its_place_free() {
    for leaving in [Leaving::Drop, Leaving::Close, Leaving::Cancel] {
        let mut world = World::new();
        let (mut response, mut peer) = world.answered("content-length: 9").await;
        peer.write_all(b"hell").await.unwrap();
        assert_eq!(patiently("a piece", response.chunk()).await.unwrap().unwrap(), "hell");
        world.turns().await;
        leave(response, leaving).await;
        assert_eq!(patiently("the end", peer.read(&mut [0; 9])).await.unwrap(), 0, "{leaving:?}");
        let (next, _peer) = world.answered("content-length: 0").await;
        assert_eq!(next.bytes().await.unwrap(), "");
        world.end().await;
    }
}

#[tokio::test]
async fn f_left_after_wrong_framing_was_read_ahead_the_wire_is_closed() {
    let mut world = World::new();
    let (mut response, mut peer) = world.answered("transfer-encoding: chunked").await;
    peer.write_all(b"4\r\nhell\r\n").await.unwrap();
    let piece = patiently("the first piece", response.chunk()).await.unwrap().unwrap();
    assert_eq!(piece, "hell");
    // Wrong trailers, and behind them what would be right ones.
    peer.write_all(b"0\r\nwrong : y\r\n\r\n\r\n").await.unwrap();
    world.turns().await;
    let id = response.handle().id();
    drop(response);
    world.recorder.wait_for_closing(id).await;
    assert_eq!(world.recorder.count_of(id, "ClosingConnection"), 1);
    assert_eq!(world.recorder.count_of(id, "WireReleased"), 0);
    world.end().await;
}

#[tokio::test]
async fn b7_left_when_all_of_it_was_read_ahead_the_wire_serves_again() {
    for leaving in [Leaving::Drop, Leaving::Close] {
        let mut world = World::new();
        let (mut response, mut peer) = world.answered("content-length: 9").await;
        peer.write_all(b"hell").await.unwrap();
        assert_eq!(patiently("a piece", response.chunk()).await.unwrap().unwrap(), "hell");
        peer.write_all(b"o you").await.unwrap();
        world.turns().await;
        leave(response, leaving).await;
        let next = tokio::spawn(world.session.get(URL).unwrap().send());
        read_head(&mut peer).await;
        answer(&mut peer, "content-length: 0").await;
        assert_eq!(patiently("the next", next).await.unwrap().unwrap().status(), 200, "{leaving:?}");
        world.end().await;
    }
}

#[tokio::test]
async fn f_a_reader_that_stops_stops_the_peer() {
    // What the stream carries, what is read ahead, and the buffer of the wire.
    const AHEAD: usize = (64 + 256 + 256) * 1024;
    let mut world = World::new();
    let (mut response, mut peer) = world.answered(&format!("content-length: {}", 1024 * MIB)).await;
    let written = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&written);
    let peer = tokio::spawn(async move {
        let block = vec![b'x'; 64 * 1024];
        while let Ok(octets) = peer.write(&block).await {
            counts.fetch_add(octets, Ordering::Relaxed);
        }
    });
    let mut read = 0;
    for _ in 0..30 {
        read += patiently("a piece", response.chunk()).await.unwrap().unwrap().len();
        world.turns().await;
        let ahead = written.load(Ordering::Relaxed) - read;
        assert!(ahead <= AHEAD, "{ahead} octets were taken from the peer that nobody has read");
    }
    drop(response);
    patiently("the peer to be left", peer).await.unwrap();
    world.end().await;
}

#[tokio::test]
async fn b11_after_a_query_the_read_gives_exactly_that_much_also_of_what_was_read_ahead() {
    let (content, mut world) = (content(3 * MIB), World::new());
    for (framing, octets) in framed(&content) {
        let (response, peer) = world.answered(&framing).await;
        let (request, written) = (response.handle().clone(), writing(peer, octets));
        let (mut whole, mut steps) = (Vec::new(), 0);
        loop {
            if steps % 3 == 0 {
                whole.extend_from_slice(&patiently("a piece", request.read()).await.unwrap());
            }
            steps += 1;
            let announced = patiently("a query", request.query_data_available()).await.unwrap();
            if steps % 2 == 0 && announced > 10 {
                let few = patiently("a piece", request.read_at_most(10)).await.unwrap();
                assert_eq!(few.len(), 10);
                whole.extend_from_slice(&few);
                continue;
            }
            let piece = patiently("a piece", request.read()).await.unwrap();
            assert_eq!(piece.len() as u64, announced, "{framing}");
            whole.extend_from_slice(&piece);
            if announced == 0 {
                break;
            }
        }
        assert!(whole == content, "{framing}: {} octets of {}", whole.len(), content.len());
        drop((response, request, written.await.unwrap()));
    }
    world.end().await;
}

/// Reads, and gives the call up after so many polls, again and again.
async fn read_given_up(request: &Request, polls: usize) -> bytes::Bytes {
    for _ in 0..3 {
        if let Some(piece) = dropped_after(polls, request.read()).await {
            return piece.unwrap();
        }
    }
    patiently("a piece", request.read()).await.unwrap()
}

#[tokio::test]
async fn b7_a_read_that_is_dropped_loses_nothing_that_was_read_ahead() {
    let (content, mut world) = (content(MIB), World::new());
    for (framing, octets) in framed(&content) {
        for polls in 0..12 {
            let (response, peer) = world.answered(&framing).await;
            let (request, written) = (response.handle().clone(), writing(peer, octets.clone()));
            let mut whole = Vec::new();
            loop {
                let piece = read_given_up(&request, polls).await;
                if piece.is_empty() {
                    break;
                }
                whole.extend_from_slice(&piece);
            }
            assert!(whole == content, "{framing}, {polls} polls: {} octets of {}", whole.len(), content.len());
            let id = request.id();
            drop((response, request));
            world.recorder.wait_for_closing(id).await;
            let told: u64 = world.read_octets(id).iter().sum();
            assert_eq!(told, content.len() as u64, "{framing}, {polls} polls: each octet is told of once");
            drop(written.await.unwrap());
        }
    }
    world.end().await;
}
