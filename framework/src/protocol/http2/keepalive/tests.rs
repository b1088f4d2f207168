//! Time is stepped: when a server is asked, and when it is given up.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A wire and its clock; a server that greets at once unless it is told otherwise.
struct Scene {
    now: Instant,
    keepalive: KeepAlive,
}

impl Scene {
    fn new(options: &Http2Options) -> Self {
        let now = Instant::now();
        Self { now, keepalive: KeepAlive::new(options, now) }
    }

    fn greeted() -> Self {
        Self::greeted_with(&Http2Options::default())
    }

    fn greeted_with(options: &Http2Options) -> Self {
        let mut scene = Self::new(options);
        scene.keepalive.greeted(scene.now);
        scene
    }

    /// A ping is under way since now.
    fn asked() -> Self {
        let mut scene = Self::greeted();
        scene.keepalive.doubted();
        assert_eq!(scene.poll(), [Action::Ping]);
        scene
    }

    fn after(&mut self, time: Duration) -> &mut Self {
        self.now += time;
        self
    }

    fn poll(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.keepalive.poll(self.now)).collect()
    }

    fn heard(&mut self) -> &mut Self {
        self.keepalive.heard(self.now);
        self
    }

    fn pong(&mut self) -> &mut Self {
        self.keepalive.pong(self.now);
        self
    }

    fn used(&mut self) -> &mut Self {
        self.keepalive.used(self.now);
        self
    }

    /// How long until there is something to do.
    fn deadline(&self) -> Option<Duration> {
        self.keepalive.next_deadline().map(|at| at - self.now)
    }
}

#[test]
fn a_quiet_wire_without_use_is_left_alone() {
    let mut scene = Scene::greeted();
    assert_eq!(scene.deadline(), None);
    assert_eq!(scene.after(3600 * SECOND).poll(), []);
}

#[test]
fn the_first_word_is_waited_for_and_nothing_else_counts_for_it() {
    let mut scene = Scene::new(&Http2Options::default());
    assert_eq!(scene.deadline(), Some(10 * SECOND));
    scene.keepalive.doubted();
    assert_eq!(scene.after(9 * SECOND).heard().poll(), []);
    assert_eq!(scene.after(SECOND).poll(), [Action::Suspect]);
    assert_eq!(scene.after(9 * SECOND).heard().poll(), []);
    assert_eq!(scene.after(SECOND).poll(), [Action::Close]);
    assert_eq!((scene.deadline(), scene.after(SECOND).pong().used().poll()), (None, vec![]));
}

#[test]
fn a_late_first_word_clears_the_suspicion_and_what_was_wanted_meanwhile_is_done() {
    let mut scene = Scene::new(&Http2Options::default());
    scene.keepalive.measure();
    assert_eq!(scene.after(15 * SECOND).poll(), [Action::Suspect]);
    scene.keepalive.greeted(scene.now);
    assert_eq!(scene.poll(), [Action::Recovered, Action::Ping]);
}

#[test]
fn use_after_silence_asks_and_use_before_does_not() {
    let mut scene = Scene::greeted();
    assert_eq!(scene.after(5 * SECOND - Duration::from_nanos(1)).used().poll(), []);
    assert_eq!(scene.after(Duration::from_nanos(1)).used().poll(), [Action::Ping]);
    let mut scene = Scene::greeted_with(&Http2Options { ping_after: None, ..Http2Options::default() });
    assert_eq!(scene.after(3600 * SECOND).used().poll(), []);
}

#[test]
fn one_ping_is_under_way_whoever_wants_one() {
    let mut scene = Scene::asked();
    scene.keepalive.doubted();
    scene.keepalive.measure();
    assert_eq!(scene.after(6 * SECOND).used().poll(), []);
    assert_eq!(scene.pong().poll(), []);
    scene.keepalive.measure();
    assert_eq!(scene.poll(), [Action::Ping]);
}

