//! Faults of HTTP/2: of streams, of the wire they share, and floods.

use hinternet::{ErrorCode, RequestOptions, Stage};
use integration_tests::http2_peer::{Kind, Reason, frames, frames::setting};
use integration_tests::scripted_peer::Script;

use super::fault::{Before, Case, Expected, Fault, answered, fails, fault};
use super::protocol::{CONTENT, Protocol, security, stream};
use super::{LATER, SOON};

const H2: Protocol = Protocol::Http2;

/// Said in place of the first answer; then the server goes on as if nothing were the matter.
fn said(name: &'static str, octets: fn() -> Vec<Vec<u8>>) -> Fault {
    fault(name, move |_| octets().into_iter().map(|octets| Case::server(H2.says(octets))).collect())
}

/// Said in place of the first answer; then the server ends.
fn said_last(name: &'static str, octets: fn() -> Vec<u8>) -> Fault {
    fault(name, move |_| vec![Case::server(H2.asked().send(octets()).close())])
}

/// The server's first settings are these.
fn opened(settings: &[(u16, u32)]) -> Script {
    let tls = H2.tls_of(&security().identity);
    Script::new().start_tls(&tls).read_preface().send(frames::settings(settings))
}

fn set(name: &'static str, settings: &'static [(u16, u32)]) -> Fault {
    fault(name, move |_| vec![Case::server(H2.serves(opened(settings), 0))])
}

fn sends_soon(options: &mut RequestOptions) {
    options.timeouts.send = Some(SOON);
    options.timeouts.queue = Some(SOON);
    options.timeouts.receive_response = Some(SOON);
}

/// The server has to see the request, of which only the body is held back.
fn sends_later(options: &mut RequestOptions) {
    options.timeouts.send = Some(LATER);
    options.timeouts.receive_response = Some(LATER);
}

fn pings(options: &mut RequestOptions) {
    options.http2.ping_every = Some(SOON);
    options.http2.ping_timeout = 4 * SOON;
    options.http2.adaptive_window = false;
}

fn counts(options: &mut RequestOptions) {
    options.http2.control_frames = 1000;
    options.http2.adaptive_window = false;
}

fn broken(stage: Stage) -> Expected {
    fails(ErrorCode::ConnectionError, stage)
}

fn wrong(stage: Stage) -> Expected {
    fails(ErrorCode::InvalidServerResponse, stage)
}

fn begun() -> Vec<u8> {
    [frames::response(stream(0), 200, false), frames::data(stream(0), "hel", false)].concat()
}

fn of_resets() -> Vec<Fault> {
    vec![
        said("RST_STREAM (REFUSED_STREAM) instead of an answer", || {
            vec![frames::rst(stream(0), Reason::REFUSED_STREAM).to_vec()]
        })
        .at(&[H2], answered().kept().retried()),
        said("RST_STREAM (CANCEL, INTERNAL_ERROR, NO_ERROR) instead of an answer", || {
            [Reason::CANCEL, Reason::INTERNAL_ERROR, Reason::NO_ERROR]
                .map(|reason| frames::rst(stream(0), reason).to_vec())
                .to_vec()
        })
        .at(&[H2], broken(Stage::FirstByte).kept()),
        said("RST_STREAM within the body", || {
            vec![[begun(), frames::rst(stream(0), Reason::INTERNAL_ERROR).to_vec()].concat()]
        })
        .at(&[H2], broken(Stage::Body).kept()),
    ]
}

fn of_going_away() -> Vec<Fault> {
    vec![
        said_last("GOAWAY above no stream", || frames::goaway(0, Reason::NO_ERROR).to_vec())
            .at(&[H2], answered().retried()),
        said("GOAWAY, and then the answer", || {
            vec![[frames::goaway(stream(0), Reason::NO_ERROR), frames::answer(stream(0), CONTENT)].concat()]
        })
        .at(&[H2], answered()),
        said_last("GOAWAY above the stream, and the end", || frames::goaway(stream(0), Reason::NO_ERROR).to_vec())
            .at(&[H2], broken(Stage::FirstByte)),
        said_last("GOAWAY with an error", || frames::goaway(stream(0), Reason::INTERNAL_ERROR).to_vec())
            .at(&[H2], broken(Stage::FirstByte)),
        fault("GOAWAY above the stream before, on a used wire", |_| {
            let script = H2.asked_again().send(frames::goaway(stream(0), Reason::NO_ERROR)).close();
            vec![Case::server(script).after(Before::Answer)]
        })
        .at(&[H2], answered().retried()),
        fault("No ping is answered", |_| vec![Case::server(H2.asked().keep()).with(pings)])
            .at(&[H2], broken(Stage::FirstByte)),
    ]
}

