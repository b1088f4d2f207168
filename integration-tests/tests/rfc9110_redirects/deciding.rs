//! The caller's say: a function or an actor that edits, takes as it is, or refuses the next request.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Context, Handler};
use hinternet::{
    Blame, ErrorCode, HeaderValue, Method, Redirect, RedirectDecider, RedirectDecision, RedirectOptions, Stage,
};
use integration_tests::Gate;

use crate::world::{Watched, asked, moved, moved_by, redirecting};

fn asking(decider: RedirectDecider) -> RedirectOptions {
    let mut options = RedirectOptions::default();
    options.decider = Some(decider);
    options
}

fn by(decide: impl Fn(Redirect) -> RedirectDecision + Send + Sync + 'static) -> RedirectOptions {
    asking(RedirectDecider::function(decide))
}

#[tokio::test]
async fn a_function_edits_the_next_request() {
    let (world, a, b) = (Watched::new(), redirecting().await, redirecting().await);
    let elsewhere = hinternet::Target::parse(&b.url("/edited")).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let options = by(move |mut redirect| {
        kept.lock().unwrap().push((redirect.status().as_u16(), redirect.hops(), redirect.target.url()));
        assert!(redirect.response_headers().contains_key("location"));
        redirect.target = elsewhere.clone();
        redirect.headers.insert("x-added", HeaderValue::from_static("1"));
        redirect.headers.insert("authorization", HeaderValue::from_static("its own will"));
        RedirectDecision::Follow(redirect)
    });
    let get = world.session.get(a.url(&moved("/next"))).unwrap().header("cookie", "a=b").redirects(options);
    let response = get.send().await.unwrap();
    assert_eq!(response.url(), b.url("/edited"));
    let visit = &b.log()[0];
    assert_eq!((visit.field("x-added"), visit.field("authorization")), (Some("1"), Some("its own will")));
    assert_eq!(visit.field("cookie"), None, "what it did not add stays where it was for");
    assert_eq!(*seen.lock().unwrap(), [(302, 0, a.url("/next"))]);
    world.end().await;
}

#[tokio::test]
async fn a_function_repeats_what_was_posted_or_makes_a_get_of_it() {
    let (world, origin) = (Watched::new(), redirecting().await);
    let post = |status, options| {
        let url = origin.url(&moved_by(status, "/echo"));
        let post = world.session.post(url.as_str()).unwrap().header("content-type", "text/plain");
        let sent = post.body("octets").redirects(options).send();
        async { sent.await.unwrap().text().await.unwrap() }
    };
    assert_eq!(post(302, by(|redirect| RedirectDecision::Follow(redirect.repeating()))).await, "POST octets");
    assert_eq!(origin.log().pop().unwrap().field("content-type"), Some("text/plain"));
    let as_get = by(|mut redirect| {
        redirect.method = Method::GET;
        RedirectDecision::Follow(redirect)
    });
    assert_eq!(post(307, as_get).await, "GET ");
    assert_eq!(origin.log().pop().unwrap().field("content-type"), None);
    world.end().await;
}

#[tokio::test]
async fn a_function_has_the_redirect_delivered_or_refused_and_its_panic_is_the_callers_fault() {
    let (world, origin) = (Watched::new(), redirecting().await);
    let get = |options| world.session.get(origin.url(&moved("/next"))).unwrap().redirects(options).send();
    assert_eq!(get(by(|_| RedirectDecision::Deliver)).await.unwrap().status(), 302);
    for options in [by(|_| RedirectDecision::Refuse), by(|_| panic!("on purpose"))] {
        let error = get(options).await.unwrap_err();
        assert_eq!(
            (error.code(), error.blame(), error.stage()),
            (ErrorCode::RedirectFailed, Blame::Caller, Stage::Redirect)
        );
    }
    assert!(asked(&origin).iter().all(|(_, target)| target != "/next"));
    assert_eq!(get(RedirectOptions::default()).await.unwrap().status(), 200, "the session goes on");
    world.end().await;
}

