//! What a client has by chance comes from the seed of its world: all pauses that are spread, and all octets that nobody else can
//! foretell (RFC 6455 5.3 and 4.1, RFC 7616 3.4, RFC 2046 5.1.1).

use std::time::Duration;

use hinternet::{EventSourceOptions, Form, Governor, RetryPolicy, SelfHealingOptions, Session, Status};
use integration_tests::scripted_peer::Script;
use integration_tests::simulation::{Simulation, World};
use integration_tests::websocket::{SWITCHING, close};

/// What the world of one seed has by chance: octets that came to a server, or when something was done again.
type Chances = Vec<u8>;

const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
const WHO: &str = "HTTP/1.1 401 Who\r\nwww-authenticate: Digest realm=\"r\", nonce=\"1\", qop=\"auth\"\r\n\
    content-length: 0\r\n\r\n";
const BUSY: &str = "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n";

/// The same seed has the same, and each other one something else.
#[track_caller]
fn are_by_the_seed(
    server: fn() -> Script,
    client: impl AsyncFn(&World, &Session, String) -> Option<Duration> + Copy + 'static,
) {
    let [first, again, other] = [1, 1, 2].map(|seed| in_a_world(seed, server(), client));
    assert!(first == again, "{}\nis not\n{}", first.escape_ascii(), again.escape_ascii());
    assert!(first != other, "two seeds have {}", first.escape_ascii());
}

/// The network has no chances of its own.
fn in_a_world(
    seed: u64,
    script: Script,
    client: impl AsyncFn(&World, &Session, String) -> Option<Duration> + 'static,
) -> Chances {
    let simulation = Simulation::seeded(seed).network(|network| {
        network.min_message_latency(Duration::from_millis(2)).max_message_latency(Duration::from_millis(2));
    });
    let chances = simulation.peer(80, move |_| script.clone()).run(async move |world| {
        let session = world.session(|builder| builder);
        let took = client(&world, &session, world.url(80, "/")).await;
        let chances = took.map_or_else(|| world.server[0].received().concat(), |took| format!("{took:?}").into_bytes());
        world.recorder.finish(session).await;
        chances
    });
    chances.unwrap_or_else(|failure| panic!("{failure}"))
}

#[test]
fn the_boundary_of_a_form() {
    are_by_the_seed(
        || Script::answering(ANSWER),
        async |_, session, url| {
            session.post(url).unwrap().multipart(Form::new().text("a", "b")).send().await.unwrap();
            None
        },
    );
}

#[test]
fn the_nonce_of_a_digest() {
    let server = || Script::new().read_request().send(WHO).read_request().send(ANSWER).keep();
    are_by_the_seed(server, async |_, session, url| {
        let builder = session.get(url).unwrap().digest_auth("alice", "s3cret");
        builder.send().await.unwrap().error_for_status().unwrap();
        None
    });
}

/// Two of them: the second is from a stock that the first has begun.
#[test]
fn the_key_and_the_masks_of_a_websocket() {
    let server = || {
        Script::new()
            .read_head()
            .send_accepting(SWITCHING)
            .read_exactly(8)
            .read_exactly(8)
            .send(close(1000, ""))
            .read_exactly(8)
            .close()
    };
    are_by_the_seed(server, async |_, session, url| {
        let websocket = session.websocket(&url.replace("http", "ws")).unwrap().connect().await.unwrap();
        websocket.send("hi").await.unwrap();
        websocket.send("ho").await.unwrap();
        assert!(websocket.receive().await.unwrap().is_close());
        None
    });
}

#[test]
fn the_pause_before_a_retry() {
    are_by_the_seed(
        || Script::new().read_request().send(BUSY).read_request().send(ANSWER).keep(),
        async |world, session, url| {
            let policy = RetryPolicy::new().first_pause(Duration::from_secs(10)).longest_pause(Duration::from_secs(10));
            session.get(url).unwrap().retry(policy).send().await.unwrap().error_for_status().unwrap();
            Some(world.elapsed())
        },
    );
}

#[test]
fn the_pause_of_an_origin_that_is_busy() {
    are_by_the_seed(
        || Script::new().read_request().send(BUSY).read_request().send(ANSWER).keep(),
        async |world, session, url| {
            for _ in 0..2 {
                session.get(&*url).unwrap().governor(Governor::new()).send().await.unwrap();
            }
            Some(world.elapsed())
        },
    );
}

#[test]
fn the_pause_of_an_event_source() {
    let server = || {
        let stream = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: once\n\n";
        Script::answering_once(stream)
    };
    are_by_the_seed(server, async |world, session, url| {
        let mut options = EventSourceOptions::default();
        options.first_pause = Duration::from_secs(10);
        let mut source = session.events(url).unwrap().options(options).open().unwrap();
        for _ in 0..2 {
            source.next().await.unwrap().unwrap();
        }
        Some(world.elapsed())
    });
}

#[test]
fn the_pause_of_a_self_healing_websocket() {
    let server = || Script::new().read_head().send(BUSY).close();
    are_by_the_seed(server, async |world, session, url| {
        let mut options = SelfHealingOptions::default();
        options.first_pause = Duration::from_secs(10);
        let websocket = session.websocket(&url.replace("http", "ws")).unwrap();
        let healing = websocket.self_healing(options).open().unwrap();
        let told = world.recorder.wait_for_status(healing.id(), "Healing").await;
        drop(healing);
        match told.status {
            Status::Healing { pause, .. } => Some(pause),
            other => unreachable!("{other:?}"),
        }
    });
}
