//! Rules of the decoders: `reliability.md` 3.6, P6, RFC 9110 section 8.4.

mod coded;

use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue};

use super::decoder::BEFORE_RATIO;
use super::*;
use crate::options::Decompression;
use coded::{bare_deflate, coded, stacked};

const ALL: [Coding; 4] = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];
const FREE: Caps = Caps { octets: None, ratio: None };

/// Everything that comes of these pieces, as much at a time as is said, and how often it gave way.
fn read(mut decoder: Decoder, pieces: &[&[u8]], at_most: usize) -> (Result<Vec<u8>, Fault>, usize) {
    let (mut pieces, mut content, mut busy) = (pieces.iter(), Vec::new(), 0);
    loop {
        match decoder.decode(at_most) {
            Ok(Decoded::Data(octets)) => {
                assert!(!octets.is_empty() && octets.len() <= at_most, "{} of {at_most}", octets.len());
                content.extend_from_slice(&octets);
            }
            Ok(Decoded::NeedMore) => match pieces.next() {
                Some(piece) => decoder.take(Bytes::copy_from_slice(piece)),
                None => decoder.end_input(),
            },
            Ok(Decoded::Busy) => busy += 1,
            Ok(Decoded::End) => {
                assert!(decoder.is_over());
                return (Ok(content), busy);
            }
            Err(fault) => {
                assert_eq!(decoder.decode(at_most), Err(fault), "a fault stays");
                return (Err(fault), busy);
            }
        }
    }
}

fn decoded(codings: &[Coding], body: &[u8]) -> Result<Vec<u8>, Fault> {
    read(Decoder::new(codings, FREE), &[body], 1 << 20).0
}

fn text(length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    (0..length).map(|at| if at % 5 == 0 { random.u8(b'a'..=b'z') } else { b"resource"[at % 8] }).collect()
}

fn response(values: &[&str]) -> HeaderMap {
    let field = |value: &&str| (CONTENT_ENCODING, HeaderValue::from_str(value).unwrap());
    values.iter().map(field).collect()
}

#[test]
fn every_coding_gives_the_content_back_however_it_is_split() {
    let content = text(600);
    for coding in ALL {
        let body = coded(coding, &content);
        for at in 0..=body.len() {
            let (first, second) = body.split_at(at);
            let both = read(Decoder::new(&[coding], FREE), &[first, second], 1 << 20).0;
            assert_eq!(both.as_deref(), Ok(&*content), "{coding} split at {at}");
        }
        let octets: Vec<&[u8]> = body.chunks(1).collect();
        for at_most in [1, 2, 7, 64, 1 << 20] {
            let single = read(Decoder::new(&[coding], FREE), &octets, at_most).0;
            assert_eq!(single.as_deref(), Ok(&*content), "{coding} octet by octet, {at_most} at a time");
        }
    }
}

#[test]
fn deflate_is_told_apart_by_its_first_octets() {
    for length in [0, 1, 2, 3, 100, 100_000] {
        let content = text(length);
        assert_eq!(decoded(&[Coding::Deflate], &bare_deflate(&content)).as_deref(), Ok(&*content), "bare {length}");
        assert_eq!(decoded(&[Coding::Deflate], &coded(Coding::Deflate, &content)).as_deref(), Ok(&*content));
    }
    let octets = bare_deflate(&text(300));
    let octets: Vec<&[u8]> = octets.chunks(1).collect();
    assert_eq!(read(Decoder::new(&[Coding::Deflate], FREE), &octets, 1).0, Ok(text(300)));
}

#[test]
fn a_body_cut_short_at_any_octet_is_an_error() {
    let content = text(300);
    let bodies = ALL.map(|coding| (coding, coded(coding, &content)));
    for (coding, body) in bodies.into_iter().chain([(Coding::Deflate, bare_deflate(&content))]) {
        for length in 1..body.len() {
            let cut = decoded(&[coding], &body[..length]);
            assert_eq!(cut, Err(Fault::Truncated(coding)), "{coding} of {length} octets");
        }
        let octets: Vec<&[u8]> = body[..body.len() - 1].chunks(1).collect();
        assert_eq!(read(Decoder::new(&[coding], FREE), &octets, 3).0, Err(Fault::Truncated(coding)));
    }
}

#[test]
fn a_body_of_no_octets_is_an_empty_one() {
    for coding in ALL {
        assert_eq!(decoded(&[coding], b""), Ok(Vec::new()));
        assert_eq!(decoded(&[coding, Coding::Gzip], &coded(Coding::Gzip, b"")), Ok(Vec::new()));
    }
}

