//! The order in which one request's notifications may come (N2, N3, N4).
//!
//! ```text
//!  Ready ----> Sending ----> Sent -----> Receiving -----> Reading --+
//!    ^   dial,    | SendRequest-  | Receiving-    | Headers-        |  DataAvailable,
//!    |   Sending- | Complete      | Response      | Available       |  ReadComplete
//!    |   Request  |               |               |                 |
//!    |            | RequestError  | WriteComplete,| RequestError    | the dial or SendingRequest of
//!    +------------+               | RequestError  | (back to Sent)  | the next send: Sending
//! ```
//!
//! Where sending and receiving may overlap (B.10), receiving may begin once the head has gone out; the send-side completions then
//! come while the request is Receiving or Reading, and change nothing there.
//!
//! That an operation was begun cannot be seen in notifications, only inferred: from an informational status that
//! belongs to no other operation, or from its completion.

use std::net::SocketAddr;

use hinternet::{ErrorCode, Operation};

use super::event::{Happened, Step};

/// Where one request stands, as far as notifications tell.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    phase: Phase,
    /// The -ing statuses whose partner has not come.
    open: Vec<Step>,
    wire: Option<u64>,
    /// `SecureFailure` told that the wire being secured comes to nothing.
    insecure: bool,
    /// The failed operation, if that was the last thing that happened.
    just_failed: Option<(Operation, ErrorCode)>,
    /// An operation failed since the last send began, so that a new send may begin.
    failed: bool,
    /// A receive was given up while the request was being sent again: the next one goes on with that, unless `cancel()`
    /// put an end to it and the next is a new send.
    resend_given_up: bool,
    /// A receive was given up behind the head of a response, of which it was not decided what follows: the next one goes on with that.
    head_held: bool,
    /// Sending and receiving may overlap.
    may_overlap: bool,
    /// A send is open while the response is received.
    still_sending: bool,
    /// The response that is to come is a stored one: nothing is received before it is told.
    is_stored: bool,
    /// What the last `DataAvailable` or `ReadComplete` said of the body.
    body: Body,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Ready,
    /// Has the head gone out?
    Sending(bool),
    Sent,
    Receiving {
        /// Has the head of the response come in?
        answered: bool,
        /// Is the request being sent again meanwhile?
        resending: bool,
    },
    Reading,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Body {
    #[default]
    Unknown,
    Announced,
    Ended,
}

