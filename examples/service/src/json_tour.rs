//! The JSON client at work, on a server of the program's own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use hinternet::{Result, Session};
use integration_tests::Gate;
use integration_tests::origin::{Origin, Reply};
use integration_tests::request::Request;

use crate::grpc_tour::print_report;
use crate::notes::{Note, Notes};

// ANCHOR: show
/// What is read, what is written, what is repeated and what is not.
///
/// # Errors
/// What should not have failed.
pub async fn show() -> Result<()> {
    let server = server().await;
    let session = Session::builder()
        .default_header("accept", "application/json")
        .default_header("authorization", "Bearer a-token")
        .open()?;
    let notes = Notes::at(&session, &server.origin())?;

    println!("read      {:?}", notes.read(1).await?.text);
    println!("added     as number {}", notes.add("post the letter").await?.id);
    let missing = notes.read(404).await.expect_err("there is none");
    println!("missing   {}, the fault of the {:?}", missing.code(), missing.blame());

    let asked = server.log().len();
    println!("repeated  {:?}, asked {} times", notes.read(2).await?.text, server.log().len() - asked);
    let asked = server.log().len();
    let lost = notes.add("lose this").await.expect_err("the server goes away");
    println!("not again {}, asked {} time", lost.wire_state(), server.log().len() - asked);

    let late = notes.clone().within(Duration::from_millis(100)).read(3).await.expect_err("it comes too late");
    println!("too late  {} {}", late.code(), late.stage());
    print_report(session.shutdown(Duration::from_secs(5)).await);
    Ok(())
}
// ANCHOR_END: show

/// Loses the answer to the first questions for note 2, and to every note that asks for it; never answers for note 3.
async fn server() -> Origin {
    let (lost, never) = (AtomicU32::new(0), Gate::new());
    Origin::start(move |request| match (request.method.as_str(), request.path()) {
        _ if request.field("authorization") != Some("Bearer a-token") => Reply::new(401),
        ("GET", "/v1/notes/1") => json(200, 1, "buy milk"),
        ("GET", "/v1/notes/2") if lost.fetch_add(1, Ordering::Relaxed) < 2 => Reply::drop_connection(),
        ("GET", "/v1/notes/2") => json(200, 2, "call the plumber"),
        ("GET", "/v1/notes/3") => json(200, 3, "too late").held(&never),
        ("POST", "/v1/notes") => added(request),
        _ => Reply::new(404),
    })
    .await
}

fn added(request: &Request) -> Reply {
    match serde_json::from_slice::<Note>(&request.body) {
        Ok(note) if note.text == "lose this" => Reply::drop_connection(),
        Ok(note) => json(201, 4, &note.text),
        Err(_) => Reply::new(400),
    }
}

fn json(status: u16, id: u64, text: &str) -> Reply {
    let body = serde_json::json!({ "id": id, "text": text }).to_string();
    Reply::new(status).body(body).field("content-type", "application/json")
}
