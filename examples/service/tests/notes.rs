//! What the JSON client sends again.

use hinternet::{Session, WireState};
use integration_tests::origin::{Origin, Reply};
use integration_tests::patiently;
use integration_tests::recorder::Recorder;
use integration_tests::scene::Nobody;
use service::notes::Notes;

#[tokio::test]
async fn a_note_that_was_never_sent_is_sent_again_until_its_time_is_over() {
    let (nobody, recorder) = (Nobody::new(), Recorder::start());
    let session = recorder.session(Session::builder());
    let notes = Notes::at(&session, &nobody.origin()).unwrap();
    let error = patiently("the end", notes.add("hello")).await.unwrap_err();
    assert_eq!(error.wire_state(), WireState::NotSent, "{error}");
    assert!(recorder.count(|status| status.name() == "ConnectingToServer") > 1);
    drop(notes);
    recorder.finish(session).await;
}

#[tokio::test]
async fn a_note_that_may_have_arrived_is_not_sent_again_and_what_is_only_read_is() {
    let (origin, recorder) = (Origin::start(|_| Reply::drop_connection()).await, Recorder::start());
    let session = recorder.session(Session::builder());
    let notes = Notes::at(&session, &origin.origin()).unwrap();
    patiently("the end", notes.add("hello")).await.unwrap_err();
    assert_eq!(origin.log().len(), 1);
    patiently("the end", notes.read(1)).await.unwrap_err();
    assert!(origin.log().len() > 2);
    drop(notes);
    recorder.finish(session).await;
}
