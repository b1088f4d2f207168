//! Frames of WebSocket that come in.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| hinternet::fuzzing::websocket(octets));
