//! How many wires a session may have, to whatever origins (contract E).

use std::net::SocketAddr;

use hinternet::{CloseReason, DialOptions, Engine, NotificationMask as Mask, Session, SessionBuilder, Status};
use integration_tests::origin::{Log, Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::{FakeDialer, Gate, patiently};
use tokio::net::TcpListener;

/// One server that answers on every address of 127.0.0.0/8, and so is as many origins as a test wants.
struct World {
    server: Origin,
    recorder: Recorder,
    session: Session,
}

impl World {
    async fn new(builder: SessionBuilder, gate: &Gate) -> Self {
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let gate = gate.clone();
        let server = Origin::serve(listener, Log::new(), move |request| match request.path() {
            "/held" => Reply::ok("held").held(&gate),
            _ => Reply::ok("hello"),
        });
        let recorder = Recorder::start();
        let session = recorder.session(builder);
        Self { server, recorder, session }
    }

    fn url(&self, origin: u8, path: &str) -> String {
        format!("http://{}{path}", SocketAddr::from(([127, 0, 0, origin], self.server.address().port())))
    }

    async fn get(&self, origin: u8, path: &str) -> hinternet::Result<String> {
        self.session.get(self.url(origin, path))?.send().await?.text().await
    }

    /// How many wires were ever made.
    fn wires(&self) -> usize {
        self.server.connections()
    }

    /// Closes the session; all that was told of it has then been heard.
    async fn close(&self) {
        self.session.close().await.unwrap();
        self.session.closed().await;
    }

    async fn end(self) {
        self.recorder.finish(self.session).await;
    }
}

fn one_shard() -> SessionBuilder {
    Session::builder().engine(Engine::builder().shards(1).start().unwrap())
}

#[tokio::test]
async fn e_at_the_limit_of_a_session_the_idle_wire_goes_that_was_used_longest_ago() {
    let world = World::new(one_shard().wires_per_session(2), &Gate::new()).await;
    for origin in [1, 2, 1] {
        assert_eq!(world.get(origin, "/").await.unwrap(), "hello");
    }
    assert_eq!(world.wires(), 2, "the third request found the first one's wire");
    // 2 was used before 1.
    world.get(3, "/").await.unwrap();
    world.get(1, "/").await.unwrap();
    assert_eq!(world.wires(), 3, "the wire to 1 was kept");
    world.get(2, "/").await.unwrap();
    assert_eq!(world.wires(), 4, "the wire to 2 had gone");
    world.close().await;
    let made_room =
        world.recorder.count(|status| matches!(status, Status::ClosingConnection { reason: CloseReason::MadeRoom }));
    assert_eq!(made_room, 2);
    world.end().await;
}

#[tokio::test]
async fn e_when_every_wire_is_busy_a_request_waits_and_is_told_its_place() {
    let gate = Gate::new();
    let world = World::new(one_shard().wires_per_session(1), &gate).await;
    let busy = world.get(1, "/held");
    let waiting = async {
        world.server.wait_for_requests(1).await;
        let mut told = world.session.notifications(Mask::QUEUED).unwrap();
        let answer = async { world.get(2, "/").await.unwrap() };
        let opened = async {
            let queued = patiently("a place in the line", told.next()).await.unwrap();
            assert!(matches!(queued.status, Status::Queued { position: 1 }), "{queued:?}");
            gate.open();
        };
        tokio::join!(answer, opened).0
    };
    let (held, waited) = tokio::join!(busy, waiting);
    assert_eq!((held.unwrap().as_str(), waited.as_str()), ("held", "hello"));
    world.end().await;
}

#[tokio::test]
async fn e_a_wire_that_comes_to_rest_on_another_shard_makes_room_too() {
    let gate = Gate::new();
    let engine = Engine::builder().shards(4).start().unwrap();
    let world = World::new(Session::builder().engine(engine).wires_per_session(1), &gate).await;
    let first = world.get(1, "/held");
    // Of so many origins some are on other shards than the first.
    let others = async {
        world.server.wait_for_requests(1).await;
        let mut told = world.session.notifications(Mask::QUEUED).unwrap();
        let answers = futures_util::future::join_all((2..18).map(|origin| world.get(origin, "/")));
        let opened = async {
            for _ in 2..18 {
                patiently("a place in the line", told.next()).await.unwrap();
            }
            gate.open();
        };
        tokio::join!(answers, opened).0
    };
    let (first, others) = patiently("all answers", async { tokio::join!(first, others) }).await;
    assert_eq!(first.unwrap(), "held");
    assert!(others.iter().all(|answer| answer.as_ref().is_ok_and(|text| text == "hello")), "{others:?}");
    world.end().await;
}

#[tokio::test]
async fn e_a_request_that_gives_up_waiting_for_a_place_is_not_dialed_for() {
    let gate = Gate::new();
    let world = World::new(one_shard().wires_per_session(1), &gate).await;
    let busy = world.get(1, "/held");
    let given_up = async {
        world.server.wait_for_requests(1).await;
        let mut told = world.session.notifications(Mask::QUEUED).unwrap();
        tokio::select! {
            answer = world.get(2, "/") => panic!("there was no place: {answer:?}"),
            queued = told.next() => assert!(queued.is_some()),
        }
        // The call was dropped; that has to reach the other thread before there is a place.
        world.recorder.wait_for_closing(world.recorder.request(1).await).await;
        gate.open();
    };
    let (held, ()) = tokio::join!(busy, given_up);
    assert_eq!(held.unwrap(), "held");
    assert_eq!(world.get(1, "/").await.unwrap(), "hello");
    assert_eq!(world.wires(), 1, "the only wire is the first one's still");
    world.end().await;
}

#[tokio::test]
async fn e_the_limit_holds_at_every_moment_whatever_is_asked() {
    const LIMIT: usize = 3;
    let world = World::new(one_shard().wires_per_session(LIMIT), &Gate::new()).await;
    let requests = (0..200_u8).map(|n| world.get(1 + n % 40, "/"));
    let answers = patiently("all answers", futures_util::future::join_all(requests)).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    world.close().await;
    let mut open = 0_i32;
    for one in world.recorder.log() {
        match one.status {
            Status::ConnectedToServer(_) => open += 1,
            Status::ConnectionClosed => open -= 1,
            _ => {}
        }
        assert!(open <= LIMIT as i32, "{open} wires");
    }
    world.end().await;
}

#[tokio::test]
async fn e_a_wire_that_nobody_waits_for_any_more_makes_room_as_soon_as_it_is_dialed() {
    const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
    let (dialer, mut attempts) = FakeDialer::new();
    let recorder = Recorder::start();
    let dial = DialOptions::default().dialer(dialer);
    let session = recorder.session(one_shard().dial(dial).wires_per_session(1));
    let first = tokio::select! {
        answer = session.get("http://127.0.0.1:9/").unwrap().send() => panic!("nobody answers: {answer:?}"),
        attempt = attempts.next() => attempt,
    };
    recorder.wait_for_closing(recorder.request(0).await).await;
    let mut told = session.notifications(Mask::QUEUED).unwrap();
    let answer = async { session.get("http://127.0.0.2:9/").unwrap().send().await.unwrap().text().await.unwrap() };
    let connected = async {
        patiently("a place in the line", told.next()).await.unwrap();
        // The only shard has looked for a wire that could go, and found none.
        for _ in 0..3 {
            session.connect("http://127.0.0.3:9").unwrap().close().await.unwrap();
        }
        first.connect(HELLO);
        attempts.next().await.connect(HELLO);
    };
    assert_eq!(tokio::join!(answer, connected).0, "hello");
    drop(told);
    recorder.finish(session).await;
}

#[tokio::test]
async fn e_places_are_lost_to_nobody_on_many_shards_also_when_every_third_request_gives_up() {
    let engine = Engine::builder().shards(4).start().unwrap();
    let world = World::new(Session::builder().engine(engine).wires_per_session(3), &Gate::new()).await;
    for round in 0..20_u8 {
        let requests = (0..60_u8).map(|n| {
            let world = &world;
            async move {
                let call = world.get(1 + (n.wrapping_mul(7).wrapping_add(round)) % 40, "/");
                if n % 3 == 0 {
                    let polls = usize::from(n / 3);
                    return integration_tests::dropped_after(polls, call).await.is_none_or(|answer| answer.is_ok());
                }
                call.await.is_ok_and(|answer| answer == "hello")
            }
        });
        let answers = patiently("all answers", futures_util::future::join_all(requests)).await;
        assert!(answers.iter().all(|well| *well), "round {round}");
    }
    world.end().await;
}
