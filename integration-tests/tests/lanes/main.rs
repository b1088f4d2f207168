//! One origin on several shards: its lanes share the limit of wires, and nobody waits in one for what rests in another.

mod dialer;
mod follow_ups;

use std::net::SocketAddr;
use std::pin::Pin;
use std::thread::ThreadId;

use futures_util::future::join_all;
use hinternet::{
    DialOptions, Engine, ErrorCode, Method, NotificationMask as Mask, Session, SessionBuilder, SessionOptions,
};
use integration_tests::origin::{Log, Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::scene::read_all;
use integration_tests::{Gate, dropped_after, patiently, poll_once};
use tokio::net::TcpListener;

use dialer::Watched;

/// One hot origin at 127.0.0.1, and at every other address of 127.0.0.0/8 an origin whose dial may hold its shard up.
struct World {
    server: Origin,
    gates: Vec<Gate>,
    dialer: Watched,
    recorder: Recorder,
    session: Session,
}

type Call<'a> = Pin<Box<dyn Future<Output = String> + 'a>>;

impl World {
    async fn new(shards: usize, builder: SessionBuilder) -> Self {
        let gates: Vec<_> = std::iter::repeat_with(Gate::new).take(GATES).collect();
        let opened = gates.clone();
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let server = Origin::serve(listener, Log::new(), move |request| {
            let gate = |kind| Some(&opened[request.path().strip_prefix(kind)?.parse::<usize>().ok()?]);
            if let Some(gate) = gate("/held/") {
                Reply::ok("held").held(gate)
            } else if let Some(gate) = gate("/moved/") {
                Reply::redirect(302, "/there").held(gate)
            } else if let Some(gate) = gate("/closed/") {
                match (request.field("authorization"), request.field("sec-websocket-key")) {
                    (None, _) => Reply::new(401).field("www-authenticate", "Basic realm=r").held(gate),
                    (Some(_), key) => Reply::ok(if key.is_some() { "handshake" } else { "plain" }),
                }
            } else {
                Reply::ok("hello")
            }
        });
        let (dialer, recorder) = (Watched::default(), Recorder::start());
        let engine = Engine::builder().shards(shards).start().unwrap();
        let dial = DialOptions::default().dialer(dialer.clone());
        let session = recorder.session(builder.engine(engine).dial(dial));
        Self { server, gates, dialer, recorder, session }
    }

    async fn get_from(&self, host: u8, path: &str) -> hinternet::Result<String> {
        let address = SocketAddr::from(([127, 0, 0, host], self.server.address().port()));
        self.session.get(format!("http://{address}{path}"))?.send().await?.text().await
    }

    fn origin(&self) -> String {
        format!("http://{}", SocketAddr::from(([127, 0, 0, 1], self.server.address().port())))
    }

    async fn get(&self, path: &str) -> String {
        self.get_from(1, path).await.unwrap()
    }

    /// A request that was opened, and so has its lane.
    async fn begun<'a>(&'a self, path: &'a str) -> Call<'a> {
        let mut call: Call<'a> = Box::pin(self.get(path));
        assert!(poll_once(call.as_mut()).await.is_none(), "nothing is answered at once");
        call
    }

    async fn begin<'a>(&'a self, count: usize, path: &'a str) -> Vec<Call<'a>> {
        let mut calls = Vec::new();
        for _ in 0..count {
            calls.push(self.begun(path).await);
        }
        calls
    }

    /// The thread of the first lane; one wire rests there.
    async fn home(&self) -> ThreadId {
        self.get("/").await;
        self.dialer.threads()[0]
    }

    /// Holds the shard up until the dialer releases it. What comes back is the request it was held up by.
    async fn hold_up(&self, thread: ThreadId) -> Call<'_> {
        self.dialer.hold_up(thread);
        for host in 2..=u8::MAX {
            let mut call: Call<'_> = Box::pin(async move { self.get_from(host, "/").await.unwrap() });
            tokio::select! {
                _answer = &mut call => {}
                () = self.dialer.held_up() => return call,
            }
        }
        panic!("of so many origins none is on that shard");
    }

    /// So many requests before a shard that is held up are a pile, and what comes next goes to the next lane.
    async fn pile<'a>(&'a self, path: &'a str) -> Vec<Call<'a>> {
        self.begin(PILE, path).await
    }

    async fn end(self) {
        self.recorder.finish(self.session).await;
    }
}

