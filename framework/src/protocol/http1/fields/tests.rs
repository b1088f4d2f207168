//! Against `httparse`, which reads field lines by the same rules but for the ends of lines and the number of fields.

use super::*;

type Seen = Vec<(Vec<u8>, Vec<u8>)>;

fn here(octets: &[u8]) -> Result<Option<(usize, Seen)>, Flaw> {
    let mut seen = Vec::new();
    let length = walk(octets, 100, |name, value| {
        seen.push((name.to_vec(), value.to_vec()));
        Ok(())
    })?;
    Ok(length.map(|length| (length, seen)))
}

fn there(octets: &[u8]) -> Result<Option<(usize, Seen)>, httparse::Error> {
    let mut fields = [httparse::EMPTY_HEADER; 100];
    Ok(match httparse::parse_headers(octets, &mut fields)? {
        httparse::Status::Partial => None,
        httparse::Status::Complete((length, lines)) => {
            Some((length, lines.iter().map(|line| (line.name.as_bytes().to_vec(), line.value.to_vec())).collect()))
        }
    })
}

/// Both read it alike, or here it is refused for a line end; whether it was taken.
fn compare(octets: &[u8]) -> bool {
    let shown = octets.escape_ascii();
    match (here(octets), there(octets)) {
        (Ok(Some(here)), Ok(Some(there))) => {
            assert_eq!(here, there, "{shown}");
            let map = to_map(&Bytes::copy_from_slice(&octets[..here.0]), 100).unwrap();
            assert_eq!(map.len(), here.1.len(), "{shown}");
            for (name, value) in &here.1 {
                let name = HeaderName::from_bytes(name).unwrap();
                assert!(map.get_all(name).iter().any(|one| one.as_bytes() == value), "{shown}");
            }
            return true;
        }
        (Err(Flaw::Line | Flaw::Folded), Err(_)) => {}
        // It sees a flaw before the section has ended; here it is not looked for by then.
        (Ok(None), Err(_)) => {}
        (Ok(None), Ok(None)) => {}
        (Ok(None), Ok(Some((length, _)))) => {
            let mut ends = octets[..length].iter().enumerate().filter(|(_, octet)| **octet == b'\n');
            assert!(ends.any(|(at, _)| at == 0 || octets[at - 1] != b'\r'), "no bare LF in {shown}");
        }
        (here, there) => panic!("{here:?}, but httparse {there:?}: {shown}"),
    }
    false
}

#[test]
fn every_octet_in_every_place_of_a_line_is_taken_by_both_or_by_none() {
    let mut taken = 0;
    for octet in 0..=255_u8 {
        for (before, after) in [
            (&b""[..], &b": v\r\n\r\n"[..]),
            (b"n", b": v\r\n\r\n"),
            (b"n", b"m: v\r\n\r\n"),
            (b"n:", b"\r\n\r\n"),
            (b"n: ", b"v\r\n\r\n"),
            (b"n: v", b"w\r\n\r\n"),
            (b"n: v", b"\r\n\r\n"),
            (b"n: v\r\n", b"m: w\r\n\r\n"),
            (b"n: v\r\nm", b"\r\n\r\n"),
            (b"n: v\r", b"\r\n\r\n"),
            (b"n: v", b"\n\r\n"),
            (b"n: v\r\n", b"\r\n"),
            (b"n: v\r\n\r", b"\n"),
            (b"n: v\r\n\r\n", b"rest"),
        ] {
            taken += u32::from(compare(&[before, &[octet], after].concat()));
        }
    }
    assert!(taken > 1_000, "only {taken} are taken");
}

