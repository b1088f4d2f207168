//! Responses of HTTP/1.1.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| hinternet::fuzzing::response(octets));
