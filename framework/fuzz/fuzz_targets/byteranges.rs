//! The parts of `multipart/byteranges`.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| hinternet::fuzzing::byteranges(octets));
