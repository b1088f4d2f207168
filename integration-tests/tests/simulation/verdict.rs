//! What must be true of a run beside what the recorder checks: every call has its one completion, and nothing else has.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use hinternet::{Blame, Error, ErrorCode, HandleId, Notification, Operation, Result, Status};
use tokio::time::Instant;

use crate::plan::{CONTENT, REFUSAL};

/// What every call gave.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    calls: Vec<(HandleId, Operation, Option<ErrorCode>)>,
    /// Handles of which a call was given up: what it told, if anything, nobody was given.
    given_up: BTreeSet<HandleId>,
    wrong: Vec<String>,
    /// A call on a handle of which one side has failed is refused with what that failed with.
    two_sides: bool,
    /// A call out of order on a WebSocket is refused with 4317.
    websockets: bool,
    /// Handles of which not only their own story sends.
    meddled_with: BTreeSet<HandleId>,
    /// Requests that were ended because nobody read them: what is called next is refused with that.
    unread: BTreeSet<HandleId>,
    /// What has been called and has given nothing yet, and since when.
    pending: Vec<(HandleId, Operation, Instant)>,
}

/// Makes a call and writes down what it gave.
pub(crate) async fn note<T>(
    outcomes: &Rc<RefCell<Outcomes>>,
    handle: HandleId,
    operation: Operation,
    call: impl Future<Output = Result<T>>,
) -> Result<T> {
    outcomes.borrow_mut().pending.push((handle, operation, Instant::now()));
    let mut waiting = Waiting { outcomes, handle, operation, answered: false };
    let result = call.await;
    waiting.answered = true;
    let mut outcomes = outcomes.borrow_mut();
    if let Err(error) = &result {
        outcomes.check_error(error);
        // Who is not meddled with says when it has said all, so that no peer may keep it waiting for longer than a silence.
        let endless = outcomes.two_sides && error.to_string().contains("total deadline");
        let known = !outcomes.is_meddled_with(handle);
        outcomes.expect(!(endless && known), &format!("only the total deadline has ended {operation:?}: {error}"));
        if error.code() == ErrorCode::Timeout && error.blame() == Blame::Caller {
            outcomes.unread.insert(handle);
        }
    }
    outcomes.calls.push((handle, operation, result.as_ref().err().map(Error::code)));
    result
}

struct Waiting<'a> {
    outcomes: &'a Rc<RefCell<Outcomes>>,
    handle: HandleId,
    operation: Operation,
    answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut outcomes = self.outcomes.borrow_mut();
        let is_it =
            |(handle, operation, _): &(HandleId, Operation, _)| (*handle, *operation) == (self.handle, self.operation);
        if let Some(at) = outcomes.pending.iter().position(is_it) {
            outcomes.pending.swap_remove(at);
        }
        if !self.answered {
            outcomes.given_up.insert(self.handle);
        }
    }
}

impl Outcomes {
    pub(crate) fn expect(&mut self, held: bool, rule: &str) {
        if !held {
            self.wrong.push(rule.to_owned());
        }
    }

    /// The calls of a handle may be of two sides, of which one fails with the other.
    pub(crate) fn with_two_sides() -> Self {
        Self { two_sides: true, ..Self::default() }
    }

    /// The calls of a handle may be a WebSocket's.
    pub(crate) fn of_websockets() -> Self {
        Self { websockets: true, ..Self::default() }
    }

    /// The calls may be of requests of all protocols, and of WebSockets.
    pub(crate) fn of_all() -> Self {
        Self { two_sides: true, websockets: true, ..Self::default() }
    }

    /// What has been called on the handle and has given nothing yet, and since when.
    pub(crate) fn pending(&self, handle: HandleId) -> Vec<(Operation, Instant)> {
        let of_it = |(of, operation, since): &(HandleId, _, _)| (*of == handle).then_some((*operation, *since));
        self.pending.iter().filter_map(of_it).collect()
    }

    /// Something is sent on the handle beside its own story, or that was given up.
    pub(crate) fn meddle_with(&mut self, handle: HandleId) {
        self.meddled_with.insert(handle);
    }

    /// Is what is sent on it not known?
    pub(crate) fn is_meddled_with(&self, handle: HandleId) -> bool {
        self.meddled_with.contains(&handle)
    }

