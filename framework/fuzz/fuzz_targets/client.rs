//! The whole client: a request to a server in memory, watched by the recorder.
#![no_main]

use hinternet::tls::TlsOptions;
use hinternet::{Method, Session};
use integration_tests::memory_peer::{MemoryPeer, in_virtual_time};
use integration_tests::recorder::Recorder;
use integration_tests::scene::read_all;
use integration_tests::scripted_peer::{Script, Split};

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let (whole, was_redirected) = told(octets, Split::Whole);
    let (cut, _) = told(octets, Split::OneOctet);
    // Octets behind a redirect that come after the next request has gone by the same wire are its answer, as far as anybody can tell.
    if !was_redirected {
        assert_eq!(cut, whole, "octet by octet");
    }
});

/// What a caller is told who asks a server that answers so, on every connection, and closes; and was the request sent elsewhere?
fn told(octets: &[u8], split: Split) -> (Result<(u16, Vec<u8>), String>, bool) {
    let peer = MemoryPeer::playing(Script::answering_once(octets.to_vec()).split(split));
    let (sender, receiver) = std::sync::mpsc::channel();
    in_virtual_time(async move {
        let recorder = Recorder::on_current_arbiter();
        // The machine's authorities are nobody's business here.
        let nobody = TlsOptions::new().trust_only([]);
        let builder = Session::builder().on_current_arbiter().dial(peer.dial()).tls(nobody);
        let session = recorder.session(builder);
        let connection = session.connect("http://a.example").expect("an origin");
        let request = connection.open_request(Method::GET, "/").expect("the connection is open");
        let asking = async {
            request.send(()).await?;
            let status = request.receive_response().await?.status();
            Ok((status.as_u16(), read_all(&request).await?))
        };
        let answer =
            asking.await.map_err(|error| recorder.failure(request.id(), Err::<(), _>(error)).code().to_string());
        let was_redirected = !request.history().is_empty();
        drop((request, connection));
        recorder.finish(session).await;
        sender.send((answer, was_redirected)).expect("somebody waits for it");
    });
    receiver.recv().expect("the client has answered")
}
