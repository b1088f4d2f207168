//! The order of calls: every call in every state, through the public interface (contract B.10).

use std::pin::Pin;

use futures_util::stream;
use hinternet::{Error, ErrorCode, HeaderMap, Method, Payload, Request, Session};
use integration_tests::scene::{Scene, read_all};
use integration_tests::scripted_peer::{Script, ScriptedPeer};
use integration_tests::websocket::SWITCHING;
use integration_tests::{Gate, patiently, poll_once};

/// Where a request can stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Opened,
    Sending,
    Uploading,
    Writing,
    Sent,
    Receiving,
    Body,
    Reading,
    Done,
    Failed,
    Broken,
    Upgraded,
}

/// What can be asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    AddHeader,
    SetHeaders,
    SetOptions,
    Send,
    Write,
    Finish,
    Receive,
    Head,
    Query,
    Read,
    ReadAtMost,
    ReadExact,
    Upgrade,
    CompleteUpgrade,
}

use Call::*;
use State::*;

const STATES: [State; 12] =
    [Opened, Sending, Uploading, Writing, Sent, Receiving, Body, Reading, Done, Failed, Broken, Upgraded];
const CALLS: [Call; 14] = [
    AddHeader,
    SetHeaders,
    SetOptions,
    Send,
    Write,
    Finish,
    Receive,
    Head,
    Query,
    Read,
    ReadAtMost,
    ReadExact,
    Upgrade,
    CompleteUpgrade,
];

/// The contract's table. What is not in it is refused with 12019.
fn is_taken(state: State, call: Call) -> bool {
    match call {
        AddHeader | SetHeaders | SetOptions | Send | Upgrade => {
            matches!(state, Opened | Body | Done | Failed | Broken | Upgraded)
        }
        Write | Finish => state == Uploading,
        Receive => matches!(state, Uploading | Sent),
        Head => matches!(state, Body | Reading | Done | Broken | Upgraded),
        Query | Read | ReadAtMost | ReadExact => matches!(state, Body | Done | Upgraded),
        CompleteUpgrade => state == Upgraded,
    }
}

impl Call {
    async fn make(self, request: &Request) -> Result<(), Error> {
        match self {
            AddHeader => request.add_header("x-late", "1"),
            SetHeaders => request.set_headers(HeaderMap::new()),
            SetOptions => request.set_options(request.options()),
            Send => request.send(()).await,
            Write => request.write("a piece").await,
            Finish => request.finish(HeaderMap::new()).await,
            Receive => request.receive_response().await.map(drop),
            Head => request.head().map(drop),
            Query => request.query_data_available().await.map(drop),
            Read => request.read().await.map(drop),
            ReadAtMost => request.read_at_most(1).await.map(drop),
            ReadExact => request.read_exact(1).await.map(drop),
            // What is wrong with a POST is the method, not the moment.
            Upgrade => request
                .upgrade_to_websocket()
                .or_else(|error| if error.code() == ErrorCode::InvalidParameter { Ok(()) } else { Err(error) }),
            CompleteUpgrade => request.complete_upgrade(0).await.map(drop),
        }
    }

    /// How an error names it.
    fn name(self) -> &'static str {
        match self {
            AddHeader | SetHeaders => "add_header",
            SetOptions => "set_options",
            Send => "send",
            Write => "write",
            Finish => "finish",
            Receive => "receive_response",
            Head => "head",
            Query => "query_data_available",
            Read | ReadAtMost | ReadExact => "read",
            Upgrade => "upgrade_to_websocket",
            CompleteUpgrade => "complete_upgrade",
        }
    }
}

/// A call that a test keeps from ending.
type InFlight = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

/// A request in some state, and what is in flight on it.
struct Standing {
    scene: Scene,
    request: Request,
    in_flight: Option<InFlight>,
    /// Lets the peer go on.
    gate: Gate,
}

/// More than any socket's buffers hold.
const LARGE: usize = 16 << 20;

