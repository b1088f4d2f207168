//! Small fields.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| hinternet::fuzzing::fields(octets));
