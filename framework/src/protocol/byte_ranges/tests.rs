//! What is asked, what is said, and bodies of several parts: whole, cut anywhere, and hostile.

use super::parts::PartsFault;
use super::*;

fn these(first: u64, last: u64, length: impl Into<Option<u64>>) -> ContentRange {
    ContentRange { first, last, complete_length: length.into() }
}

#[test]
fn rfc9110_14_1_2_a_range_of_rust_becomes_one_of_http() {
    let asked = |range: &str, of: Option<Option<Asked>>| {
        assert_eq!(of.map(|one| one.map_or(String::new(), |one| one.to_string())).as_deref(), Some(range));
    };
    asked("5-", Asked::of(&(5..)));
    asked("0-4", Asked::of(&(0..5)));
    asked("0-4", Asked::of(&(..5)));
    asked("0-5", Asked::of(&(..=5)));
    asked("", Asked::of(&(..)));
    asked("", Asked::of(&(0..)));
    asked("7-7", Asked::of(&(7..8)));
    asked(&format!("0-{}", u64::MAX), Asked::of(&(0..=u64::MAX)));
    assert_eq!(Asked::of(&(5..5)), None);
    assert_eq!(Asked::of(&(..0)), None);
    assert_eq!(Asked::of(&(Bound::Excluded(u64::MAX), Bound::Unbounded)), None);
}

#[test]
fn rfc9110_14_2_a_range_field_is_read_back() {
    assert_eq!(Asked::all_in(b"bytes=0-4, 9- ,-3"), Some(vec![Asked::Between(0, 4), Asked::From(9), Asked::Last(3)]));
    assert_eq!(Asked::all_in(b"Bytes=1-1"), Some(vec![Asked::Between(1, 1)]));
    for none in
        [&b"items=0-4"[..], b"bytes 0-4", b"bytes=", b"bytes=4-0", b"bytes=x-", b"bytes=+1-", b"bytes=1-2-3", b"\xff"]
    {
        assert_eq!(Asked::all_in(none), None, "{none:?}");
    }
}

#[test]
fn rfc9110_14_4_content_range_is_strict() {
    let said = |value: &str| Said::parse(value.as_bytes());
    assert_eq!(said("bytes 0-4/10"), Some(Said::These(these(0, 4, 10))));
    assert_eq!(said(" BYTES 5-9/* "), Some(Said::These(these(5, 9, None))));
    assert_eq!(said("bytes */10"), Some(Said::Unsatisfied { complete_length: 10 }));
    for none in [
        "",
        "bytes",
        "bytes=0-4/10",
        "bytes 0-4",
        "bytes 4-0/10",
        "bytes 0-10/10",
        "bytes 0-9/5",
        "bytes */*",
        "items 0-4/10",
        "bytes -4/10",
        "bytes 0-/10",
        "bytes +0-4/10",
        "bytes 0x0-4/10",
        "bytes 0-18446744073709551616/*",
        "bytes 0-4/-1",
        "bytes 0-4/10, bytes 5-9/10",
        "bytes  0-4/10",
    ] {
        assert_eq!(said(none), None, "{none:?}");
    }
}

#[test]
fn rfc9110_15_3_7_less_may_come_than_was_asked_and_nothing_else() {
    let answers = |asked: Asked, given| asked.is_answered_by(&given);
    assert!(answers(Asked::From(5), these(5, 9, 10)) && answers(Asked::From(5), these(5, 6, 10)));
    assert!(!answers(Asked::From(5), these(4, 9, 10)) && !answers(Asked::From(5), these(6, 9, 10)));
    assert!(answers(Asked::Between(5, 9), these(5, 9, None)) && answers(Asked::Between(5, 9), these(5, 7, None)));
    assert!(!answers(Asked::Between(5, 9), these(5, 10, None)) && !answers(Asked::Between(5, 9), these(0, 9, None)));
    assert!(answers(Asked::Last(3), these(7, 9, 10)) && answers(Asked::Last(30), these(0, 9, 10)));
    assert!(!answers(Asked::Last(3), these(6, 9, 10)) && !answers(Asked::Last(3), these(0, 3, None)));
    assert!(answers(Asked::Last(3), these(0, 2, None)));
}

#[test]
fn the_length_of_the_largest_range_does_not_overflow() {
    assert_eq!(these(0, u64::MAX, None).len(), u64::MAX);
    assert_eq!(these(3, 3, 4).len(), 1);
}

#[test]
fn rfc2046_5_1_1_the_boundary_is_found_quoted_or_not_among_other_parameters() {
    let boundary = |value: &str| boundary_of(value.as_bytes());
    for value in [
        "multipart/byteranges; boundary=abc",
        "Multipart/ByteRanges;charset=x;BOUNDARY=\"abc\"",
        "multipart/byteranges; x=\"boundary=no; \"; boundary=abc ;y=z",
    ] {
        assert_eq!(boundary(value).as_deref(), Some("abc"), "{value}");
    }
    assert_eq!(boundary("multipart/byteranges; boundary=\"a b\"").as_deref(), Some("a b"));
    let long = "x".repeat(71);
    for none in [
        "multipart/byteranges",
        "multipart/form-data; boundary=abc",
        "multipart/byteranges; boundary=",
        "multipart/byteranges; boundary=\"abc",
        &format!("multipart/byteranges; boundary={long}"),
        "multipart/byteranges; boundary=\"a\\\"b\"",
        "multipart/byteranges; bound",
        "multipart/byteranges; boundary=a\"b",
        "multipart/byteranges; boundary=\"a\u{1}b\"",
    ] {
        assert_eq!(boundary(none), None, "{none}");
    }
}