impl Standing {
    async fn at(state: State) -> Self {
        let gate = Gate::new();
        let script = match state {
            Writing => Script::new().read_head().hold(&gate).read_exactly(LARGE).send(ANSWER).keep(),
            Receiving => Script::new().read_request().hold(&gate).send(ANSWER).keep(),
            Reading => Script::new().read_request().send(HEAD).hold(&gate).send("hello, world").keep(),
            Failed => Script::new().read_request().close(),
            Broken => Script::new().read_request().send(HEAD).send("hello").close(),
            Upgraded => Script::new().read_head().send_accepting(SWITCHING).keep(),
            _ => Script::answering(ANSWER),
        };
        let scene = Scene::of(ScriptedPeer::always(script).await, Session::builder());
        let request = scene.request(if state == Upgraded { Method::GET } else { Method::POST });
        let mut standing = Self { scene, request, in_flight: None, gate };
        standing.bring_to(state).await;
        standing
    }

    async fn bring_to(&mut self, state: State) {
        let request = self.request.clone();
        let late = self.gate.clone();
        match state {
            Opened => {}
            Sending => {
                let body = stream::once(async move {
                    late.passed().await;
                    Ok(bytes::Bytes::from_static(b"late"))
                });
                self.begin(async move { request.send(Payload::stream(body)).await }).await;
            }
            Uploading => request.send(Payload::chunked()).await.unwrap(),
            Writing => {
                request.send(Payload::begin("", LARGE as u64)).await.unwrap();
                self.begin(async move { request.write(vec![b'x'; LARGE]).await }).await;
            }
            Sent => request.send(()).await.unwrap(),
            Receiving => {
                request.send(()).await.unwrap();
                self.begin(async move { request.receive_response().await.map(drop) }).await;
            }
            Body | Reading | Done | Broken => {
                request.send(()).await.unwrap();
                request.receive_response().await.unwrap();
                match state {
                    Reading => self.begin(async move { request.read_exact(12).await.map(drop) }).await,
                    Done => assert_eq!(read_all(&request).await.unwrap(), b"hello, world"),
                    Broken => drop(self.scene.recorder.failure(request.id(), read_all(&request).await)),
                    _ => {}
                }
            }
            Upgraded => {
                request.upgrade_to_websocket().unwrap();
                request.send(()).await.unwrap();
                request.receive_response().await.unwrap();
            }
            Failed => {
                request.send(()).await.unwrap();
                self.scene.recorder.failure(request.id(), request.receive_response().await);
            }
        }
    }

    /// Posts a call and lets it wait.
    async fn begin(&mut self, call: impl Future<Output = Result<(), Error>> + 'static) {
        let mut call: Pin<Box<dyn Future<Output = _>>> = Box::pin(call);
        assert!(poll_once(call.as_mut()).await.is_none(), "the peer keeps it waiting");
        // A call that comes later is answered later: then the first one is under way.
        let refused = self.scene.recorder.refusal(self.request.id(), self.request.write("no").await);
        assert!(refused.is_incorrect_state());
        self.in_flight = Some(call);
    }

    /// A refused call has changed nothing: the story goes on to its end.
    async fn goes_on(self, state: State) {
        let Self { scene, request, in_flight, gate } = self;
        gate.open();
        if let Some(call) = in_flight {
            patiently("the call in flight", call).await.unwrap();
        }
        match state {
            Opened => request.send("").await.unwrap(),
            Uploading => {
                request.write("whole").await.unwrap();
                request.finish(HeaderMap::new()).await.unwrap();
            }
            Failed => {
                request.send(()).await.unwrap();
                scene.recorder.failure(request.id(), request.receive_response().await);
            }
            Broken => assert_eq!(request.head().unwrap().status(), 200),
            _ => {}
        }
        if matches!(state, Opened | Sending | Uploading | Writing | Sent) {
            request.receive_response().await.unwrap();
        }
        match state {
            Failed | Broken => {}
            Upgraded => drop(request.complete_upgrade(0).await.unwrap()),
            Done | Reading => assert_eq!(request.read().await.unwrap(), ""),
            _ => assert_eq!(read_all(&request).await.unwrap(), b"hello, world", "{state:?}"),
        }
        let sent = scene.peer.requests();
        assert!(sent.iter().all(|one| one.field("x-late").is_none()), "a refused header was sent");
        scene.end().await;
    }
}

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n";
const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nhello, world";