#[test]
fn what_the_checksum_does_not_fit_is_an_error() {
    let content = text(200);
    // Where each has its checksum: in the last eight, four and four octets.
    for (coding, behind) in [(Coding::Gzip, 8), (Coding::Gzip, 1), (Coding::Deflate, 4), (Coding::Zstd, 1)] {
        let mut body = coded(coding, &content);
        let at = body.len() - behind;
        body[at] ^= 0x40;
        assert_eq!(decoded(&[coding], &body), Err(Fault::Corrupt(coding)), "{coding} {behind} before the end");
    }
}

#[test]
fn damage_is_never_a_panic_and_never_goes_on_for_ever() {
    let content = text(120);
    for coding in ALL {
        let body = coded(coding, &content);
        for at in 0..body.len() {
            for bit in 0..8 {
                let mut damaged = body.clone();
                damaged[at] ^= 1 << bit;
                let caps = Caps { octets: Some(4096), ratio: None };
                let octets = read(Decoder::new(&[coding], caps), &[&damaged], 512).0.unwrap_or_default();
                assert!(octets.len() <= 4096);
            }
        }
        assert!(decoded(&[coding], b"not coded at all, as it happens").is_err(), "{coding}");
    }
}

#[test]
fn what_follows_the_end_is_an_error() {
    for coding in ALL {
        let mut body = coded(coding, b"content");
        body.extend_from_slice(b"<!-- a trailer -->");
        assert_eq!(decoded(&[coding], &body), Err(Fault::Trailing(coding)), "{coding}");
        let octets: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(read(Decoder::new(&[coding], FREE), &octets, 99).0, Err(Fault::Trailing(coding)), "{coding}");
    }
}

