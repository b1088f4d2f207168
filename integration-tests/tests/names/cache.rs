//! What is kept of an answer, and for how long.

use hinternet::network::PublicAddresses;
use hinternet::{Engine, ErrorCode, NameOptions, Stage};
use integration_tests::memory_peer::in_virtual_time;
use integration_tests::scene::sending;
use integration_tests::{Gate, answering, patiently};
use tokio::time::{advance, sleep};

use super::*;

#[test]
fn an_answer_is_taken_for_its_time_and_then_asked_for_again() {
    in_virtual_time(async {
        let world = World::dialing();
        for _ in 0..3 {
            assert_eq!(world.asked("a.example").await.unwrap(), ONE);
        }
        assert_eq!(world.asked("A.Example").await.unwrap(), ONE, "names have no case");
        assert_eq!(world.servers.dialed().len(), 4);
        assert_eq!(world.resolver.asked(), ["a.example"]);
        advance(30 * SECOND).await;
        assert_eq!(world.asked("a.example").await.unwrap(), ONE);
        assert_eq!(world.resolver.asked(), ["a.example", "a.example"]);
        world.end().await;
    });
}

#[test]
fn c9_a_name_that_is_known_is_told_of_as_one_that_is_looked_up() {
    in_virtual_time(async {
        let world = World::dialing();
        let connection = world.connection();
        let mut told = Vec::new();
        for _ in 0..2 {
            let request = request(&connection);
            request.send(()).await.unwrap();
            request.receive_response().await.unwrap();
            world.recorder.wait_for_status(request.id(), "HeadersAvailable").await;
            told.push(world.recorder.names(request.id()));
        }
        assert_eq!(told[0], told[1]);
        assert_eq!(told[0][1..3], ["ResolvingName", "NameResolved"]);
        assert_eq!(world.resolver.asked().len(), 1);
        drop(connection);
        world.end().await;
    });
}

#[test]
fn of_a_resolver_that_tells_no_time_nothing_is_kept_unless_one_is_assumed() {
    in_virtual_time(async {
        for (assumed, look_ups) in [(None, 3), (Some(10 * SECOND), 1)] {
            let world = World::with(FakeResolver::knowing("a.example", &[ONE]), |options| {
                dialing(options);
                options.names.assumed_ttl = assumed;
            });
            for _ in 0..3 {
                world.asked("a.example").await.unwrap();
            }
            assert_eq!(world.resolver.asked().len(), look_ups);
            world.end().await;
        }
    });
}

#[test]
fn that_there_is_no_such_name_is_remembered_and_that_it_is_not_known_is_not() {
    in_virtual_time(async {
        let world = World::new();
        let fails = async |words: &str| {
            let connection = world.session.connect("http://no.example").unwrap();
            let request = request(&connection);
            let error = world.recorder.failure(request.id(), request.send(()).await);
            assert_eq!((error.code(), error.stage()), (ErrorCode::NameNotResolved, Stage::Resolve));
            assert!(
                error.to_string().ends_with(&format!("no address was found: {words} [http://no.example/]")),
                "{error}"
            );
        };
        for _ in 0..3 {
            fails("no such name").await;
        }
        assert_eq!(world.resolver.asked().len(), 1);
        advance(10 * SECOND).await;
        fails("no such name").await;
        assert_eq!(world.resolver.asked().len(), 2);
        advance(10 * SECOND).await;
        world.resolver.fails(true);
        for _ in 0..3 {
            fails("out of order").await;
        }
        assert_eq!(world.resolver.asked().len(), 5);
        world.end().await;
    });
}

#[test]
fn a_name_is_forgotten_for_others_when_there_are_too_many() {
    in_virtual_time(async {
        let resolver = FakeResolver::knowing("a.example", &[ONE]).and("b.example", &[TWO]).telling(30 * SECOND);
        let world = World::with(resolver, |options| {
            dialing(options);
            options.names.capacity = 1;
        });
        for host in ["a.example", "a.example", "b.example", "b.example", "a.example"] {
            world.asked(host).await.unwrap();
        }
        assert_eq!(world.resolver.asked(), ["a.example", "b.example", "a.example"]);
        world.end().await;
    });
}

#[test]
fn a_stale_answer_is_taken_at_once_and_renewed_by_one_look_up_that_nobody_waits_for() {
    in_virtual_time(async {
        let resolver = FakeResolver::knowing("a.example", &[ONE]).telling(30 * SECOND);
        let world = World::with(resolver, |options| {
            dialing(options);
            options.names.stale_for = 10 * SECOND;
        });
        assert_eq!(world.asked("a.example").await.unwrap(), ONE);
        sleep(31 * SECOND).await;
        assert_eq!(world.resolver.asked().len(), 1, "nobody wants it");
        let (gate, resolver) = (Gate::new(), world.resolver.clone().and("a.example", &[TWO]));
        resolver.is_held_by(&gate);
        for _ in 0..3 {
            assert_eq!(world.asked("a.example").await.unwrap(), ONE);
        }
        assert_eq!(world.resolver.asked().len(), 2);
        gate.open();
        sleep(SECOND / 1000).await;
        assert_eq!(world.asked("a.example").await.unwrap(), TWO);
        assert_eq!(world.resolver.asked().len(), 2);
        world.end().await;
    });
}

