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
        (Err(Flaw::Line), Err(_)) => {}
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