const BODY: &str = "\r\n--X\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-4/50\r\n\r\n\r\n--X\r\n--X  \r\n\
                    Content-Range: bytes 40-49/50\r\n\r\n0123456789\r\n--X--\r\nepilogue";

fn asked() -> Vec<Asked> {
    vec![Asked::Between(0, 4), Asked::Last(10)]
}

fn read(body: &[u8], cuts: &[usize]) -> Result<Vec<(ContentRange, Vec<u8>)>, PartsFault> {
    let mut reader = PartsReader::new("X", asked());
    let mut parts = Vec::new();
    let mut from = 0;
    for to in cuts.iter().copied().chain([body.len()]) {
        reader.push(&body[from..to]);
        from = to;
        loop {
            match reader.next()? {
                Step::Part(part) => parts.push((part.range, Vec::new())),
                Step::Data(data) => parts.last_mut().unwrap().1.extend_from_slice(&data),
                Step::NeedMore => break,
                Step::End => return Ok(parts),
            }
        }
    }
    panic!("it has no end: {parts:?}");
}

#[test]
fn rfc9110_14_6_parts_are_read_the_same_wherever_they_are_cut() {
    // The first part holds what looks like a boundary, which its range says is data.
    let whole = read(BODY.as_bytes(), &[]).unwrap();
    assert_eq!(whole, [(these(0, 4, 50), b"\r\n--X".to_vec()), (these(40, 49, 50), b"0123456789".to_vec())]);
    for first in 0..=BODY.len() {
        for second in first..=BODY.len() {
            assert_eq!(read(BODY.as_bytes(), &[first, second]).as_ref(), Ok(&whole), "{first} {second}");
        }
    }
}

#[test]
fn rfc9110_14_6_a_body_that_is_not_what_was_asked_is_refused() {
    let refused = |body: &str, fault| assert_eq!(read(body.as_bytes(), &[]).unwrap_err(), fault, "{body}");
    refused("--X\r\nContent-Range: bytes 0-5/50\r\n\r\n", PartsFault::NotAsked);
    refused("--X\r\nContent-Range: bytes 1-4/50\r\n\r\n", PartsFault::NotAsked);
    refused(
        "--X\r\nContent-Range: bytes 0-4/50\r\n\r\nabcde\r\n--X\r\nContent-Range: bytes 0-4/50\r\n\r\n",
        PartsFault::NotAsked,
    );
    refused("--X\r\nContent-Range: bytes */50\r\n\r\n", PartsFault::NoRange);
    refused("--X\r\nContent-Type: a/b\r\n\r\n", PartsFault::NoRange);
    refused("--X\r\nContent-Range : bytes 0-4/50\r\n\r\n", PartsFault::Head);
    refused("--X\r\nContent-Range: bytes 0-4/50\r\n\r\nabcdef\r\n--X--", PartsFault::Delimiter);
    refused("--Xx\r\nContent-Range: bytes 0-4/50\r\n\r\n", PartsFault::Delimiter);
    refused(&"x".repeat(9_000), PartsFault::NoBoundary);
    refused(&format!("--X\r\nA: {}", "x".repeat(20_000)), PartsFault::HeadTooLarge);
    refused(&format!("--X{}", " ".repeat(300)), PartsFault::Delimiter);
}

/// A limit that is reached within one piece is the same as one that is reached piece by piece.
#[test]
fn p1_how_much_may_stand_before_a_part_hangs_on_no_cut() {
    let part = "Content-Range: bytes 0-4/50\r\n\r\nabcde\r\n--X--";
    let field = |length: usize| format!("--X\r\nA: {}\r\n", "x".repeat(length));
    let around = "A: \r\nContent-Range: bytes 0-4/50".len();
    for (before, expected) in [
        ("x".repeat(8_190) + "\r\n--X\r\n", None),
        ("x".repeat(8_191) + "\r\n--X\r\n", Some(PartsFault::NoBoundary)),
        (format!("--X{}\r\n", " ".repeat(256)), None),
        (format!("--X{}\r\n", " ".repeat(257)), Some(PartsFault::Delimiter)),
        (field(16 * 1024 - around), None),
        (field(16 * 1024 - around + 1), Some(PartsFault::HeadTooLarge)),
    ] {
        let body = before.clone() + part;
        for cuts in [vec![], (1..body.len()).collect(), vec![before.len() - 1]] {
            assert_eq!(
                read(body.as_bytes(), &cuts).err(),
                expected,
                "{} octets before, {} cuts",
                before.len(),
                cuts.len()
            );
        }
    }
}

#[test]
fn rfc2046_5_1_1_a_boundary_begins_a_line_also_where_it_overlaps_itself() {
    let mut reader = PartsReader::new("-", asked());
    reader.push(b"x----\r\nContent-Range: bytes 0-4/50\r\n\r\nabcde\r\n-----");
    // What seems to be a part is the preamble.
    assert_eq!(reader.next(), Ok(Step::End));
}
