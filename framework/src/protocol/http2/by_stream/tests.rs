//! What is kept of streams that come and go in any order.

use super::*;

fn with(streams: &[u32]) -> ByStream<u32> {
    let mut kept = ByStream::new();
    streams.iter().for_each(|stream| kept.insert(*stream, *stream * 10));
    kept
}

fn all(kept: &ByStream<u32>) -> Vec<u32> {
    let mut all: Vec<_> = kept.values().copied().collect();
    all.sort_unstable();
    all
}

#[test]
fn each_is_found_under_its_number_whoever_came_and_went_before() {
    let mut kept = with(&[1, 3, 5]);
    assert_eq!((kept.len(), all(&kept)), (3, vec![10, 30, 50]));
    assert_eq!((kept.remove(1), kept.remove(1)), (Some(10), None));
    assert_eq!((kept.get_mut(1).copied(), kept.get_mut(3).copied()), (None, Some(30)));
    kept.insert(7, 70);
    assert_eq!((kept.len(), all(&kept)), (3, vec![30, 50, 70]));
    kept.values_mut().for_each(|kept| *kept += 1);
    assert_eq!([3, 5, 7, 9].map(|stream| kept.remove(stream)), [Some(31), Some(51), Some(71), None]);
    assert_eq!((kept.len(), all(&kept)), (0, Vec::new()));
}

#[test]
fn what_comes_under_a_number_that_is_there_takes_its_place() {
    let mut kept = with(&[1, 3]);
    kept.remove(1);
    kept.insert(3, 33);
    assert_eq!((kept.len(), all(&kept)), (1, vec![33]));
    let mut kept = with(&[1, 3]);
    kept.insert(1, 11);
    assert_eq!((kept.len(), all(&kept)), (2, vec![11, 30]));
}

#[test]
fn one_stream_after_another_needs_no_table_and_that_of_many_is_given_back_at_rest() {
    let mut kept = ByStream::new();
    for stream in (1..100).step_by(2) {
        kept.insert(stream, ());
        kept.remove(stream);
    }
    assert_eq!(kept.room(), 0);
    (1..100).step_by(2).for_each(|stream| kept.insert(stream, ()));
    let room = kept.room();
    assert!(room > 0);
    assert!((3..100).step_by(2).all(|stream| kept.remove(stream).is_some()));
    kept.rest();
    assert_eq!((kept.len(), kept.room()), (1, room), "one is left");
    kept.remove(1);
    assert_eq!(kept.room(), room, "who comes next finds room");
    kept.rest();
    assert_eq!(kept.room(), 0);
}
