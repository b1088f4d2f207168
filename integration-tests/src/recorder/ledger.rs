//! The checker: one account per handle, and the rules that hold for every notification (N1-N6).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use hinternet::{ErrorCode, HandleKind, Operation};

use super::conversation::{Breach, Conversation};
use super::event::{Event, Happened, Step};
use super::self_healing::SelfHealingStory;
use super::websocket::WebSocketStory;
use super::wire_health::WireLives;

/// Checks events as they come and keeps what is wrong with them.
#[derive(Debug, Default)]
pub struct Ledger {
    accounts: BTreeMap<u64, Account>,
    /// The handles that have not closed, below each handle. A session is below none.
    open: BTreeMap<Option<u64>, BTreeSet<u64>>,
    violations: Vec<Violation>,
    /// Sending and receiving of one request may overlap.
    overlap: bool,
    /// What has closed has no account any more.
    forgets: bool,
}

/// A rule that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which rule: N1-N6, or a rule of the contract.
    pub rule: &'static str,
    /// The number behind the handle's id.
    pub handle: u64,
    /// How.
    pub text: String,
}

#[derive(Debug)]
struct Account {
    kind: HandleKind,
    parent: Option<u64>,
    next_sequence: u64,
    seen: bool,
    ended: Option<End>,
    /// An operation ended with 6: nothing but the end can follow (B.5).
    doomed: bool,
    /// Informational statuses were dropped, so that their order proves nothing any more.
    lossy: bool,
    closing_wires: usize,
    wires: WireLives,
    /// Of a session: searches for proxies under way.
    searches: usize,
    conversation: Conversation,
    websocket: WebSocketStory,
    self_healing: SelfHealingStory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Closed,
    Unsubscribed,
}

impl Ledger {
    /// Takes in one event.
    pub fn handle(&mut self, event: &Event) {
        let breaches = self.check(event);
        self.record(event.handle, breaches);
    }

    /// A handle that exists, though it has not been heard of: a session joined late.
    pub fn expect(&mut self, handle: u64, kind: HandleKind, parent: Option<u64>) {
        self.accounts.entry(handle).or_insert_with(|| {
            self.open.entry(parent).or_default().insert(handle);
            let mut account = Account::new(kind, parent);
            if self.overlap {
                account.conversation.may_overlap();
            }
            account
        });
    }

    /// From now on sending and receiving of one request may overlap (B.10).
    pub fn sending_and_receiving_overlap(&mut self) {
        self.overlap = true;
        self.accounts.values_mut().for_each(|account| account.conversation.may_overlap());
    }

    /// From now on what has closed is forgotten, so that memory is needed for what is open alone. What is told of it
    /// afterwards is a breach still: the first word of a handle that was not created.
    pub fn forget_what_closes(&mut self) {
        self.forgets = true;
    }

    /// What was wrong so far.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Has every handle closed that was heard of?
    pub fn all_closed(&self) -> bool {
        self.open.values().all(BTreeSet::is_empty)
    }

    fn check(&mut self, event: &Event) -> Vec<Breach> {
        let mut breaches = self.check_place(event);
        self.expect(event.handle, event.kind, event.parent);
        let Some(account) = self.accounts.get_mut(&event.handle) else { return breaches };
        breaches.extend(account.check_order(event));
        match event.happened {
            Happened::Closing => {
                let children = self.open.get(&Some(event.handle)).filter(|children| !children.is_empty());
                breaches
                    .extend(children.map(|open| ("N5", format!("HandleClosing before that of its children {open:?}"))));
                breaches.extend(account.close());
            }
            Happened::Unsubscribed => account.ended = Some(End::Unsubscribed),
            Happened::Unknown(name) => breaches.push(("recorder", format!("has no rule for {name}"))),
            Happened::Missed(_) => account.lossy = true,
            _ => breaches.extend(account.take_in(&event.happened)),
        }
        account.seen = true;
        if account.ended.is_some() {
            let parent = account.parent;
            self.open.entry(parent).or_default().remove(&event.handle);
            if self.forgets {
                self.forget(event.handle, parent);
            }
        }
        breaches
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.accounts.is_empty() && self.open.is_empty()
    }

    fn forget(&mut self, handle: u64, parent: Option<u64>) {
        self.accounts.remove(&handle);
        for place in [Some(handle), parent] {
            if self.open.get(&place).is_some_and(BTreeSet::is_empty) {
                self.open.remove(&place);
            }
        }
    }

    /// The handle's place in the tree never changes, and is one that the tree has.
    fn check_place(&mut self, event: &Event) -> Vec<Breach> {
        let mut breaches = Vec::new();
        let known = self.accounts.get(&event.handle);
        if known.is_some_and(|account| account.kind != event.kind || account.parent != event.parent) {
            breaches.push(("B.1", "the handle changed its kind or its parent".to_owned()));
        }
        // A session that was joined late has none, and no other handle is unknown when one below it is heard of.
        if matches!(event.happened, Happened::Created(_)) && self.open.contains_key(&Some(event.handle)) {
            breaches.push(("N1", "HandleCreated behind that of a handle below".to_owned()));
        }
        let above = event.parent.map(|parent| self.accounts.get(&parent).map(|account| account.kind));
        let fits = match event.kind {
            HandleKind::Session => above.is_none(),
            HandleKind::Connection => matches!(above, Some(None | Some(HandleKind::Session))),
            HandleKind::SelfHealing => matches!(above, Some(None | Some(HandleKind::Session))),
            HandleKind::Request | HandleKind::WebSocket => {
                use HandleKind::{Connection, SelfHealing, Session};
                matches!(above, Some(None | Some(Session | Connection | SelfHealing)))
            }
            _ => true,
        };
        if !fits {
            breaches.push(("B.1", format!("a {} below {above:?}", event.kind)));
        }
        breaches
    }

