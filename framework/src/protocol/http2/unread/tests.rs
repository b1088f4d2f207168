//! Streams that are read and streams that are not, with the time stepped.

use super::*;

const WINDOW: u32 = 1600;
const PATIENCE: Duration = Duration::from_secs(10);

/// A wire whose readers are named by their streams.
struct Scene {
    unread: Unread<u32>,
    now: Instant,
}

impl Scene {
    fn with(streams: &[u32]) -> Self {
        let mut unread = Unread::new();
        streams.iter().for_each(|stream| unread.opened(*stream, *stream));
        Self { unread, now: Instant::now() }
    }

    fn look(&mut self) -> Look<u32> {
        self.unread.look(self.now, WINDOW, PATIENCE)
    }

    /// What holds others up, what is stalled, and who hears of it.
    fn found(&mut self) -> (u64, u64, Vec<(u32, u64)>) {
        let Look { held_up, stalled, news } = self.look();
        (held_up, stalled, news)
    }

    fn is_worth_a_look(&self) -> bool {
        self.unread.is_worth_a_look(self.now, WINDOW)
    }
}

#[test]
fn what_is_read_as_it_comes_holds_nobody_up_and_is_worth_no_look() {
    let mut scene = Scene::with(&[1, 3]);
    for _ in 0..100 {
        for stream in [1, 3] {
            scene.unread.received(stream, 300);
            assert!(!scene.is_worth_a_look());
            scene.unread.taken(stream, 300);
        }
    }
    assert_eq!(scene.unread.octets(), 0);
    assert_eq!(scene.found(), (0, 0, vec![]));
}

#[test]
fn what_comes_of_a_body_nobody_reads_is_made_up_for_step_by_step() {
    let mut scene = Scene::with(&[1, 3]);
    scene.unread.received(3, 100);
    scene.unread.taken(3, 50);
    scene.unread.received(1, 700);
    assert!(!scene.is_worth_a_look(), "not half a window");
    scene.unread.received(1, 100);
    assert!(scene.is_worth_a_look());
    assert_eq!(scene.found(), (800, 0, vec![]), "the other one reads");
    assert!(!scene.is_worth_a_look(), "it was just looked at");
    scene.unread.received(1, 101);
    assert!(scene.is_worth_a_look());
    assert_eq!(scene.found(), (901, 0, vec![]), "the other one took nothing since, but may be about to");
    scene.now += MOMENT;
    assert!(scene.is_worth_a_look());
    assert_eq!(scene.found(), (951, 0, vec![]), "it was not");
    scene.unread.taken(1, 901);
    scene.unread.taken(3, 50);
    assert!(scene.is_worth_a_look(), "there is less to be made up for");
    assert_eq!(scene.found(), (0, 0, vec![]));
}

#[test]
fn little_that_is_left_unread_is_made_up_for_after_a_moment() {
    let mut scene = Scene::with(&[1]);
    scene.unread.received(1, 500);
    scene.unread.ended(1, None);
    for _ in 0..3 {
        scene.unread.taken(1, 100);
        assert_eq!(scene.found().0, 0, "it is read");
        assert_eq!(scene.unread.next_look(), Some(scene.now + MOMENT));
        scene.now += MOMENT;
    }
    assert_eq!(scene.found().0, 200, "it was read a moment ago, and is not now");
    assert_eq!(scene.unread.next_look(), None);
    scene.unread.taken(1, 200);
    assert_eq!(scene.found().0, 0);
}

#[test]
fn a_reader_that_takes_nothing_for_so_long_is_stalled_and_told_of_once() {
    let mut scene = Scene::with(&[1]);
    scene.unread.received(1, 800);
    assert_eq!(scene.found(), (800, 0, vec![]));
    assert_eq!(scene.unread.next_look(), Some(scene.now + PATIENCE));
    scene.now += PATIENCE - Duration::from_nanos(1);
    assert!(!scene.is_worth_a_look());
    scene.now += Duration::from_nanos(1);
    assert!(scene.is_worth_a_look());
    assert_eq!(scene.found(), (800, 800, vec![(1, 800)]));
    assert_eq!(scene.unread.stalled(), 1);
    assert_eq!(scene.unread.next_look(), None);
    scene.unread.received(1, 800);
    scene.now += PATIENCE;
    assert_eq!(scene.found(), (1600, 1600, vec![]));
}

