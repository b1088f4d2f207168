//! The cases of permessage-deflate. Each is told in words alone: so many messages of one size, in fragments of another, on terms of
//! the server's. What the messages are of is not told, and they are fewer than a thousand here: the suite itself sends them all.

use std::time::Duration;

use hinternet::{Compression, Session, WebSocketOptions};
use integration_tests::deflating::{Contexts, Terms, consent, frames, read_frame};
use integration_tests::recorder::Recorder;
use integration_tests::websocket::close;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::runner::text;

/// Sends every message of the case, each when the one before it has come back.
pub(crate) async fn play(vector: &Value) -> Result<(), String> {
    let (terms, fragment) = told(text(&vector["description"]))?;
    let length = vector["len"].as_u64().ok_or("no length")? as usize;
    let count = (OCTETS / length).clamp(3, 200);
    let group = text(&vector["id"]).split('.').nth(1).and_then(|group| group.parse().ok()).ok_or("no group")?;
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let client = tokio::spawn(send_everything_back(format!("ws://{address}/")));
    let (mut stream, _) = listener.accept().await.map_err(|error| error.to_string())?;
    consent(&mut stream, &answer(terms)).await.map_err(|error| error.to_string())?;
    let mut contexts = Contexts::new(terms);
    let material = material(group);
    for round in 0..count {
        let message: Vec<_> =
            material.iter().copied().cycle().skip(round * length % material.len()).take(length).collect();
        let octets = frames(if group < 4 { 2 } else { 1 }, &contexts.compress(&message), fragment);
        stream.write_all(&octets).await.map_err(|error| format!("message {round}: {error}"))?;
        let back = receive(&mut stream, &mut contexts).await.map_err(|error| format!("message {round}: {error}"))?;
        if back != message {
            return Err(format!("message {round} of {length} octets came back as one of {}", back.len()));
        }
    }
    stream.write_all(&close(1000, "")).await.map_err(|error| error.to_string())?;
    let (first, payload) = read_frame(&mut stream).await.map_err(|error| error.to_string())?;
    drop(stream);
    client.await.map_err(|panic| panic.to_string())?;
    if (first, &payload[..]) == (0x88, &1000_u16.to_be_bytes()) {
        Ok(())
    } else {
        Err(format!("closed by {payload:?}"))
    }
}

async fn receive(stream: &mut TcpStream, contexts: &mut Contexts) -> std::io::Result<Vec<u8>> {
    let (first, mut payload) = read_frame(stream).await?;
    let mut last = first;
    while last & 0x80 == 0 {
        let (next, more) = read_frame(stream).await?;
        payload.extend_from_slice(&more);
        last = next;
    }
    if first & 0x40 == 0 { Ok(payload) } else { Ok(contexts.expand(&payload)) }
}

/// The client under test.
async fn send_everything_back(url: String) {
    let recorder = Recorder::start();
    let mut options = WebSocketOptions::default();
    options.close_timeout = Duration::from_secs(2);
    let mut compression = Compression::default();
    compression.least = 0;
    options.compression = Some(compression);
    let session = recorder.session(Session::builder());
    let websocket = session.websocket(&url).expect("a URL").options(options).connect().await.expect("a handshake");
    assert!(websocket.compression().is_some());
    loop {
        let part = websocket.receive().await.expect("the server closes");
        if part.is_close() {
            break;
        }
        websocket.send(part).await.expect("the server receives");
    }
    websocket.close(1000, "").await.expect("the server has closed");
    drop(websocket);
    recorder.finish(session).await;
}

/// What the server asks of its client, and how long its fragments are. Of several wishes the first is granted.
fn told(description: &str) -> Result<(Terms, usize), String> {
    let after = |words: &str| description.split_once(words).map(|(_, after)| after);
    let number = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<usize>();
    let fragment = after("auto-fragment to ").and_then(|text| number(text).ok()).ok_or("no size of fragments")?;
    let Some(wish) = after("requestMaxWindowBits): [(") else { return Ok((Terms::USUAL, fragment)) };
    let (forgets, bits) = wish.split_once(", ").ok_or("no wish")?;
    let bits = number(bits).map_err(|error| error.to_string())? as u8;
    let client_bits = if bits == 0 { 15 } else { bits };
    Ok((Terms { client_bits, client_takeover: forgets == "False", ..Terms::USUAL }, fragment))
}

/// As the suite's server says it: nothing of what is not asked for.
fn answer(terms: Terms) -> String {
    let mut answer = "permessage-deflate".to_owned();
    if !terms.client_takeover {
        answer += "; client_no_context_takeover";
    }
    if terms.client_bits < 15 {
        answer += &format!("; client_max_window_bits={}", terms.client_bits);
    }
    answer
}

/// Something like a text, a picture, a document, JSON and HTML: as compressible as they are.
fn material(group: usize) -> Vec<u8> {
    let words = "Habe nun ach Philosophie Juristerei und Medizin durchaus studiert mit bem Bemuehn da steh ich nun ich armer Tor";
    let words: Vec<_> = words.split(' ').collect();
    let mut random = integration_tests::Seeded::new(group as u64);
    let mut material = Vec::new();
    while material.len() < 300_000 {
        let n = random.below(1 << 30);
        let word = words[n % words.len()];
        match group {
            1 => material.extend(format!("{word} ").into_bytes()),
            2 => material.extend(std::iter::repeat_n((n % 32) as u8, n % 9)),
            3 => material.extend(n.to_be_bytes()),
            4 => material.extend(format!("{{\"name\":\"{word}\",\"value\":{}}},", n % 1000).into_bytes()),
            _ => material.extend(format!("<p class=\"{word}\">{word} {}</p>\n", n % 100).into_bytes()),
        }
    }
    material
}

/// So much is sent in a case, by three messages at least.
const OCTETS: usize = 128 * 1024;
