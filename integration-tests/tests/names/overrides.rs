//! What takes the place of a look-up, and which of several addresses is tried first.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use hinternet::ErrorCode;
use hinternet::network::AddressPolicy;
use hinternet::tls::TlsOptions;
use integration_tests::Gate;
use integration_tests::certificates::{Authority, Leaf};
use integration_tests::memory_peer::in_virtual_time;
use integration_tests::origin::{Origin, Reply};
use integration_tests::scene::sending;
use integration_tests::tls::Tls;

use super::*;

/// Remembers what it is asked.
#[derive(Clone, Debug, Default)]
struct Asked(Arc<Mutex<Vec<String>>>);

impl AddressPolicy for Asked {
    fn check(&self, host: &str, address: SocketAddr) -> Result<(), String> {
        self.0.lock().unwrap().push(format!("{host} {address}"));
        Ok(())
    }
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

impl World {
    fn dial(&self, change: impl FnOnce(DialOptions) -> DialOptions) {
        let mut options = self.session.options();
        options.dial = change(options.dial);
        self.session.set_options(options).unwrap();
    }
}

#[test]
fn another_name_is_looked_up_in_place_of_the_hosts() {
    in_virtual_time(async {
        let (world, policy) = (World::new(), Asked::default());
        world.dial(|dial| dial.resolution_hostname("A.Example").address_policy(policy.clone()));
        for host in ["b.example", "192.0.2.9"] {
            let connection = world.session.connect(&format!("http://{host}")).unwrap();
            let request = request(&connection);
            request.send(()).await.unwrap();
            let told = world.recorder.wait_for_status(request.id(), "ResolvingName").await;
            assert!(matches!(&told.status, hinternet::Status::ResolvingName(name) if name == "a.example"), "{told:?}");
            drop((request, connection));
        }
        assert_eq!(world.resolver.asked(), ["a.example"]);
        assert_eq!(world.servers.dialed(), [ONE, ONE]);
        let asked = policy.0.lock().unwrap().clone();
        assert_eq!(asked, ["b.example 192.0.2.1:80", "192.0.2.9 192.0.2.1:80"], "the policy sees the URL's host");
        world.dial(|dial| dial.resolution_hostname(TWO));
        assert_eq!(world.asked("b.example").await.unwrap(), TWO);
        world.dial(|dial| dial.resolution_hostname(None));
        assert_eq!(world.asked("a.example").await.unwrap(), ONE);
        world.end().await;
    });
}

#[test]
fn d1_of_a_name_that_is_not_found_the_error_names_it_and_not_the_host() {
    in_virtual_time(async {
        let world = World::new();
        world.dial(|dial| dial.resolution_hostname("other.example"));
        let request = request(&world.connection());
        let error = world.recorder.failure(request.id(), request.send(()).await);
        assert!(error.to_string().contains("resolving other.example: no address was found"), "{error}");
        drop(request);
        world.end().await;
    });
}

/// Over sockets and in real time.
#[tokio::test]
async fn what_a_server_is_asked_by_and_what_it_must_prove_is_the_urls_host() {
    let authority = Authority::new("The test's own authority");
    let tls = Tls::new(&authority.issue(Leaf::for_names(["one.example"])));
    let origin = Origin::secure(&tls, |request| Reply::ok(request.field("host").unwrap_or_default().to_owned())).await;
    let recorder = Recorder::start();
    let resolver = FakeResolver::knowing("other.example", &["127.0.0.1"]);
    let dial = DialOptions::default().resolver(resolver.clone()).resolution_hostname("other.example");
    let trusting = TlsOptions::new().trust_only([authority.certificate()]);
    let session = recorder.session(Session::builder().dial(dial).tls(trusting));
    let port = origin.address().port();
    let response = session.get(format!("https://one.example:{port}/")).unwrap().send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), format!("one.example:{port}"));
    assert_eq!(tls.seen()[0].server_name.as_deref(), Some("one.example"));
    assert_eq!(resolver.asked(), ["other.example"]);
    let connection = session.connect(&format!("https://other.example:{port}")).unwrap();
    let request = request(&connection);
    let error = recorder.failure(request.id(), request.send(()).await);
    assert_eq!(error.code(), ErrorCode::SecureFailure, "{error}");
    drop((request, connection));
    recorder.finish(session).await;
}

