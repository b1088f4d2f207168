//! One program, from every kind of thread that it may be called from (architecture 1; contract C.3).

mod current_thread;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};

use actix::{
    Actor, ActorFutureExt, Addr, AsyncContext, Handler, Message, ResponseActFuture, ResponseFuture, WrapFuture,
};
use hinternet::messages::{Amount, CloseHandle, QueryDataAvailable, ReadData, ReceiveResponse, SendRequest};
use hinternet::{Engine, ErrorCode, Method, Notification, NotificationMask, Payload, Result, Session, SessionBuilder};
use integration_tests::origin::{Origin, Reply};
use integration_tests::patiently;
use integration_tests::recorder::Recorder;

/// What a program does, whatever it runs on: both faces, an upload, an orderly end.
async fn program(session: Session, origin: String) -> Result<String> {
    let connection = session.connect(&origin)?;
    let request = connection.open_request(Method::POST, "/upload")?;
    request.send(Payload::begin("he", 5)).await?;
    request.write("llo").await?;
    request.receive_response().await?;
    let mut text = String::new();
    while request.query_data_available().await? > 0 {
        text += &String::from_utf8_lossy(&request.read().await?);
    }
    text += &session.get(format!("{origin}/get"))?.send().await?.text().await?;
    session.close().await?;
    session.closed().await;
    Ok(text)
}

const SAID: &str = "hello world";

/// A server on a runtime of its own, so that the program's thread can be of any kind.
struct World {
    server: tokio::runtime::Runtime,
    origin: Origin,
    recorder: Recorder,
}

impl World {
    fn new() -> Self {
        let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let origin = server.block_on(Origin::start(|request| {
            if request.method == "POST" { Reply::ok(request.body.clone()) } else { Reply::ok(" world") }
        }));
        Self { server, origin, recorder: Recorder::start() }
    }

    fn program(&self, builder: SessionBuilder) -> impl Future<Output = Result<String>> + Send + 'static + use<> {
        program(self.recorder.session(builder), self.origin.origin())
    }

    /// The program is over, its runtime too.
    fn end(self) {
        let Self { server, recorder, .. } = self;
        server.block_on(recorder.settle());
    }
}

#[test]
fn a_current_thread_tokio_main() {
    #[tokio::main(flavor = "current_thread")]
    async fn run(program: impl Future<Output = Result<String>>) -> Result<String> {
        program.await
    }
    let world = World::new();
    assert_eq!(run(world.program(Session::builder())).unwrap(), SAID);
    world.end();
}

#[test]
fn a_multi_thread_tokio_main_and_its_tasks() {
    #[tokio::main(flavor = "multi_thread", worker_threads = 2)]
    async fn run(programs: [impl Future<Output = Result<String>> + Send + 'static; 4]) -> Vec<String> {
        let mut said = Vec::new();
        for task in programs.map(tokio::spawn) {
            said.push(task.await.unwrap().unwrap());
        }
        said
    }
    let world = World::new();
    assert_eq!(run([(); 4].map(|()| world.program(Session::builder()))), [SAID; 4]);
    world.end();
}

#[test]
fn a_runtime_without_timer_or_io() {
    let world = World::new();
    let bare = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(bare.block_on(world.program(Session::builder())).unwrap(), SAID);
    world.end();
}

#[test]
fn an_actix_main() {
    #[actix::main]
    async fn run(program: impl Future<Output = Result<String>>) -> Result<String> {
        program.await
    }
    let world = World::new();
    assert_eq!(run(world.program(Session::builder())).unwrap(), SAID);
    world.end();
}

#[tokio::test]
async fn a_tokio_test() {
    let origin =
        Origin::start(
            |request| {
                if request.method == "POST" { Reply::ok(request.body.clone()) } else { Reply::ok(" world") }
            },
        )
        .await;
    let recorder = Recorder::start();
    let said = program(recorder.session(Session::builder()), origin.origin());
    assert_eq!(patiently("the program", said).await.unwrap(), SAID);
    recorder.settle().await;
}

#[test]
fn a_thread_without_a_runtime() {
    let world = World::new();
    assert_eq!(block_on(world.program(Session::builder())).unwrap(), SAID);
    world.end();
}

#[test]
fn an_engine_of_ones_own_of_one_shard_or_several() {
    for shards in [1, 3] {
        let world = World::new();
        let engine = Engine::builder().shards(shards).start().unwrap();
        assert_eq!(engine.shards(), shards);
        assert_eq!(block_on(world.program(Session::builder().engine(engine.clone()))).unwrap(), SAID);
        world.end();
        engine.stop();
    }
    let refused = Engine::builder().shards(0).start().unwrap_err();
    assert_eq!(refused.code(), ErrorCode::InvalidParameter);
}

#[test]
fn on_the_current_arbiter() {
    let world = World::new();
    let said = actix::System::new().block_on(async { world.program(Session::builder().on_current_arbiter()).await });
    assert_eq!(said.unwrap(), SAID);
    world.end();
}

#[tokio::test]
async fn on_the_current_arbiter_needs_one() {
    let error = Session::builder().on_current_arbiter().open().unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidParameter);
    let thread = std::thread::spawn(|| Session::builder().on_current_arbiter().open().map(drop));
    assert_eq!(thread.join().unwrap().unwrap_err().code(), ErrorCode::InvalidParameter);
}

