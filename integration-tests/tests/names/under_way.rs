//! Look-ups that are under way when they are no good any more: the network is another one, or they hang.

use hinternet::Stage;
use integration_tests::Gate;
use integration_tests::memory_peer::in_virtual_time;
use integration_tests::scene::sending;
use tokio::time::sleep;

use super::*;

/// A name whose answers are good for so long.
fn lasting(time: Duration) -> World {
    World::of(FakeResolver::knowing("a.example", &[ONE]).telling(time), Servers::of_http2(), |_| ())
}

#[test]
fn what_is_being_looked_up_when_the_network_changes_is_for_those_who_wait_alone() {
    in_virtual_time(async {
        let (old, new, world) = (Gate::new(), Gate::new(), World::dialing());
        let connection = world.connection();
        let [first, second, third] = [0, 1, 2].map(|_| request(&connection));
        world.resolver.is_held_by(&old);
        let waits = sending(&first, ());
        world.recorder.wait_for_status(first.id(), "ResolvingName").await;
        sleep(SECOND).await;
        world.session.network_changed().await;
        world.resolver.is_held_by(&new);
        let begins = sending(&second, ());
        sleep(SECOND).await;
        assert_eq!(world.resolver.asked().len(), 2, "it does not join what was asked of another network");
        old.open();
        waits.await.unwrap().unwrap();
        let joins = sending(&third, ());
        sleep(SECOND).await;
        assert_eq!((world.resolver.asked().len(), world.resolver.under_way()), (2, 1), "the old answer is not kept");
        let _moved = world.resolver.clone().and("a.example", &[TWO]);
        new.open();
        for send in [begins, joins] {
            send.await.unwrap().unwrap();
        }
        assert_eq!(world.asked("a.example").await.unwrap(), TWO);
        assert_eq!(
            (world.resolver.asked().len(), world.servers.dialed()),
            (2, [ONE, TWO, TWO, TWO].map(str::to_owned).to_vec())
        );
        drop((first, second, third, connection));
        world.end().await;
    });
}

#[test]
fn wires_that_outlive_a_change_of_the_network_follow_what_their_name_is_there() {
    in_virtual_time(async {
        let world = lasting(30 * SECOND);
        assert_eq!(world.asked("a.example").await.unwrap(), ONE);
        let _moved = world.resolver.clone().and("a.example", &[TWO]);
        world.session.network_changed().await;
        sleep(2 * SECOND).await;
        assert_eq!(world.asked("a.example").await.unwrap(), TWO);
        assert_eq!(world.resolver.asked().len(), 2);
        world.end().await;
    });
}

#[test]
fn a_name_that_could_not_be_renewed_is_looked_up_again_when_the_network_changes() {
    in_virtual_time(async {
        let world = lasting(SECOND);
        assert_eq!(world.asked("a.example").await.unwrap(), ONE);
        world.resolver.fails(true);
        sleep(2 * SECOND).await;
        assert_eq!(world.resolver.asked().len(), 2);
        world.resolver.fails(false);
        let _moved = world.resolver.clone().and("a.example", &[TWO]);
        world.session.network_changed().await;
        sleep(2 * SECOND).await;
        assert_eq!(world.asked("a.example").await.unwrap(), TWO);
        world.end().await;
    });
}

#[test]
fn what_was_being_renewed_when_the_network_changed_retires_nothing() {
    in_virtual_time(async {
        let (old, new, world) = (Gate::new(), Gate::new(), lasting(SECOND));
        assert_eq!(world.asked("a.example").await.unwrap(), ONE);
        world.resolver.is_held_by(&old);
        sleep(2 * SECOND).await;
        assert_eq!((world.resolver.asked().len(), world.resolver.under_way()), (2, 1));
        let _moved = world.resolver.clone().and("a.example", &[TWO]);
        world.session.network_changed().await;
        world.resolver.is_held_by(&new);
        old.open();
        sleep(2 * SECOND).await;
        assert_eq!(world.asked("a.example").await.unwrap(), ONE, "nothing was heard on this network");
        assert_eq!((world.resolver.asked().len(), world.resolver.under_way()), (3, 1));
        new.open();
        sleep(SECOND / 1000).await;
        assert_eq!(world.asked("a.example").await.unwrap(), TWO);
        world.end().await;
    });
}

#[test]
fn a_look_up_that_hangs_is_joined_no_more_after_a_while() {
    in_virtual_time(async {
        let world = World::dialing();
        world.resolver.falls_silent();
        let connection = world.connection();
        let [first, second] = [0, 1].map(|_| request(&connection));
        let hangs = sending(&first, ());
        sleep(20 * SECOND).await;
        let joins = sending(&second, ());
        sleep(11 * SECOND).await;
        assert_eq!((world.resolver.asked().len(), world.resolver.under_way()), (1, 1));
        world.resolver.speaks_again();
        // Of another origin, or its wire would serve who waits.
        assert_eq!(world.asked("a.example:81").await.unwrap(), ONE);
        assert_eq!((world.resolver.asked().len(), world.resolver.under_way()), (2, 1));
        for (request, send) in [(&first, hangs), (&second, joins)] {
            let error = world.recorder.failure(request.id(), send.await.unwrap());
            assert!(error.is_timeout() && error.stage() == Stage::Resolve, "{error}");
        }
        sleep(SECOND / 1000).await;
        assert_eq!(world.resolver.under_way(), 0, "it ends with the last who waits");
        assert_eq!(world.asked("a.example").await.unwrap(), ONE);
        assert_eq!(world.resolver.asked().len(), 2, "what the second one found is kept");
        drop((first, second, connection));
        world.end().await;
    });
}
