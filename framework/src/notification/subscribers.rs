//! Who hears of one handle: the inherited slot, added subscriptions, and the order in which all of them are told.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::Notification;
use super::credit::{Credit, Departed, Remains, Share};
use super::mask::NotificationMask as Mask;
use super::sink::{Dead, Subscriber};
use super::status::Status;
use super::stream::Notifications;
use super::table::Weight;
use crate::clock;
use crate::id::{HandleId, HandleKind};
use crate::trace::{Noted, Trace};

/// The subscribers of one handle.
///
/// The lock is held while messages are left in mailboxes, which is what makes the order of one handle's notifications
/// one order from any thread. No code of a subscriber runs under it.
#[derive(Debug)]
pub(crate) struct Subscribers {
    limits: CreditLimits,
    /// All masks together: what a silent handle costs is this one load.
    union: AtomicU64,
    /// There is nobody to be told, whatever it is, and no trace is kept.
    is_empty: AtomicBool,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    slot: Option<Subscription>,
    added: Vec<Subscription>,
    /// `None` where nobody wants one.
    trace: Option<Box<Trace>>,
    /// Nothing is posted after `HandleClosing`.
    closed: bool,
    /// What `closed()` waits for: of the one in the slot, when it stayed to the end...
    last: Option<Remains>,
    /// ... and of all others.
    departed: Departed,
}

#[derive(Debug)]
struct Subscription {
    id: SubscriptionId,
    subscriber: Subscriber,
    mask: Mask,
    share: Arc<Share>,
    /// What the shares of its copies hold; made for the first of them.
    copies: Option<Arc<Share>>,
    sequence: u64,
    missed: u64,
}

/// Whose notification it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Author {
    pub(crate) handle: HandleId,
    pub(crate) kind: HandleKind,
    pub(crate) parent: Option<HandleId>,
    pub(crate) context: u64,
}

/// How much a subscriber may leave unhandled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CreditLimits {
    pub(crate) progress: usize,
    pub(crate) total: usize,
}

/// Names an added subscription, to remove it again.
///
/// An example is at [`Previous`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SubscriptionId(u64);

