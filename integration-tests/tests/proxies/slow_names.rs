//! Looking up the names of proxies has a limit of its own: what it takes is not taken from those that come after.

use std::future::pending;
use std::time::Duration;

use hinternet::network::{Destination, Dialer, Dialing, Lookup, Proxy, Resolver};
use hinternet::tls::TlsOptions;
use hinternet::{NamedProxies, Session};
use integration_tests::memory_peer::{MemoryPeer, in_virtual_time};
use integration_tests::recorder::Recorder;
use integration_tests::scripted_peer::Script;

/// Of some names nothing is ever heard; and the way to where the others are takes a second.
#[derive(Clone, Debug)]
struct Far(MemoryPeer);

impl Resolver for Far {
    fn resolve(&self, host: &str) -> Lookup {
        if host.starts_with("slow") { Box::pin(pending()) } else { Resolver::resolve(&self.0, host) }
    }
}

impl Dialer for Far {
    fn dial(&self, to: &Destination) -> Dialing {
        let stream = Dialer::dial(&self.0, to);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            stream.await
        })
    }
}

#[test]
fn the_last_proxy_is_tried_also_where_the_names_of_those_before_it_take_all_their_time() {
    in_virtual_time(async {
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
        let far = Far(MemoryPeer::playing(Script::answering(answer)));
        let proxies =
            ["slow-a", "slow-b", "slow-c", "good"].map(|host| Proxy::parse(&format!("{host}.example")).unwrap());
        let dial = far.0.dial().resolver(far.clone()).dialer(far.clone()).proxy(NamedProxies::new(proxies));
        let recorder = Recorder::on_current_arbiter();
        // The machine's authorities would be read by another thread.
        let builder = Session::builder().on_current_arbiter().dial(dial).tls(TlsOptions::new().trust_only([]));
        let session = recorder.session(builder);
        for _ in 0..2 {
            let response = session.get("http://a.example/").unwrap().send().await.unwrap();
            assert_eq!(response.proxy().unwrap().host(), "good.example");
            assert_eq!(response.text().await.unwrap(), "hello");
        }
        recorder.finish(session).await;
    });
}