#[test]
fn a_hundred_thousand_sections_of_awkward_pieces_are_taken_by_both_or_by_none() {
    const PIECES: [&[u8]; 24] = [
        b"\r\n",
        b"\r\n",
        b"\r\n",
        b": ",
        b": ",
        b":",
        b" ",
        b"\t",
        b"\r",
        b"\n",
        b"name",
        b"Name-2",
        b"x",
        b"value",
        b"a b",
        b"\0",
        b"\x7f",
        b"\xff",
        b"\"",
        b"(",
        b",",
        b"\x1f",
        b"1",
        b"n: v\r\n",
    ];
    let mut random = fastrand::Rng::with_seed(9112);
    let mut taken = 0;
    for _ in 0..100_000 {
        let mut octets = Vec::new();
        for _ in 0..random.usize(..12) {
            octets.extend_from_slice(PIECES[random.usize(..PIECES.len())]);
        }
        if random.bool() {
            octets.extend_from_slice(b"\r\n\r\n");
        }
        taken += u32::from(compare(&octets));
    }
    assert!(taken > 2_000, "only {taken} are taken");
}

#[test]
fn what_is_taken_of_folded_sections_is_taken_by_both() {
    const PIECES: [&[u8]; 12] = [
        b"\r\n ",
        b"\r\n\t",
        b"\r\n",
        b"n: v",
        b": ",
        b"name",
        b"Content-Length:",
        b" ",
        b"\t",
        b"a,",
        b"b c",
        b"\x1f",
    ];
    let mut config = httparse::ParserConfig::default();
    config.allow_obsolete_multiline_headers_in_responses(true);
    let mut random = fastrand::Rng::with_seed(52);
    let mut taken = 0;
    for _ in 0..200_000 {
        let mut section = b"n: v".to_vec();
        for _ in 0..random.usize(1..8) {
            section.extend_from_slice(PIECES[random.usize(..PIECES.len())]);
        }
        section.extend_from_slice(b"\r\n\r\n");
        let shown = section.escape_ascii().to_string();
        let Ok(Some((unfolded, length))) = unfold(&section) else { continue };
        let Ok(map) = to_map(&Bytes::copy_from_slice(&section[..length]), 100) else { continue };
        let octets = [b"HTTP/1.1 200 OK\r\n", &section[..]].concat();
        let mut fields = [httparse::EMPTY_HEADER; 100];
        let mut response = httparse::Response::new(&mut fields);
        let status = config.parse_response(&mut response, &octets);
        assert_eq!(status, Ok(httparse::Status::Complete(length + 17)), "{shown}");
        assert_eq!(map.len(), response.headers.len(), "{shown}");
        let words = |value: &[u8]| {
            let words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
            words.map(<[u8]>::to_vec).collect::<Vec<_>>()
        };
        for field in response.headers.iter() {
            let mut values = map.get_all(field.name).iter().map(|value| words(value.as_bytes()));
            assert!(values.any(|value| value == words(field.value)), "{shown}");
        }
        assert!(!unfolded.windows(3).any(|three| matches!(three, b"\r\n " | b"\r\n\t")), "{shown}");
        taken += usize::from(unfolded.len() != length);
    }
    assert!(taken > 5_000, "only {taken} are taken");
}

#[test]
fn no_more_is_taken_than_a_map_can_hold() {
    let lines = |count: usize| [b"n: v\r\n".repeat(count).as_slice(), b"\r\n"].concat();
    assert_eq!(to_map(&lines(MOST_FIELDS).into(), usize::MAX).unwrap().len(), MOST_FIELDS);
    assert_eq!(walk(&lines(MOST_FIELDS + 1), usize::MAX, |_, _| Ok(())), Err(Flaw::TooMany));
    let distinct: String = (0..MOST_FIELDS).map(|number| format!("n{number}: v\r\n")).collect();
    assert_eq!(to_map(&(distinct + "\r\n").into(), usize::MAX).unwrap().keys_len(), MOST_FIELDS);
    let named = |length: usize| [b"n".repeat(length).as_slice(), b": v\r\n\r\n"].concat();
    assert_eq!(to_map(&named(LONGEST_NAME).into(), 1).unwrap().len(), 1);
    assert_eq!(walk(&named(LONGEST_NAME + 1), 1, |_, _| Ok(())), Err(Flaw::Line));
}
