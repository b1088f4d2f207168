//! What the fuzzer found, tried again.

use std::path::Path;

type Property = fn(&[u8]);

/// All properties, by the names of their targets.
const ALL: &[(&str, Property)] = &[
    ("byteranges", super::byteranges),
    ("challenge", super::challenge),
    #[cfg(any(feature = "brotli", feature = "gzip", feature = "zstd"))]
    ("coding", super::coding),
    #[cfg(feature = "cookies")]
    ("date", super::date),
    ("event_stream", super::event_stream),
    ("fields", super::fields),
    ("request", super::request),
    ("response", super::response),
    #[cfg(feature = "cookies")]
    ("set_cookie", super::set_cookie),
    ("tunnel", super::tunnel),
    ("url", super::url),
    ("websocket", super::websocket),
    ("websocket_written", super::websocket_written),
];

#[test]
fn what_the_fuzzer_found_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/regressions");
    let mut tried = 0;
    for (name, property) in ALL {
        // Of most there is nothing.
        let Ok(found) = std::fs::read_dir(folder.join(name)) else { continue };
        for one in found {
            property(&std::fs::read(one.unwrap().path()).unwrap());
            tried += 1;
        }
    }
    println!("{tried} of the fuzzer's findings tried");
}

#[test]
fn every_property_holds_of_next_to_nothing() {
    for (_, property) in ALL {
        for octets in [&b""[..], b"\0", b"\r\n\r\n", b"\xff\xff\xff\xff"] {
            property(octets);
        }
    }
}
