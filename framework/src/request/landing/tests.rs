//! One answer, or the word that there will be none.

use std::pin::pin;
use std::sync::Arc;

use futures_util::FutureExt;

use super::*;
use crate::error::{Error, Operation};

fn land(landing: &Landing) {
    let landed = Answer::Landed(Err(Error::parameter(Operation::Send, "it has landed")));
    if let Answer::Awaited(Some(waker)) = std::mem::replace(&mut *landing.lock(), landed) {
        waker.wake();
    }
}

#[test]
fn who_waits_is_given_the_answer_once() {
    let landing = Landing::default();
    {
        let mut answer = pin!(landing.answer());
        assert!(answer.as_mut().now_or_never().is_none());
        land(&landing);
        assert!(matches!(answer.now_or_never(), Some(Some(Err(_)))));
    }
    assert!(matches!(landing.answer().now_or_never(), Some(None)), "it was taken");
}

#[test]
fn an_answer_that_has_landed_is_not_given_up() {
    let landing = Landing::default();
    land(&landing);
    landing.give_up();
    assert!(matches!(landing.answer().now_or_never(), Some(Some(Err(_)))));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_hears_from_any_thread_that_there_will_be_none() {
    for _ in 0..500 {
        let landing = Arc::new(Landing::default());
        let given_up = Arc::clone(&landing);
        let other = tokio::task::spawn_blocking(move || given_up.give_up());
        let waited = tokio::time::timeout(std::time::Duration::from_secs(30), landing.answer()).await;
        assert!(waited.expect("it is heard").is_none());
        other.await.unwrap();
    }
}
