//! The tasks of one shard that stay for more: making one costs more than much that is done in it, most of that for its memory.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker, ready};

use tokio::task::coop::has_budget_remaining;
use tokio::task::spawn_local;

/// Tasks of one shard, each of which does one piece of work after the other. They end with it when they have none.
#[derive(Default)]
pub(crate) struct Crew(Rc<Resting>);

/// Those that have nothing to do, the one that rests for the shortest time at the end.
#[derive(Default)]
struct Resting(RefCell<Vec<Rc<Place>>>);

/// Where a task that rests finds what it is to do next.
struct Place {
    work: Cell<Option<Work>>,
    /// What was done there last: memory for the next, as a rule as large, which the allocator has at hand when it is given back just
    /// before.
    done: Cell<Option<Work>>,
    /// Of the task.
    waker: Waker,
}

/// An async block: what is done is kept for its memory, and may hold nothing else any more.
type Work = Pin<Box<dyn Future<Output = ()>>>;

impl Crew {
    /// Has it done beside all else, as a task of its own would. A panic in it ends that task, and nothing else. `work` only makes it,
    /// which may not fail.
    pub(crate) fn spawn(&self, work: impl FnOnce() -> Work) {
        let rested = self.0.0.borrow_mut().pop();
        match rested {
            Some(place) => place.give(work),
            None => {
                let resting = Rc::downgrade(&self.0);
                spawn_local(Member { work: Some(work()), place: None, resting });
            }
        }
    }

    /// Would work be begun now?
    pub(crate) fn begins_at_once(&self) -> bool {
        has_budget_remaining() && !self.0.0.borrow().is_empty()
    }

    /// The same of work that is begun at once, before this returns, if somebody is free to go on with it and the task that calls may
    /// still do something in its turn. A panic in what is done of it here is the caller's to catch, and ends the work.
    #[inline]
    pub(crate) fn begin(&self, work: impl FnOnce() -> Work) {
        if !self.begins_at_once() {
            return self.spawn(work);
        }
        let rested = self.0.0.borrow_mut().pop();
        let Some(place) = rested else { return self.spawn(work) };
        let mut work = place.made(work);
        let mut context = Context::from_waker(&place.waker);
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(&mut context)));
        match polled {
            Ok(Poll::Pending) => place.work.set(Some(work)),
            Ok(Poll::Ready(())) => {
                place.done.set(Some(work));
                self.0.0.borrow_mut().push(place);
            }
            Err(panic) => {
                self.0.0.borrow_mut().push(place);
                drop(work);
                resume_unwind(panic);
            }
        }
    }
}

impl Place {
    fn give(&self, work: impl FnOnce() -> Work) {
        self.work.set(Some(self.made(work)));
        self.waker.wake_by_ref();
    }

    /// Makes it where the last was.
    fn made(&self, work: impl FnOnce() -> Work) -> Work {
        drop(self.done.take());
        work()
    }
}

impl Drop for Resting {
    fn drop(&mut self) {
        // There is nothing more to come.
        self.0.take().iter().for_each(|place| place.waker.wake_by_ref());
    }
}

/// One task of a crew.
struct Member {
    work: Option<Work>,
    /// Made when it rests for the first time.
    place: Option<Rc<Place>>,
    resting: Weak<Resting>,
}

impl Member {
    fn rest(&mut self, context: &Context<'_>) -> Poll<()> {
        let Some(resting) = self.resting.upgrade() else { return Poll::Ready(()) };
        let mut resting = resting.0.borrow_mut();
        if resting.len() == MOST_RESTING {
            return Poll::Ready(());
        }
        let new = || Rc::new(Place { work: Cell::default(), done: Cell::default(), waker: context.waker().clone() });
        let place = self.place.get_or_insert_with(new);
        place.done.set(self.work.take());
        resting.push(Rc::clone(place));
        Poll::Pending
    }
}

impl Future for Member {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.work.is_none() {
            this.work = this.place.as_ref().and_then(|place| place.work.take());
        }
        let Some(work) = &mut this.work else {
            // Woken by what its last work has left somewhere, unless the crew is no more.
            return if this.resting.strong_count() > 0 { Poll::Pending } else { Poll::Ready(()) };
        };
        ready!(work.as_mut().poll(context));
        this.rest(context)
    }
}

