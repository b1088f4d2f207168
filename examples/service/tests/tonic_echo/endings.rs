//! Deadlines, cancels and drains.

use std::process::Stdio;
use std::time::Duration;

use hinternet::{Stage, Status as Told};
use integration_tests::http2_origin::{Answer, Http2Scene, Reason};
use integration_tests::patiently;
use integration_tests::recorder::Recorder;
use integration_tests::scene::Nobody;
use service::echo::echo_client::EchoClient;
use service::grpc::{Transport, transport, where_safe};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tonic::{Code, Request};

use super::{Scene, builder, times, words};

#[tokio::test]
async fn a_deadline_ends_a_call_here_and_at_the_server() {
    let scene = Scene::new().await;
    let mut request = Request::new(times(1, "hang"));
    request.set_timeout(Duration::from_millis(500));
    let mut replies = patiently("a head", scene.echo().repeat(request)).await.unwrap().into_inner();
    assert_eq!(patiently("a reply", replies.message()).await.unwrap().unwrap().number, 1);
    let status = patiently("the deadline", replies.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    scene.oracle.given_up().await;
    let overdue = |told: &Told| matches!(told, Told::RequestError { error, .. } if error.stage() == Stage::Body);
    scene.recorder.wait_for(|one| overdue(&one.status)).await;
    scene.end().await;
}

/// The server holds itself to the deadline too, and may be first.
#[tokio::test]
async fn a_deadline_ends_a_call_that_is_not_answered() {
    let scene = Scene::new().await;
    let mut request = Request::new(words("hang"));
    request.set_timeout(Duration::from_millis(500));
    let status = patiently("the deadline", scene.echo().once(request)).await.unwrap_err();
    assert!(matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled), "{status}");
    scene.oracle.given_up().await;
    scene.end().await;
}

#[tokio::test]
async fn a_call_that_is_dropped_is_given_up_at_the_server() {
    let scene = Scene::new().await;
    let mut echo = scene.echo();
    let mut calling = Box::pin(echo.once(words("hang")));
    tokio::select! {
        outcome = &mut calling => panic!("answered: {outcome:?}"),
        () = scene.oracle.begun() => {}
    }
    drop(calling);
    scene.oracle.given_up().await;
    drop(echo);
    assert_eq!(patiently("a reply", scene.echo().once(words("next"))).await.unwrap().into_inner().text, "next");
    assert_eq!(scene.oracle.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn replies_that_are_dropped_are_given_up_at_the_server() {
    let scene = Scene::new().await;
    let mut replies = patiently("a head", scene.echo().repeat(times(1, "hang"))).await.unwrap().into_inner();
    patiently("a reply", replies.message()).await.unwrap();
    scene.oracle.begun().await;
    drop(replies);
    scene.oracle.given_up().await;
    assert_eq!(patiently("a reply", scene.echo().once(words("next"))).await.unwrap().into_inner().text, "next");
    assert_eq!(scene.oracle.connections(), 1);
    scene.end().await;
}

#[tokio::test]
async fn a_drain_lets_calls_finish_and_takes_no_new_ones() {
    let scene = Scene::new().await;
    // More than what may be under way unread.
    let last_words = times(64, "x".repeat(64 * 1024));
    let mut replies = patiently("a head", scene.echo().repeat(last_words)).await.unwrap().into_inner();
    let draining = tokio::spawn(scene.session.shutdown(Duration::from_secs(30)));
    let status = patiently("a refusal", scene.echo().once(words("more"))).await.unwrap_err();
    assert_eq!(status.code(), Code::Cancelled, "{status}");
    for number in 1..=64 {
        assert_eq!(patiently("a reply", replies.message()).await.unwrap().unwrap().number, number);
    }
    assert!(patiently("the end", replies.message()).await.unwrap().is_none());
    let report = patiently("the drain", draining).await.unwrap();
    assert_eq!((report.completed, report.cancelled, report.never_sent), (1, 0, 0));
    scene.end().await;
}

#[cfg(unix)]
#[tokio::test]
async fn at_ctrl_c_the_program_waits_for_the_answer_to_the_call_under_way() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    let scene = Scene::new().await;
    let mut program = Command::new(env!("CARGO_BIN_EXE_service"));
    program
        .args(["call", &scene.server.origin(), "wait"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut program = program.spawn().unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    scene.oracle.begun().await;
    kill(Pid::from_raw(program.id().unwrap().try_into().unwrap()), Signal::SIGINT).unwrap();
    let mut line = async || patiently("a line", lines.next_line()).await.unwrap();
    assert_eq!(line().await.unwrap(), "draining  what is under way may finish");
    scene.oracle.answers();
    assert_eq!(line().await.unwrap(), "once      \"wait\"");
    assert_eq!(line().await.unwrap(), "report    completed 1, cancelled 0, never sent 0");
    assert_eq!(line().await, None);
    assert_eq!(patiently("its end", program.wait()).await.unwrap().code(), Some(0));
    scene.end().await;
}

#[tokio::test]
async fn only_what_is_safe_is_called_again() {
    let scene = Scene::new().await;
    let mut attempts = 0;
    let outcome = where_safe(async |_| {
        attempts += 1;
        scene.echo().once(words("refuse")).await
    });
    assert_eq!(patiently("a status", outcome).await.unwrap_err().code(), Code::FailedPrecondition);
    assert_eq!(attempts, 1, "the server has looked at it");
    scene.end().await;
}

/// How often it is called, and the status of the last time.
async fn calls(echo: &EchoClient<Transport>) -> (u32, Code) {
    let mut attempts = 0;
    let outcome = where_safe(async |_| {
        attempts += 1;
        echo.clone().once(words("hello")).await
    });
    let status = patiently("a status", outcome).await.unwrap_err();
    (attempts, status.code())
}

#[tokio::test]
async fn what_was_not_sent_is_called_again() {
    let (nobody, recorder) = (Nobody::new(), Recorder::start());
    let session = recorder.session(builder());
    let echo = EchoClient::new(transport(session.connect(&nobody.origin()).unwrap()));
    assert_eq!(calls(&echo).await, (4, Code::Unavailable));
    drop(echo);
    recorder.finish(session).await;
}

#[tokio::test]
async fn what_was_refused_unprocessed_is_called_again_and_what_may_have_been_acted_on_is_not() {
    for (reason, expected) in
        [(Reason::REFUSED_STREAM, (4, Code::Unavailable)), (Reason::INTERNAL_ERROR, (1, Code::Internal))]
    {
        let scene = Http2Scene::with(move |_| Answer::reset(reason)).await;
        let echo = EchoClient::new(transport(scene.connection.clone()));
        assert_eq!(calls(&echo).await, expected);
        drop(echo);
        scene.end().await;
    }
}
