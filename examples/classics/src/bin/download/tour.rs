//! What the program can, with a server of its own.

use std::error::Error;
use std::future::pending;
use std::path::Path;

use classics::{FILM, film_from, film_up_to, part};
use integration_tests::scripted_peer::{Script, ScriptedPeer};

use crate::arguments::{Job, Wanted};
use crate::progress::Progress;
use crate::{download_all, report};

pub(crate) async fn tour() -> Result<(), Box<dyn Error>> {
    let site = classics::site().await;
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let job = |url: String, name: &str| Job { url, file: folder.join(name), wanted: Wanted::default() };

    part("saved");
    let mut saved = job(site.url("/film"), "film");
    saved.wanted.prefix = 20;
    show(folder, &[saved.clone()]).await?;

    part("status");
    show(folder, &[job(site.url("/flim"), "missing")]).await?;

    part("breaks");
    show(folder, &[job(site.url("/breaks"), "broken")]).await?;

    part("checksum");
    let wanted = Wanted { sha256: Some("0".repeat(64)), prefix: 0 };
    show(folder, &[Job { wanted, ..job(site.url("/film"), "another") }]).await?;

    part("stopped");
    stopped(folder).await?;

    part("several");
    show(folder, &["one", "two", "three"].map(|name| job(site.url("/film"), name))).await
}

// ANCHOR: stopped
/// Somebody presses Ctrl-C when half of it is there, and tries again later.
async fn stopped(folder: &Path) -> Result<(), Box<dyn Error>> {
    let half = Script::new().read_request().send(film_up_to(FILM / 2)).keep();
    let rest = Script::answering(film_from(FILM / 2));
    let server = ScriptedPeer::start(vec![half, rest]).await;
    let jobs = [Job { url: server.url("/film"), file: folder.join("later"), wanted: Wanted::default() }];

    let progress = Progress::of(&jobs);
    let bar = progress.bar(0);
    let outcomes = download_all(&jobs, &progress, bar.has(FILM as u64 / 2)).await?;
    report(&jobs, &outcomes, false);
    files(folder, "later")?;
    show(folder, &jobs).await
}
// ANCHOR_END: stopped

async fn show(folder: &Path, jobs: &[Job]) -> Result<(), Box<dyn Error>> {
    let outcomes = download_all(jobs, &Progress::of(jobs), pending::<()>()).await?;
    report(jobs, &outcomes, true);
    jobs.iter().try_for_each(|job| files(folder, &crate::name(&job.file)))
}

/// What is in the folder whose name begins so.
fn files(folder: &Path, name: &str) -> Result<(), Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (file, length) = (entry.file_name().to_string_lossy().into_owned(), entry.metadata()?.len());
        if file.starts_with(name) {
            files.push(format!("{file} ({length})"));
        }
    }
    files.sort();
    println!("    in the folder: {}", if files.is_empty() { "nothing".to_owned() } else { files.join(", ") });
    Ok(())
}
