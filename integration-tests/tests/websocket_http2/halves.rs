//! The halves of a WebSocket that has a stream: on the thread of the wire and on others, within the windows of both sides.

use futures_util::{SinkExt, StreamExt};
use hinternet::{Http2Options, MessagePart, SessionBuilder};
use integration_tests::http2_origin::{Settings, builder};
use integration_tests::patiently;
use integration_tests::scripted_peer::Script;
use integration_tests::websocket::{close, frame};
use tokio::runtime::Runtime;

use crate::place::{Place, converse, data, open, scene};

/// Runs a test where the halves work on the stream themselves, and where they send messages for it.
fn on_both_sides<F: Future<Output = ()>>(test: impl Fn(fn() -> SessionBuilder) -> F) {
    actix::System::new().block_on(test(|| builder().on_current_arbiter()));
    Runtime::new().expect("a runtime").block_on(test(builder));
}

fn message(number: usize) -> Vec<u8> {
    number.to_be_bytes().into_iter().cycle().take(8 + number * 7919 % 50_000).collect()
}

#[test]
fn messages_go_there_and_back_by_both_halves_at_once_through_windows_smaller_than_any() {
    const COUNT: usize = 100;
    on_both_sides(|builder| async move {
        let mut options = Http2Options::default();
        (options.stream_window, options.connection_window, options.adaptive_window) = (65_535, 65_535, false);
        let settings = Settings::new().stream_window(10_000).connection_window(65_535);
        let scene = scene(settings, builder().http2(options)).await;
        // Another stream of the same wire, which is not held up.
        let beside = open(&scene).await;
        let (mut sink, mut stream) = open(&scene).await.split();
        let sending = async {
            for number in 0..COUNT {
                sink.feed(message(number).into()).await.unwrap();
            }
            sink.flush().await.unwrap();
        };
        let receiving = async {
            for number in 0..COUNT {
                let part = stream.next().await.unwrap().unwrap();
                assert!(part.octets() == &message(number), "message {number}");
            }
        };
        patiently("all messages", async { tokio::join!(sending, receiving, converse(&beside, "beside it")) }).await;
        assert_eq!(scene.origin.wires().len(), 1);
        let shown = scene.session.snapshot().await.websockets;
        let id = sink.websocket().id();
        let shown = shown.iter().find(|one| one.id == id).unwrap();
        let octets: usize = (0..COUNT).map(|number| message(number).len()).sum();
        let all = (COUNT as u64, octets as u64);
        assert_eq!((shown.messages_sent, shown.octets_sent), all);
        assert_eq!((shown.messages_received, shown.octets_received), all);
        patiently("the close", sink.close()).await.unwrap();
        assert!(patiently("the end", stream.next()).await.is_none());
        assert_eq!(sink.websocket().close_status().unwrap().code, 1000);
        drop((sink, stream));
        converse(&beside, "still there").await;
        drop(beside);
        scene.end().await;
    });
}

#[test]
fn a_sink_that_is_closed_ends_the_stream_of_http2_when_the_server_has_closed_too() {
    on_both_sides(|builder| async move {
        let after = |script: Script| {
            let says = [frame(0x81, "hello"), close(1000, "bye")].concat();
            script.read_until(&b"\x88"[..]).send(data(says)).keep()
        };
        let place = Place::of(builder(), after).await;
        let (mut sink, mut stream) = place.websocket.clone().split();
        sink.feed(MessagePart::from("last words")).await.unwrap();
        patiently("the close", sink.close()).await.unwrap();
        assert_eq!(patiently("a message", stream.next()).await.unwrap().unwrap().as_text(), Some("hello"));
        assert!(patiently("the end", stream.next()).await.is_none());
        place.wait_for_frame(|frame| frame.stream == 1 && frame.ends_stream()).await;
        assert_eq!(place.frames(), [(0x81, b"last words".to_vec()), (0x88, b"\x03\xe8".to_vec())]);
        drop((sink, stream));
        place.end().await;
    });
}