/// Waits for the answers of all.
async fn all(calls: impl IntoIterator<Item = Call<'_>>) -> Vec<String> {
    patiently("all answers", join_all(calls)).await
}

const GATES: usize = 5;
const PILE: usize = 4;

fn lanes(lanes: usize, wires: impl Into<Option<usize>>) -> SessionBuilder {
    Session::builder().lanes(lanes).wires_per_origin(wires)
}

#[tokio::test]
async fn requests_one_at_a_time_stay_on_one_wire() {
    let world = World::new(4, lanes(4, 256)).await;
    for _ in 0..100 {
        assert_eq!(world.get("/").await, "hello");
    }
    assert_eq!((world.server.connections(), world.dialer.threads().len()), (1, 1));
    world.end().await;
}

#[tokio::test]
async fn requests_before_which_others_pile_up_go_to_the_next_lane_with_and_without_a_limit() {
    for limit in [Some(256), None] {
        let world = World::new(4, lanes(3, limit)).await;
        let home = world.home().await;
        let holding = world.hold_up(home).await;
        let piled = world.pile("/").await;
        for _ in 0..10 {
            let answer = patiently("an answer, though the first lane is held up", world.get("/")).await;
            assert_eq!(answer, "hello");
        }
        assert_eq!((world.dialer.threads().len(), world.dialer.wires()), (2, 2), "one lane more, and one wire");
        world.dialer.release();
        all(piled.into_iter().chain([holding])).await;
        world.end().await;
    }
}

#[tokio::test]
async fn the_limit_holds_over_all_lanes_at_every_moment() {
    const LIMIT: usize = 8;
    let world = World::new(4, lanes(4, LIMIT)).await;
    let home = world.home().await;
    for _ in 0..10 {
        let holding = world.hold_up(home).await;
        let calls = world.begin(200, "/").await;
        world.dialer.release();
        all(calls.into_iter().chain([holding])).await;
    }
    assert!(world.dialer.threads().len() > 1);
    assert!(world.dialer.most_wires() <= LIMIT, "{} wires", world.dialer.most_wires());
    world.end().await;
}

#[tokio::test]
async fn a_lane_without_a_place_takes_that_of_a_wire_which_rests_in_another() {
    const LIMIT: usize = 4;
    let world = World::new(2, lanes(2, LIMIT)).await;
    let home = world.home().await;
    let busy = world.begin(LIMIT, "/held/0").await;
    world.server.wait_for_requests(1 + LIMIT).await;
    world.gates[0].open();
    all(busy).await;
    assert_eq!((world.dialer.wires(), world.dialer.threads().len()), (LIMIT, 1), "all places are the first lane's");

    let holding = world.hold_up(home).await;
    let piled = world.pile("/").await;
    let other = world.begun("/").await;
    world.dialer.release();
    all(piled.into_iter().chain([other, holding])).await;
    assert_eq!(world.dialer.threads().len(), 2);
    assert_eq!(world.dialer.most_wires(), LIMIT);
    world.end().await;
}

#[tokio::test]
async fn a_lane_with_less_than_its_share_is_given_the_next_wire_that_comes_back_though_others_are_in_line_for_it() {
    const LIMIT: usize = 4;
    let world = World::new(2, lanes(2, LIMIT)).await;
    let home = world.home().await;
    let mut busy = Vec::new();
    for path in ["/held/0", "/held/1", "/held/2", "/held/3"] {
        busy.push(world.begun(path).await);
    }
    world.server.wait_for_requests(1 + LIMIT).await;
    let mut told = world.session.notifications(Mask::QUEUED).unwrap();
    let line = world.begin(2, "/held/4").await;
    for _ in 0..2 {
        patiently("a place in the line", told.next()).await.unwrap();
    }
    let holding = world.hold_up(home).await;
    let piled = world.pile("/held/4").await;
    let other = world.begun("/").await;
    patiently("a place in the other line", told.next()).await.unwrap();
    world.dialer.release();
    world.gates[0].open();
    assert_eq!(patiently("the other lane's answer", other).await, "hello");
    world.gates.iter().for_each(Gate::open);
    all(busy.into_iter().chain(line).chain(piled).chain([holding])).await;
    assert_eq!(world.dialer.most_wires(), LIMIT);
    drop(told);
    world.end().await;
}