#[tokio::test]
async fn b10_a_call_out_of_order_is_refused_with_12019_names_both_and_changes_nothing() {
    for state in STATES {
        let standing = Standing::at(state).await;
        for call in CALLS.into_iter().filter(|call| !is_taken(state, *call)) {
            let result = patiently("a refused call", call.make(&standing.request)).await;
            let error = standing.scene.recorder.refusal(standing.request.id(), result);
            assert_eq!(error.code(), ErrorCode::IncorrectHandleState, "{call:?} in {state:?}: {error}");
            assert_eq!(error.code().number(), 12019);
            let text = error.to_string();
            assert!(
                text.contains(call.name()) && text.contains(&format!("{state:?}")),
                "{call:?} in {state:?}: {text}"
            );
        }
        patiently("the story", standing.goes_on(state)).await;
    }
}

#[tokio::test]
async fn b10_a_call_in_order_is_taken() {
    for state in STATES {
        for call in CALLS.into_iter().filter(|call| is_taken(state, *call)) {
            let standing = Standing::at(state).await;
            let result = patiently("a call", call.make(&standing.request)).await;
            assert!(result.is_ok(), "{call:?} in {state:?}: {result:?}");
            drop(standing.in_flight);
            standing.scene.end().await;
        }
    }
}

#[tokio::test]
async fn b10_a_request_is_sent_again_after_a_completed_response() {
    let scene = Scene::with(Script::answering(ANSWER)).await;
    let request = scene.request(Method::GET);
    for _ in 0..3 {
        request.send(()).await.unwrap();
        assert_eq!(request.receive_response().await.unwrap().status(), 200);
        assert_eq!(read_all(&request).await.unwrap(), b"hello, world");
    }
    assert_eq!((scene.peer.requests().len(), scene.peer.connections()), (3, 1));
    scene.end().await;
}

#[tokio::test]
async fn b10_sending_again_in_the_middle_of_a_response_gives_the_rest_of_it_up() {
    let scene = Scene::with(Script::answering(ANSWER)).await;
    let request = scene.request(Method::GET);
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(request.read_at_most(5).await.unwrap(), "hello");
    request.send(()).await.unwrap();
    request.receive_response().await.unwrap();
    assert_eq!(read_all(&request).await.unwrap(), b"hello, world", "nothing of the first response is left");
    scene.end().await;
}

#[tokio::test]
async fn b10_a_bad_argument_is_refused_with_87_in_every_state_that_takes_the_call_and_changes_nothing() {
    let scene = Scene::with(Script::answering(ANSWER)).await;
    let request = scene.request(Method::POST);
    let refused = |result: Result<(), Error>| {
        let error = scene.recorder.refusal(request.id(), result);
        assert_eq!(error.code(), ErrorCode::InvalidParameter, "{error}");
        assert_eq!(error.blame(), hinternet::Blame::Caller);
    };
    refused(request.add_header("bad name", "x"));
    refused(request.add_header("", "x"));
    for injection in ["a\r\nb: c", "a\nb", "a\rb", "a\0b"] {
        refused(request.add_header("x-late", injection));
        refused(request.add_header(injection, "x"));
    }
    let mut options = request.options();
    options.timeouts.send = Some(std::time::Duration::ZERO);
    refused(request.set_options(options));
    refused(request.send(Payload::begin("longer than said", 3)).await);

    request.send(Payload::begin("", 3)).await.unwrap();
    refused(request.write("four").await);
    refused(request.receive_response().await.map(drop));
    refused(request.finish(HeaderMap::new()).await);
    request.write("abc").await.unwrap();
    request.receive_response().await.unwrap();
    refused(request.read_at_most(0).await.map(drop));
    refused(request.read_exact(0).await.map(drop));
    assert_eq!(read_all(&request).await.unwrap(), b"hello, world");
    let sent = &scene.peer.requests()[0];
    assert_eq!((&sent.body[..], sent.field("x-late")), (&b"abc"[..], None));
    scene.end().await;
}
