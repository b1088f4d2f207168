//! A chat in the terminal: every line that is typed is sent, every message that comes is shown.
//!
//! ```text
//! cargo run -p websocket                                  a room of its own, with nobody else in it
//! cargo run -p websocket -- wss://chat.example.com/ anna  somebody's server, by this name
//! ```
//!
//! The end of the input (Ctrl-D) closes the sending side; what the others still say is shown until the server closes too.

mod room;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use hinternet::{Result, Session, WebSocket};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio::runtime::Runtime;

/// A chat in the terminal: every line that is typed is sent, every message that comes is shown.
#[derive(Debug, Parser)]
#[command(name = "websocket")]
struct Arguments {
    /// Where to chat: a URL that begins with ws: or wss:. Without, in a room of its own.
    url: Option<String>,
    /// Who you are.
    #[arg(default_value = "me")]
    name: String,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("websocket: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(run(arguments));
    // A thread of the runtime may wait for a line, for as long as nobody types one.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("websocket: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    let (url, _room) = match arguments.url {
        Some(url) => (url, None),
        None => {
            let room = room::open().await;
            (room.url(), Some(room))
        }
    };
    let session = Session::open()?;
    // ANCHOR: connect
    let websocket = session.websocket(&url)?.protocol("chat").connect().await?;
    // ANCHOR_END: connect
    if let Some(protocol) = websocket.protocol() {
        println!("the server speaks {protocol}");
    }
    if std::io::stdin().is_terminal() {
        println!("say something; Ctrl-D ends");
    }
    chat(&websocket, &arguments.name).await?;
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
