//! Frames of WebSocket that go out.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| hinternet::fuzzing::websocket_written(octets));
