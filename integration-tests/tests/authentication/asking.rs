//! Who is asked for credentials when none are set, what becomes of the answer, and of those who give none.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::{Actor, Context, Handler, MessageResult};
use hinternet::{
    AuthTarget, Authentication, Blame, CredentialProvider, Credentials, CredentialsAsked, ErrorCode, Providing,
    Session, Stage,
};
use integration_tests::guard::Guard;
use integration_tests::origin::{Origin, Reply};
use integration_tests::{Gate, dropped_after};

use super::{ALICE, Scene};

/// Gives these, one after the other, and keeps what it was asked.
#[derive(Clone, Debug, Default)]
struct Vault {
    gives: Arc<Mutex<Vec<Credentials>>>,
    asked: Arc<Mutex<Vec<CredentialsAsked>>>,
    held: Option<Gate>,
}

impl Vault {
    fn of(gives: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        let mut gives: Vec<_> = gives.into_iter().map(Credentials::from).collect();
        gives.reverse();
        Self { gives: Arc::new(Mutex::new(gives)), ..Self::default() }
    }

    fn asked(&self) -> Vec<CredentialsAsked> {
        self.asked.lock().unwrap().clone()
    }
}

impl CredentialProvider for Vault {
    fn credentials(&self, asked: &CredentialsAsked) -> Providing {
        self.asked.lock().unwrap().push(asked.clone());
        let (given, held) = (self.gives.lock().unwrap().pop(), self.held.clone());
        Box::pin(async move {
            if let Some(gate) = held {
                gate.passed().await;
            }
            given
        })
    }
}

impl Actor for Vault {
    type Context = Context<Self>;
}

impl Handler<CredentialsAsked> for Vault {
    type Result = MessageResult<CredentialsAsked>;

    fn handle(&mut self, asked: CredentialsAsked, _context: &mut Self::Context) -> Self::Result {
        self.asked.lock().unwrap().push(asked);
        MessageResult(self.gives.lock().unwrap().pop())
    }
}

async fn guarded(provider: impl CredentialProvider) -> (Arc<Guard>, Scene) {
    let guard = Guard::digest("MD5", "auth", ALICE.0, ALICE.1);
    let origin = Origin::start(guard.before(|_| Reply::ok("admitted"))).await;
    (guard, Scene::of(origin, Session::builder().credential_provider(provider)))
}