/// As many as a busy shard has use for; the rest of a burst ends with its work.
const MOST_RESTING: usize = 64;

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn};

    use futures_util::future::join;
    use tokio::sync::oneshot;
    use tokio::task::{LocalSet, id, yield_now};

    use super::*;

    fn on_a_shard(test: impl AsyncFnOnce(Crew)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let set = LocalSet::new();
        set.block_on(&runtime, test(Crew::default()));
        // Where a task of the crew had not ended this would never be over.
        runtime.block_on(set);
    }

    /// The task that it was done in.
    async fn done(crew: &Crew, work: impl Future<Output = ()> + 'static) -> Option<tokio::task::Id> {
        let (tell, told) = oneshot::channel();
        crew.spawn(|| {
            Box::pin(async move {
                work.await;
                tell.send(id()).unwrap();
            })
        });
        told.await.ok()
    }

    #[test]
    fn a_task_that_has_done_its_work_is_given_more() {
        on_a_shard(async |crew| {
            let first = done(&crew, yield_now()).await.unwrap();
            assert_eq!(done(&crew, yield_now()).await, Some(first));
            let (one, other) = join(done(&crew, yield_now()), done(&crew, yield_now())).await;
            assert_ne!(one, other, "work is done beside other work");
        });
    }

    #[test]
    fn work_is_begun_at_once_where_somebody_rests_and_goes_on_as_a_task() {
        on_a_shard(async |crew| {
            let step = Rc::new(Cell::new(0));
            let work = |told: oneshot::Sender<_>| {
                let step = Rc::clone(&step);
                Box::pin(async move {
                    step.set(1);
                    yield_now().await;
                    step.set(2);
                    told.send(id()).unwrap();
                })
            };
            let (tell, told) = oneshot::channel();
            assert!(!crew.begins_at_once());
            crew.begin(|| work(tell));
            assert_eq!(step.get(), 0, "nobody rests yet");
            let first = told.await.unwrap();
            let (tell, told) = oneshot::channel();
            yield_now().await;
            assert!(crew.begins_at_once());
            crew.begin(|| work(tell));
            assert_eq!(step.get(), 1);
            assert_eq!(told.await.unwrap(), first);
            assert_eq!(step.get(), 2);
            crew.begin(|| Box::pin(async {}));
            assert_eq!(crew.0.0.borrow().len(), 1, "who had nothing left to do rests again");
        });
    }

    #[test]
    fn work_that_is_done_leaves_its_memory_for_the_next_and_nothing_that_it_held() {
        on_a_shard(async |crew| {
            let held = Rc::new(());
            let holds = |held: Rc<()>| async move {
                let _held = held;
                yield_now().await;
            };
            let left = || crew.0.0.borrow().last().and_then(|place| place.done.take());
            done(&crew, holds(Rc::clone(&held))).await.unwrap();
            yield_now().await;
            assert_eq!((Rc::strong_count(&held), left().is_some()), (1, true));
            crew.begin(|| Box::pin(async {}));
            assert!(left().is_some(), "also what was done at once");
            // In the place of what was left: something of which it is seen when it is given back.
            let last = holds(Rc::clone(&held));
            crew.0.0.borrow().last().unwrap().done.set(Some(Box::pin(last)));
            crew.begin(|| {
                assert_eq!(Rc::strong_count(&held), 1, "it is given back before the next is made");
                Box::pin(async {})
            });
        });
    }

    #[test]
    fn work_that_panics_as_it_is_begun_ends_alone() {
        on_a_shard(async |crew| {
            let first = done(&crew, async {}).await.unwrap();
            yield_now().await;
            let panics = AssertUnwindSafe(|| crew.begin(|| Box::pin(async { panic!("the work explodes") })));
            assert!(catch_unwind(panics).is_err());
            assert_eq!(done(&crew, async {}).await, Some(first));
        });
    }

    #[test]
    fn work_that_panics_ends_its_task_alone() {
        on_a_shard(async |crew| {
            let first = done(&crew, async {}).await.unwrap();
            assert_eq!(done(&crew, async { panic!("the work explodes") }).await, None);
            assert_ne!(done(&crew, async {}).await, Some(first));
        });
    }

    #[test]
    fn a_task_is_woken_in_vain_by_what_its_last_work_left() {
        on_a_shard(async |crew| {
            let left = Rc::new(Cell::new(None));
            let leaves = Rc::clone(&left);
            let work = poll_fn(move |context| {
                leaves.set(Some(context.waker().clone()));
                Poll::Ready(())
            });
            let first = done(&crew, work).await;
            left.take().expect("it was woken by something").wake();
            yield_now().await;
            assert_eq!(done(&crew, async {}).await, first);
        });
    }

    #[test]
    fn what_is_under_way_goes_on_without_the_crew_and_what_rests_ends() {
        on_a_shard(async |crew| {
            done(&crew, async {}).await.unwrap();
            let (tell, told) = oneshot::channel();
            crew.spawn(|| Box::pin(async move { drop(told.await) }));
            drop(crew);
            tell.send(()).unwrap();
        });
    }

    #[test]
    fn no_more_rest_than_a_busy_shard_has_use_for() {
        on_a_shard(async |crew| {
            for _ in 0..2 * MOST_RESTING {
                crew.spawn(|| Box::pin(yield_now()));
            }
            done(&crew, async {}).await.unwrap();
            while crew.0.0.borrow().len() < MOST_RESTING {
                yield_now().await;
            }
            yield_now().await;
            assert_eq!(crew.0.0.borrow().len(), MOST_RESTING);
        });
    }

    #[test]
    fn work_is_dropped_with_the_local_set() {
        let kept = Rc::new(());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let set = LocalSet::new();
        let crew = set.block_on(&runtime, async {
            let (crew, in_work) = (Crew::default(), Rc::clone(&kept));
            crew.spawn(|| {
                Box::pin(async move {
                    let _kept = in_work;
                    pending::<()>().await;
                })
            });
            done(&crew, async {}).await.unwrap();
            crew
        });
        drop(set);
        assert_eq!(Rc::strong_count(&kept), 1);
        drop(crew);
    }
}
