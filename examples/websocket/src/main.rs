//! A chat in the terminal: every line that is typed is sent, every message that comes is shown.
//!
//! ```text
//! cargo run -p websocket                                  a room of its own, with nobody else in it
//! cargo run -p websocket -- wss://chat.example.com/ anna  somebody's server, by this name
//! ```
//!
//! The end of the input closes the sending side; what the others still say is shown until the server closes too.

mod room;

use hinternet::{Result, Session, WebSocket};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (url, _room) = match arguments.next() {
        Some(url) => (url, None),
        None => {
            let room = room::open().await;
            (room.url(), Some(room))
        }
    };
    let name = arguments.next().unwrap_or_else(|| "me".to_owned());

    let session = Session::open()?;
    // ANCHOR: connect
    let websocket = session.websocket(&url)?.protocol("chat").connect().await?;
    // ANCHOR_END: connect
    if let Some(protocol) = websocket.protocol() {
        println!("the server speaks {protocol}");
    }
    chat(&websocket, &name).await?;
    session.close().await
}

// ANCHOR: chat
async fn chat(websocket: &WebSocket, name: &str) -> Result<()> {
    let mut typed = Some(BufReader::new(stdin()).lines());
    loop {
        let next_line = async {
            match &mut typed {
                Some(lines) => lines.next_line().await.ok().flatten(),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            line = next_line => match line {
                Some(line) => websocket.send(format!("{name}: {line}")).await?,
                None => {
                    websocket.shutdown(1000, "nothing more to say").await?;
                    typed = None;
                }
            },
            // Cancel-safe: a message that comes while a line is sent is not lost.
            said = websocket.receive() => match said? {
                close if close.is_close() => break,
                said => println!("{}", said.as_text().unwrap_or("(not text)")),
            },
        }
    }
    websocket.close(1000, "").await?;
    let status = websocket.close_status()?;
    println!("closed by {} {}", status.code, status.reason);
    Ok(())
}
// ANCHOR_END: chat