async fn status(scene: &Scene) -> u16 {
    scene.session.get(scene.origin.url("/")).unwrap().send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_provider_is_asked_once_and_what_was_accepted_is_remembered() {
    let vault = Vault::of([ALICE]);
    let (guard, scene) = guarded(vault.clone()).await;
    assert_eq!([status(&scene).await, status(&scene).await], [200, 200]);
    let asked = vault.asked();
    assert_eq!((asked.len(), asked[0].target, asked[0].attempt), (1, AuthTarget::Server, 1));
    assert_eq!((asked[0].origin.to_string(), asked[0].realm.as_deref()), (scene.origin.origin(), Some("guarded")));
    assert_eq!(guard.refused(), 1);
    scene.session.credentials().forget_accepted();
    assert_eq!(status(&scene).await, 401, "asked again, and it has none any more");
    assert_eq!(vault.asked().len(), 2);
    scene.end().await;
}

#[tokio::test]
async fn an_actor_is_a_provider() {
    let vault = Vault::of([ALICE]);
    let (_guard, scene) = guarded(hinternet::start(vault.clone()).recipient()).await;
    assert_eq!((status(&scene).await, vault.asked().len()), (200, 1));
    scene.end().await;
}

#[tokio::test]
async fn a_provider_is_asked_again_until_it_is_right_or_has_no_more() {
    let vault = Vault::of([("alice", "wrong"), ("alice", "wrong"), ALICE]);
    let (_guard, scene) = guarded(vault.clone()).await;
    assert_eq!(status(&scene).await, 200);
    let attempts: Vec<_> = vault.asked().iter().map(|asked| asked.attempt).collect();
    assert_eq!(attempts, [1, 2, 3]);
    assert_eq!(scene.shown().len(), 3, "what was refused is not shown again");
    scene.end().await;

    let vault = Vault::of([("a", "1"), ("a", "2"), ("a", "3"), ("a", "4")]);
    let (_guard, scene) = guarded(vault.clone()).await;
    assert_eq!((status(&scene).await, vault.asked().len()), (401, 3), "three times at most");
    scene.end().await;
}

#[tokio::test]
async fn a_provider_is_not_asked_for_what_is_set() {
    let vault = Vault::of([ALICE]);
    let (_guard, scene) = guarded(vault.clone()).await;
    let wrong = scene.session.get(scene.origin.url("/")).unwrap().digest_auth("alice", "wrong").send().await.unwrap();
    assert_eq!((wrong.status().as_u16(), vault.asked().len()), (401, 0));
    drop(wrong);
    scene.end().await;
}

#[derive(Debug)]
struct Panics;

impl CredentialProvider for Panics {
    fn credentials(&self, _asked: &CredentialsAsked) -> Providing {
        panic!("the vault is on fire")
    }
}

#[tokio::test]
async fn a_provider_that_panics_is_the_callers_fault_and_the_session_goes_on() {
    let (_guard, scene) = guarded(Panics).await;
    let error = scene.session.get(scene.origin.url("/")).unwrap().send().await.unwrap_err();
    assert_eq!(
        (error.code(), error.blame(), error.stage()),
        (ErrorCode::InternalError, Blame::Caller, Stage::Authenticate)
    );
    let allowed = scene.session.get(scene.origin.url("/")).unwrap().digest_auth(ALICE.0, ALICE.1).send().await.unwrap();
    assert_eq!(allowed.status(), 200);
    drop(allowed);
    scene.end().await;
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_waited_for_as_long_as_is_said() {
    let vault = Vault { held: Some(Gate::new()), ..Vault::of([ALICE]) };
    let (_guard, scene) = guarded(vault).await;
    let mut authentication = Authentication::default();
    authentication.provider_timeout = Duration::from_millis(10);
    let request = scene.session.get(scene.origin.url("/")).unwrap().authentication(authentication);
    let error = request.send().await.unwrap_err();
    assert_eq!((error.code(), error.blame(), error.stage()), (ErrorCode::Timeout, Blame::Caller, Stage::Authenticate));
    scene.end().await;
}

#[tokio::test]
async fn a_receive_that_is_given_up_while_somebody_is_asked_goes_on_with_that() {
    let gate = Gate::new();
    let vault = Vault { held: Some(gate.clone()), ..Vault::of([ALICE]) };
    let (_guard, scene) = guarded(vault.clone()).await;
    let connection = scene.session.connect(&scene.origin.origin()).unwrap();
    let request = connection.open_request(hinternet::Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    while vault.asked().is_empty() {
        assert!(dropped_after(1, request.receive_response()).await.is_none());
        tokio::task::yield_now().await;
    }
    for _ in 0..20 {
        assert!(dropped_after(1, request.receive_response()).await.is_none());
    }
    gate.open();
    assert_eq!(request.receive_response().await.unwrap().status(), 200);
    assert_eq!(vault.asked().len(), 1, "one answer is waited for, however often the receive is given up");
    drop((request, connection));
    scene.end().await;
}

#[tokio::test]
async fn a_receive_that_is_given_up_while_somebody_is_asked_who_has_none_gives_the_401() {
    let gate = Gate::new();
    let vault = Vault { held: Some(gate.clone()), ..Vault::of([]) };
    let (_guard, scene) = guarded(vault.clone()).await;
    let connection = scene.session.connect(&scene.origin.origin()).unwrap();
    let request = connection.open_request(hinternet::Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    while vault.asked().is_empty() {
        assert!(dropped_after(1, request.receive_response()).await.is_none());
        tokio::task::yield_now().await;
    }
    gate.open();
    assert_eq!(request.receive_response().await.unwrap().status(), 401);
    drop((request, connection));
    scene.end().await;
}

/// What was asked for before is shown, and not remembered: whoever had all forgotten meant that too.
#[tokio::test]
async fn what_a_provider_gives_after_all_was_forgotten_is_not_remembered() {
    for clears_all in [true, false] {
        let gate = Gate::new();
        let vault = Vault { held: Some(gate.clone()), ..Vault::of([ALICE]) };
        let (_guard, scene) = guarded(vault.clone()).await;
        let first = tokio::spawn(scene.session.get(scene.origin.url("/")).unwrap().send());
        while vault.asked().is_empty() {
            tokio::task::yield_now().await;
        }
        let store = scene.session.credentials();
        if clears_all {
            store.clear()
        } else {
            store.forget_accepted()
        }
        gate.open();
        assert_eq!(first.await.unwrap().unwrap().status(), 200, "what is under way goes on with what it has");
        assert_eq!(status(&scene).await, 401, "it is asked anew, and has no more");
        assert_eq!(vault.asked().len(), 2);
        scene.end().await;
    }
}
