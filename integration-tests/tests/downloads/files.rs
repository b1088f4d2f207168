//! The files: what is left by whom, and whose fault a full disk is.

use hinternet::{Blame, ErrorCode, Stage};
use integration_tests::{Gate, patiently};

use super::*;

#[tokio::test]
async fn a_file_that_cannot_be_written_is_the_callers_fault() {
    let world = World::of(vec![Script::answering(whole(&film(), TAG))]).await;
    for path in [world.folder.path().join("no/folder/film"), world.folder.path().join("..")] {
        let error = world.download().to_file(path).await.unwrap_err();
        assert_eq!(error.blame(), Blame::Caller);
    }
    let error = world.download().to_file(world.folder.path().join("no/film")).await.unwrap_err();
    assert_eq!((error.code(), error.stage()), (ErrorCode::WriteFault, Stage::Store));
    assert!(std::error::Error::source(&error).unwrap().downcast_ref::<std::io::Error>().is_some());
    assert_eq!(world.requests().len(), 0, "nothing was asked");
    // In the way of the end: a folder of that name.
    std::fs::create_dir(world.path()).unwrap();
    std::fs::write(world.path().join("something"), "").unwrap();
    let error = world.download().to_file(world.path()).await.unwrap_err();
    assert_eq!((error.code(), error.stage()), (ErrorCode::WriteFault, Stage::Store));
    world.end().await;
}

#[tokio::test]
async fn a_file_that_is_there_is_replaced_at_the_end_and_not_before() {
    let gate = Gate::new();
    let answer = whole(&film(), TAG);
    let script =
        Script::new().read_request().send(answer[..100].to_vec()).hold(&gate).send(answer[100..].to_vec()).keep();
    let world = World::of(vec![script]).await;
    std::fs::write(world.path(), "the old one").unwrap();
    let (say, mut said) = tokio::sync::mpsc::unbounded_channel();
    let download = world.download().on_progress(move |_| say.send(()).unwrap_or(()));
    let downloading = tokio::spawn(download.to_file(world.path()));
    patiently("the first octets", said.recv()).await.unwrap();
    assert_eq!(world.film(), b"the old one");
    gate.open();
    patiently("the file", downloading).await.unwrap().unwrap();
    assert_eq!((world.film(), world.files()), (film(), vec!["film".to_owned()]));
    world.end().await;
}

#[tokio::test]
async fn a_download_whose_future_is_dropped_stops_and_is_gone_on_with_later() {
    let gate = Gate::new();
    let held = Script::new().read_request().send(whole(&film(), TAG)[..200].to_vec()).hold(&gate).keep();
    let from = 200 - (whole(&film(), TAG).len() - 300);
    let world = World::of(vec![held, Script::answering(part(&film(), from, TAG))]).await;
    let (say, mut said) = tokio::sync::mpsc::unbounded_channel();
    let download = world.download().on_progress(move |now| {
        if now.received == from as u64 {
            let _left = say.send(());
        }
    });
    let downloading = tokio::spawn(download.to_file(world.path()));
    patiently("the first octets", said.recv()).await.unwrap();
    downloading.abort();
    world.recorder.wait_for(|told| matches!(told.status, hinternet::Status::HandleClosing)).await;
    let downloaded = world.download().to_file(world.path()).await.unwrap();
    assert_eq!((downloaded.resumed_from, world.film()), (from as u64, film()));
    gate.open();
    world.end().await;
}

#[tokio::test]
async fn a_file_that_is_refused_is_thrown_away() {
    let world = World::of(vec![Script::answering(whole(&film(), TAG))]).await;
    let refused = world.download().verify(|_| async { Err::<(), _>("the signature is wrong") });
    let error = refused.to_file(world.path()).await.unwrap_err();
    assert_eq!((error.code(), error.stage()), (ErrorCode::InvalidServerResponse, Stage::Decode));
    assert!(error.to_string().contains("the signature is wrong"), "{error}");
    assert_eq!(world.files(), [""; 0]);
    let looked = world.download().verify(|path| async move {
        assert_eq!(std::fs::read(path)?, film());
        Ok::<(), std::io::Error>(())
    });
    looked.to_file(world.path()).await.unwrap();
    assert_eq!(world.files(), ["film"]);
    world.end().await;
}

