//! Names are looked up again while their wires are used, and wires follow them.

use std::cell::RefCell;
use std::rc::Rc;

use hinternet::{CloseReason, NameOptions, Status};
use integration_tests::Gate;
use integration_tests::memory_peer::in_virtual_time;
use integration_tests::scene::{read_all, sending};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::*;

fn moved(status: &Status) -> bool {
    matches!(status, Status::ClosingConnection { reason: CloseReason::NameMoved })
}

/// A name whose answers are good for a second.
fn short_lived(servers: Servers) -> World {
    World::of(FakeResolver::knowing("a.example", &[ONE]).telling(SECOND), servers, |_| ())
}

/// A request now and then for so long: all are answered by one of these.
async fn kept_busy(world: &World, time: Duration, by: &[&str]) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        let server = world.asked("a.example").await.unwrap();
        assert!(by.contains(&&server[..]), "{server} is none of {by:?}");
        sleep(SECOND / 5).await;
    }
}

/// 200 requests a second from four callers over ten seconds, in the midst of which the name moves: when each began, and who
/// answered.
async fn stream_over_a_move(world: &World, moves: Duration) -> Vec<(Duration, String)> {
    let (began, answers) = (Instant::now(), Rc::new(RefCell::new(Vec::new())));
    let mut callers = JoinSet::new();
    for caller in 0..4 {
        let (session, answers) = (world.session.clone(), Rc::clone(&answers));
        callers.spawn_local(async move {
            for n in 0..500 {
                let at = Duration::from_millis(20 * n + 5 * caller);
                sleep_until(began + at).await;
                let server = asked(&session, "a.example").await.unwrap();
                answers.borrow_mut().push((at, server));
            }
        });
    }
    sleep_until(began + moves).await;
    let _moved = world.resolver.clone().and("a.example", &[TWO]);
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    answers.take()
}

#[test]
fn a_name_that_moves_takes_all_new_requests_along_within_its_time_and_none_fails() {
    in_virtual_time(async {
        for servers in [Servers::of_http1(), Servers::of_http2()] {
            for moves in [1500, 2500, 2999].map(Duration::from_millis) {
                let world = short_lived(servers.clone());
                let answers = stream_over_a_move(&world, moves).await;
                assert_eq!(answers.len(), 2000);
                let within = moves + SECOND + SECOND / 100;
                for (at, server) in answers {
                    assert!(server == ONE || at >= moves, "{at:?}: {server}");
                    assert!(server == TWO || at < within, "{at:?}: {server}, and it moved at {moves:?}");
                }
                world.end().await;
            }
        }
    });
}

#[test]
fn c6_a_wire_that_rests_is_closed_when_its_name_moves_and_its_handle_is_told_why() {
    in_virtual_time(async {
        for servers in [Servers::of_http1(), Servers::of_http2()] {
            let world = short_lived(servers);
            let connection = world.connection();
            let request = request(&connection);
            request.send(()).await.unwrap();
            request.receive_response().await.unwrap();
            read_all(&request).await.unwrap();
            let _moved = world.resolver.clone().and("a.example", &[TWO]);
            let told = world.recorder.wait_for(|told| moved(&told.status)).await;
            assert_eq!(told.handle, connection.id());
            world.recorder.wait_for_status(connection.id(), "ConnectionClosed").await;
            assert_eq!(world.servers.dialed(), [ONE], "nobody wants another");
            drop((request, connection));
            world.end().await;
        }
    });
}

#[test]
fn a_wire_in_use_when_its_name_moves_ends_what_it_carries() {
    in_virtual_time(async {
        for servers in [Servers::of_http1(), Servers::of_http2()] {
            let world = short_lived(servers);
            let connection = world.connection();
            let carried = request(&connection);
            carried.send(()).await.unwrap();
            carried.receive_response().await.unwrap();
            let _moved = world.resolver.clone().and("a.example", &[TWO]);
            sleep(3 * SECOND).await;
            assert_eq!(world.asked("a.example").await.unwrap(), TWO);
            assert_eq!(read_all(&carried).await.unwrap(), ONE.as_bytes());
            world.recorder.wait_for(|told| moved(&told.status)).await;
            assert_eq!(world.servers.dialed(), [ONE, TWO]);
            drop((carried, connection));
            world.end().await;
        }
    });
}

