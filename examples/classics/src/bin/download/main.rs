//! `download URL FILE...`: files that are there whole or not at all, several at once, with bars that say how far they are.
//!
//! | exit code | when |
//! |---|---|
//! | 0 | all of them are there |
//! | 1 | one of them is not |
//! | 2 | the arguments make no sense |
//! | 130 | Ctrl-C has stopped it: the same command goes on from there |

mod arguments;
mod checking;
mod outcome;
mod progress;
mod tour;

use std::path::Path;
use std::pin::pin;
use std::process::ExitCode;

use clap::Parser;
use futures_util::future::join_all;
use hinternet::{RetryPolicy, Session};

use arguments::{Arguments, Job};
use checking::Seen;
use outcome::{NotSaved, Saved};
use progress::Progress;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let jobs = match arguments.jobs() {
        Ok(jobs) => jobs,
        Err(sentence) => {
            eprintln!("download: {sentence}");
            return ExitCode::from(2);
        }
    };
    if jobs.is_empty() {
        return classics::ended(tour::tour().await);
    }
    match download_all(&jobs, &Progress::of(&jobs), classics::ctrl_c()).await {
        Ok(outcomes) => report(&jobs, &outcomes, arguments.head),
        Err(error) => {
            eprintln!("download: {error}");
            ExitCode::FAILURE
        }
    }
}

// ANCHOR: all
/// All of them at once, until each is there or is not, or somebody says stop.
async fn download_all(jobs: &[Job], progress: &Progress, stop: impl Future) -> hinternet::Result<Vec<Outcome>> {
    let session = Session::builder()
        .user_agent("download/1.0")
        .retry(RetryPolicy::new().attempts(5))
        .subscriber(hinternet::start(progress.clone()), Progress::MASK)
        .open()?;
    let each = jobs.iter().enumerate().map(|(number, job)| download(&session, number, job, progress));
    let mut all = pin!(join_all(each));
    let outcomes = tokio::select! {
        outcomes = &mut all => outcomes,
        _ = stop => {
            drop(session.close()); // whatever is under way ends with 6
            all.await // and writes what has come
        }
    };
    session.close().await?;
    session.closed().await; // the bars have heard the last of it
    progress.take_away();
    Ok(outcomes)
}

type Outcome = Result<Saved, NotSaved>;
// ANCHOR_END: all

// ANCHOR: one
/// One of them. What went wrong is in the error, all of it; there is nothing else to look at.
async fn download(session: &Session, number: usize, job: &Job, progress: &Progress) -> Outcome {
    let (seen, bar) = (Seen::default(), progress.bar(number));
    let (heads, checks, wanted) = (seen.clone(), seen.clone(), job.wanted.clone());
    let downloaded = session
        .download(&job.url)?
        .context(number as u64) // the notifications of its requests carry it: which bar is meant
        .on_head(move |head| heads.head(head))
        .on_progress(move |now| bar.show(now))
        .verify(move |part| async move { checks.check(&part, wanted).await }) // before the file gets its name
        .to_file(&job.file)
        .await?;
    Ok(Saved::of(downloaded, seen))
}
// ANCHOR_END: one

/// A line for each, and what a shell has to know.
fn report(jobs: &[Job], outcomes: &[Outcome], with_head: bool) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for (job, outcome) in jobs.iter().zip(outcomes) {
        println!("{}: {}", name(&job.file), outcome::sentence(outcome));
        match outcome {
            Ok(saved) if with_head => {
                String::from_utf8_lossy(&saved.head).trim_end().lines().for_each(|line| println!("    | {line}"));
            }
            Ok(_) => {}
            Err(NotSaved::Stopped) => code = ExitCode::from(130),
            Err(_) if code == ExitCode::SUCCESS => code = ExitCode::FAILURE,
            Err(_) => {}
        }
    }
    code
}

fn name(file: &Path) -> std::borrow::Cow<'_, str> {
    file.file_name().unwrap_or(file.as_os_str()).to_string_lossy()
}
