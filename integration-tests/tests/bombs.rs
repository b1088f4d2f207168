//! Bodies that become far more than they are (`reliability.md` 3.6): memory stays within the budget, and a mebibyte, however much is
//! promised.
//!
//! In a program of its own and one after the other, as what is measured is all of the process. A recorder keeps all it hears, and
//! has to be told of few reads.

use hinternet::{ErrorCode, RequestOptions, Session, SessionBuilder};
use integration_tests::coded::Coded;
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::{assert_kib, patiently};
use tokio::sync::Mutex;

/// What is measured is the whole process.
static ALONE: Mutex<()> = Mutex::const_new(());

const MIB: usize = 1024 * 1024;
/// More than the largest window, of 16 MiB, takes while it grows.
const BUDGET: usize = 32 * MIB;

fn kib(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

/// What is resident from here on is measured anew.
fn forget_peak() -> u64 {
    std::fs::write("/proc/self/clear_refs", "5").expect("a process may forget its own peak");
    kib("VmHWM:")
}

/// A server of so many mebibytes of zeros, which remembers nothing of what it sent.
async fn server(coded: Coded, mebibytes: usize) -> ScriptedPeer {
    let (begin, more) = coded.bomb();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: {}\r\n\r\n", coded.name());
    ScriptedPeer::always(
        Script::new().forgetful().read_head().send(head).send(begin).repeat(more, mebibytes - 1).close(),
    )
    .await
}

fn builder(octets: Option<u64>, ratio: Option<u32>) -> SessionBuilder {
    let mut options = RequestOptions::default();
    (options.limits.decoded_body, options.limits.decoded_ratio) = (octets, ratio);
    Session::builder().request_options(options)
}

/// Reads without keeping anything: so many octets there were, and why there are no more.
async fn read(session: &Session, peer: &ScriptedPeer) -> (usize, Option<ErrorCode>) {
    let mut octets = 0;
    let send = session.get(peer.url("/")).expect("a URL").send();
    let mut response = match patiently("a head", send).await {
        Ok(response) => response,
        Err(error) => return (0, Some(error.code())),
    };
    loop {
        match patiently("a piece", response.chunk()).await {
            Ok(Some(piece)) => octets += piece.len(),
            Ok(None) => return (octets, None),
            Err(error) => return (octets, Some(error.code())),
        }
    }
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs /proc/self")]
async fn f_a_bomb_stays_within_the_budget_and_a_mebibyte() {
    let _alone = ALONE.lock().await;
    for coded in Coded::ALL {
        // 10 MB, 1 GiB and 10 GiB.
        for mebibytes in [10, 1024, 10 * 1024] {
            let recorder = Recorder::start();
            let session = recorder.session(builder(Some(BUDGET as u64), None));
            let peer = server(coded, mebibytes).await;
            let before = forget_peak();
            let (octets, code) = read(&session, &peer).await;
            let grown = kib("VmHWM:").saturating_sub(before);
            println!("{coded:?} of {mebibytes} MiB: {octets} octets read, {grown} KiB more");
            if mebibytes * MIB > BUDGET {
                assert_eq!(code, Some(ErrorCode::BodyTooLarge), "{coded:?}");
            } else {
                // It was never ended.
                assert_eq!((octets, code), (mebibytes * MIB, Some(ErrorCode::InvalidServerResponse)), "{coded:?}");
            }
            assert!(octets <= BUDGET, "{coded:?}: {octets}");
            assert_kib(grown, ((BUDGET + MIB) / 1024) as u64, format_args!("{coded:?} of {mebibytes} MiB"));
            recorder.finish(session).await;
        }
    }
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs /proc/self")]
async fn f_by_default_a_bomb_is_refused_for_its_density() {
    let _alone = ALONE.lock().await;
    for coded in Coded::ALL {
        let recorder = Recorder::start();
        let session = recorder.session(Session::builder());
        let peer = server(coded, 10 * 1024).await;
        let (octets, code) = read(&session, &peer).await;
        println!("{coded:?}: {octets} octets read");
        assert_eq!(code, Some(ErrorCode::BodyTooLarge), "{coded:?}");
        assert!(octets <= 8 * MIB, "{coded:?}: {octets}");
        recorder.finish(session).await;
    }
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs /proc/self")]
#[cfg_attr(sanitized, ignore = "a sanitizer's memory is counted too")]
async fn f_a_bomb_that_nobody_reads_costs_no_more_than_a_window() {
    let _alone = ALONE.lock().await;
    for coded in Coded::ALL {
        let recorder = Recorder::start();
        let session = recorder.session(builder(None, None));
        let peer = server(coded, 10 * 1024).await;
        let before = forget_peak();
        let response = patiently("a head", session.get(peer.url("/")).unwrap().send()).await.unwrap();
        let connection = session.connect(&peer.origin()).unwrap();
        drop(response);
        connection.close().await.unwrap();
        let grown = kib("VmHWM:").saturating_sub(before);
        println!("{coded:?}: {grown} KiB more");
        // Threads and buffers begin too.
        // Brotli's decoder may fill its window before it gives anything: 16 MiB, and twice that while it grows.
        let most = if matches!(coded, Coded::Brotli) { 33 * 1024 } else { 4 * 1024 };
        assert_kib(grown, most, format_args!("{coded:?}"));
        recorder.finish(session).await;
    }
}
