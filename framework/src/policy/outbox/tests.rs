//! Order, bounds, and what each overflow does.

use super::*;

fn outbox(messages: usize, octets: u64, overflow: Overflow) -> Outbox<&'static str> {
    Outbox::new(Room { messages, octets, overflow })
}

fn put(outbox: &mut Outbox<&'static str>, message: &'static str) -> Result<(), &'static str> {
    outbox.put(message.len() as u64, message).map(drop)
}

/// All that is left, in the order it goes out.
fn rest(outbox: &mut Outbox<&'static str>) -> Vec<&'static str> {
    let mut all = Vec::new();
    while let Some(next) = outbox.begin() {
        all.push(next);
        outbox.sent();
    }
    all
}

#[test]
fn what_did_not_get_out_goes_out_first_and_once() {
    let mut outbox = outbox(9, 99, Overflow::Refuse);
    for message in ["a", "b", "c"] {
        put(&mut outbox, message).unwrap();
    }
    assert_eq!(outbox.begin(), Some("a"));
    assert_eq!(outbox.begin(), None);
    outbox.not_sent();
    outbox.not_sent();
    assert_eq!(outbox.len(), 3);
    assert_eq!(outbox.begin(), Some("a"));
    outbox.sent();
    outbox.not_sent();
    assert_eq!(rest(&mut outbox), ["b", "c"]);
    assert_eq!((outbox.len(), outbox.octets(), outbox.dropped()), (0, 0, 0));
}

#[test]
fn refuse_and_wait_give_back_what_does_not_fit() {
    for overflow in [Overflow::Refuse, Overflow::Wait] {
        let mut outbox = outbox(2, 99, overflow);
        assert_eq!([put(&mut outbox, "a"), put(&mut outbox, "b"), put(&mut outbox, "c")], [Ok(()), Ok(()), Err("c")]);
        outbox.begin();
        assert_eq!([put(&mut outbox, "c"), put(&mut outbox, "d")], [Ok(()), Err("d")]);
        outbox.sent();
        assert_eq!((rest(&mut outbox), outbox.dropped()), (vec!["b", "c"], 0));
    }
}

#[test]
fn the_oldest_are_dropped_and_counted_but_never_the_one_in_the_air() {
    let mut outbox = outbox(2, 99, Overflow::DropOldest);
    put(&mut outbox, "a").unwrap();
    outbox.begin();
    for message in ["b", "c", "d", "e"] {
        put(&mut outbox, message).unwrap();
    }
    assert_eq!((outbox.len(), outbox.dropped()), (3, 2));
    outbox.not_sent();
    assert_eq!(rest(&mut outbox), ["a", "d", "e"]);
}

#[test]
fn octets_are_bounded_too() {
    let mut refusing = outbox(99, 5, Overflow::Refuse);
    assert_eq!(
        [put(&mut refusing, "abc"), put(&mut refusing, "def"), put(&mut refusing, "gh")],
        [Ok(()), Err("def"), Ok(())]
    );
    let mut dropping = outbox(99, 5, Overflow::DropOldest);
    for message in ["ab", "c", "def"] {
        put(&mut dropping, message).unwrap();
    }
    assert_eq!((dropping.dropped(), dropping.octets()), (1, 4));
    assert_eq!(put(&mut dropping, "larger"), Err("larger"));
    assert!(dropping.could_hold(5) && !dropping.could_hold(6));
}

#[test]
fn what_was_put_in_up_to_now_is_through_when_none_of_it_is_left() {
    let mut outbox = outbox(2, 99, Overflow::DropOldest);
    put(&mut outbox, "a").unwrap();
    put(&mut outbox, "b").unwrap();
    let now = outbox.put_so_far();
    outbox.begin();
    put(&mut outbox, "c").unwrap();
    // `b` is dropped.
    put(&mut outbox, "d").unwrap();
    assert!(!outbox.is_through(now));
    outbox.not_sent();
    assert!(!outbox.is_through(now));
    outbox.begin();
    outbox.sent();
    assert!(outbox.is_through(now) && !outbox.is_through(outbox.put_so_far()));
}

#[test]
fn what_nobody_knows_of_is_given_up_and_what_is_left_is_cleared() {
    let mut outbox = outbox(9, 99, Overflow::Refuse);
    for message in ["a", "b", "c"] {
        put(&mut outbox, message).unwrap();
    }
    outbox.begin();
    outbox.given_up();
    outbox.given_up();
    assert_eq!(outbox.dropped(), 1);
    outbox.begin();
    assert_eq!(outbox.clear(), ["b", "c"]);
    assert_eq!([1, 2, 3].map(|up_to| outbox.was_left(up_to)), [false, true, true]);
    assert_eq!((outbox.is_empty(), outbox.octets(), outbox.dropped()), (true, 0, 3));
}

#[test]
fn what_is_removed_is_given_back() {
    let mut outbox = outbox(2, 5, Overflow::DropOldest);
    assert_eq!(outbox.put(1, "a"), Ok(vec![]));
    assert_eq!(outbox.put(4, "b"), Ok(vec![]));
    assert_eq!(outbox.put(5, "c"), Ok(vec!["a", "b"]));
    // What would never fit makes no room.
    assert_eq!((outbox.put(6, "d"), outbox.len(), outbox.dropped()), (Err("d"), 1, 2));
    outbox.begin();
    assert_eq!((outbox.given_up(), outbox.sent(), outbox.dropped()), (Some("c"), None, 3));
    put(&mut outbox, "e").unwrap();
    outbox.begin();
    assert_eq!((outbox.sent(), outbox.given_up()), (Some("e"), None));
    assert_eq!(outbox.clear(), [""; 0]);
    assert!(!outbox.was_left(outbox.put_so_far()));
}
