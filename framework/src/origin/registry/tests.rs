//! Which idle wire makes room, and what is remembered of that.

use tokio::task::LocalSet;

use super::*;
use crate::handle::Node;
use crate::network::DialDetails;
use crate::notification::CreditLimits;
use crate::options::SharedOptions;
use crate::origin::pool::Ticket;
use crate::origin::tests::terms_with;
use crate::origin::{Kept, Lanes, Quota};
use crate::target::Origin;
use crate::transport::{DialTimes, Dialed, MemoryStream};
use crate::wire::Wire;

fn terms(wires: usize) -> Arc<Terms> {
    let session = Node::root(CreditLimits { progress: 1, total: 1 }, 0);
    terms_with(&session, Lanes::new(1, None), Quota::new(Some(wires), || ()))
}

/// An origin with one wire that came to rest then.
async fn resting(terms: &Arc<Terms>, url: &str, since: Instant) -> Rc<Pond> {
    let (at, options) = (Origin::parse(url).unwrap(), SharedOptions::default());
    let pond = origin(&Sought::new(terms.session.id(), &at, &options), terms);
    let place = terms.quota.place(terms.session.id(), |_| ()).await;
    let times = DialTimes {
        resolve_start: since,
        resolve_end: since,
        connect_start: since,
        connect_end: since,
        tunnel_end: None,
        tls: None,
    };
    let wire = Wire::http1(Dialed {
        stream: Box::new(MemoryStream::pair().0),
        times,
        security: None,
        by: None,
        details: DialDetails::nothing(),
    });
    let berth = Some(Box::new(pond.register.enter(&wire, [127, 0, 0, 1].into(), place)));
    let kept = Kept { wire, owner: Some(Arc::clone(&terms.session)), berth };
    let mut pool = pond.pool.borrow_mut();
    pool.ask(Ticket(0), false);
    pool.assign();
    pool.withdraw(Ticket(0));
    pool.dialed(Ticket(0), kept, since);
    drop(pool);
    pond
}

#[tokio::test]
async fn e_the_wire_used_longest_ago_goes_first_also_when_it_was_looked_at_in_vain() {
    let story = async {
        let (terms, now) = (terms(2), clock::now());
        let session = terms.session.id();
        let older = resting(&terms, "http://older", now).await;
        let younger = resting(&terms, "http://younger", now + Duration::from_secs(1)).await;
        assert!(!make_room(session), "nobody wants a place");
        let _place = terms.quota.place(session, |position| panic!("it waits: {position}")).await;
        assert_eq!((older.resting_since().len(), younger.resting_since().len()), (0, 1));
    };
    LocalSet::new().run_until(story).await;
}

#[tokio::test]
async fn nothing_is_remembered_of_a_session_that_has_no_idle_wire() {
    let session = HandleId::next();
    assert!(!make_room(session));
    assert!(HERE.with_borrow(|here| !here.resting.contains_key(&session)));
}

#[tokio::test]
async fn idle_wires_are_looked_after_again_when_the_watch_has_ended_and_no_origin_is_new() {
    let (terms, now) = (terms(1), clock::now());
    let watched = || HERE.with_borrow(|here| here.watched);
    let first = LocalSet::new();
    first.run_until(async { drop(resting(&terms, "http://old", now).await) }).await;
    assert!(watched());
    drop(first);
    assert!(!watched());
    let (at, options) = (Origin::parse("http://old").unwrap(), SharedOptions::default());
    let again = async {
        assert_eq!(
            origin(&Sought::new(terms.session.id(), &at, &options), &terms).resting_since(),
            [now],
            "the origin is an old one"
        );
        assert!(watched());
    };
    LocalSet::new().run_until(again).await;
}