#[test]
fn a_wire_whose_address_stays_stays() {
    in_virtual_time(async {
        let resolver = FakeResolver::knowing("a.example", &[ONE, TWO]).telling(SECOND);
        let world = World::of(resolver, Servers::of_http1(), |_| ());
        kept_busy(&world, 3 * SECOND, &[ONE]).await;
        let resolver = world.resolver.clone().and("a.example", &["192.0.2.3", ONE]);
        kept_busy(&world, 5 * SECOND, &[ONE]).await;
        assert!(resolver.asked().len() >= 8, "{}", resolver.asked().len());
        assert_eq!(world.servers.dialed(), [ONE]);
        world.end().await;
    });
}

#[test]
fn servers_that_answer_by_turns_do_not_take_their_wires_along_for_ever() {
    in_virtual_time(async {
        let world = short_lived(Servers::of_http1());
        for turn in 0..20 {
            let address = [ONE, TWO][turn % 2];
            let _its_turn = world.resolver.clone().and("a.example", &[address]);
            kept_busy(&world, SECOND, &[ONE, TWO]).await;
        }
        let dials = world.servers.dialed().len();
        assert!(dials <= 3, "{dials} dials in 20 answers");
        assert!(world.resolver.asked().len() >= 19);
        world.end().await;
    });
}

#[test]
fn a_look_up_that_fails_retires_nothing_and_is_not_repeated_at_once() {
    in_virtual_time(async {
        let world = short_lived(Servers::of_http1());
        kept_busy(&world, 3 * SECOND, &[ONE]).await;
        let before = world.resolver.asked().len();
        world.resolver.fails(true);
        kept_busy(&world, 20 * SECOND, &[ONE]).await;
        let look_ups = world.resolver.asked().len() - before;
        assert!((3..=6).contains(&look_ups), "{look_ups}");
        world.resolver.fails(false);
        let resolver = world.resolver.clone().and("a.example", &[TWO]);
        kept_busy(&world, 6 * SECOND, &[ONE, TWO]).await;
        kept_busy(&world, 3 * SECOND, &[TWO]).await;
        assert_eq!(world.servers.dialed(), [ONE, TWO]);
        assert!(resolver.asked().len() > before);
        world.end().await;
    });
}

#[test]
fn a_name_that_is_gone_retires_nothing() {
    in_virtual_time(async {
        let world = short_lived(Servers::of_http1());
        kept_busy(&world, 2 * SECOND, &[ONE]).await;
        let _gone = world.resolver.clone().and_not("a.example");
        kept_busy(&world, 10 * SECOND, &[ONE]).await;
        assert_eq!(world.servers.dialed(), [ONE]);
        world.end().await;
    });
}

#[test]
fn a_name_that_nobody_uses_is_not_looked_up_again() {
    in_virtual_time(async {
        let world = short_lived(Servers::of_http1());
        world.asked("a.example").await.unwrap();
        sleep(30 * SECOND).await;
        // Once when the answer was over that the request had used.
        assert_eq!(world.resolver.asked().len(), 2);
        let _moved = world.resolver.clone().and("a.example", &[TWO]);
        assert_eq!(world.asked("a.example").await.unwrap(), ONE, "its wire is still good");
        sleep(2 * SECOND).await;
        assert_eq!(world.asked("a.example").await.unwrap(), TWO, "it was used, and so the name was looked up");
        world.end().await;
    });
}

#[test]
fn a_name_without_a_wire_is_not_looked_up_again() {
    in_virtual_time(async {
        let world = World::with(FakeResolver::knowing("a.example", &[ONE]).telling(SECOND), dialing);
        world.asked("a.example").await.unwrap();
        sleep(30 * SECOND).await;
        assert_eq!(world.resolver.asked().len(), 1);
        world.end().await;
    });
}