#[test]
fn a_response_that_has_come_whole_is_made_up_for_and_keeps_no_server_waiting() {
    let mut scene = Scene::with(&[1, 3]);
    scene.unread.received(1, 1600);
    scene.unread.ended(1, None);
    scene.unread.received(3, 1600);
    assert_eq!(scene.found(), (3200, 0, vec![]));
    scene.now += PATIENCE;
    assert_eq!(scene.found(), (3200, 1600, vec![(3, 1600)]));
    assert_eq!(scene.unread.stalled(), 1);
    scene.unread.ended(3, None);
    assert_eq!(scene.found(), (3200, 0, vec![]), "the rest has come");
    assert_eq!((scene.unread.stalled(), scene.unread.next_look()), (0, None));
}

#[test]
fn one_that_takes_something_begins_anew_and_may_stall_again() {
    let mut scene = Scene::with(&[1]);
    scene.unread.received(1, 1600);
    scene.look();
    scene.now += PATIENCE / 2;
    scene.unread.taken(1, 1);
    assert_eq!(scene.found(), (1599, 0, vec![]));
    scene.now += PATIENCE / 2;
    assert_eq!(scene.found(), (1599, 0, vec![]), "it took something since");
    scene.now += PATIENCE / 2;
    assert_eq!(scene.found(), (1599, 1599, vec![(1, 1599)]));
    scene.unread.taken(1, 1599);
    assert_eq!(scene.found(), (0, 0, vec![]));
    assert_eq!(scene.unread.stalled(), 0);
    scene.unread.received(1, 1600);
    scene.look();
    scene.now += PATIENCE;
    assert_eq!(scene.found(), (1600, 1600, vec![(1, 1600)]));
}

#[test]
fn little_that_is_left_unread_is_no_stall() {
    let mut scene = Scene::with(&[1]);
    scene.unread.received(1, 799);
    scene.unread.ended(1, None);
    scene.look();
    scene.now += PATIENCE * 10;
    assert_eq!(scene.found(), (799, 0, vec![]));
}

#[test]
fn a_stream_that_was_given_up_holds_nothing() {
    let mut scene = Scene::with(&[1, 3, 5]);
    scene.unread.ended(1, None);
    scene.unread.received(3, 10);
    assert_eq!(scene.unread.octets(), 10);
    scene.unread.given_up(3);
    scene.unread.given_up(1);
    assert_eq!(scene.unread.octets(), 0);
    scene.unread.received(3, 10);
    scene.unread.taken(3, 10);
    scene.unread.ended(3, None);
    scene.unread.given_up(3);
    assert_eq!(scene.unread.octets(), 0, "what is late is nobody's");
}

#[test]
fn no_more_is_taken_than_came() {
    let mut scene = Scene::with(&[1]);
    scene.unread.received(1, 5);
    scene.unread.taken(1, 6);
    assert_eq!(scene.unread.octets(), 0);
}

#[test]
fn another_reader_hears_of_it_when_it_has_the_stream() {
    let mut scene = Scene::with(&[1]);
    assert_eq!(scene.unread.passes_to(1, 7), Some(1));
    assert_eq!(scene.unread.passes_to(3, 7), None);
    scene.unread.received(1, 1600);
    scene.found();
    scene.now += PATIENCE;
    assert_eq!(scene.found().2, [(7, 1600)]);
    assert_eq!(scene.unread.given_up(1).map(|(reader, _)| reader), Some(7));
}

#[test]
fn who_waits_is_known_once_and_only_while_it_has_the_stream() {
    let mut scene = Scene::with(&[1, 3]);
    // A copy, whose copies are known to be the same: `noop` itself may be built into several places.
    let waker = &Waker::noop().clone();
    assert!(scene.unread.waits(1, waker).is_none());
    assert!(scene.unread.waits(1, waker).is_none(), "the same");
    assert!(scene.unread.waits(3, waker).is_none());
    assert!(scene.unread.waits(5, waker).is_none(), "nobody's");
    assert!(scene.unread.given_up(3).is_some_and(|(_, waiting)| waiting.is_some()));
    assert_eq!((scene.unread.take_waiting().len(), scene.unread.take_waiting().len()), (1, 0));
}

#[test]
fn the_next_head_is_known_to_be_the_final_one_where_no_other_can_have_come() {
    let next_is_final = |heads, octets| {
        let mut unread = Unread::new();
        unread.opened(1, ());
        assert!(!unread.is_final_next(1), "more may come");
        unread.received(1, octets);
        unread.ended(1, heads);
        unread.taken(1, octets);
        unread.is_final_next(1)
    };
    assert!(next_is_final(Some(0), 0), "it is the end of the stream");
    assert!(next_is_final(Some(1), 13), "a body comes behind it");
    assert!(!next_is_final(Some(1), 0), "it may be an early hint, and the end is the answer");
    assert!(!next_is_final(Some(2), 13) && !next_is_final(None, 13));
    assert!(!Unread::<()>::new().is_final_next(1));
}
