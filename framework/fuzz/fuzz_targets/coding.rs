//! Bodies coded with gzip, deflate, Brotli and Zstandard.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| hinternet::fuzzing::coding(octets));
