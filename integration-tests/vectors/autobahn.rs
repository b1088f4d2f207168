//! The cases of the Autobahn test suite for WebSocket clients: what the server sends frame by frame, to a client that sends every
//! message back.
//!
//! A case with a large message is played in a process of its own: the limit of memory is meant for one client, not for its server too.

mod alone;
mod autobahn_deflate;
mod front_ends;
mod runner;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use alone::in_a_process;
use front_ends::{payload, written};
use futures_util::{StreamExt, stream};
use hinternet::{ErrorCode, Session, WebSocketOptions};
use integration_tests::recorder::Recorder;
use integration_tests::websocket::{accept, close};
use runner::{Case, Suite, judge, list, read_json, text};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

fn main() -> ExitCode {
    if let Ok(id) = std::env::var(ALONE) {
        return play_alone(&id);
    }
    let suite = Suite {
        name: "autobahn",
        place: PLACE,
        cases: 517,
        known_differences: include_str!("autobahn.known_differences"),
        most_known: 1,
    };
    suite.run(|place| async move { play_all(&place).await })
}

async fn play_all(file: &Path) -> Vec<Case> {
    let Value::Array(vectors) = read_json(file)["cases"].take() else { panic!("there are no cases") };
    let cases: Vec<_> = vectors
        .into_iter()
        .map(|vector| {
            let id = text(&vector["id"]).to_owned();
            judge(id.clone(), None, async move {
                if vector["kind"] == "permessage-deflate" {
                    autobahn_deflate::play(&vector).await
                } else if is_large(&vector) {
                    in_a_process(ALONE, &id).await.map(drop)
                } else {
                    play(&vector).await
                }
            })
        })
        .collect();
    stream::iter(cases).buffered(AT_ONCE).collect().await
}

fn is_large(vector: &Value) -> bool {
    let count = vector["count"].as_u64().unwrap_or(1);
    let lengths = list(&vector["steps"]).iter().filter_map(|step| step["payload"]["len"].as_u64());
    lengths.sum::<u64>() * count >= 1 << 20
}

/// This process is that child.
fn play_alone(id: &str) -> ExitCode {
    let vector = alone::case(PLACE, id);
    let result = alone::runtime().block_on(async move { tokio::spawn(async move { play(&vector).await }).await });
    alone::ended(result.unwrap_or_else(|panic| Err(panic.to_string())))
}

/// What the server saw of its client.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    Message(Vec<u8>, bool),
    Pong(Vec<u8>),
    Timeout(String),
}

/// All that it saw.
#[derive(Default)]
struct Seen {
    events: Vec<Event>,
    /// The status of the client's close frame; 1005 for none.
    close: Option<u16>,
    ended: bool,
}

impl Seen {
    fn is_over(&self) -> bool {
        self.ended || self.close.is_some()
    }
}

async fn play(vector: &Value) -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let client = tokio::spawn(send_everything_back(format!("ws://{address}/")));
    let (stream, _) = listener.accept().await.map_err(|error| error.to_string())?;
    let (seen, watched) = watch::channel(Seen::default());
    let seen = Arc::new(seen);
    let (reader, mut writer) = shake_hands(stream).await?;
    let reading = tokio::spawn(read(reader, Arc::clone(&seen)));
    let verdict = serve(vector, &mut writer, &seen, watched).await;
    drop(writer);
    client.await.map_err(|panic| panic.to_string())?;
    reading.abort();
    verdict
}

/// The client under test.
async fn send_everything_back(url: String) {
    let recorder = Recorder::start();
    let mut options = WebSocketOptions::default();
    options.close_timeout = Duration::from_secs(2);
    let session = recorder.session(Session::builder());
    let websocket = session.websocket(&url).expect("a URL").options(options).connect().await.expect("a handshake");
    loop {
        let part = match websocket.receive().await {
            Ok(part) => part,
            failed => {
                recorder.failure(websocket.id(), failed);
                break;
            }
        };
        if part.is_close() {
            websocket.close(1000, "").await.expect("the server has closed");
            break;
        }
        match websocket.send(part).await {
            Ok(()) => {}
            // The server has closed: that comes next.
            Err(error) if error.code() == ErrorCode::InvalidOperation => {}
            failed => drop(recorder.failure(websocket.id(), failed)),
        }
    }
    drop(websocket);
    recorder.finish(session).await;
}

async fn shake_hands(mut stream: TcpStream) -> Result<(OwnedReadHalf, OwnedWriteHalf), String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.map_err(|error| error.to_string())?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let key = head.lines().find_map(|line| line.strip_prefix("sec-websocket-key: ")).ok_or("no key")?;
    let answer = integration_tests::websocket::SWITCHING.replace("{accept}", &accept(key));
    stream.write_all(answer.as_bytes()).await.map_err(|error| error.to_string())?;
    Ok(stream.into_split())
}

async fn serve(
    vector: &Value,
    writer: &mut OwnedWriteHalf,
    seen: &watch::Sender<Seen>,
    mut watched: watch::Receiver<Seen>,
) -> Result<(), String> {
    let count = vector["count"].as_u64().unwrap_or(1);
    let expected = expected(vector, count);
    let mut written = Ok(());
    for round in 1..=count {
        for step in list(&vector["steps"]) {
            written = take(step, writer, seen, &mut watched).await;
            if written.is_err() {
                break;
            }
        }
        if count > 1 {
            let echoed = watched.wait_for(|seen| seen.is_over() || seen.events.len() as u64 >= round).await;
            drop(echoed.map_err(|error| error.to_string())?);
        }
    }
    let end = &vector["close"];
    let closes = end["closedByMe"] == true && vector["suppress_close"] != true;
    let is_seen = |seen: &Seen| expected.iter().any(|(_, events)| *events == seen.events);
    if closes && written.is_ok() {
        let complete = watched.wait_for(|seen| seen.is_over() || is_seen(seen)).await;
        let complete = complete.map(|seen| !seen.is_over()).map_err(|error| error.to_string())?;
        let code = end["closeCode"][0].as_u64().unwrap_or(1000) as u16;
        if complete && writer.write_all(&close(code, "")).await.is_err() {
            return Err("the client ended the connection before it was closed".to_owned());
        }
    }
    let over = watched.wait_for(Seen::is_over).await.map_err(|error| error.to_string())?;
    judge_end(vector, &over, &expected)
}