/// A rule that was broken, and how.
pub(super) type Breach = (&'static str, String);

impl Conversation {
    /// Takes in what happened.
    pub(super) fn handle(&mut self, happened: &Happened) -> Result<(), Breach> {
        let failed_before = self.just_failed.take();
        match happened {
            Happened::Began(step) => self.on_began(*step),
            Happened::Ended(step) => self.on_ended(*step),
            Happened::Connected(address) => self.on_connected(*address),
            Happened::WireAcquired(wire) => self.on_wire_acquired(*wire),
            Happened::WireReleased(wire) => self.on_wire_released(*wire),
            Happened::Completed(operation, Ok(octets)) => self.on_success(*operation, *octets),
            Happened::Completed(operation, Err(code)) => self.on_failure(*operation, *code, failed_before),
            Happened::InsecureWire => self.on_insecure_wire(),
            Happened::Retrying => self.on_retrying(),
            Happened::Redirected => self.on_redirected(),
            Happened::CacheMiss => self.on_cache_miss(),
            Happened::CacheHit => self.on_cache_hit(),
            Happened::CacheRevalidated => self.on_cache_revalidated(),
            Happened::ShownUnasked => {
                self.only_in("Authenticating", !matches!(self.phase, Phase::Ready | Phase::Reading))
            }
            // Any operation may have to wait for a slow subscriber; only in `Ready` is it known which one it is.
            Happened::Queued => {
                if self.phase == Phase::Ready {
                    self.begin_send();
                }
                Ok(())
            }
            Happened::Uploaded if self.may_overlap => Ok(()),
            Happened::Uploaded => self.only_in("UploadProgress", !matches!(self.phase, Phase::Ready | Phase::Reading)),
            Happened::OriginPaused => {
                self.only_in("OriginPaused", !matches!(self.phase, Phase::Ready | Phase::Reading))
            }
            Happened::Remembered(what) => self.only_in(what, !matches!(self.phase, Phase::Ready | Phase::Reading)),
            Happened::MovedToHttps => self.only_in("MovedToHttps", self.phase != Phase::Reading),
            Happened::Interim => {
                self.only_in("IntermediateResponse", !matches!(self.phase, Phase::Ready | Phase::Reading))
            }
            // It may be told while a read is under way that has not taken anything yet, or between two.
            Happened::ReaderStalled => self.only_in("ReaderStalled", self.phase != Phase::Ready),
            Happened::Downloaded => self.only_in("DownloadProgress", self.phase == Phase::Reading),
            Happened::WireHealth(..) => self.only_in("WireHealthChanged", false),
            _ => Ok(()),
        }
    }

    /// From now on sending and receiving may overlap.
    pub(super) fn may_overlap(&mut self) {
        self.may_overlap = true;
    }

    /// May sending and receiving overlap?
    pub(super) fn has_two_sides(&self) -> bool {
        self.may_overlap
    }

    /// The handle closes: what was left open?
    pub(super) fn left_open(&self) -> Vec<Breach> {
        let mut left = Vec::new();
        match self.phase {
            Phase::Sending(_) => left.push(("N2", "HandleClosing while send was open".to_owned())),
            Phase::Receiving { .. } => left.push(("N2", "HandleClosing while receive_response was open".to_owned())),
            Phase::Ready | Phase::Sent | Phase::Reading => {}
        }
        if self.still_sending {
            left.push(("N2", "HandleClosing while send was open".to_owned()));
        }
        left.extend(self.open.iter().map(|step| ("C.2", format!("HandleClosing while {step:?} was under way"))));
        if let Some(wire) = self.wire {
            left.push(("N4", format!("HandleClosing without a word of what became of wire {wire}")));
        }
        left
    }

    fn on_began(&mut self, step: Step) -> Result<(), Breach> {
        match step {
            Step::FindProxy | Step::Resolve | Step::Connect(_) | Step::OpenTunnel | Step::Secure | Step::SendHead => {
                self.expect_sending(&format!("the beginning of {step:?}"))?
            }
            Step::ReceiveHead => match self.phase {
                Phase::Sent => self.phase = Phase::Receiving { answered: false, resending: false },
                Phase::Sending(true) if self.may_overlap => {
                    self.still_sending = true;
                    self.phase = Phase::Receiving { answered: false, resending: false };
                }
                Phase::Receiving { .. } => {}
                phase => return Err(("N3", format!("ReceivingResponse in {phase:?}"))),
            },
            Step::CloseWire => {}
        }
        if self.open.contains(&step) {
            return Err(("C.2", format!("{step:?} began a second time before it ended")));
        }
        self.open.push(step);
        Ok(())
    }

    fn on_ended(&mut self, step: Step) -> Result<(), Breach> {
        let Some(place) = self.open.iter().position(|open| *open == step) else {
            return Err(("C.2", format!("{step:?} ended without having begun")));
        };
        self.open.remove(place);
        if step == Step::Secure && self.insecure {
            return Err(("C.9", "ConnectionSecured after SecureFailure".to_owned()));
        }
        match (step, &mut self.phase) {
            (Step::SendHead, Phase::Sending(sent)) => *sent = true,
            (Step::ReceiveHead, Phase::Receiving { answered, .. }) => *answered = true,
            (Step::CloseWire, phase) => {
                self.wire = None;
                self.insecure = false;
                // A wire that could not be secured is gone with its step.
                self.open.retain(|step| *step != Step::Secure);
                // `cancel()` between two operations tells of the wire alone.
                self.failed |= *phase == Phase::Sent;
            }
            _ => {}
        }
        Ok(())
    }

    /// Attempts that lost are told of before the one that won (C.6).
    fn on_connected(&mut self, address: SocketAddr) -> Result<(), Breach> {
        self.on_ended(Step::Connect(address))?;
        match self.attempt_under_way() {
            None => Ok(()),
            Some(step) => Err(("C.6", format!("ConnectedToServer({address}) while {step:?} was under way"))),
        }
    }

    fn attempt_under_way(&self) -> Option<Step> {
        self.open.iter().copied().find(|step| matches!(step, Step::Connect(_)))
    }

    /// C.9: it comes while a wire is being secured, once, and nothing but the wire's end follows.
    fn on_insecure_wire(&mut self) -> Result<(), Breach> {
        let again = std::mem::replace(&mut self.insecure, true);
        if again || self.open.last() != Some(&Step::Secure) {
            return Err(("C.9", format!("SecureFailure while {:?} were under way", self.open)));
        }
        Ok(())
    }

    fn on_wire_acquired(&mut self, wire: u64) -> Result<(), Breach> {
        self.expect_sending("WireAcquired")?;
        // The wire may be another than the one being dialed; that dial then goes on and reports elsewhere (C.6).
        self.open.retain(|step| !step.is_dial());
        match self.wire.replace(wire) {
            None => Ok(()),
            Some(old) => Err(("N4", format!("wire {wire} acquired without a word of what became of wire {old}"))),
        }
    }

    fn on_wire_released(&mut self, wire: u64) -> Result<(), Breach> {
        // `cancel()` between two operations tells of the wire alone, which over HTTP/2 goes on.
        self.failed |= self.phase == Phase::Sent;
        match self.wire.take() {
            Some(held) if held == wire => Ok(()),
            held => Err(("N4", format!("wire {wire} released while holding {held:?}"))),
        }
    }

    fn on_retrying(&mut self) -> Result<(), Breach> {
        self.open.retain(|step| *step == Step::CloseWire);
        match &mut self.phase {
            Phase::Sending(sent) => *sent = false,
            Phase::Receiving { resending, .. } => *resending = true,
            // It takes the place of a request that failed, and says so before anything else.
            Phase::Ready => self.begin_send(),
            phase => return Err(("N3", format!("Retrying in {phase:?}"))),
        }
        Ok(())
    }

    /// N-13: behind the head of the response, and the next exchange follows inside the same receive.
    fn on_redirected(&mut self) -> Result<(), Breach> {
        match &mut self.phase {
            Phase::Receiving { answered, resending } if *answered => (*answered, *resending) = (false, true),
            // A stored one was not received.
            phase @ Phase::Sent if self.head_held || std::mem::take(&mut self.is_stored) => {
                *phase = Phase::Receiving { answered: false, resending: true }
            }
            phase => return Err(("N3", format!("Redirect in {phase:?}"))),
        }
        Ok(())
    }

    /// What is stored is the response: before a wire was asked for; or behind one that failed, or a failure that came by it.
    fn on_cache_hit(&mut self) -> Result<(), Breach> {
        self.open.retain(|step| *step == Step::CloseWire);
        match &mut self.phase {
            Phase::Sending(sent) => *sent = true,
            Phase::Receiving { answered, .. } => *answered = true,
            Phase::Ready | Phase::Reading => self.phase = Phase::Sending(true),
            // Meanwhile another request had it stored.
            Phase::Sent if self.resend_given_up => self.phase = Phase::Receiving { answered: true, resending: true },
            Phase::Sent if self.failed => self.phase = Phase::Sending(true),
            phase => return Err(("N3", format!("CacheHit in {phase:?}"))),
        }
        self.is_stored = true;
        self.failed = false;
        Ok(())
    }

    /// Before a wire is asked for; or behind a 304 that speaks of something else, and the server is asked again.
    fn on_cache_miss(&mut self) -> Result<(), Breach> {
        if let Phase::Receiving { answered, resending } = &mut self.phase {
            (*answered, *resending) = (false, true);
        }
        Ok(())
    }

    /// Behind the head that says so.
    fn on_cache_revalidated(&mut self) -> Result<(), Breach> {
        self.only_in("CacheRevalidated", matches!(self.phase, Phase::Receiving { answered: true, .. }))
    }

    fn on_success(&mut self, operation: Operation, octets: u64) -> Result<(), Breach> {
        if self.overlaps(operation) {
            return Ok(());
        }
        let before = self.phase;
        // After a breach the story goes on as the completion says, so that one breach is told once.
        self.phase = match operation {
            Operation::Send | Operation::Write => Phase::Sent,
            _ => Phase::Reading,
        };
        let unfinished = std::mem::take(&mut self.open);
        match (operation, before) {
            (Operation::Send, Phase::Sending(true)) => {}
            (Operation::Send, Phase::Sending(false)) => {
                return Err(("N4", "SendRequestComplete before RequestSent".to_owned()));
            }
            (Operation::Send, Phase::Receiving { resending: true, .. }) if self.resend_given_up => {}
            (Operation::Write, Phase::Sent) => {}
            (Operation::Receive, Phase::Receiving { answered: true, .. }) => self.body = Body::Unknown,
            (Operation::Receive, Phase::Sent) if self.head_held || std::mem::take(&mut self.is_stored) => {
                self.body = Body::Unknown
            }
            (Operation::Receive, Phase::Receiving { answered: false, .. }) => {
                return Err(("N4", "HeadersAvailable before ResponseReceived".to_owned()));
            }
            (Operation::QueryDataAvailable | Operation::Read, Phase::Reading) => self.check_body(operation, octets)?,
            _ => return Err(("N3", format!("{operation:?} completed in {before:?}, where it cannot be open"))),
        }
        match unfinished.first() {
            None => Ok(()),
            Some(step) => Err(("C.2", format!("{operation:?} succeeded while {step:?} was under way"))),
        }
    }

    /// N4: what `query_data_available` promised is there to be read, and the end stays the end.
    fn check_body(&mut self, operation: Operation, octets: u64) -> Result<(), Breach> {
        let before = self.body;
        self.body = match (operation, octets) {
            (_, 0) => Body::Ended,
            (Operation::QueryDataAvailable, _) => Body::Announced,
            _ => Body::Unknown,
        };
        match (before, octets) {
            (Body::Announced, 0) => Err(("N4", format!("{operation:?} told the end where data was announced"))),
            (Body::Ended, 1..) => Err(("N4", format!("{operation:?} gave {octets} octets after the end"))),
            _ => Ok(()),
        }
    }

    fn on_failure(
        &mut self,
        operation: Operation,
        code: ErrorCode,
        before: Option<(Operation, ErrorCode)>,
    ) -> Result<(), Breach> {
        if self.overlaps(operation) {
            // The failure is the send's alone: the response may still be read.
            self.just_failed = Some((operation, code));
            return Ok(());
        }
        let phase = self.phase;
        let can_be_open = match operation {
            Operation::Send => self.failed || matches!(phase, Phase::Ready | Phase::Sending(_) | Phase::Reading),
            Operation::Write => phase == Phase::Sent,
            // One that had not come so far as to tell of itself fails with the send beside it, and behind that.
            Operation::Receive if self.may_overlap && before.is_some_and(|(of, _)| of == Operation::Send) => true,
            Operation::Receive => matches!(phase, Phase::Sent | Phase::Receiving { .. }),
            Operation::QueryDataAvailable | Operation::Read => phase == Phase::Reading,
            _ => false,
        };
        let resending = matches!(phase, Phase::Receiving { resending: true, .. });
        let given_up = operation == Operation::Receive && code == ErrorCode::OperationCancelled;
        let answered = matches!(phase, Phase::Receiving { answered: true, .. });
        self.head_held = given_up && (answered || self.head_held);
        self.resend_given_up = given_up && (resending || self.resend_given_up);
        self.phase = match operation {
            Operation::Send => Phase::Ready,
            Operation::Write | Operation::Receive => Phase::Sent,
            _ => Phase::Reading,
        };
        self.failed = true;
        self.just_failed = Some((operation, code));
        let untold = self.attempt_under_way().filter(|_| code == ErrorCode::CannotConnect);
        // The error is the partner of whatever was under way (C.2).
        self.open.clear();
        if std::mem::take(&mut self.insecure) {
            return Err(("C.9", "SecureFailure without a word of the wire's end".to_owned()));
        }
        if !can_be_open {
            return Err(("N3", format!("{operation:?} failed in {phase:?}, where it cannot be open")));
        }
        // One that was given up may be made again, and fail at once when its time is over.
        let made_again = |was| was == ErrorCode::OperationCancelled && code == ErrorCode::Timeout;
        let twice = before.is_some_and(|(of, was)| of == operation && !made_again(was));
        if twice && code != ErrorCode::OperationCancelled {
            return Err(("N2", format!("{operation:?} failed twice in a row")));
        }
        if let Some(step) = untold {
            return Err(("C.6", format!("no address connected, but nothing told of the end of {step:?}")));
        }
        Ok(())
    }

    /// Is this the end of a send-side operation beside which the response is received?
    fn overlaps(&mut self, operation: Operation) -> bool {
        let receiving = matches!(self.phase, Phase::Receiving { .. } | Phase::Reading);
        match operation {
            // The receive beside it may have been given up.
            Operation::Send => (receiving || self.phase == Phase::Sent) && std::mem::take(&mut self.still_sending),
            Operation::Write => receiving && self.may_overlap,
            _ => false,
        }
    }

    fn expect_sending(&mut self, what: &str) -> Result<(), Breach> {
        match self.phase {
            Phase::Sending(_) | Phase::Receiving { resending: true, .. } => Ok(()),
            Phase::Ready | Phase::Reading => {
                self.begin_send();
                Ok(())
            }
            Phase::Sent if self.resend_given_up => {
                self.phase = Phase::Receiving { answered: false, resending: true };
                Ok(())
            }
            Phase::Sent if self.failed => {
                self.begin_send();
                Ok(())
            }
            phase => Err(("N3", format!("{what} in {phase:?}, where no send can be open"))),
        }
    }

    fn begin_send(&mut self) {
        self.phase = Phase::Sending(false);
        (self.failed, self.is_stored) = (false, false);
    }

    fn only_in(&self, what: &str, allowed: bool) -> Result<(), Breach> {
        if allowed { Ok(()) } else { Err(("N3", format!("{what} in {:?}", self.phase))) }
    }
}
