use hinternet::Session;

#[tokio::main]
async fn main() -> hinternet::Result<()> {
    let url = std::env::args().nth(1).unwrap_or_else(walkthrough::site);
    let session = Session::open()?;
    let response = session.get(url)?.send().await?;
    println!("{} {}", response.status(), response.text().await?);
    session.close().await
}
