//! The double is what it says: a whole exchange takes no time, and a wait takes exactly its own.

use hinternet::Session;
use tokio::time::Instant;

use super::*;
use crate::recorder::Recorder;

#[test]
#[should_panic = "the test waits for what never comes"]
fn a_wait_for_ever_is_a_failure() {
    in_virtual_time(std::future::pending());
}

#[test]
fn an_exchange_takes_the_time_its_script_waits_and_no_more() {
    in_virtual_time(async {
        let pause = Duration::from_secs(3600);
        let script = Script::new().read_request().wait(pause).send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
        let peer = MemoryPeer::playing(script);
        let recorder = Recorder::on_current_arbiter();
        let builder = Session::builder().on_current_arbiter().timeouts(hinternet::Timeouts::infinite());
        let session = recorder.session(builder.dial(peer.dial()));
        let started = Instant::now();
        let response = session.get("http://a.example/").unwrap().send().await.unwrap();
        assert_eq!(response.bytes().await.unwrap(), "hello");
        assert_eq!(started.elapsed(), pause);
        let connections = peer.connections();
        assert_eq!((connections.len(), connections[0].requests.len()), (1, 1));
        recorder.finish(session).await;
    });
}
