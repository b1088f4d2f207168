//! `sendreq_async SERVER PATH KILOBYTES`: sends so many blocks of 1 KiB by POST, and prints every notification.

use std::process::ExitCode;

use clap::Parser;
use hinternet::{Bytes, Method, Notification, NotificationMask, Payload, Result, Session};

/// Sends so many blocks of 1 KiB by POST, and prints every notification. Without arguments: three, to a server of its own.
#[derive(Debug, Parser)]
#[command(name = "sendreq_async")]
struct Arguments {
    /// The server: www.example.com, 127.0.0.1:8080 or `https://www.example.com`.
    #[arg(requires = "path")]
    server: Option<String>,
    /// What to send to.
    #[arg(requires = "kilobytes")]
    path: Option<String>,
    /// How much.
    kilobytes: Option<u32>,
}

#[tokio::main]
async fn main() -> ExitCode {
    classics::ended(match Arguments::parse() {
        Arguments { server: Some(server), path: Some(path), kilobytes: Some(kilobytes) } => {
            let has_scheme = server.contains("://");
            let server = if has_scheme { server } else { format!("http://{server}") };
            upload(&server, &path, kilobytes).await
        }
        _ => {
            let site = classics::site().await;
            classics::part("upload");
            upload(&site.origin(), "/upload", 3).await
        }
    })
}

// ANCHOR: upload
async fn upload(server: &str, path: &str, kilobytes: u32) -> Result<()> {
    let session = Session::open()?; // InternetOpen: there is nothing but INTERNET_FLAG_ASYNC
    let everything = hinternet::subscriber(print); // InternetSetStatusCallback
    session.set_subscriber(everything, NotificationMask::ALL_NOTIFICATIONS).await?;
    let connection = session.connect(server)?; // InternetConnect
    let request = connection.open_request(Method::POST, path)?; // HttpOpenRequest

    let total = u64::from(kilobytes) * 1024;
    request.send(Payload::begin(Bytes::new(), total)).await?; // HttpSendRequestEx, dwBufferTotal
    for _ in 0..kilobytes {
        request.write(&[b'x'; 1024][..]).await?; // InternetWriteFile
    }
    let head = request.receive_response().await?; // HttpEndRequest, HSR_INITIATE
    let mut body = Vec::new();
    while request.query_data_available().await? > 0 {
        body.extend_from_slice(&request.read().await?); // InternetReadFile, IRF_ASYNC
    }
    session.close().await?; // InternetCloseHandle
    session.closed().await; // every notification was printed
    println!("{}: {}", head.status(), String::from_utf8_lossy(&body));
    Ok(())
}
// ANCHOR_END: upload

// ANCHOR: print
fn print(told: Notification) {
    let code = told.status.code().map_or("         -".to_owned(), |code| format!("{code:#010x}"));
    println!("{:<10} {:>2} {code} {:?}", told.kind, told.sequence, told.status);
}
// ANCHOR_END: print
