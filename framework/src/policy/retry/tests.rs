//! One case per condition; pauses by chance; the budget with the time stepped.

use super::*;
use crate::error::{Blame, ErrorCode, Operation, Stage};

const SECOND: Duration = Duration::from_secs(1);

fn busy(status: u16, retry_after: Option<Duration>) -> Cause<'static> {
    Cause::Answered { status: StatusCode::from_u16(status).unwrap(), retry_after }
}

fn attempt(cause: Cause<'_>) -> Fruitless<'_> {
    Fruitless {
        method: &Method::GET,
        cause,
        wire_state: WireState::ResponseStarted,
        replayable: true,
        attempt: 1,
        time_left: None,
    }
}

fn pause(it: &Fruitless<'_>) -> Option<Duration> {
    pause_before_retry(&RetryPolicy::new(), it, 1.0)
}

#[test]
fn which_answers_are_a_reason() {
    let retried: Vec<_> = (100..600).filter(|status| pause(&attempt(busy(*status, None))).is_some()).collect();
    assert_eq!(retried, [429, 502, 503, 504]);
}

#[test]
fn which_failures_are_a_reason() {
    use ErrorCode::*;
    let retried = |code, blame| {
        let error = Error::new(code, Operation::Send, Stage::Connect, blame, "a test");
        pause(&Fruitless { wire_state: WireState::BodySent, ..attempt(Cause::Failed(&error)) }).is_some()
    };
    for code in ErrorCode::ALL {
        let expected = matches!(code, Timeout | NameNotResolved | CannotConnect | ConnectionError);
        assert_eq!(retried(*code, Blame::Network), expected, "{code}");
        assert!(!retried(*code, Blame::Caller), "{code}");
    }
    let error = Error::timeout(Operation::Send, Stage::Connect, SECOND);
    let in_line = Error::timeout(Operation::Send, Stage::Queue, SECOND);
    assert_eq!(pause(&attempt(Cause::Failed(&in_line))), None);
    let no_failures = RetryPolicy::new().failures(false);
    assert_eq!(pause_before_retry(&no_failures, &attempt(Cause::Failed(&error)), 0.0), None);
}

#[test]
fn only_what_may_be_repeated_is() {
    let post = Fruitless { method: &Method::POST, ..attempt(busy(503, None)) };
    assert_eq!(pause(&post), None);
    assert!(pause_before_retry(&RetryPolicy::new().any_method(true), &post, 0.0).is_some(), "the caller's word");
    for unseen in [WireState::NotSent, WireState::RefusedByPeer] {
        assert!(pause(&Fruitless { wire_state: unseen, ..post.clone() }).is_some(), "{unseen}");
    }
    for method in [Method::PUT, Method::DELETE, Method::HEAD, Method::OPTIONS, Method::TRACE] {
        assert!(pause(&Fruitless { method: &method, ..attempt(busy(503, None)) }).is_some(), "{method}");
    }
    assert_eq!(pause(&Fruitless { replayable: false, ..attempt(busy(503, None)) }), None);
}

#[test]
fn so_often_and_no_more() {
    let nth = |attempt_no| pause(&Fruitless { attempt: attempt_no, ..attempt(busy(503, None)) });
    assert!(nth(1).is_some() && nth(2).is_some());
    assert_eq!((nth(3), nth(4)), (None, None));
    assert_eq!(pause_before_retry(&RetryPolicy::new().attempts(1), &attempt(busy(503, None)), 0.0), None);
}

#[test]
fn a_pause_is_any_time_up_to_one_that_doubles_to_the_longest() {
    let policy = RetryPolicy::new().attempts(100).first_pause(SECOND).longest_pause(8 * SECOND);
    let longest =
        |nth| pause_before_retry(&policy, &Fruitless { attempt: nth, ..attempt(busy(503, None)) }, 1.0).unwrap();
    assert_eq!([1, 2, 3, 4, 5, 99].map(longest), [1, 2, 4, 8, 8, 8].map(|n| n * SECOND));
    let half = pause_before_retry(&policy, &attempt(busy(503, None)), 0.5).unwrap();
    assert_eq!((half, pause_before_retry(&policy, &attempt(busy(503, None)), 0.0)), (SECOND / 2, Some(Duration::ZERO)));
    assert_eq!(pause_before_retry(&policy, &attempt(busy(503, None)), f64::INFINITY), Some(SECOND), "a chance is one");
}

#[test]
fn rfc9110_10_2_3_retry_after_is_obeyed_and_capped() {
    let asked = |time| pause_before_retry(&RetryPolicy::new(), &attempt(busy(503, Some(time))), 0.0);
    assert_eq!(asked(7 * SECOND), Some(7 * SECOND), "never less");
    assert_eq!(asked(Duration::from_secs(1_000_000_000)), Some(60 * SECOND));
    assert_eq!(asked(Duration::MAX), Some(60 * SECOND));
    let and_jitter = pause(&attempt(busy(503, Some(7 * SECOND)))).unwrap();
    assert_eq!(and_jitter, 7 * SECOND + Duration::from_millis(200), "so that not all come at that moment");
    let ignores = RetryPolicy::new().longest_retry_after(Duration::ZERO);
    assert_eq!(pause_before_retry(&ignores, &attempt(busy(503, Some(7 * SECOND))), 0.0), Some(Duration::ZERO));
}

#[test]
fn no_pause_outlasts_the_total_deadline() {
    let left = |time_left| pause(&Fruitless { time_left: Some(time_left), ..attempt(busy(503, Some(SECOND))) });
    assert_eq!(left(SECOND), None);
    assert!(left(2 * SECOND).is_some());
    let no_longer = Fruitless { time_left: Some(SECOND), ..attempt(busy(503, Some(SECOND))) };
    assert_eq!(pause_before_retry(&RetryPolicy::new(), &no_longer, 0.0), None, "nor lasts until then");
}

#[test]
fn a_budget_is_full_at_first_and_empty_after_so_many() {
    let (terms, now) = (RetryBudget { per_request: 0.1, per_second: 0.0, most: 3.0 }, Instant::now());
    let mut budget = Budget::new(&terms, now);
    assert_eq!((0..5).filter(|_| budget.take(&terms, now)).count(), 3);
    // Ten requests pay for one.
    (0..9).for_each(|_| budget.request(&terms, now));
    assert!(!budget.take(&terms, now));
    (0..2).for_each(|_| budget.request(&terms, now));
    assert!(budget.take(&terms, now) && !budget.take(&terms, now));
    (0..1000).for_each(|_| budget.request(&terms, now));
    assert_eq!((0..50).filter(|_| budget.take(&terms, now)).count(), 3, "it holds no more");
}

#[test]
fn each_second_brings_a_few_and_a_clock_that_goes_back_none() {
    let (terms, now) = (RetryBudget { per_request: 0.0, per_second: 2.0, most: 4.0 }, Instant::now());
    let mut budget = Budget::new(&terms, now);
    assert_eq!((0..9).filter(|_| budget.take(&terms, now)).count(), 4);
    assert_eq!((0..9).filter(|_| budget.take(&terms, now + SECOND)).count(), 2);
    assert!(!budget.take(&terms, now) && !budget.take(&terms, now + SECOND));
    assert_eq!((0..9).filter(|_| budget.take(&terms, now + 900 * SECOND)).count(), 4);
}

#[test]
fn of_a_server_that_always_fails_no_more_is_asked_than_the_budget_allows() {
    // A thousand requests a second for ten seconds, each of which would be sent twice more.
    let (terms, began) = (RetryBudget::default(), Instant::now());
    let mut budget = Budget::new(&terms, began);
    let mut retries = 0;
    for nth in 0..10_000 {
        let now = began + nth * Duration::from_millis(1);
        budget.request(&terms, now);
        retries += (0..2).filter(|_| budget.take(&terms, now)).count();
    }
    assert!((1_000..=1_031).contains(&retries), "{retries}");
}