#[test]
fn a_stale_answer_is_taken_while_there_is_no_better_one_but_not_for_ever() {
    in_virtual_time(async {
        let resolver = FakeResolver::knowing("a.example", &[ONE]).telling(30 * SECOND);
        let world = World::with(resolver, |options| {
            dialing(options);
            options.names.stale_for = 10 * SECOND;
        });
        world.asked("a.example").await.unwrap();
        world.resolver.fails(true);
        sleep(39 * SECOND).await;
        for _ in 0..3 {
            assert_eq!(world.asked("a.example").await.unwrap(), ONE);
        }
        assert_eq!(world.resolver.asked().len(), 2, "one that is in trouble is left alone for a while");
        sleep(SECOND).await;
        let connection = world.connection();
        let request = request(&connection);
        let error = world.recorder.failure(request.id(), request.send(()).await);
        assert_eq!(error.code(), ErrorCode::NameNotResolved);
        drop((request, connection));
        world.end().await;
    });
}

#[test]
fn an_answer_that_leads_to_nobody_is_asked_for_again() {
    in_virtual_time(async {
        let world = World::dialing();
        assert_eq!(world.asked("a.example").await.unwrap(), ONE);
        world.servers.dies(ONE);
        let resolver = world.resolver.clone().and("a.example", &[TWO]);
        let connection = world.connection();
        let request = request(&connection);
        let error = world.recorder.failure(request.id(), request.send(()).await);
        assert_eq!(error.code(), ErrorCode::CannotConnect);
        assert_eq!(resolver.asked().len(), 1);
        assert_eq!(world.asked("a.example").await.unwrap(), TWO);
        assert_eq!(resolver.asked().len(), 2);
        drop((request, connection));
        world.end().await;
    });
}

#[test]
fn an_answer_of_which_one_address_connects_is_kept() {
    in_virtual_time(async {
        let world = World::with(FakeResolver::knowing("a.example", &[ONE, TWO]).telling(30 * SECOND), dialing);
        world.servers.dies(ONE);
        for _ in 0..3 {
            assert_eq!(world.asked("a.example").await.unwrap(), TWO);
        }
        assert_eq!(world.resolver.asked().len(), 1);
        world.end().await;
    });
}

#[test]
fn sessions_share_no_answers() {
    in_virtual_time(async {
        let world = World::new();
        let other = world.another();
        world.asked("a.example").await.unwrap();
        asked(&other, "a.example").await.unwrap();
        assert_eq!(world.resolver.asked().len(), 2);
        other.close().await.unwrap();
        world.end().await;
    });
}

#[test]
fn resolvers_share_no_answers() {
    in_virtual_time(async {
        let world = World::new();
        world.asked("a.example").await.unwrap();
        let other = FakeResolver::knowing("a.example", &[TWO]).telling(30 * SECOND);
        let mut options = world.session.options();
        options.dial = options.dial.resolver(other.clone());
        world.session.set_options(options).unwrap();
        assert_eq!(world.asked("a.example").await.unwrap(), TWO);
        assert_eq!((world.resolver.asked().len(), other.asked().len()), (1, 1));
        world.end().await;
    });
}

#[test]
fn on_another_network_nothing_is_known() {
    in_virtual_time(async {
        let world = World::dialing();
        world.asked("a.example").await.unwrap();
        world.session.network_changed().await;
        world.asked("a.example").await.unwrap();
        assert_eq!(world.resolver.asked().len(), 2);
        world.end().await;
    });
}

#[test]
fn an_answer_that_was_kept_under_no_policy_is_seen_by_the_policy_of_who_takes_it() {
    in_virtual_time(async {
        let resolver = FakeResolver::knowing("a.example", &["10.0.0.1"]).telling(30 * SECOND);
        let world = World::with(resolver, |_| ());
        assert_eq!(world.asked("a.example").await.unwrap(), "10.0.0.1");
        let mut options = world.session.options();
        options.dial = options.dial.address_policy(PublicAddresses);
        world.session.set_options(options).unwrap();
        let connection = world.connection();
        for _ in 0..2 {
            let request = request(&connection);
            let error = world.recorder.failure(request.id(), request.send(()).await);
            assert_eq!(error.code(), ErrorCode::CannotConnect);
            assert!(error.to_string().contains("10.0.0.1 is not an address of the public internet"), "{error}");
        }
        assert_eq!(world.resolver.asked().len(), 1);
        assert_eq!(world.servers.dialed().len(), 1);
        drop(connection);
        world.end().await;
    });
}