#[test]
fn members_of_gzip_and_frames_of_zstd_are_one_content() {
    let gzip = [coded(Coding::Gzip, b"one "), coded(Coding::Gzip, b""), coded(Coding::Gzip, b"two")].concat();
    assert_eq!(decoded(&[Coding::Gzip], &gzip).as_deref(), Ok(&b"one two"[..]));
    let cut = &gzip[..gzip.len() - 1];
    assert_eq!(decoded(&[Coding::Gzip], cut), Err(Fault::Truncated(Coding::Gzip)));
    let skipped = [&[0x5e, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
    let zstd = [coded(Coding::Zstd, b"one "), skipped, coded(Coding::Zstd, b"two")].concat();
    assert_eq!(decoded(&[Coding::Zstd], &zstd).as_deref(), Ok(&b"one two"[..]));
    let octets: Vec<&[u8]> = zstd.chunks(1).collect();
    assert_eq!(read(Decoder::new(&[Coding::Zstd], FREE), &octets, 2).0.as_deref(), Ok(&b"one two"[..]));
}

#[test]
fn a_window_beyond_the_rfc_is_refused() {
    let content = text(100_000);
    assert_eq!(decoded(&[Coding::Zstd], &coded::zstd(&content, 23)).as_deref(), Ok(&*content));
    assert_eq!(decoded(&[Coding::Zstd], &coded::zstd(&content, 24)), Err(Fault::Window(Coding::Zstd)));
    assert_eq!(decoded(&[Coding::Brotli], &coded::brotli(&content, 24, false)).as_deref(), Ok(&*content));
    assert_eq!(decoded(&[Coding::Brotli], &coded::brotli(&content, 25, true)), Err(Fault::Window(Coding::Brotli)));
}

#[test]
fn codings_count_over_all_fields_together() {
    let codings = |values: &[&str]| listed(&response(values), Decompression::ALL);
    assert_eq!(codings(&[]), Ok(Listed::AsItCame));
    assert_eq!(codings(&["identity", ""]), Ok(Listed::AsItCame));
    assert_eq!(codings(&["GZip , identity", "br"]), Ok(Listed::Coded(vec![Coding::Gzip, Coding::Brotli])));
    assert_eq!(codings(&["x-gzip"]), Ok(Listed::Coded(vec![Coding::Gzip])));
    assert_eq!(codings(&["gzip, gzip, gzip, gzip", "gzip"]), Ok(Listed::Coded(vec![Coding::Gzip; 5])));
    assert_eq!(codings(&["gzip, gzip, gzip, gzip, gzip, gzip"]), Err(Fault::TooManyCodings));
    assert_eq!(codings(&["gzip"; 100]), Err(Fault::TooManyCodings));
}

#[test]
fn an_unknown_coding_leaves_the_body_as_it_came() {
    let codings = |values: &[&str], allowed| listed(&response(values), allowed);
    for values in [&["bogus"][..], &["gzip, bogus"], &["bogus", "gzip"], &["gzip;q=1"], &["compress"]] {
        assert_eq!(codings(values, Decompression::ALL), Ok(Listed::AsItCame), "{values:?}");
    }
    let without = Decompression::ALL - Decompression::BROTLI;
    assert_eq!(codings(&["gzip, br"], without), Ok(Listed::AsItCame));
    assert_eq!(codings(&["gzip"], Decompression::NONE), Ok(Listed::AsItCame));
}

#[test]
fn p6_random_data_in_random_stacks_and_pieces_comes_back() {
    let mut random = fastrand::Rng::with_seed(2026);
    for round in 0..300 {
        let scale = random.u32(0..=17);
        let length = random.usize(0..=1 << scale);
        let content: Vec<u8> = if random.bool() { text(length) } else { (0..length).map(|_| random.u8(..)).collect() };
        let codings: Vec<Coding> = (0..random.usize(1..=5)).map(|_| ALL[random.usize(..4)]).collect();
        let body = stacked(&codings, &content);
        let mut rest = &body[..];
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(random.usize(1..=rest.len().min(9000)));
            pieces.push(piece);
            rest = behind;
        }
        let at_most = 1 << random.u32(0..=18);
        let caps = Caps { octets: Some(length as u64), ratio: None };
        let got = read(Decoder::new(&codings, caps), &pieces, at_most).0;
        assert!(got.as_deref() == Ok(&*content), "round {round}: {codings:?} of {length} octets, {at_most} at a time");
    }
}

#[test]
fn p6_no_more_octets_than_the_cap_are_given() {
    let content = text(50_000);
    for coding in ALL {
        let body = coded(coding, &content);
        let with = |octets| read(Decoder::new(&[coding], Caps { octets: Some(octets), ratio: None }), &[&body], 4096).0;
        assert_eq!(with(50_000).as_deref(), Ok(&*content), "{coding}");
        assert_eq!(with(49_999), Err(Fault::TooLarge { most: 49_999 }), "{coding}");
        assert_eq!(with(1), Err(Fault::TooLarge { most: 1 }), "{coding}");
    }
}

#[test]
fn what_is_denser_than_it_may_be_is_refused_beyond_the_first_megabyte() {
    let zeros = |length: u64| vec![0; length as usize];
    for coding in ALL {
        let caps = Caps { octets: None, ratio: Some(100) };
        let small = coded(coding, &zeros(BEFORE_RATIO));
        assert_eq!(read(Decoder::new(&[coding], caps), &[&small], 1 << 20).0, Ok(zeros(BEFORE_RATIO)), "{coding}");
        let large = coded(coding, &zeros(4 * BEFORE_RATIO));
        let dense = Err(Fault::TooDense { most: 100 });
        assert_eq!(read(Decoder::new(&[coding], caps), &[&large], 1 << 20).0, dense, "{coding}");
    }
}

#[test]
fn a_bomb_within_a_bomb_is_found_while_nothing_of_it_is_seen() {
    // Members of no octets, of which none ever gives anything.
    let empty = coded(Coding::Gzip, b"").repeat(400_000);
    let body = coded(Coding::Brotli, &empty);
    assert!(body.len() < 2000, "{}", body.len());
    let codings = [Coding::Gzip, Coding::Brotli];
    let dense = read(Decoder::new(&codings, Caps { octets: None, ratio: Some(1000) }), &[&body], 1 << 20).0;
    assert_eq!(dense, Err(Fault::TooDense { most: 1000 }));
    let large = read(Decoder::new(&codings, Caps { octets: Some(1 << 20), ratio: None }), &[&body], 1 << 20).0;
    assert_eq!(large, Err(Fault::TooLarge { most: 1 << 20 }));
    let (content, gave_way) = read(Decoder::new(&codings, FREE), &[&body], 1 << 20);
    assert_eq!(content, Ok(Vec::new()));
    assert!(gave_way > 300, "{gave_way}");
}

#[test]
fn output_is_made_as_it_is_asked_for() {
    for coding in ALL {
        let body = coded(coding, &vec![0; 10_000_000]);
        let mut decoder = Decoder::new(&[coding], FREE);
        assert_eq!(decoder.decode(10), Ok(Decoded::NeedMore));
        decoder.take(body.into());
        for at_most in [1, 10, 1000] {
            assert_eq!(decoder.decode(at_most), Ok(Decoded::Data(vec![0; at_most].into())), "{coding}");
        }
        let Ok(Decoded::Data(most)) = decoder.decode(usize::MAX) else { panic!("{coding} is read to its end") };
        assert!(most.len() <= 64 * 1024, "{coding}: {}", most.len());
    }
}

#[test]
fn the_last_piece_is_known_to_be_the_last() {
    let content = text(1000);
    for coding in ALL {
        let mut decoder = Decoder::new(&[coding], FREE);
        decoder.take(coded(coding, &content).into());
        decoder.end_input();
        assert_eq!(decoder.decode(1000), Ok(Decoded::Data(content.clone().into())));
        assert!(decoder.is_over(), "{coding}");
    }
}