#[test]
fn addresses_that_are_laid_down_for_a_host_are_not_looked_up_and_are_checked() {
    in_virtual_time(async {
        let (world, policy) = (World::new(), Asked::default());
        world.dial(|dial| {
            let fixed =
                dial.addresses_of("B.Example", [address(ONE), address(TWO)]).addresses_of("c.example", [address(TWO)]);
            fixed.address_policy(policy.clone())
        });
        assert_eq!(world.asked("b.example").await.unwrap(), ONE);
        assert_eq!(world.asked("c.example").await.unwrap(), TWO);
        assert!(world.resolver.asked().is_empty());
        assert_eq!(world.asked("a.example").await.unwrap(), ONE);
        assert_eq!(world.resolver.asked(), ["a.example"]);
        let asked = policy.0.lock().unwrap().len();
        assert_eq!(asked, 4);
        // And of the name that is looked up in place of another.
        world.dial(|dial| dial.resolution_hostname("c.example"));
        assert_eq!(world.asked("a.example").await.unwrap(), TWO);
        world.end().await;
    });
}

#[test]
fn p5_requests_with_other_overrides_share_no_wire() {
    in_virtual_time(async {
        let world = World::new();
        assert_eq!(world.asked("a.example").await.unwrap(), ONE);
        world.dial(|dial| dial.addresses_of("a.example", [address(TWO)]));
        assert_eq!(world.asked("a.example").await.unwrap(), TWO);
        world.dial(|dial| dial.resolution_hostname("192.0.2.3"));
        assert_eq!(world.asked("a.example").await.unwrap(), "192.0.2.3");
        assert_eq!(world.servers.dialed().len(), 3);
        world.dial(|dial| {
            let fixed = dial.resolution_hostname(None).addresses_of("z.example", [address(ONE)]);
            fixed.addresses_of("A.Example", [address("192.0.2.4")])
        });
        assert_eq!(world.asked("a.example").await.unwrap(), "192.0.2.4", "of two calls for one host the last counts");
        world.end().await;
    });
}

#[test]
fn overrides_that_cannot_be_meant_are_refused() {
    let plain = DialOptions::default;
    let wrong = [
        plain().resolution_hostname(""),
        plain().resolution_hostname("a b"),
        plain().resolution_hostname("a\r\nb"),
        plain().resolution_hostname("a/b"),
        plain().addresses_of("a.example", []),
        plain().addresses_of("", [address(ONE)]),
        plain().addresses_of("192.0.2.1", [address(ONE)]),
    ];
    for dial in wrong {
        let refused = Session::builder().dial(dial.clone()).open().unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidParameter, "{dial:?}");
    }
    for right in ["a", "xn--bcher-kva.example", "BÜCHER.example", "::1", "[::1]", "127.0.0.1", "a.example."] {
        Session::builder().dial(plain().resolution_hostname(right)).open().unwrap();
    }
}

#[test]
fn wires_are_spread_over_the_addresses_of_a_host_where_that_is_asked_for() {
    in_virtual_time(async {
        for (least_loaded, expected) in [(false, [ONE, ONE, ONE, ONE]), (true, [ONE, TWO, ONE, TWO])] {
            let world = World::with(FakeResolver::knowing("a.example", &[ONE, TWO]).telling(30 * SECOND), |_| ());
            world.dial(|dial| dial.least_loaded(least_loaded));
            let connection = world.connection();
            let mut requests = Vec::new();
            for _ in 0..4 {
                let request = request(&connection);
                request.send(()).await.unwrap();
                requests.push(request);
            }
            assert_eq!(world.servers.dialed(), expected);
            drop((requests, connection));
            world.end().await;
        }
    });
}

#[test]
fn dials_that_begin_together_are_spread_too_and_a_wire_that_is_gone_does_not_count() {
    in_virtual_time(async {
        let world = World::with(FakeResolver::knowing("a.example", &[ONE, TWO]).telling(30 * SECOND), |_| ());
        world.dial(|dial| dial.least_loaded(true));
        let connection = world.connection();
        let gate = Gate::new();
        world.servers.are_held_by(&gate);
        let requests: Vec<_> = (0..5).map(|_| request(&connection)).collect();
        let sends: Vec<_> = requests.iter().map(|request| sending(request, ())).collect();
        for request in &requests {
            world.recorder.wait_for_status(request.id(), "ConnectingToServer").await;
        }
        gate.open();
        for send in sends {
            send.await.unwrap().unwrap();
        }
        let to_one = world.servers.dialed().iter().filter(|address| *address == ONE).count();
        assert_eq!((to_one, world.servers.dialed().len()), (3, 5));
        // Of the wires that are gone more went to the first.
        drop(requests);
        world.session.evict_idle().await;
        drop(connection);
        assert_eq!(world.asked("a.example").await.unwrap(), ONE);
        world.end().await;
    });
}