#[test]
fn silence_after_a_ping_is_suspect_then_dead() {
    let mut scene = Scene::asked();
    assert_eq!(scene.deadline(), Some(10 * SECOND));
    assert_eq!(scene.after(10 * SECOND).poll(), [Action::Suspect]);
    assert_eq!(scene.deadline(), Some(10 * SECOND));
    assert_eq!(scene.after(9 * SECOND).poll(), []);
    assert_eq!(scene.after(SECOND).poll(), [Action::Close]);
    assert_eq!(scene.after(SECOND).heard().poll(), []);
}

#[test]
fn anything_heard_is_a_sign_of_life_but_the_ping_stays_under_way() {
    let mut scene = Scene::asked();
    assert_eq!(scene.after(9 * SECOND).heard().poll(), []);
    assert_eq!(scene.deadline(), Some(10 * SECOND));
    assert_eq!(scene.after(10 * SECOND).poll(), [Action::Suspect]);
    assert_eq!(scene.after(SECOND).heard().poll(), [Action::Recovered]);
    scene.keepalive.doubted();
    assert_eq!(scene.poll(), []);
    assert_eq!(scene.after(10 * SECOND).poll(), [Action::Suspect]);
    assert_eq!(scene.after(SECOND).pong().poll(), [Action::Recovered]);
    assert_eq!(scene.deadline(), None);
}

#[test]
fn a_time_that_leaps_makes_suspect_and_does_not_close() {
    let mut scene = Scene::asked();
    assert_eq!(scene.after(3600 * SECOND).poll(), [Action::Suspect]);
    assert_eq!(scene.deadline(), Some(10 * SECOND));
    assert_eq!(scene.after(SECOND).pong().poll(), [Action::Recovered]);
}

#[test]
fn periodic_pings_go_out_while_streams_are_open_whatever_is_heard() {
    let options = Http2Options { ping_every: Some(2 * SECOND), ..Http2Options::default() };
    let mut scene = Scene::greeted_with(&options);
    assert_eq!((scene.deadline(), scene.after(60 * SECOND).poll()), (None, vec![]));
    scene.keepalive.streams(1, scene.now);
    assert_eq!(scene.deadline(), Some(2 * SECOND));
    scene.after(SECOND).heard();
    scene.keepalive.streams(2, scene.now);
    assert_eq!(scene.after(SECOND).poll(), [Action::Ping]);
    assert_eq!(scene.after(SECOND).pong().poll(), []);
    assert_eq!(scene.deadline(), Some(SECOND));
    scene.keepalive.streams(0, scene.now);
    assert_eq!((scene.deadline(), scene.after(60 * SECOND).poll()), (None, vec![]));
    scene.keepalive.streams(1, scene.now);
    assert_eq!(scene.deadline(), Some(2 * SECOND));
}

#[test]
fn round_trips_are_measured_and_smoothed() {
    let mut scene = Scene::asked();
    assert_eq!(scene.keepalive.rtt(), None);
    let eight = Duration::from_millis(80);
    scene.after(eight).pong();
    assert_eq!(scene.keepalive.rtt(), Some(RoundTrip { last: eight, smoothed: eight }));
    // One that nobody asked for.
    scene.after(SECOND).pong();
    assert_eq!(scene.keepalive.rtt(), Some(RoundTrip { last: eight, smoothed: eight }));
    scene.keepalive.measure();
    assert_eq!(scene.poll(), [Action::Ping]);
    scene.after(2 * eight).pong();
    assert_eq!(scene.keepalive.rtt(), Some(RoundTrip { last: 2 * eight, smoothed: Duration::from_millis(90) }));
}

#[test]
fn a_pong_is_awaited_from_the_ping_until_it_comes() {
    assert!(!Scene::greeted().keepalive.awaits_pong());
    let mut scene = Scene::asked();
    assert!(scene.keepalive.awaits_pong());
    scene.heard();
    assert!(scene.keepalive.awaits_pong(), "another frame is no answer");
    scene.pong();
    assert!(!scene.keepalive.awaits_pong());
}