/// Runs the program in its handler.
struct Client {
    session: Session,
}

#[derive(Message)]
#[rtype(result = "Result<String>")]
struct Fetch(String);

impl Actor for Client {
    type Context = actix::Context<Self>;
}

impl Handler<Fetch> for Client {
    type Result = ResponseFuture<Result<String>>;

    fn handle(&mut self, Fetch(origin): Fetch, _: &mut Self::Context) -> Self::Result {
        Box::pin(program(self.session.clone(), origin))
    }
}

#[test]
fn inside_an_actor_of_the_program_or_of_the_engine() {
    for on_arbiter in [false, true] {
        let world = World::new();
        let said = actix::System::new().block_on(async {
            let builder = Session::builder();
            let builder = if on_arbiter { builder.on_current_arbiter() } else { builder };
            let client = Client { session: world.recorder.session(builder) }.start();
            client.send(Fetch(world.origin.origin())).await.unwrap()
        });
        assert_eq!(said.unwrap(), SAID);
        world.end();
    }
    let world = World::new();
    let client = hinternet::start(Client { session: world.recorder.session(Session::builder()) });
    assert_eq!(block_on(client.send(Fetch(world.origin.origin()))).unwrap().unwrap(), SAID);
    drop(client);
    world.end();
}

/// Drives a request by messages alone, and hears of it as a subscriber.
#[derive(Default)]
struct Driver {
    heard: Vec<&'static str>,
}

#[derive(Message)]
#[rtype(result = "Result<(u16, u64, String)>")]
struct Drive(hinternet::Request);

#[derive(Message)]
#[rtype(result = "Vec<&'static str>")]
struct Heard;

impl Actor for Driver {
    type Context = actix::Context<Self>;
}

impl Handler<Notification> for Driver {
    type Result = ();

    fn handle(&mut self, one: Notification, _: &mut Self::Context) {
        self.heard.extend(one.completion().map(|_| one.name()));
    }
}

impl Handler<Drive> for Driver {
    type Result = ResponseActFuture<Self, Result<(u16, u64, String)>>;

    fn handle(&mut self, Drive(request): Drive, context: &mut Self::Context) -> Self::Result {
        let subscriber = context.address().recipient::<Notification>();
        let drive = async move {
            request.set_subscriber(subscriber, NotificationMask::ALL_COMPLETIONS).await?;
            let addr = request.addr();
            addr.send(SendRequest::new(())).await.unwrap()?;
            let head = addr.send(ReceiveResponse::default()).await.unwrap()?;
            let announced = addr.send(QueryDataAvailable::default()).await.unwrap()?;
            let octets = addr.send(ReadData::new(Amount::Available)).await.unwrap()?;
            addr.do_send(CloseHandle);
            request.closed().await;
            Ok((head.status().as_u16(), announced, String::from_utf8_lossy(&octets).into_owned()))
        };
        Box::pin(drive.into_actor(self).map(|result, _, _| result))
    }
}

#[test]
fn an_actor_drives_a_request_by_messages_and_hears_of_it() {
    let world = World::new();
    let (driven, heard) = actix::System::new().block_on(async {
        // The slot is the driver's; the recorder hears beside it.
        let session = Session::open().unwrap();
        world.recorder.join(&session);
        let driver: Addr<Driver> = Driver::default().start();
        let request = session.connect(&world.origin.origin()).unwrap().open_request(Method::GET, "/").unwrap();
        let driven = driver.send(Drive(request)).await.unwrap();
        (driven.unwrap(), driver.send(Heard).await.unwrap())
    });
    assert_eq!(driven, (200, 6, " world".to_owned()));
    assert_eq!(heard, ["SendRequestComplete", "HeadersAvailable", "DataAvailable", "ReadComplete"]);
    world.end();
}

impl Handler<Heard> for Driver {
    type Result = actix::MessageResult<Heard>;

    fn handle(&mut self, _: Heard, _: &mut Self::Context) -> Self::Result {
        actix::MessageResult(self.heard.clone())
    }
}

#[test]
fn a_runtime_that_ends_while_calls_are_pending_ends_them_and_nothing_hangs() {
    let world = World::new();
    let silent = world
        .server
        .block_on(async { Origin::start(|_| Reply::ok("late").held(&integration_tests::Gate::new())).await });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for n in 0..8 {
        let session = world.recorder.session(Session::builder());
        let url = silent.url(&format!("/{n}"));
        runtime.spawn(async move { session.get(url)?.send().await.map(drop) });
    }
    world.server.block_on(silent.wait_for_requests(8));
    runtime.shutdown_background();
    // Every future was dropped, and with it every handle: all of them say their last words.
    world.end();
}

/// The plainest executor: parks the thread between polls.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}
