//! Cookies.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| hinternet::fuzzing::set_cookie(octets));