#[test]
fn who_gives_up_a_name_takes_it_from_nobody_else() {
    in_virtual_time(async {
        let (gate, world) = (Gate::new(), World::dialing());
        world.resolver.is_held_by(&gate);
        let connection = world.connection();
        let requests = [0, 1, 2].map(|_| request(&connection));
        let sends = requests.each_ref().map(|request| sending(request, ()));
        for request in &requests {
            world.recorder.wait_for_status(request.id(), "ResolvingName").await;
        }
        // The one that began the look-up.
        requests[0].cancel();
        let [first, second, third] = sends;
        world.recorder.failure(requests[0].id(), patiently("the send", first).await.unwrap());
        gate.open();
        for send in [second, third] {
            patiently("a send", send).await.unwrap().unwrap();
        }
        assert_eq!(world.resolver.asked().len(), 1);
        drop((requests, connection));
        world.end().await;
    });
}

#[test]
fn a_look_up_outlives_the_dial_that_began_it_and_is_given_up_with_the_last_one() {
    in_virtual_time(async {
        let (gate, world) = (Gate::new(), World::dialing());
        world.resolver.is_held_by(&gate);
        // Without limits of time a dial ends with its request.
        let mut options = world.session.options();
        options.timeouts = hinternet::Timeouts::infinite();
        world.session.set_options(options).unwrap();
        let connection = world.connection();
        let requests = [0, 1].map(|_| request(&connection));
        let sends = requests.each_ref().map(|request| sending(request, ()));
        for request in &requests {
            world.recorder.wait_for_status(request.id(), "ResolvingName").await;
        }
        let mut under_way = Vec::new();
        for (request, send) in requests.iter().zip(sends) {
            request.cancel();
            world.recorder.failure(request.id(), patiently("the send", send).await.unwrap());
            sleep(SECOND).await;
            under_way.push(world.resolver.under_way());
        }
        assert_eq!(under_way, [1, 0]);
        // Whoever comes then begins anew.
        gate.open();
        assert_eq!(world.asked("a.example").await.unwrap(), ONE);
        assert_eq!(world.resolver.asked().len(), 2);
        drop((requests, connection));
        world.end().await;
    });
}

/// With threads and in real time.
#[tokio::test]
async fn dials_on_all_shards_share_one_look_up() {
    let (gate, engine) = (Gate::new(), Engine::builder().shards(4).start().unwrap());
    let recorder = Recorder::start();
    let resolver = FakeResolver::held_by(&gate).and("a.example", &[ONE]).telling(30 * SECOND);
    let (dialer, mut listener) = hinternet::transport::in_memory();
    tokio::spawn(async move {
        while let Some((stream, _)) = listener.accept().await {
            tokio::spawn(answering(stream, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"));
        }
    });
    let dialer = Addressed(dialer);
    let dial = DialOptions::default().resolver(resolver.clone()).dialer(dialer);
    let session = recorder.session(Session::builder().dial(dial).engine(engine));
    let connections: Vec<_> =
        (1..=16).map(|port| session.connect(&format!("http://a.example:{port}")).unwrap()).collect();
    let requests: Vec<_> = connections.iter().map(request).collect();
    let sends: Vec<_> = requests.iter().map(|request| sending(request, ())).collect();
    for request in &requests {
        recorder.wait_for_status(request.id(), "ResolvingName").await;
    }
    gate.open();
    for send in sends {
        patiently("a send", send).await.unwrap().unwrap();
    }
    assert_eq!(resolver.asked(), ["a.example"]);
    drop((requests, connections));
    recorder.finish(session).await;
}

/// Wants addresses, where the one below wants none.
#[derive(Debug)]
struct Addressed(hinternet::transport::MemoryDialer);

impl hinternet::network::Dialer for Addressed {
    fn dial(&self, to: &hinternet::network::Destination) -> hinternet::network::Dialing {
        self.0.dial(to)
    }
}

const OVER_A_YEAR: Duration = Duration::from_secs(400 * 24 * 60 * 60);

#[tokio::test]
async fn options_that_cannot_be_meant_are_refused() {
    type Change = fn(&mut NameOptions);
    let wrong: [Change; 6] = [
        |names| names.capacity = 1_000_001,
        |names| names.max_ttl = SECOND / 2,
        |names| (names.min_ttl, names.max_ttl) = (2 * SECOND, SECOND),
        |names| names.assumed_ttl = Some(Duration::ZERO),
        |names| names.negative_ttl = OVER_A_YEAR,
        |names| names.stale_for = OVER_A_YEAR,
    ];
    for (n, change) in wrong.into_iter().enumerate() {
        let mut names = NameOptions::default();
        change(&mut names);
        let refused = Session::builder().names(names).open().unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidParameter, "{n}");
    }
    let mut all = NameOptions::default();
    (all.capacity, all.min_ttl, all.negative_ttl, all.stale_for) = (0, Duration::ZERO, Duration::ZERO, Duration::ZERO);
    Session::builder().names(all).open().unwrap();
}