fn judge_end(vector: &Value, seen: &Seen, expected: &[(String, Vec<Event>)]) -> Result<(), String> {
    let end = &vector["close"];
    let codes: Vec<_> = list(&end["closeCode"]).iter().filter_map(Value::as_u64).collect();
    let told = || {
        let events: Vec<_> = seen.events.iter().map(short).collect();
        format!("close {:?}, events {events:?}", seen.close)
    };
    if !expected.iter().any(|(name, events)| name == "OK" && *events == seen.events) {
        let other = expected.iter().find(|(_, events)| *events == seen.events).map(|(name, _)| name);
        return Err(format!("{other:?}: {}", told()));
    }
    match seen.close {
        // To a close without a status one without is the answer.
        Some(1005) => Ok(()),
        Some(code) if codes.contains(&u64::from(code)) => Ok(()),
        None if end["requireClean"] != true => Ok(()),
        _ => Err(format!("closed otherwise: {}", told())),
    }
}

fn short(event: &Event) -> String {
    match event {
        Event::Message(octets, binary) => format!("message of {} octets, binary: {binary}", octets.len()),
        other => format!("{other:?}"),
    }
}

/// The lists of events that are right, by how right they are.
fn expected(vector: &Value, count: u64) -> Vec<(String, Vec<Event>)> {
    let Some(lists) = vector["expected"].as_object().filter(|lists| !lists.is_empty()) else {
        let step = list(&vector["steps"]).iter().find(|step| !step["payload"].is_null()).expect("a message");
        let binary = step["binary"] == true || step["opcode"] == 2;
        let message = Event::Message(payload(&step["payload"]), binary);
        return vec![("OK".to_owned(), vec![message; count as usize])];
    };
    let event = |event: &Value| match text(&event[0]) {
        "message" => Event::Message(payload(&event[1]), event[2] == true),
        "pong" => Event::Pong(payload(&event[1])),
        "timeout" => Event::Timeout(text(&event[1]).to_owned()),
        other => panic!("{other} is no event"),
    };
    lists.iter().map(|(name, events)| (name.clone(), list(events).iter().map(event).collect())).collect()
}

/// One step of the server's. It fails when the client has ended the connection.
async fn take(
    step: &Value,
    writer: &mut OwnedWriteHalf,
    seen: &watch::Sender<Seen>,
    watched: &mut watch::Receiver<Seen>,
) -> std::io::Result<()> {
    for (n, piece) in written(step).unwrap_or_default().iter().enumerate() {
        if n > 0 {
            tokio::task::yield_now().await;
        }
        writer.write_all(piece).await?;
    }
    if text(&step["do"]) == "wait" {
        let time = Duration::from_secs_f64(step["s"].as_f64().expect("seconds"));
        if tokio::time::timeout(time, watched.wait_for(Seen::is_over)).await.is_err()
            && let Some(tag) = step["tag"].as_str()
        {
            seen.send_modify(|seen| seen.events.push(Event::Timeout(tag.to_owned())));
        }
    }
    // What remains says after how long the suite gives up. Here nothing is, before the runner's own patience ends.
    Ok(())
}

/// What the client sends, until it ends.
async fn read(mut reader: OwnedReadHalf, seen: Arc<watch::Sender<Seen>>) {
    let mut message = Vec::new();
    let mut is_binary = false;
    while let Ok((first, octets)) = read_frame(&mut reader).await {
        let event = match first & 0x0f {
            8 => {
                let code = octets.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                seen.send_modify(|seen| seen.close = Some(code));
                continue;
            }
            9 => continue,
            10 => Event::Pong(octets),
            opcode => {
                if opcode > 0 {
                    is_binary = opcode == 2;
                }
                message.extend_from_slice(&octets);
                if first & 0x80 == 0 {
                    continue;
                }
                Event::Message(std::mem::take(&mut message), is_binary)
            }
        };
        seen.send_modify(|seen| seen.events.push(event));
    }
    seen.send_modify(|seen| seen.ended = true);
}

async fn read_frame(reader: &mut OwnedReadHalf) -> std::io::Result<(u8, Vec<u8>)> {
    let (first, second) = (reader.read_u8().await?, reader.read_u8().await?);
    assert_eq!(second & 0x80, 0x80, "a client's frame is masked");
    let length = match second & 0x7f {
        126 => u64::from(reader.read_u16().await?),
        127 => reader.read_u64().await?,
        short => u64::from(short),
    };
    let mut mask = [0; 4];
    reader.read_exact(&mut mask).await?;
    let mut octets = vec![0; usize::try_from(length).expect("a length")];
    reader.read_exact(&mut octets).await?;
    octets.iter_mut().zip(mask.iter().cycle()).for_each(|(octet, mask)| *octet ^= mask);
    Ok((first, octets))
}

const PLACE: &str = "autobahn/cases.json";
/// Names the case that a child plays.
const ALONE: &str = "HINTERNET_AUTOBAHN_CASE";
/// Cases wait for a while, or for the client; they are played side by side.
const AT_ONCE: usize = 8;
