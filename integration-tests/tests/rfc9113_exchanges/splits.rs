//! P1: any split of any stream of octets gives the same outcome.

use hinternet::ErrorCode;
use integration_tests::http2_origin::builder;
use integration_tests::http2_peer::{Reason, frames};
use integration_tests::recorder::Recorder;
use integration_tests::scene::read_all;
use integration_tests::scripted_peer::{Script, ScriptedPeer, Split};

/// A whole answer with everything there can be; one that is reset; one of a server that breaks the protocol.
fn streams() -> [Vec<u8>; 3] {
    let settings = frames::settings(&[]);
    let head = frames::headers(1, &[(":status", "200"), ("x-field", "value")], false);
    let whole = [
        settings.clone(),
        frames::response(1, 103, false),
        head.clone(),
        frames::data(1, "hello, ", false),
        frames::ping(*b"hinternt"),
        frames::data(1, "world", false),
        frames::headers(1, &[("x-trailer", "end")], true),
    ];
    let reset =
        [settings.clone(), head.clone(), frames::data(1, "hello", false), frames::rst(1, Reason::INTERNAL_ERROR)];
    let broken = [settings, head, frames::window_update(0, 0)];
    [whole.concat(), reset.concat(), broken.concat()]
}

/// What a caller can tell of an answer.
#[derive(Debug, PartialEq)]
struct Seen {
    status: Option<u16>,
    body: Vec<u8>,
    trailer: Option<String>,
    interims: usize,
    error: Option<ErrorCode>,
}

async fn seen(octets: &[u8], split: Split) -> Seen {
    let script = Script::new().read_preface().read_streams(1).send(octets.to_vec()).split(split).keep();
    let peer = ScriptedPeer::always(script).await;
    let recorder = Recorder::start();
    let session = recorder.session(builder());
    let connection = session.connect(&peer.origin()).unwrap();
    let request = connection.open_request(hinternet::Method::GET, "/").unwrap();
    let (mut status, mut body) = (None, Vec::new());
    let result = async {
        request.send(()).await?;
        status = Some(request.receive_response().await?.status().as_u16());
        body = read_all(&request).await?;
        Ok(())
    };
    let result = result.await;
    let trailer = request.trailers().get("x-trailer").map(|value| value.to_str().unwrap().to_owned());
    let error = result.is_err().then(|| recorder.failure(request.id(), result).code());
    request.close().await.unwrap();
    recorder.wait_for_closing(request.id()).await;
    let interims = recorder.count_of(request.id(), "IntermediateResponse");
    drop((request, connection));
    recorder.finish(session).await;
    Seen { status, body, trailer, interims, error }
}

#[tokio::test]
async fn p1_the_outcome_does_not_depend_on_how_its_octets_are_cut() {
    let [whole, reset, broken] = streams();
    let good = seen(&whole, Split::Whole).await;
    assert_eq!((good.status, &good.body[..], good.interims), (Some(200), &b"hello, world"[..], 1));
    assert_eq!((good.trailer.as_deref(), good.error), (Some("end"), None));
    for split in Split::every(whole.len()) {
        assert_eq!(seen(&whole, split).await, good, "cut by {split:?}");
    }
    // How much of a body came before the end of a stream or a wire that failed is a matter of time; that it failed is not.
    for octets in [reset, broken] {
        let error = seen(&octets, Split::Whole).await.error;
        assert!(error.is_some());
        for split in Split::every(octets.len()) {
            assert_eq!(seen(&octets, split).await.error, error, "cut by {split:?}");
        }
    }
}