    fn record(&mut self, handle: u64, breaches: Vec<Breach>) {
        self.violations.extend(breaches.into_iter().map(|(rule, text)| Violation { rule, handle, text }));
    }
}

impl Account {
    fn new(kind: HandleKind, parent: Option<u64>) -> Self {
        Self {
            kind,
            parent,
            next_sequence: 0,
            seen: false,
            ended: None,
            doomed: false,
            lossy: false,
            closing_wires: 0,
            wires: WireLives::default(),
            searches: 0,
            conversation: Conversation::default(),
            websocket: WebSocketStory::default(),
            self_healing: SelfHealingStory::default(),
        }
    }

    /// What holds for every notification, whatever it tells.
    fn check_order(&mut self, event: &Event) -> Vec<Breach> {
        let mut breaches = Vec::new();
        let happened = &event.happened;
        if let Some(end) = self.ended {
            breaches.push(("N1", format!("{happened:?} after the last notification ({end:?})")));
        }
        let lost = if let Happened::Missed(lost) = happened { *lost } else { 0 };
        let expected = self.next_sequence + lost;
        if event.sequence != expected {
            breaches.push(("C.7", format!("sequence {} where {expected} was due, at {happened:?}", event.sequence)));
        }
        self.next_sequence = event.sequence + 1;
        let created = matches!(happened, Happened::Created(_));
        if let Happened::Created(named) = happened
            && *named != event.handle
        {
            breaches.push(("N1", format!("HandleCreated names handle #{named}")));
        }
        if created && self.seen {
            breaches.push(("N1", "HandleCreated is not the first notification".to_owned()));
        }
        if !created && !self.seen && self.kind != HandleKind::Session {
            breaches.push(("N1", format!("the first notification is {happened:?}, not HandleCreated")));
        }
        // The operation of the other side ends with it.
        // A WebSocket sends and receives at a time (B.10), and each piece that its sink has taken is an operation.
        let is_beside = (self.kind == HandleKind::WebSocket || self.conversation.has_two_sides())
            && matches!(happened, Happened::Completed(_, Err(ErrorCode::InvalidHandle)));
        if self.doomed && *happened != Happened::Closing && !is_beside {
            breaches.push(("B.5", format!("{happened:?} after an operation ended with 6")));
        }
        breaches
    }

    fn take_in(&mut self, happened: &Happened) -> Vec<Breach> {
        if let Happened::Completed(_, Err(ErrorCode::InvalidHandle)) = happened {
            self.doomed = true;
        }
        let result = match self.kind {
            HandleKind::Request => self.conversation.handle(happened),
            HandleKind::WebSocket => self.websocket.handle(happened),
            HandleKind::SelfHealing => match self.self_healing.handle(happened) {
                Some(told) => told,
                None => self.take_in_above_requests(happened),
            },
            _ => self.take_in_above_requests(happened),
        };
        result.err().filter(|_| !self.lossy).into_iter().collect()
    }

    /// Sessions and connections tell of wires that no request waits for (C.6), and complete nothing.
    fn take_in_above_requests(&mut self, happened: &Happened) -> Result<(), Breach> {
        match happened {
            Happened::Created(_)
            | Happened::WireReleased(_)
            | Happened::WireAcquired(_)
            // A wire that nobody waits for any more may fail to be secured.
            | Happened::InsecureWire => Ok(()),
            Happened::WireHealth(wire, health) => self.wires.handle(*wire, *health),
            Happened::Began(Step::CloseWire) => {
                self.closing_wires += 1;
                Ok(())
            }
            Happened::Ended(Step::CloseWire) => match self.closing_wires.checked_sub(1) {
                Some(left) => {
                    self.closing_wires = left;
                    Ok(())
                }
                None => Err(("C.2", "ConnectionClosed without ClosingConnection".to_owned())),
            },
            // A session has proxies found; several searches at a time overlap.
            Happened::Began(Step::FindProxy) if self.kind == HandleKind::Session => {
                self.searches += 1;
                Ok(())
            }
            Happened::Ended(Step::FindProxy) | Happened::Completed(Operation::ProxyForUrl, Err(_))
                if self.kind == HandleKind::Session =>
            {
                match self.searches.checked_sub(1) {
                    Some(left) => {
                        self.searches = left;
                        Ok(())
                    }
                    None => Err(("C.2", "proxies were found that nobody looked for".to_owned())),
                }
            }
            // A dial may have begun on a request and end here.
            Happened::Began(step) | Happened::Ended(step) if step.is_dial() => Ok(()),
            Happened::Connected(_) => Ok(()),
            other => Err(("N3", format!("{other:?} on a {}", self.kind))),
        }
    }

    fn close(&mut self) -> Vec<Breach> {
        self.ended = Some(End::Closed);
        if self.lossy {
            return Vec::new();
        }
        let mut left = self.conversation.left_open();
        left.extend(self.websocket.left_open());
        if self.closing_wires > 0 {
            left.push(("C.2", "ClosingConnection without ConnectionClosed".to_owned()));
        }
        if self.searches > 0 {
            left.push(("C.2", "DetectingProxy without ProxyFound or an error".to_owned()));
        }
        left
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8} handle #{}: {}", self.rule, self.handle, self.text)
    }
}