#[test]
fn what_no_time_was_told_for_is_not_looked_up_again_nor_is_an_address() {
    in_virtual_time(async {
        let world = World::of(FakeResolver::knowing("a.example", &[ONE]), Servers::of_http1(), |_| ());
        kept_busy(&world, 5 * SECOND, &[ONE]).await;
        assert_eq!(world.resolver.asked().len(), 1);
        for _ in 0..5 {
            assert_eq!(world.asked(TWO).await.unwrap(), TWO);
            sleep(SECOND).await;
        }
        assert_eq!((world.resolver.asked().len(), world.servers.dialed()), (1, vec![ONE.to_owned(), TWO.to_owned()]));
        world.end().await;

        let assume = |options: &mut SessionOptions| options.names.assumed_ttl = Some(SECOND);
        let world = World::of(FakeResolver::knowing("a.example", &[ONE]), Servers::of_http1(), assume);
        kept_busy(&world, 5 * SECOND, &[ONE]).await;
        assert!(world.resolver.asked().len() >= 5);
        let _moved = world.resolver.clone().and("a.example", &[TWO]);
        kept_busy(&world, SECOND, &[ONE, TWO]).await;
        kept_busy(&world, SECOND, &[TWO]).await;
        world.end().await;
    });
}

#[test]
fn names_are_not_looked_up_again_where_that_is_turned_off() {
    in_virtual_time(async {
        let resolver = FakeResolver::knowing("a.example", &[ONE]).telling(SECOND);
        let world = World::of(resolver, Servers::of_http1(), |options| options.names.renew = false);
        kept_busy(&world, SECOND, &[ONE]).await;
        let _moved = world.resolver.clone().and("a.example", &[TWO]);
        kept_busy(&world, 5 * SECOND, &[ONE]).await;
        assert_eq!(world.resolver.asked().len(), 1);
        world.end().await;
    });
}

#[test]
fn a_dial_that_hears_of_the_move_takes_the_other_wires_along() {
    in_virtual_time(async {
        let world = short_lived(Servers::of_http1());
        // One rests and one is in use, but neither was used since the last answer.
        assert_eq!(world.asked("a.example").await.unwrap(), ONE);
        sleep(5 * SECOND).await;
        let connection = world.connection();
        let requests = [0, 1].map(|_| request(&connection));
        let _moved = world.resolver.clone().and("a.example", &[TWO]);
        for request in &requests {
            request.send(()).await.unwrap();
            request.receive_response().await.unwrap();
        }
        assert_eq!(world.servers.dialed(), [ONE, TWO]);
        assert_eq!(read_all(&requests[0]).await.unwrap(), ONE.as_bytes());
        assert_eq!(read_all(&requests[1]).await.unwrap(), TWO.as_bytes());
        world.recorder.wait_for(|told| moved(&told.status)).await;
        assert_eq!(world.asked("a.example").await.unwrap(), TWO);
        assert_eq!(world.servers.dialed(), [ONE, TWO]);
        drop((requests, connection));
        world.end().await;
    });
}

#[test]
fn a_wire_that_arrives_where_the_name_no_longer_is_serves_who_waits_for_it_and_nobody_else() {
    in_virtual_time(async {
        for servers in [Servers::of_http1(), Servers::of_http2()] {
            let (gate, world) = (Gate::new(), short_lived(servers));
            let connection = world.connection();
            // A wire that is in use, so that the name is looked up again; over HTTP/2 on another port, or there were but this one.
            let other = world.session.connect("http://a.example:81").unwrap();
            let busy = request(if world.servers.speak_http2() { &other } else { &connection });
            busy.send(()).await.unwrap();
            busy.receive_response().await.unwrap();
            world.servers.are_held_by(&gate);
            let late = request(&connection);
            let sent = sending(&late, ());
            world.recorder.wait_for_status(late.id(), "ConnectingToServer").await;
            let _moved = world.resolver.clone().and("a.example", &[TWO]);
            sleep(3 * SECOND).await;
            gate.open();
            sent.await.unwrap().unwrap();
            late.receive_response().await.unwrap();
            assert_eq!(read_all(&late).await.unwrap(), ONE.as_bytes());
            sleep(SECOND / 1000).await;
            assert_eq!(world.asked("a.example").await.unwrap(), TWO);
            drop((busy, late, other, connection));
            world.end().await;
        }
    });
}

