//! What the lanes of an origin hear of each other.

use std::time::Duration;

use tokio::task::LocalSet;

use super::ahead::Opener;
use super::*;
use crate::error::Operation;
use crate::error::Stage;
use crate::handle::Ending;
use crate::id::HandleKind;
use crate::notification::CreditLimits;
use crate::options::{DialOptions, NameOptions, RequestOptions, SessionOptions};
use crate::target::Origin;
use crate::transport::in_memory;

fn session() -> Arc<Node> {
    Node::root(CreditLimits { progress: 1, total: 1 }, 0)
}

fn terms(session: &Arc<Node>, lanes: Lanes) -> Arc<Terms> {
    terms_with(session, lanes, Quota::new(None, || ()))
}

/// Those of a session of which nothing else is known.
pub(super) fn terms_with(session: &Arc<Node>, lanes: Lanes, quota: Quota) -> Arc<Terms> {
    let session = Arc::clone(session);
    let limits = PoolLimits { wires_per_origin: None, ..PoolLimits::of(&SessionOptions::default()) };
    let (names, trace) = (Names::new(NameOptions::default()), 0);
    let (governors, budgets) = (Governors::new(None), Budgets::new());
    let proxies = Proxies::default();
    Arc::new(Terms {
        keyring: Arc::default(),
        session,
        limits,
        overrides: Overrides::default(),
        lanes,
        trace,
        quota,
        names,
        governors,
        budgets,
        proxies,
    })
}

/// The origin under these options, which no registry knows and so no watch looks after.
fn pond(terms: &Arc<Terms>, options: &RequestOptions) -> Rc<Pond> {
    let origin = Origin::parse("http://h").unwrap();
    Pond::new(Sought::new(terms.session.id(), &origin, &Arc::new(options.clone())).to_key(), Arc::clone(terms))
}

async fn lease(pond: &Rc<Pond>, options: &RequestOptions) -> Lease {
    let owner = Arc::clone(&pond.terms.session);
    let request = owner.child(HandleKind::Request, Operation::Send).unwrap();
    // It has nothing to tell: it ends with the session, which knows it until then.
    drop(request.first_hold());
    let asking =
        Asking { request, owner, options: Arc::new(options.clone()), fresh: false, stage: Cell::new(Stage::Queue) };
    pond.acquire(Rc::new(asking)).await.unwrap()
}

/// Accepts all that is dialed, and says nothing.
fn mute() -> RequestOptions {
    let (dialer, mut listener) = in_memory();
    tokio::task::spawn_local(async move {
        let mut open = Vec::new();
        while let Some(accepted) = listener.accept().await {
            open.push(accepted);
        }
    });
    RequestOptions { dial: DialOptions::default().dialer(dialer), ..RequestOptions::default() }
}

/// Nothing happens in the lane with the idle wires, and nothing looks after it, but that the other one calls.
#[tokio::test]
async fn a_lane_where_nothing_happens_hears_that_another_wants_a_wire() {
    let story = async {
        let options = mute();
        let session = session();
        let terms = terms(&session, Lanes::new(2, Some(4)));
        let (one, other) = (pond(&terms, &options), pond(&terms, &options));
        let mut all = Vec::new();
        for _ in 0..4 {
            all.push(lease(&one, &options).await);
        }
        all.into_iter().for_each(|lease| lease.give_back(&session, clock::now()));
        assert_eq!(one.resting_since().len(), 4);
        let taken = lease(&other, &options).await;
        assert_eq!(one.resting_since().len(), 3);
        taken.give_back(&session, clock::now());

        drop(one);
        let mut all = Vec::new();
        for _ in 0..4 {
            all.push(lease(&other, &options).await);
        }
        assert_eq!(other.resting_since().len(), 0, "what the lane held that is gone is the other's");
        session.close(Ending::Closed);
    };
    LocalSet::new().run_until(tokio::time::timeout(Duration::from_secs(30), story)).await.unwrap();
}

#[tokio::test]
async fn a_request_has_its_place_though_one_was_refused_to_a_wire_ahead() {
    let story = async {
        let options = mute();
        let session = session();
        let terms = terms(&session, Lanes::new(2, Some(4)));
        let (one, other) = (pond(&terms, &options), pond(&terms, &options));
        let mut all = Vec::new();
        for _ in 0..4 {
            all.push(lease(&one, &options).await);
        }
        let opener = Opener { owner: Arc::clone(&session), options: Arc::new(options.clone()) };
        assert!(!other.dial_ahead(&opener, Box::new(|_| ())), "there is no place");
        // It stands in line when the others come back.
        let come_back = async { all.into_iter().for_each(|lease| lease.give_back(&session, clock::now())) };
        let (taken, ()) = tokio::join!(biased; lease(&other, &options), come_back);
        taken.give_back(&session, clock::now());
        session.close(Ending::Closed);
    };
    LocalSet::new().run_until(tokio::time::timeout(Duration::from_secs(30), story)).await.unwrap();
}