#[tokio::test]
async fn there_are_no_lanes_with_less_than_two_wires_for_each() {
    for (limit, threads) in [(3, 1), (4, 2)] {
        let world = World::new(2, lanes(2, limit)).await;
        let home = world.home().await;
        let holding = world.hold_up(home).await;
        let calls = world.begin(20, "/").await;
        world.dialer.release();
        all(calls.into_iter().chain([holding])).await;
        assert_eq!(world.dialer.threads().len(), threads, "{limit} wires");
        world.end().await;
    }
}

#[tokio::test]
async fn closing_the_session_closes_the_wires_of_every_lane() {
    let world = World::new(2, lanes(2, 16)).await;
    let home = world.home().await;
    let holding = world.hold_up(home).await;
    let calls = world.begin(8, "/").await;
    world.dialer.release();
    all(calls.into_iter().chain([holding])).await;
    assert_eq!(world.dialer.threads().len(), 2);
    assert!(world.dialer.wires() > 1);
    world.session.close().await.unwrap();
    assert_eq!(world.dialer.wires(), 0);
    world.end().await;
}

#[tokio::test]
async fn no_place_is_lost_between_lanes_also_when_every_third_request_gives_up() {
    const LIMIT: usize = 6;
    let world = World::new(3, lanes(3, LIMIT)).await;
    let home = world.home().await;
    for round in 0..20_usize {
        let holding = world.hold_up(home).await;
        let world = &world;
        let calls = (0..90).map(|n| async move {
            let call = world.get_from(1, "/");
            if n % 3 == 0 {
                return dropped_after(n / 3, call).await.is_none_or(|answer| answer.is_ok());
            }
            call.await.is_ok_and(|answer| answer == "hello")
        });
        let mut calls = Box::pin(join_all(calls));
        assert!(poll_once(calls.as_mut()).await.is_none());
        world.dialer.release();
        let answers = patiently("all answers", calls).await;
        assert!(answers.iter().all(|well| *well), "round {round}");
        patiently("the last answer", holding).await;
    }
    assert!(world.dialer.most_wires() <= LIMIT, "{} wires", world.dialer.most_wires());
    world.end().await;
}

/// The wires of a connection handle come and go on several threads at a time; the recorder checks what is told of them.
#[tokio::test]
async fn what_a_handle_hears_of_wires_on_several_shards_is_in_order() {
    const LIMIT: usize = 4;
    let world = World::new(2, lanes(2, LIMIT)).await;
    let address = SocketAddr::from(([127, 0, 0, 1], world.server.address().port()));
    let connection = world.session.connect(&format!("http://{address}")).unwrap();
    let get = async |path| {
        let request = connection.open_request(Method::GET, path).unwrap();
        request.send(()).await.unwrap();
        request.receive_response().await.unwrap();
        read_all(&request).await.unwrap()
    };
    let busy = join_all((0..LIMIT).map(|_| get("/held/0")));
    let opened = async {
        world.server.wait_for_requests(LIMIT).await;
        world.gates[0].open();
    };
    tokio::join!(busy, opened);
    let home = world.dialer.threads()[0];
    assert_eq!((world.dialer.wires(), world.dialer.threads().len()), (LIMIT, 1));
    for _ in 0..10 {
        let holding = world.hold_up(home).await;
        let mut calls = Box::pin(join_all((0..40).map(|_| get("/"))));
        assert!(poll_once(calls.as_mut()).await.is_none());
        world.dialer.release();
        patiently("all answers", calls).await;
        patiently("the last answer", holding).await;
    }
    assert_eq!(world.dialer.threads().len(), 2);
    world.recorder.wait_for_status(connection.id(), "ConnectionClosed").await;
    drop(connection);
    world.end().await;
}

#[tokio::test]
async fn no_lane_at_all_is_refused_and_more_than_shards_are_as_many() {
    let refused = Session::builder().lanes(0).open().map(drop).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InvalidParameter);
    assert_eq!(SessionOptions::default().lanes, 1);
    let world = World::new(2, lanes(1_000, 4)).await;
    assert_eq!(world.get("/").await, "hello");
    world.end().await;
}
