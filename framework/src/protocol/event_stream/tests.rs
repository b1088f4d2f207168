//! Streams whole and cut anywhere, against what the standard and the web platform tests say of them.

use super::*;

fn read(stream: &[u8], cuts: &[usize]) -> Result<(Vec<Event>, Reader), TooLarge> {
    let mut reader = Reader::new(String::new(), 1000);
    let (mut events, mut from) = (Vec::new(), 0);
    for to in cuts.iter().copied().chain([stream.len()]) {
        reader.push(Bytes::copy_from_slice(&stream[from..to]));
        while let Some(event) = reader.next()? {
            events.push(event);
        }
        from = to;
    }
    Ok((events, reader))
}

fn events(stream: impl AsRef<[u8]>) -> Vec<(String, String)> {
    let (events, _) = read(stream.as_ref(), &[]).unwrap();
    events.into_iter().map(|event| (event.kind.unwrap_or_default(), event.data)).collect()
}

fn data(stream: impl AsRef<[u8]>) -> Vec<String> {
    events(stream).into_iter().map(|(_, data)| data).collect()
}

/// Streams with each kind of line end, marks, letters of several octets, and fields of all names.
fn streams() -> Vec<Vec<u8>> {
    let plain = "\u{feff}event: add\ndata: 73857293\n\ndata: \u{e9}\u{1f600}\ndata\ndata:x\nid: 7\nretry: 90\n\n: comment\n\nid\ndata: last\n\n";
    let by = |end: &str| plain.replace('\n', end).into_bytes();
    let mut odd = plain.as_bytes().to_vec();
    odd.extend_from_slice(b"data: \xff\xe2\x82\r\ndata:\xf0\x9f\n\r\r\n\ndata: unfinished");
    vec![by("\n"), by("\r"), by("\r\n"), odd]
}

#[test]
fn html_9_2_6_the_examples_of_the_standard() {
    assert_eq!(data("data: YHOO\ndata: +2\ndata: 10\n\n"), ["YHOO\n+2\n10"]);
    let stream = ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n";
    assert_eq!(data(stream), ["first event", "second event"], "the third has no end");
    assert_eq!(data("data\n\ndata\ndata\n\ndata:"), ["", "\n"]);
    assert_eq!(data("data:test\n\ndata: test\n\n"), ["test", "test"]);
    assert_eq!(events("event: add\ndata: 1\n\ndata: 2\n\n"), [("add".into(), "1".into()), ("".into(), "2".into())]);
}

#[test]
fn html_9_2_5_wherever_a_stream_is_cut_its_events_are_the_same() {
    for stream in streams() {
        let (whole, reader) = read(&stream, &[]).unwrap();
        assert!(whole.len() >= 3);
        let same = |cuts: &[usize]| {
            let (cut, after) = read(&stream, cuts).unwrap();
            assert_eq!((&cut, after.last_id()), (&whole, reader.last_id()), "{cuts:?}");
            assert_eq!(after.reconnection_time(), reader.reconnection_time(), "{cuts:?}");
        };
        for first in 0..=stream.len() {
            (first..=stream.len()).for_each(|second| same(&[first, second]));
        }
        same(&(0..stream.len()).collect::<Vec<_>>());
    }
}

#[test]
fn html_9_2_5_the_kind_of_line_end_changes_nothing() {
    let streams = streams();
    assert_eq!(events(&streams[0]), events(&streams[1]));
    assert_eq!(events(&streams[0]), events(&streams[2]));
    assert_eq!(data("data: a\n\r\ndata: b\r\rdata: c\r\n\ndata: d\n\n"), ["a", "b", "c", "d"]);
}

#[test]
fn html_9_2_5_one_byte_order_mark_is_left_out_at_the_beginning_alone() {
    assert_eq!(data("\u{feff}data: a\n\n"), ["a"]);
    assert_eq!(data("\u{feff}\u{feff}data: a\n\ndata: b\n\n"), ["b"]);
    assert_eq!(data("data: a\n\n\u{feff}data: b\n\n"), ["a"]);
}

