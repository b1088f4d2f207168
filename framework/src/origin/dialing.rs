//! Dials for an origin: tasks of their own, since a wire that comes too late for one request serves another.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use super::pool::Ticket;
use super::{Asking, Kept, Pond};
use crate::clock;
use crate::error::{Blame, Error, ErrorCode, Operation, Stage};
use crate::handle::Node;
use crate::notification::{NotificationMask as Mask, Status};
use crate::transport::{DialFailure, Dialed, TlsClient, TlsFailure, Way, dial};
use crate::wire::Wire;

/// Who hears of a dial: the request that started it while it waits, then the handle above it, then the session.
pub(super) struct Reporter {
    request: RefCell<Option<Arc<Node>>>,
    owner: Arc<Node>,
    session: Arc<Node>,
}

impl Reporter {
    pub(super) fn request_left(&self) {
        self.request.borrow_mut().take();
    }

    fn report(&self, mask: Mask, status: &dyn Fn() -> Status) {
        let request = self.request.borrow();
        let hears = match request.as_ref() {
            Some(request) => request,
            None if self.owner.is_open() => &self.owner,
            None => &self.session,
        };
        hears.emit(mask, status);
    }
}

impl Pond {
    pub(super) fn dial(self: &Rc<Self>, ticket: Ticket) {
        let mut waiting = self.waiting.borrow_mut();
        let Some(waiter) = waiting.get_mut(&ticket) else { return };
        let asking = Rc::clone(&waiter.request);
        if !asking.request.is_open() {
            drop(waiting);
            // A handle that closes frees a place for others that close with it: nothing is dialed for those.
            if self.pool.borrow_mut().dial_failed(ticket) {
                self.settle(ticket, Err(asking.request.interrupted(Operation::Send)));
            }
            return;
        }
        let reporter = Rc::new(Reporter {
            request: RefCell::new(Some(Arc::clone(&asking.request))),
            owner: Arc::clone(&asking.owner),
            session: Arc::clone(&self.terms.session),
        });
        waiter.reporter = Some(Rc::clone(&reporter));
        drop(waiting);

        let pond = Rc::clone(self);
        let task = async move {
            let dialed = pond.dial_as(&asking, &reporter).await;
            pond.dials.borrow_mut().remove(&ticket);
            match dialed {
                Ok(dialed) => {
                    let wire = Wire::new(dialed);
                    tracing::debug!(wire = wire.id().value(), origin = %pond.key.origin, "dialed");
                    let owner = Arc::clone(&asking.owner);
                    pond.pool.borrow_mut().dialed(ticket, Kept { wire, owner }, clock::now());
                }
                Err(failure) => {
                    let error = into_error(failure, pond.key.origin.host());
                    tracing::debug!(origin = %pond.key.origin, %error, "dial failed");
                    if pond.pool.borrow_mut().dial_failed(ticket) {
                        pond.settle(ticket, Err(error));
                    }
                }
            }
            pond.perform_assignments();
        };
        let task = actix_rt::spawn(task);
        self.dials.borrow_mut().insert(ticket, task);
    }
}

impl Pond {
    async fn dial_as(&self, asking: &Asking, reporter: &Reporter) -> Result<Dialed, DialFailure> {
        let options = &asking.options;
        let tls = self.tls_client().await.map_err(DialFailure::NotSecured)?;
        dial(&Way {
            origin: &self.key.origin,
            timeouts: &options.timeouts,
            limits: &options.limits,
            options: self.key.dial(),
            tls: tls.as_deref(),
            report: &|mask, status| reporter.report(mask, status),
        })
        .await
    }

    /// What secures the wires of this origin, made by the first who needs it.
    async fn tls_client(&self) -> Result<Option<Rc<TlsClient>>, TlsFailure> {
        let Some(options) = self.key.tls() else { return Ok(None) };
        if let Some(client) = &*self.tls.borrow() {
            return Ok(Some(Rc::clone(client)));
        }
        let made = Rc::new(TlsClient::new(options).await?);
        // Of two who made one at a time, the first counts: its tickets are everybody's.
        Ok(Some(Rc::clone(self.tls.borrow_mut().get_or_insert(made))))
    }
}

fn into_error(failure: DialFailure, host: &str) -> Error {
    let operation = Operation::Send;
    match failure {
        DialFailure::NotResolved(reason) => {
            let detail = format!("no address was found: {reason}");
            Error::new(ErrorCode::NameNotResolved, operation, Stage::Resolve, Blame::Network, detail)
                .about(host)
                .with_source(reason)
        }
        DialFailure::ResolveTimeout(waited) => Error::timeout(operation, Stage::Resolve, waited).about(host),
        DialFailure::NotAllowed(reason) => {
            let detail = format!("the address policy lets no address of it through: {reason}");
            Error::new(ErrorCode::CannotConnect, operation, Stage::Connect, Blame::Caller, detail).about(host)
        }
        DialFailure::NotSecured(failure) => failure.into_error(operation, Stage::Tls).about(host),
        DialFailure::SecureTimeout(address, waited) => {
            Error::timeout(operation, Stage::Tls, waited).about(address.to_string())
        }
        DialFailure::NotConnected(address, reason) => {
            let detail = format!("no address accepted a connection; the last one: {reason}");
            Error::new(ErrorCode::CannotConnect, operation, Stage::Connect, Blame::Network, detail)
                .about(address.to_string())
                .with_source(reason)
        }
        DialFailure::ConnectTimeout(address, waited) => {
            Error::timeout(operation, Stage::Connect, waited).about(address.to_string())
        }
    }
}
