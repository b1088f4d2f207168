//! Cookies: what a session remembers, what is told of it, what goes without, and a file for the next time.

use hinternet::{CookieFile, CookieJar, NotificationMask, Session, SessionCookies, Status};
use walkthrough::{part, site};

#[tokio::main]
async fn main() -> hinternet::Result<()> {
    let site = site();
    part("jar");
    jar(&site).await?;
    part("told");
    told(&site).await?;
    part("without");
    without(&site).await?;
    part("file");
    file(&site).await
}

// ANCHOR: jar
async fn jar(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    session.get(format!("{site}/login"))?.send().await?;
    for cookie in session.cookies().for_url(site)? {
        let (name, value) = (String::from_utf8_lossy(cookie.name()), String::from_utf8_lossy(cookie.value()));
        println!("the next request carries {name}={value}");
    }
    session.close().await
}
// ANCHOR_END: jar

// ANCHOR: told
async fn told(site: &str) -> hinternet::Result<()> {
    let told = hinternet::subscriber(|told| match &told.status {
        Status::CookieRefused { name, reason } => println!("{name}: {reason}"),
        Status::CookieStored { name } => println!("{name} is kept"),
        _ => {}
    });
    let session = Session::builder().subscriber(told, NotificationMask::COOKIES).open()?;
    session.get(format!("{site}/login"))?.send().await?;
    session.close().await?;
    session.closed().await;
    Ok(())
}
// ANCHOR_END: told

// ANCHOR: without
async fn without(site: &str) -> hinternet::Result<()> {
    let session = Session::open()?;
    session.get(format!("{site}/login"))?.cookies(false).send().await?;
    println!("{:?}", session.cookies());
    session.close().await
}
// ANCHOR_END: without

// ANCHOR: file
async fn file(site: &str) -> hinternet::Result<()> {
    let path = std::env::temp_dir().join(format!("cookies-of-{}.json", std::process::id()));
    let session = Session::open()?;
    session.get(format!("{site}/login"))?.send().await?;
    session.cookies().save(&path, CookieFile::Json, SessionCookies::Keep).await?;
    session.close().await?;

    let jar = CookieJar::new();
    jar.load(&path, CookieFile::Json).await?;
    let session = Session::builder().cookie_jar(jar).open()?;
    println!("{:?}", session.cookies());
    session.close().await?;
    std::fs::remove_file(path).expect("it was written");
    Ok(())
}
// ANCHOR_END: file