#[test]
fn html_9_2_6_a_field_is_what_its_name_says_to_the_letter() {
    // After the web platform tests: format-field-parsing, format-field-unknown.
    let stream =
        "data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n";
    assert_eq!(data(stream), ["\0\n 2\n1\n3\n\n4"]);
    assert_eq!(
        data("data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n"),
        ["test\n\ntest"]
    );
}

#[test]
fn html_9_2_6_an_id_stays_and_one_with_a_nul_is_none() {
    let id = |stream: &str| read(stream.as_bytes(), &[]).unwrap().1.last_id().to_owned();
    assert_eq!(id("id: 1\ndata: a\n\ndata: b\n\n"), "1");
    assert_eq!(id("id: 1\ndata: a\n\nid\ndata: b\n\n"), "", "an empty one takes it back");
    assert_eq!(id("id: 1\n\nid: 2\0\ndata: b\n\n"), "1");
    assert_eq!(id("id: 1\ndata: a\n\nid: 2\ndata: unfinished\n"), "1", "not before the end of its event");
    assert_eq!(id("id: \u{2026}\n\n"), "\u{2026}", "an event without data has one all the same");
    let mut resumed = Reader::new("9".to_owned(), 100);
    resumed.push("data: a\n\n".into());
    assert!(resumed.next().unwrap().is_some());
    assert_eq!(resumed.last_id(), "9", "as browsers have it");
}

#[test]
fn html_9_2_6_the_reconnection_time_is_digits_alone() {
    let time = |value: &str| read(format!("retry: {value}\n").as_bytes(), &[]).unwrap().1.reconnection_time();
    let milliseconds = |n| Some(Duration::from_millis(n));
    assert_eq!((time("3000"), time("0"), time("007")), (milliseconds(3000), milliseconds(0), milliseconds(7)));
    assert_eq!(time("99999999999999999999999"), milliseconds(u64::MAX));
    for none in ["", "3000x", "-1", "+1", "1.5", "1 ", "\u{661}"] {
        assert_eq!(time(none), None, "{none:?}");
    }
}

#[test]
fn an_event_without_data_is_none_and_its_type_is_forgotten() {
    assert_eq!(events("event: a\n\ndata: b\n\n"), [("".into(), "b".into())]);
}

#[test]
fn what_is_not_utf_8_becomes_replacement_characters() {
    assert_eq!(data(b"data: ok\xff\xe2\x82\n\ndata: \xf0\x9f\x98\x80\n\n"), ["ok\u{fffd}\u{fffd}", "\u{1f600}"]);
}

#[test]
fn neither_a_line_without_end_nor_an_event_without_end_has_all_the_memory() {
    let refused = |piece: &[u8]| {
        let mut reader = Reader::new(String::new(), 1000);
        for pushed in 0.. {
            assert!(pushed * piece.len() <= 9000, "{:?}", String::from_utf8_lossy(piece));
            reader.push(Bytes::copy_from_slice(piece));
            match reader.next() {
                Ok(Some(event)) => panic!("{event:?}"),
                Ok(None) => {}
                Err(too_large) => return assert_eq!(too_large, TooLarge(1000)),
            }
        }
    };
    refused(b"xxxxxxxxxx");
    refused(b"data: x\n");
    refused(b"data\n");
    refused(&[b'x'; 2000]);
    refused(&[&b"data:"[..], &[b'x'; 2000], b"\n\n"].concat());
    // Neither do fields that are given again: each replaces the one before.
    let stream = [&b"id: 123456789\nevent: 123456789\n: comment\n"[..]; 200].concat();
    assert_eq!(events([&stream[..], b"data: a\n\n"].concat()), [("123456789".into(), "a".into())]);
}

#[test]
fn an_event_of_just_its_limit_passes() {
    let stream = [&b"data:"[..], &[b'x'; 995], b"\n\n"].concat();
    assert_eq!(data(&stream)[0].len(), 995);
}
