//! How an idle wire is looked at before it is lent.

use std::io;
use std::pin::Pin;
use std::task::Context;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::pool::Ticket;
use super::*;
use crate::network::Stream;
use crate::notification::CreditLimits;
use crate::options::RequestOptions;
use crate::target::Origin;
use crate::transport::{DialTimes, Dialed};

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

#[tokio::test]
async fn f_what_the_reactor_has_seen_is_good_for_a_moment_and_for_requests_that_can_be_sent_again() {
    let session = Node::root(CreditLimits { progress: 1, total: 1 }, 0);
    let (idle_timeout, quota) = (Duration::from_secs(60), Quota::new(None, || ()));
    let terms = Arc::new(Terms { session: Arc::clone(&session), wires_per_origin: None, idle_timeout, quota });
    let (origin, options) = (Origin::parse("http://h").unwrap(), RequestOptions::default());
    let pond = Pond::new(Sought::new(session.id(), &origin, &options).to_key(), Arc::clone(&terms));

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