#[test]
fn a_wire_that_arrives_where_the_name_no_longer_is_takes_nobody_along_who_comes_later() {
    in_virtual_time(async {
        let (gate, world) = (Gate::new(), short_lived(Servers::of_http2()));
        let (connection, other) = (world.connection(), world.session.connect("http://a.example:81").unwrap());
        let busy = request(&other);
        busy.send(()).await.unwrap();
        busy.receive_response().await.unwrap();
        world.servers.are_held_by(&gate);
        let late = request(&connection);
        let sent = sending(&late, ());
        world.recorder.wait_for_status(late.id(), "ConnectingToServer").await;
        let _moved = world.resolver.clone().and("a.example", &[TWO]);
        sleep(3 * SECOND).await;
        gate.open();
        sent.await.unwrap().unwrap();
        late.receive_response().await.unwrap();
        // While the wire carries the one that waited for it.
        assert_eq!(world.asked("a.example").await.unwrap(), TWO);
        assert_eq!(read_all(&late).await.unwrap(), ONE.as_bytes());
        drop((busy, late, other, connection));
        world.end().await;
    });
}

#[test]
fn a_wire_that_was_in_use_when_its_name_moved_is_replaced_before_anybody_asks() {
    in_virtual_time(async {
        let world = short_lived(Servers::of_http2());
        assert_eq!(world.asked("a.example").await.unwrap(), ONE);
        sleep(SECOND / 2).await;
        assert_eq!(world.asked("a.example").await.unwrap(), ONE);
        let _moved = world.resolver.clone().and("a.example", &[TWO]);
        sleep(SECOND).await;
        assert_eq!(world.servers.dialed(), [ONE, TWO]);
        assert_eq!(world.asked("a.example").await.unwrap(), TWO);
        assert_eq!(world.servers.dialed(), [ONE, TWO]);
        world.end().await;
    });
}

#[test]
fn a_session_that_closes_gives_up_the_look_up_that_nobody_waits_for() {
    in_virtual_time(async {
        let (gate, world) = (Gate::new(), short_lived(Servers::of_http1()));
        world.asked("a.example").await.unwrap();
        world.resolver.is_held_by(&gate);
        sleep(2 * SECOND).await;
        let resolver = world.resolver.clone();
        assert_eq!((resolver.asked().len(), resolver.under_way()), (2, 1));
        world.end().await;
        sleep(SECOND / 1000).await;
        assert_eq!(resolver.under_way(), 0);
    });
}

#[test]
fn a_look_up_that_nobody_waits_for_and_that_never_ends_is_given_up() {
    in_virtual_time(async {
        let world = short_lived(Servers::of_http1());
        world.asked("a.example").await.unwrap();
        world.resolver.falls_silent();
        let mut seen = Vec::new();
        for seconds in [30, 2, 8] {
            sleep(seconds * SECOND).await;
            seen.push((world.resolver.asked().len(), world.resolver.under_way()));
        }
        assert_eq!(seen, [(2, 1), (2, 0), (3, 1)], "begun after 1 s, given up after 31 s, begun again after 5 s more");
        world.end().await;
    });
}

#[test]
fn every_answer_is_renewed_as_often_as_its_time_says_and_no_more() {
    in_virtual_time(async {
        let mut names = NameOptions::default();
        names.min_ttl = 5 * SECOND;
        let resolver = FakeResolver::knowing("a.example", &[ONE]).telling(Duration::ZERO);
        let world = World::of(resolver, Servers::of_http1(), |options| options.names = names);
        kept_busy(&world, Duration::from_millis(20_100), &[ONE]).await;
        assert_eq!(world.resolver.asked().len(), 5);
        world.end().await;
    });
}