    /// A response that was read to its end is one that the server gives, whole.
    pub(crate) fn check_content(&mut self, body: &[u8]) {
        let whole = [CONTENT, REFUSAL].iter().any(|content| content.as_bytes() == body);
        self.expect(whole, &format!("a body was read that nobody sent: {:?}", String::from_utf8_lossy(body)));
    }

    /// What a call may fail with in this world.
    pub(crate) fn check_error(&mut self, error: &Error) {
        use ErrorCode::*;
        let known = [
            InvalidHandle,
            InvalidParameter,
            Timeout,
            NameNotResolved,
            Shutdown,
            OperationCancelled,
            IncorrectHandleState,
            CannotConnect,
            ConnectionError,
            InvalidServerResponse,
            // HTTP/2 without TLS, answered in HTTP/1.
            HttpProtocolMismatch,
            // Of redirects: too many, or the body cannot be given again.
            RedirectFailed,
            ResendRequest,
        ];
        let known = known.contains(&error.code()) || (self.websockets && error.code() == InvalidOperation);
        self.expect(known, &format!("an error that cannot be: {error}"));
    }

    /// What is wrong, with what was told.
    pub(crate) fn check(&self, log: &[Notification]) -> Vec<String> {
        let mut wrong = self.wrong.clone();
        let mut tally: BTreeMap<(HandleId, String), (usize, usize)> = BTreeMap::new();
        let mut failures: BTreeSet<(HandleId, String)> = BTreeSet::new();
        for (handle, operation, code) in &self.calls {
            tally.entry((*handle, outcome(*operation, *code))).or_default().0 += 1;
        }
        for one in log {
            if let Some(completion) = one.status.completion() {
                let code = completion.result.err().map(|error| error.code());
                failures.extend(code.filter(|_| self.two_sides).map(|code| (one.handle, format!("{code:?}"))));
                tally.entry((one.handle, outcome(completion.operation, code))).or_default().1 += 1;
            }
        }
        let called: BTreeSet<_> = self.calls.iter().map(|(handle, ..)| *handle).collect();
        for ((handle, outcome), (given, told)) in tally {
            // Of a paved request the steps are not given one by one.
            if !called.contains(&handle) || self.given_up.contains(&handle) {
                continue;
            }
            // A call that is refused is not told of, and fails with one of these; but so does one that was accepted.
            let is = |code: &str| outcome.ends_with(&format!(" {code}"));
            let may_be_refused = (self.websockets && is("InvalidOperation"))
                || REFUSALS.iter().any(|code| is(&format!("{code:?}")))
                || (self.unread.contains(&handle) && is("Timeout"))
                || failures.iter().any(|(of, code)| *of == handle && is(code));
            let right = if may_be_refused { told <= given } else { told == given };
            if !right {
                wrong.push(format!("N2: {handle} {outcome}: given {given} times, told {told} times"));
            }
        }
        wrong
    }
}

fn outcome(operation: Operation, code: Option<ErrorCode>) -> String {
    match code {
        None => format!("{operation:?} succeeded"),
        Some(code) => format!("{operation:?} failed with {code:?}"),
    }
}

const REFUSALS: [ErrorCode; 5] = [
    ErrorCode::InvalidHandle,
    ErrorCode::InvalidParameter,
    ErrorCode::Shutdown,
    ErrorCode::OperationCancelled,
    ErrorCode::IncorrectHandleState,
];

/// Subscribers that join in the middle, and see that what they are told has no gap and one end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Witnesses(Arc<Mutex<Vec<String>>>);

impl Witnesses {
    /// One more.
    pub(crate) fn one(&self) -> impl FnMut(Notification) + Send + Unpin + 'static {
        let complaints = Arc::clone(&self.0);
        let mut next: HashMap<HandleId, Option<u64>> = HashMap::new();
        move |one: Notification| {
            let due = next.entry(one.handle).or_insert(Some(0));
            if *due != Some(one.sequence) {
                let complaint = format!("C.7: {} {} is number {}, due {due:?}", one.handle, one.name(), one.sequence);
                complaints.lock().unwrap_or_else(PoisonError::into_inner).push(complaint);
            }
            let last = matches!(one.status, Status::HandleClosing | Status::Unsubscribed);
            *due = (!last).then_some(one.sequence + 1);
        }
    }

    /// What they have seen.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
