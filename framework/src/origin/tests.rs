//! How an idle wire is looked at before it is lent.

use std::io;
use std::pin::Pin;
use std::task::Context;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::LocalSet;

use super::pool::Ticket;
use super::*;
use crate::error::Operation;
use crate::id::HandleKind;
use crate::network::Stream;
use crate::notification::CreditLimits;
use crate::options::{DialOptions, RequestOptions};
use crate::target::Origin;
use crate::transport::{DialTimes, Dialed, in_memory};

/// Notes how it was looked at.
struct LookedAt(Rc<RefCell<Vec<&'static str>>>);

impl Stream for LookedAt {
    fn read_now(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().push("the system");
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn read_seen(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().push("the reactor");
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl AsyncRead for LookedAt {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for LookedAt {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

fn session() -> Arc<Node> {
    Node::root(CreditLimits { progress: 1, total: 1 }, 0)
}

fn terms(session: &Arc<Node>, lanes: Lanes) -> Arc<Terms> {
    let (session, idle_timeout, quota) = (Arc::clone(session), Duration::from_secs(60), Quota::new(None, || ()));
    Arc::new(Terms { session, wires_per_origin: None, lanes, idle_timeout, quota })
}

/// The origin under these options, which no registry knows and so no watch looks after.
fn pond(terms: &Arc<Terms>, options: &RequestOptions) -> Rc<Pond> {
    let origin = Origin::parse("http://h").unwrap();
    Pond::new(Sought::new(terms.session.id(), &origin, options).to_key(), Arc::clone(terms))
}

#[tokio::test]
async fn f_what_the_reactor_has_seen_is_good_for_a_moment_and_for_requests_that_can_be_sent_again() {
    let session = session();
    let terms = terms(&session, Lanes::new(1, None));
    let pond = pond(&terms, &RequestOptions::default());

    let (looks, since) = (Rc::<RefCell<Vec<_>>>::default(), clock::now());
    let times =
        DialTimes { resolve_start: since, resolve_end: since, connect_start: since, connect_end: since, tls: None };
    let wire = Wire::new(Dialed { stream: Box::new(LookedAt(Rc::clone(&looks))), times, security: None });
    let place = terms.quota.place(session.id(), |_| ()).await;
    let mut kept = Box::new(Kept { wire, owner: Arc::clone(&session), _place: place });
    for (look, rested, asked) in [
        (Look::Light, MOMENT / 2, "the reactor"),
        (Look::Light, MOMENT, "the system"),
        (Look::Close, Duration::ZERO, "the system"),
    ] {
        let mut pool = pond.pool.borrow_mut();
        pool.ask(Ticket(0), false);
        assert!(matches!(pool.assign(), Some(pool::Assignment::Dial(_))));
        pool.withdraw(Ticket(0));
        pool.dialed(Ticket(0), kept, since);
        assert!(pool.assign().is_none());
        drop(pool);
        let lease = pond.lend_at_once(&session, look, since + rested).unwrap();
        assert_eq!(looks.take(), [asked], "{look:?} after {rested:?}");
        kept = lease.into_kept();
        pond.pool.borrow_mut().lost();
    }
}

async fn lease(pond: &Rc<Pond>, options: &RequestOptions) -> Lease {
    let owner = Arc::clone(&pond.terms.session);
    let asking = Asking {
        request: owner.child(HandleKind::Request, Operation::Send).unwrap(),
        owner,
        options: Arc::new(options.clone()),
        fresh: false,
        stage: Cell::new(Stage::Queue),
    };
    pond.acquire(Rc::new(asking)).await.unwrap()
}

/// Nothing happens in the lane with the idle wires, and nothing looks after it, but that the other one calls.
#[tokio::test]
async fn a_lane_where_nothing_happens_hears_that_another_wants_a_wire() {
    let story = async {
        let (dialer, mut listener) = in_memory();
        tokio::task::spawn_local(async move {
            let mut open = Vec::new();
            while let Some(accepted) = listener.accept().await {
                open.push(accepted);
            }
        });
        let options = RequestOptions { dial: DialOptions::default().dialer(dialer), ..RequestOptions::default() };
        let session = session();
        let terms = terms(&session, Lanes::new(2, Some(4)));
        let (one, other) = (pond(&terms, &options), pond(&terms, &options));
        let mut all = Vec::new();
        for _ in 0..4 {
            all.push(lease(&one, &options).await);
        }
        all.into_iter().for_each(|lease| lease.give_back(&session));
        assert_eq!(one.resting_since().len(), 4);
        let taken = lease(&other, &options).await;
        assert_eq!(one.resting_since().len(), 3);
        taken.give_back(&session);

        drop(one);
        let mut all = Vec::new();
        for _ in 0..4 {
            all.push(lease(&other, &options).await);
        }
        assert_eq!(other.resting_since().len(), 0, "what the lane held that is gone is the other's");
    };
    LocalSet::new().run_until(tokio::time::timeout(Duration::from_secs(30), story)).await.unwrap();
}