fn of_settings() -> Vec<Fault> {
    const NONE: &[(u16, u32)] = &[(setting::MAX_CONCURRENT_STREAMS, 0)];
    const NO_WINDOW: &[(u16, u32)] = &[(setting::INITIAL_WINDOW_SIZE, 0)];
    const NO_FRAME: &[(u16, u32)] = &[(setting::MAX_FRAME_SIZE, 0)];
    const PUSH: &[(u16, u32)] = &[(setting::ENABLE_PUSH, 2)];
    const TOO_WIDE: &[(u16, u32)] = &[(setting::INITIAL_WINDOW_SIZE, u32::MAX)];
    const ONE: &[(u16, u32)] = &[(setting::MAX_CONCURRENT_STREAMS, 1)];
    vec![
        set("One stream at a time", ONE).at(&[H2], answered().kept()),
        fault("No stream is allowed", |_| {
            let case = Case::default();
            let more = frames::settings(&[(setting::MAX_CONCURRENT_STREAMS, 100)]);
            let script = opened(NONE).hold(&case.gate).send(more);
            let script = script.read_streams(2).send(H2.answer(1).whole()).keep();
            vec![Case { server: Some(script), ..case.with(sends_soon) }]
        })
        .at(&[H2], fails(ErrorCode::Timeout, Stage::FirstByte).or(Stage::Queue).kept_or_not()),
        fault("No window for an upload", |_| {
            let script = H2.serves(H2.reads(opened(NO_WINDOW), 0), 1);
            vec![Case::server(script).uploading(5).with(sends_later)]
        })
        .at(&[H2], fails(ErrorCode::Timeout, Stage::FirstByte).kept()),
        set("Frames of no length", NO_FRAME).at(&[H2], wrong(Stage::FirstByte)),
        set("A value of ENABLE_PUSH that is none", PUSH).at(&[H2], wrong(Stage::FirstByte)),
        set("A window that is too wide", TOO_WIDE).at(&[H2], wrong(Stage::FirstByte)),
    ]
}

fn of_frames() -> Vec<Fault> {
    vec![
        said("HTTP/1.1 where HTTP/2 was agreed on", || vec![b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()])
            .at(&[H2], wrong(Stage::FirstByte)),
        said("Compressed fields that are none", || {
            vec![frames::frame(Kind::Headers, 5, stream(0), &[0xff; 20]).to_vec()]
        })
        .at(&[H2], wrong(Stage::FirstByte)),
        said("A response without a status", || vec![frames::headers(stream(0), &[("a", "b")], true).to_vec()])
            .at(&[H2], wrong(Stage::FirstByte).kept()),
        said("A field that HTTP/2 forbids", || {
            vec![frames::headers(stream(0), &[(":status", "200"), ("connection", "close")], true).to_vec()]
        })
        .at(&[H2], wrong(Stage::FirstByte).kept()),
        said("DATA before the head", || vec![frames::data(stream(0), CONTENT, true).to_vec()])
            .at(&[H2], wrong(Stage::FirstByte)),
        said("DATA of no stream", || vec![frames::data(0, CONTENT, false).to_vec()]).at(&[H2], wrong(Stage::FirstByte)),
        said("A stream that the client did not open", || vec![frames::answer(7, CONTENT).to_vec()])
            .at(&[H2], wrong(Stage::FirstByte)),
        said("PUSH_PROMISE", || {
            let promise = [&2_u32.to_be_bytes()[..], &frames::block(&[(":method", "GET")])].concat();
            vec![frames::frame(Kind::PushPromise, 4, stream(0), &promise).to_vec()]
        })
        .at(&[H2], wrong(Stage::FirstByte)),
        said("A window that overflows", || vec![frames::window_update(0, i32::MAX as u32).to_vec()])
            .at(&[H2], wrong(Stage::FirstByte)),
        said("A frame longer than was allowed", || {
            vec![
                [
                    frames::response(stream(0), 200, false).to_vec(),
                    frames::data(stream(0), vec![b'x'; 1 << 20], true).to_vec(),
                ]
                .concat(),
            ]
        })
        .at(&[H2], wrong(Stage::Body)),
    ]
}

/// Said so many times in place of the first answer.
fn flood(name: &'static str, frame: fn() -> Vec<u8>, times: usize) -> Fault {
    fault(name, move |_| {
        let script = H2.asked().repeat(frame().repeat(100), times / 100).keep().forgetful();
        vec![Case::server(script).with(counts)]
    })
}

fn of_floods() -> Vec<Fault> {
    vec![
        flood("A flood of PING", || frames::ping(*b"hinternt").to_vec(), 100_000).at(&[H2], wrong(Stage::FirstByte)),
        flood("A flood of SETTINGS", || frames::settings(&[]).to_vec(), 100_000).at(&[H2], wrong(Stage::FirstByte)),
        flood("A flood of WINDOW_UPDATE", || frames::window_update(0, 1).to_vec(), 100_000)
            .at(&[H2], wrong(Stage::FirstByte)),
        fault("A flood of CONTINUATION", |_| {
            let begun = H2.asked().send(frames::frame(Kind::Headers, 0, stream(0), &[]));
            let more = frames::frame(Kind::Continuation, 0, stream(0), &[]);
            vec![Case::server(begun.repeat(more.repeat(100), 1000).keep().forgetful())]
        })
        .at(&[H2], wrong(Stage::FirstByte)),
        fault("A flood of empty DATA", |_| {
            let begun = H2.asked().send(frames::response(stream(0), 200, false));
            let more = frames::data(stream(0), "", false);
            vec![Case::server(begun.repeat(more.repeat(100), 1000).keep().forgetful())]
        })
        .at(&[H2], wrong(Stage::Body)),
    ]
}

pub(crate) fn of_streams() -> Vec<Fault> {
    [of_resets(), of_going_away(), of_settings(), of_frames(), of_floods()].into_iter().flatten().collect()
}