#[tokio::test]
async fn what_lies_beside_it_and_means_nothing_is_no_harm() {
    for (part, record) in [
        (&b"octets of something else"[..], None),
        (b"octets", Some(&b"no record"[..])),
        (b"octets", Some(b"hinternet download 1\nurl sha-256 00\nvalidator \"v1\"\nlength 300\n")),
        (b"", Some(&[b'x'; 100_000])),
    ] {
        let world = World::of(vec![Script::answering(whole(&film(), TAG))]).await;
        std::fs::write(world.folder.path().join("film.part"), part).unwrap();
        if let Some(record) = record {
            std::fs::write(world.folder.path().join("film.part.record"), record).unwrap();
        }
        assert_eq!(world.download().to_file(world.path()).await.unwrap().resumed_from, 0);
        assert_eq!((world.film(), world.files(), world.asked()), (film(), vec!["film".to_owned()], vec![ALL]));
        world.end().await;
    }
}

#[tokio::test]
async fn the_record_of_another_url_is_not_gone_on_from() {
    let world = World::of(vec![broken(&whole(&film(), TAG), 100), Script::answering(whole(&other(), TAG))]).await;
    world.once().to_file(world.path()).await.unwrap_err();
    let elsewhere = world.session.download(world.peer.url("/film?other")).unwrap();
    assert_eq!(elsewhere.to_file(world.path()).await.unwrap().resumed_from, 0);
    assert_eq!((world.film(), world.asked()), (other(), vec![ALL, ALL]));
    world.end().await;
}

#[test]
fn it_needs_no_runtime_of_the_callers() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(World::of(vec![Script::answering(whole(&film(), TAG))]));
    // This thread has none: whatever polls the future will do.
    let downloaded = blocking(world.download().to_file(world.path()));
    assert_eq!((downloaded.unwrap().length, world.film()), (300, film()));
    runtime.block_on(world.end());
}

fn blocking<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);

    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut context = std::task::Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        std::thread::park();
    }
}

#[tokio::test]
async fn ranges_are_the_downloads_own() {
    let world = World::of(vec![Script::answering(whole(&film(), TAG))]).await;
    for name in ["range", "if-range"] {
        let error = world.download().header(name, "bytes=0-1").to_file(world.path()).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidParameter);
    }
    assert!(world.download().retry(policy().attempts(0)).stream().is_err());
    world.end().await;
}

/// In a folder that others may write into somebody may have put a link to any file of the caller's.
#[cfg(unix)]
#[tokio::test]
async fn an_unfinished_file_that_is_a_link_is_not_followed() {
    let world = World::of(vec![Script::answering(whole(&film(), TAG)), broken(&whole(&film(), TAG), 100)]).await;
    let (victim, part) = (world.folder.path().join("victim"), world.folder.path().join("film.part"));
    std::fs::write(&victim, "precious").unwrap();
    std::os::unix::fs::symlink(&victim, &part).unwrap();
    let error = world.download().to_file(world.path()).await.unwrap_err();
    assert_eq!((error.code(), error.stage(), error.blame()), (ErrorCode::WriteFault, Stage::Store, Blame::Caller));
    assert_eq!((std::fs::read(&victim).unwrap(), world.requests().len()), (b"precious".to_vec(), 0));
    std::fs::remove_file(&part).unwrap();
    // Nor is the record's, while it is written.
    std::os::unix::fs::symlink(&victim, world.folder.path().join("film.part.record.new")).unwrap();
    let error = world.once().to_file(world.path()).await.unwrap_err();
    assert_eq!((error.code(), error.stage()), (ErrorCode::WriteFault, Stage::Store));
    assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
    world.end().await;
}