/// What stood in the slot before (what `WinHttpSetStatusCallback` returns), or the subscription that was removed. It can be set
/// again as it is.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/site.rs"));
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> hinternet::Result<()> {
/// # let session = builder().open()?;
/// use hinternet::NotificationMask;
///
/// let print = || hinternet::subscriber(|notification| println!("{notification:?}"));
/// session.set_subscriber(print(), NotificationMask::HANDLES).await?;
/// let previous = session.set_subscriber(print(), NotificationMask::EVERYTHING).await?.expect("that of before");
/// assert_eq!(previous.mask, NotificationMask::HANDLES);
/// previous.drained().await; // it has handled its last message
/// session.set_subscriber(previous.subscriber, previous.mask).await?; // as it was
///
/// let beside = session.subscribe(print(), NotificationMask::PROGRESS)?;
/// assert!(session.unsubscribe(beside).is_some());
/// # session.close().await
/// # }
/// ```
#[derive(Debug)]
pub struct Previous {
    /// The subscriber.
    pub subscriber: Subscriber,
    /// Its mask.
    pub mask: Mask,
    remains: Remains,
}

impl Previous {
    /// Waits until the subscriber has handled all this handle sent it, `Unsubscribed` included, or has died.
    pub async fn drained(&self) {
        self.remains.drained().await;
    }
}

impl Subscribers {
    pub(crate) fn new(limits: CreditLimits) -> Self {
        Self::with_table(limits, Table::default())
    }

    fn with_table(limits: CreditLimits, table: Table) -> Self {
        let (union, is_empty) = (AtomicU64::new(table.union()), AtomicBool::new(table.is_empty()));
        Self { limits, union, is_empty, table: Mutex::new(table) }
    }

    /// The table is another: what is known of it without its lock.
    fn remember(&self, table: &Table) {
        self.union.store(table.union(), Ordering::Release);
        self.is_empty.store(table.is_empty(), Ordering::Release);
    }

    /// What a child starts with: a copy of every subscription, with credit in common and a sequence of its own.
    pub(crate) fn inherit(&self) -> Self {
        // Most have nobody, and need not be locked to see that.
        if self.is_empty.load(Ordering::Acquire) {
            return Self::new(self.limits);
        }
        let mut parent = self.lock();
        let Table { slot, added, trace, .. } = &mut *parent;
        let table = Table {
            slot: slot.as_mut().map(Subscription::inherit),
            added: added.iter_mut().map(Subscription::inherit).collect(),
            trace: trace.as_deref().map(|trace| Box::new(trace.anew())),
            ..Table::default()
        };
        Self::with_table(self.limits, table)
    }

    /// Does anybody ask for it?
    #[inline]
    pub(crate) fn wants(&self, mask: Mask) -> bool {
        self.union.load(Ordering::Relaxed) & mask.bits() != 0
    }

    /// Tells all who asked for it. `status` is built only when somebody did.
    pub(crate) fn emit(&self, mask: Mask, author: Author, status: impl FnOnce() -> Status) {
        if self.wants(mask) {
            let status = status();
            self.post(&mut self.lock(), &author, mask, status);
        }
    }

    /// The last words. Nothing is posted afterwards, and every subscriber is let go.
    ///
    /// Returns what the handle above has to wait for, beside the subscriptions that are copies of its own.
    pub(crate) fn close(&self, author: Author) -> Departed {
        let mut table = self.lock();
        if table.is_empty() && table.departed.0.is_empty() {
            table.closed = true;
            return Departed::default();
        }
        self.post(&mut table, &author, Mask::HANDLES, Status::HandleClosing);
        table.closed = true;
        self.union.store(0, Ordering::Release);
        self.is_empty.store(true, Ordering::Release);
        let mut above = table.departed.clone();
        let mut end = |mut one: Subscription| {
            // Also for those whose mask has no last words. A dead one has nothing to be told.
            let _told = one.tell_missed(&author, clock::now);
            let remains = one.remains();
            if one.share.is_ones_own() {
                above.0.push(remains.clone());
            }
            remains
        };
        let Table { slot, added, last, departed, .. } = &mut *table;
        *last = slot.take().map(&mut end);
        departed.0.extend(added.drain(..).map(end));
        above
    }

    /// Takes over what a handle below, which is closed, was waiting for.
    pub(crate) fn wait_for(&self, below: Departed) {
        if !below.0.is_empty() {
            self.lock().departed.add(below.0);
        }
    }

    /// Puts a subscriber into the slot, or empties it; what stood there comes back, told that it is out.
    pub(crate) fn replace_slot(&self, author: Author, next: Option<(Subscriber, Mask)>) -> Option<Previous> {
        let mut table = self.lock();
        if table.closed {
            return None;
        }
        let next = next.map(|(subscriber, mask)| Subscription::new(subscriber, mask, self.limits));
        let old = std::mem::replace(&mut table.slot, next);
        self.remember(&table);
        old.map(|mut old| {
            old.bid_farewell(&author);
            old.into_previous(&mut table.departed)
        })
    }

    pub(crate) fn add(&self, subscriber: Subscriber, mask: Mask) -> SubscriptionId {
        let subscription = Subscription::new(subscriber, mask, self.limits);
        let id = subscription.id;
        let mut table = self.lock();
        if !table.closed {
            table.added.push(subscription);
            self.remember(&table);
        }
        id
    }

    pub(crate) fn stream(&self, mask: Mask) -> Notifications {
        let (subscriber, receiver) = Subscriber::stream();
        self.add(subscriber, mask);
        Notifications::new(receiver)
    }

    pub(crate) fn remove(&self, author: Author, id: SubscriptionId) -> Option<Previous> {
        let mut table = self.lock();
        let index = table.added.iter().position(|one| one.id == id)?;
        let mut old = table.added.remove(index);
        self.remember(&table);
        old.bid_farewell(&author);
        Some(old.into_previous(&mut table.departed))
    }

    /// If a subscription has too much unhandled for a new operation to begin: what to wait for before asking again. A dead
    /// one holds nobody, though others may keep what it was told.
    pub(crate) fn exhausted(&self) -> Option<impl Future<Output = ()> + use<>> {
        if self.union.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let table = self.lock();
        let mut all = table.slot.iter().chain(&table.added);
        all.find_map(|one| one.share.credit.exhausted().filter(|_| one.subscriber.is_alive()))
    }

    /// After [`close`](Self::close): waits until every subscriber has handled the last words.
    pub(crate) async fn farewell(&self) {
        let (last, departed) = {
            let table = self.lock();
            (table.last.clone(), table.departed.clone())
        };
        for one in last.into_iter().chain(departed.0) {
            one.drained_to_the_ground().await;
        }
    }

    fn post(&self, table: &mut Table, author: &Author, mask: Mask, status: Status) {
        debug_assert_eq!(status.mask(), Some(mask));
        if let Some(trace) = table.trace.as_mut().filter(|_| status.is_traced()) {
            trace.note(clock::now(), status.name(), status.figure());
        }
        let mut lost = false;
        match &mut table.slot {
            // The usual case: no copy is made for the only one.
            Some(only) if table.added.is_empty() => {
                if only.mask.intersects(mask) {
                    lost = only.tell(author, clock::now(), status).is_err();
                }
            }
            slot => {
                let at = clock::now();
                let all = slot.iter_mut().chain(&mut table.added);
                for one in all.filter(|one| one.mask.intersects(mask)) {
                    lost |= one.tell(author, at, status.clone()).is_err();
                }
            }
        }
        if lost {
            table.drop_the_dead();
            self.remember(table);
        }
    }

    pub(super) fn set_trace(&self, trace: Trace) {
        let mut table = self.lock();
        table.trace = Some(Box::new(trace));
        self.remember(&table);
    }

    /// What happened last, the oldest first; empty where no trace is kept.
    pub(crate) fn traced<T>(&self, show: impl FnMut(&Noted) -> T) -> Vec<T> {
        self.lock().trace.iter().flat_map(|trace| trace.kept()).map(show).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn union(&self) -> u64 {
        // A trace has no place for frames, and they are many.
        let all = if self.trace.is_some() { !Mask::FRAMES.bits() } else { 0 };
        self.slot.iter().chain(&self.added).fold(all, |union, one| union | one.mask.bits())
    }

    fn is_empty(&self) -> bool {
        self.slot.is_none() && self.added.is_empty() && self.trace.is_none()
    }

    fn drop_the_dead(&mut self) {
        let is_dead = |one: &mut Subscription| !one.subscriber.is_alive();
        let dead = self.slot.take_if(is_dead).into_iter().chain(self.added.extract_if(.., is_dead));
        dead.for_each(|one| one.share.credit.subscription_left());
    }
}

impl Subscription {
    fn new(subscriber: Subscriber, mask: Mask, limits: CreditLimits) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = SubscriptionId(NEXT.fetch_add(1, Ordering::Relaxed));
        Self::with_share(id, subscriber, mask, Share::new(Credit::new(limits)))
    }

    fn with_share(id: SubscriptionId, subscriber: Subscriber, mask: Mask, share: Arc<Share>) -> Self {
        Self { id, subscriber, mask, share, copies: None, sequence: 0, missed: 0 }
    }

    fn inherit(&mut self) -> Self {
        let copies = self.copies.get_or_insert_with(|| self.share.beside());
        Self::with_share(self.id, self.subscriber.clone(), self.mask, Share::under(copies))
    }

    fn remains(&self) -> Remains {
        Remains::new(&self.share, self.copies.as_ref())
    }

    /// Its copies below stay; for its own messages the remover can wait.
    fn into_previous(self, departed: &mut Departed) -> Previous {
        let remains = self.remains();
        departed.add([remains.below()]);
        Previous { subscriber: self.subscriber, mask: self.mask, remains }
    }

    #[inline]
    fn tell(&mut self, author: &Author, at: Instant, status: Status) -> Result<(), Dead> {
        let weight = status.weight();
        if weight == Weight::Progress && !self.share.credit.takes_progress() {
            self.sequence += 1;
            self.missed += 1;
            return Ok(());
        }
        if self.missed > 0 {
            self.tell_missed(author, || at)?;
        }
        self.deliver(author, at, status, weight)
    }

    #[inline]
    fn deliver(&mut self, author: &Author, at: Instant, status: Status, weight: Weight) -> Result<(), Dead> {
        let &Author { handle, kind, parent, context } = author;
        let sequence = self.sequence;
        self.sequence += 1;
        let _permit = Some(self.share.permit(weight));
        self.subscriber.post(Notification { handle, kind, parent, context, sequence, at, status, _permit })
    }

    fn bid_farewell(&mut self, author: &Author) {
        let at = clock::now();
        // A subscriber that died in the meantime has nothing to be told.
        let _told = self
            .tell_missed(author, || at)
            .and_then(|()| self.deliver(author, at, Status::Unsubscribed, Weight::Promise));
        self.share.credit.subscription_left();
    }

    fn tell_missed(&mut self, author: &Author, at: impl FnOnce() -> Instant) -> Result<(), Dead> {
        match std::mem::take(&mut self.missed) {
            0 => Ok(()),
            missed => self.deliver(author, at(), Status::Missed(missed), Weight::Promise),
        }
    }
}