#[tokio::test]
async fn one_decider_of_many_requests_knows_which_one_asks() {
    let (world, origin) = (Watched::new(), redirecting().await);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let decider = RedirectDecider::function(move |redirect| {
        kept.lock().unwrap().push((redirect.context(), redirect.target.path_and_query().to_owned()));
        assert!(redirect.answered_after() > Duration::ZERO && redirect.governor.is_none());
        RedirectDecision::Follow(redirect)
    });
    for context in [7, 8] {
        let get = world.session.get(origin.url(&moved(&format!("/{context}")))).unwrap().context(context);
        assert_eq!(get.redirects(asking(decider.clone())).send().await.unwrap().status(), 200);
    }
    assert_eq!(*seen.lock().unwrap(), [(7, "/7".to_owned()), (8, "/8".to_owned())]);
    world.end().await;
}

#[tokio::test]
async fn a_method_that_may_not_be_sent_is_refused() {
    let (world, origin) = (Watched::new(), redirecting().await);
    let options = by(|mut redirect| {
        redirect.method = Method::CONNECT;
        RedirectDecision::Follow(redirect)
    });
    let error = world.session.get(origin.url(&moved("/next"))).unwrap().redirects(options).send().await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidParameter);
    world.end().await;
}

/// Answers as it is made to.
enum Judge {
    Follows,
    Dies,
    NeverAnswers(Gate),
}

impl Actor for Judge {
    type Context = Context<Self>;
}

impl Handler<Redirect> for Judge {
    type Result = actix::ResponseFuture<RedirectDecision>;

    fn handle(&mut self, mut redirect: Redirect, _: &mut Context<Self>) -> Self::Result {
        match self {
            Self::Follows => {
                redirect.headers.insert("x-added", HeaderValue::from_static("by an actor"));
                Box::pin(std::future::ready(RedirectDecision::Follow(redirect)))
            }
            Self::Dies => panic!("on purpose"),
            Self::NeverAnswers(asked) => {
                asked.open();
                Box::pin(std::future::pending())
            }
        }
    }
}

fn judged_by(judge: Judge) -> RedirectOptions {
    asking(RedirectDecider::actor(hinternet::start(judge).recipient()))
}

#[tokio::test]
async fn an_actor_decides_and_one_that_dies_is_the_callers_fault() {
    let (world, origin) = (Watched::new(), redirecting().await);
    let get = |options| world.session.get(origin.url(&moved("/next"))).unwrap().redirects(options).send();
    assert_eq!(get(judged_by(Judge::Follows)).await.unwrap().status(), 200);
    assert_eq!(origin.log()[1].field("x-added"), Some("by an actor"));
    let error = get(judged_by(Judge::Dies)).await.unwrap_err();
    assert_eq!((error.code(), error.blame()), (ErrorCode::RedirectFailed, Blame::Caller));
    world.end().await;
}

#[tokio::test]
async fn an_actor_that_does_not_answer_has_its_time_and_can_be_given_up() {
    let (world, origin) = (Watched::new(), redirecting().await);
    let mut options = judged_by(Judge::NeverAnswers(Gate::new()));
    options.decision = Duration::from_millis(20);
    let error = world.session.get(origin.url(&moved("/next"))).unwrap().redirects(options).send().await.unwrap_err();
    assert_eq!((error.code(), error.stage(), error.blame()), (ErrorCode::Timeout, Stage::Redirect, Blame::Caller));

    let asked = Gate::new();
    let options = judged_by(Judge::NeverAnswers(asked.clone()));
    let get = world.session.get(origin.url(&moved("/next"))).unwrap().redirects(options).send();
    let get = tokio::spawn(get);
    asked.passed().await;
    get.abort();
    assert!(get.await.unwrap_err().is_cancelled());
    world.end().await;
}
