//! `winhttp_handle_tree`: which handle stands below which, what it takes over, what closing one does to those below, and the
//! WebSocket that lives longer than its request.

use std::process::ExitCode;
use std::time::Duration;

use classics::part;
use hinternet::{Handle, HandleKind, Method, NotificationMask, Result, Session};
use integration_tests::websocket::WebSocketOrigin;

#[tokio::main]
async fn main() -> ExitCode {
    classics::ended(tour().await)
}

async fn tour() -> Result<()> {
    let site = classics::site().await;
    let room = WebSocketOrigin::echo().await;
    part("tree");
    tree(&site.origin()).await?;
    part("options");
    options(&site.origin()).await?;
    part("closing");
    closing(&site.origin()).await?;
    part("websocket");
    websocket(&room.origin()).await
}

// ANCHOR: tree
async fn tree(site: &str) -> Result<()> {
    let session = Session::open()?; // hSession
    let connection = session.connect(site)?; // hConnect
    let request = connection.open_request(Method::GET, "/")?; // hRequest
    let second = connection.open_request(Method::GET, "/second")?;
    show(&session);
    show(&connection);
    show(&request);
    show(&second);
    let found = session.handle(request.id()).expect("it is open"); // by its number, as a notification names it
    println!("{} is a {}, below {:?}", found.id(), found.kind(), found.parent());
    session.close().await
}
// ANCHOR_END: tree

// ANCHOR: show
fn show(handle: &impl Handle) {
    let depth = match handle.kind() {
        HandleKind::Session => 0,
        HandleKind::Connection => 1,
        _ => 2,
    };
    let parent = handle.parent().map(|parent| format!(" below {parent}")).unwrap_or_default();
    println!("{:depth$}{} {}{parent}", "", handle.kind(), handle.id(), depth = depth * 4);
}
// ANCHOR_END: show

// ANCHOR: options
async fn options(site: &str) -> Result<()> {
    let session = Session::open()?;
    let early = session.connect(site)?; // copies: 30 s
    let mut options = session.options();
    options.timeouts.receive = Some(Duration::from_secs(5));
    session.set_options(options)?;
    let late = session.connect(site)?; // copies: 5 s

    for connection in [early, late] {
        let request = connection.open_request(Method::GET, "/")?;
        let inherited = request.options().timeouts.receive;
        let mut options = request.options();
        options.timeouts.receive = Some(Duration::from_secs(1)); // of this one alone
        request.set_options(options)?;
        let sibling = connection.open_request(Method::GET, "/")?;
        let (own, its) = (request.options().timeouts.receive, sibling.options().timeouts.receive);
        println!("inherited {inherited:?}, own {own:?}, its sibling's {its:?}");
    }
    session.close().await
}
// ANCHOR_END: options

// ANCHOR: closing
async fn closing(site: &str) -> Result<()> {
    let session = Session::open()?;
    let mut told = session.notifications(NotificationMask::RECEIVE_RESPONSE)?; // inherited by what comes below
    let (connection, other) = (session.connect(site)?, session.connect(site)?);
    let mut working = Vec::new();
    for _ in 0..3 {
        let request = connection.open_request(Method::GET, "/slow")?;
        working.push(tokio::spawn(async move {
            request.send(()).await?;
            request.receive_response().await
        }));
    }
    for _ in 0..3 {
        told.next().await; // ReceivingResponse
    }
    connection.close().await?; // each HandleClosing is posted, those of the requests first
    for request in working {
        println!("{}", request.await.expect("it did not panic").unwrap_err());
    }
    println!("beside it: {}", other.get("/")?.send().await?.status());
    println!("below it:  {}", connection.open_request(Method::GET, "/").unwrap_err());
    session.close().await
}
// ANCHOR_END: closing

// ANCHOR: websocket
async fn websocket(room: &str) -> Result<()> {
    let session = Session::open()?;
    let connection = session.connect(room)?;
    let request = connection.open_request(Method::GET, "/")?;
    request.upgrade_to_websocket()?; // WINHTTP_OPTION_UPGRADE_TO_WEB_SOCKET
    request.send(()).await?;
    println!("{}", request.receive_response().await?.status());
    let websocket = request.complete_upgrade(7).await?; // WinHttpWebSocketCompleteUpgrade
    println!("{} below the {}", websocket.kind(), connection.kind());
    assert_eq!(websocket.parent(), Some(connection.id()));

    request.close().await?; // hRequest is needed no more
    websocket.send("Are you still there?").await?;
    println!("request open: {}, and: {:?}", request.is_open(), websocket.receive().await?.as_text());
    websocket.close(1000, "done").await?; // WinHttpWebSocketClose
    println!("{:?}", websocket.close_status()?);

    connection.close().await?; // and with it what is left of the WebSocket's handle
    println!("websocket open: {}", websocket.is_open());
    session.close().await
}
// ANCHOR_END: websocket
