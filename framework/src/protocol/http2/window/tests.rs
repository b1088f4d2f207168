//! Paths of known width and length, with a server that always has more to send.

use super::*;

const KIB: u32 = 1024;
const MIB: u32 = 1024 * KIB;
const ROUND_TRIP: Duration = Duration::from_millis(100);

fn options() -> Http2Options {
    Http2Options { stream_window: 64 * KIB, connection_window: 64 * KIB, ..Http2Options::default() }
}

/// A path that takes no more than `width` octets in a round trip.
struct Path {
    width: u64,
    now: Instant,
    window: AdaptiveWindow,
}

impl Path {
    fn new(width: u32, options: &Http2Options) -> Self {
        Self { width: width.into(), now: Instant::now(), window: AdaptiveWindow::new(options) }
    }

    /// One round trip at full speed: did a ping go out with it, and what did its answer change?
    fn round_trip(&mut self) -> (bool, Option<Windows>) {
        let octets = self.width.min(self.window.limiting().into());
        let asks = self.window.wants_ping();
        if asks {
            self.window.pinged(self.now);
        }
        self.window.received(octets, self.now);
        self.now += ROUND_TRIP;
        (asks, if asks { self.window.pong(self.now) } else { None })
    }

    fn after(&mut self, round_trips: usize) -> Windows {
        for _ in 0..round_trips {
            self.round_trip();
        }
        self.window.windows()
    }
}

#[test]
fn the_windows_begin_as_the_options_say() {
    let window = AdaptiveWindow::new(&Http2Options::default());
    assert_eq!(window.windows(), Windows { stream: 2 * MIB, connection: 5 * MIB });
}

#[test]
fn a_long_wide_path_is_filled_in_a_few_round_trips() {
    let mut path = Path::new(6 * MIB, &options());
    let windows = path.after(30);
    assert!(windows.stream >= 6 * MIB && windows.connection >= windows.stream, "{windows:?}");
}

#[test]
fn no_window_grows_over_16_mib() {
    let mut path = Path::new(u32::MAX, &options());
    assert_eq!(path.after(100), Windows { stream: 16 * MIB, connection: 16 * MIB });
    assert_eq!(path.round_trip(), (false, None));
    path.window.pinged(path.now);
    assert_eq!(path.window.pong(path.now + ROUND_TRIP), None);
}

#[test]
fn a_window_that_is_large_enough_stays() {
    let mut path = Path::new(20 * KIB, &options());
    assert_eq!(path.after(1_000), Windows { stream: 64 * KIB, connection: 64 * KIB });
}

#[test]
fn a_path_that_is_full_does_not_make_the_windows_grow() {
    // Whatever the window is, all of it is on the way, and takes so much longer.
    let mut window = AdaptiveWindow::new(&options());
    let mut now = Instant::now();
    for _ in 0..100 {
        window.pinged(now);
        let octets = u64::from(window.limiting());
        window.received(octets, now);
        now += ROUND_TRIP * u32::try_from(octets / (64 * 1024)).unwrap();
        window.pong(now);
    }
    assert_eq!(window.windows().stream, 128 * KIB);
}

#[test]
fn no_ping_is_wanted_for_small_answers() {
    let mut window = AdaptiveWindow::new(&Http2Options::default());
    let now = Instant::now();
    for _ in 0..511 {
        window.received(1024, now);
        assert!(!window.wants_ping());
    }
    window.received(1024, now);
    assert!(window.wants_ping());
    window.pinged(now);
    assert!(!window.wants_ping());
}

#[test]
fn measures_that_change_nothing_become_rare() {
    let mut path = Path::new(30 * KIB, &options());
    let mut asked = |round_trips: usize| (0..round_trips).filter(|_| path.round_trip().0).count();
    let in_ten_seconds = asked(100);
    assert!((2..=5).contains(&in_ten_seconds), "{in_ten_seconds}");
    let in_hundred_seconds = asked(1_000);
    assert!((5..=10).contains(&in_hundred_seconds), "{in_hundred_seconds}");
}

#[test]
fn a_ping_for_something_else_measures_too() {
    let mut window = AdaptiveWindow::new(&options());
    let now = Instant::now();
    window.pinged(now);
    window.received(60 * 1024, now);
    let grown = window.pong(now + ROUND_TRIP);
    assert_eq!(grown, Some(Windows { stream: 120 * KIB, connection: 240 * KIB }));
    assert_eq!(window.pong(now + ROUND_TRIP), None);
}

#[test]
fn pings_on_an_idle_wire_do_not_put_off_a_measure() {
    let mut window = AdaptiveWindow::new(&options());
    let now = Instant::now();
    for _ in 0..10 {
        window.pinged(now);
        assert_eq!(window.pong(now + ROUND_TRIP), None);
    }
    window.received(60 * 1024, now);
    assert!(window.wants_ping());
}

#[test]
fn windows_of_the_options_that_are_larger_never_shrink() {
    let large = Http2Options { connection_window: 64 * MIB, stream_window: MIB, ..options() };
    let mut path = Path::new(u32::MAX, &large);
    assert_eq!(path.after(100), Windows { stream: 16 * MIB, connection: 64 * MIB });
}

#[test]
fn fixed_windows_want_no_pings_and_stay() {
    let mut path = Path::new(u32::MAX, &Http2Options { adaptive_window: false, ..options() });
    assert_eq!(path.after(100), Windows { stream: 64 * KIB, connection: 64 * KIB });
    assert_eq!(path.round_trip(), (false, None));
}
