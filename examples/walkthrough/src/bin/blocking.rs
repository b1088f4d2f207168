//! The tree for programs without async: open, connect, open a request, send, receive, read, close.

use hinternet::blocking::Session;
use hinternet::{Method, Payload};
use walkthrough::part;

fn main() -> hinternet::Result<()> {
    let site = walkthrough::site();
    part("get");
    get(&site)?;
    part("handles");
    handles(&site)?;
    part("download");
    download(&site)?;
    part("refused");
    refused();
    Ok(())
}

// ANCHOR: get
fn get(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let response = session.get(site)?.send()?;
    println!("{} {}", response.status(), response.text()?);
    session.close()
}
// ANCHOR_END: get

// ANCHOR: handles
fn handles(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    let connection = session.connect(site)?;
    let request = connection.open_request(Method::POST, "/upload")?;
    request.send(Payload::begin("", 3 * 1024))?;
    for _ in 0..3 {
        request.write(vec![b'.'; 1024])?;
    }
    let head = request.receive_response()?;
    println!("{} {:?}", head.status(), head.headers().get("content-type"));
    while request.query_data_available()? > 0 {
        print!("{}", String::from_utf8_lossy(&request.read()?));
    }
    session.close()
}
// ANCHOR_END: handles

// ANCHOR: download
fn download(site: &str) -> hinternet::Result<()> {
    let folder = tempfile::tempdir().expect("a folder for the file");
    let session = Session::open()?;
    let large = session.download(format!("{site}/large"))?.to_file(folder.path().join("large"))?;
    println!("{} octets, by {} request", large.length, large.attempts);
    session.close()
}
// ANCHOR_END: download

// ANCHOR: refused
fn refused() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    let error = runtime.block_on(async { Session::open() }).unwrap_err();
    println!("{error}");
}
// ANCHOR_END: refused
