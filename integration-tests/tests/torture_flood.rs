//! 10,000 requests in flight over 200 wires: no terminal notification is lost, however they end (N1, N2, B.6).

use std::collections::{HashMap, HashSet};

use hinternet::{ErrorCode, HandleKind, Notification, Operation, Session, Status};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::{Gate, patiently};

const REQUESTS: usize = 10_000;
const WIRES: usize = 200;

/// All requests are there, none is answered, and as many as there are wires are with the server.
struct Flood {
    origin: Origin,
    recorder: Recorder,
    session: Session,
    gate: Gate,
    calls: Vec<tokio::task::JoinHandle<hinternet::Result<usize>>>,
}

impl Flood {
    async fn rise() -> Self {
        let gate = Gate::new();
        let held = gate.clone();
        let origin = Origin::start(move |_| Reply::ok("hello").held(&held)).await;
        let recorder = Recorder::start();
        let session = recorder.session(Session::builder().wires_per_origin(WIRES));
        let calls = (0..REQUESTS).map(|n| {
            let send = session.get(origin.url(&format!("/{n}"))).unwrap().send();
            tokio::spawn(async move { Ok(send.await?.bytes().await?.len()) })
        });
        let calls = calls.collect();
        let flood = Self { origin, recorder, session, gate, calls };
        flood.origin.wait_for_requests(WIRES).await;
        // Each stands in line, or has a dial of its own: its send was taken.
        let mut in_flight = HashSet::new();
        let all = |one: &Notification| {
            if matches!(one.status, Status::Queued { .. } | Status::ResolvingName(_)) {
                in_flight.insert(one.handle);
            }
            in_flight.len() == REQUESTS
        };
        flood.recorder.wait_for(all).await;
        flood
    }

    /// Everybody has an outcome: the octets of its body or the code of its error.
    async fn outcomes(&mut self) -> HashMap<Result<usize, ErrorCode>, usize> {
        let mut outcomes = HashMap::new();
        for call in self.calls.drain(..) {
            let outcome = patiently("a call", call).await.unwrap().map_err(|error| error.code());
            *outcomes.entry(outcome).or_default() += 1;
        }
        outcomes
    }

    /// What was told, by name; of each request exactly one beginning and one end.
    async fn ebb(self) -> HashMap<&'static str, usize> {
        let Self { recorder, session, origin, .. } = self;
        patiently("the last words", async {
            session.close().await.unwrap();
            session.closed().await;
        })
        .await;
        let (mut told, mut ended) = (HashMap::new(), HashMap::new());
        for one in recorder.log().iter().filter(|one| one.kind == HandleKind::Request) {
            *told.entry(one.name()).or_default() += 1;
            *ended.entry(one.handle).or_insert(0) += usize::from(matches!(one.status, Status::HandleClosing));
        }
        assert_eq!(ended.len(), REQUESTS);
        assert!(ended.values().all(|times| *times == 1), "somebody had not one end");
        assert!(origin.connections() <= WIRES, "{} connections", origin.connections());
        recorder.finish(session).await;
        told
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn n2_ten_thousand_requests_over_200_wires_lose_no_completion() {
    let mut flood = Flood::rise().await;
    flood.gate.open();
    assert_eq!(flood.outcomes().await, HashMap::from([(Ok(5), REQUESTS)]));
    assert_eq!((flood.origin.log().len(), flood.origin.connections()), (REQUESTS, WIRES));
    let told = flood.ebb().await;
    for name in ["HandleCreated", "SendRequestComplete", "HeadersAvailable", "WireReleased", "HandleClosing"] {
        assert_eq!(told[name], REQUESTS, "{name}");
    }
    assert_eq!(told["SendingRequest"], told["RequestSent"]);
    assert_eq!(told["ReceivingResponse"], told["ResponseReceived"]);
    assert!(told["ReadComplete"] >= 2 * REQUESTS, "the body and its end, each");
    assert_eq!(told.get("RequestError"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b5_closing_the_session_ends_ten_thousand_requests_each_once() {
    let mut flood = Flood::rise().await;
    patiently("the session to close", flood.session.close()).await.unwrap();
    assert_eq!(flood.outcomes().await, HashMap::from([(Err(ErrorCode::InvalidHandle), REQUESTS)]));
    let told = flood.ebb().await;
    assert_eq!((told["RequestError"], told["HandleClosing"]), (REQUESTS, REQUESTS));
    assert!(told["SendingRequest"] <= WIRES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b7_cancelling_and_dropping_among_ten_thousand_leaves_the_others_alone() {
    let mut flood = Flood::rise().await;
    // Every third is dropped: those with a wire lose it, those in line leave it.
    let all = std::mem::take(&mut flood.calls);
    let (dropped, kept): (Vec<_>, Vec<_>) = all.into_iter().enumerate().partition(|(n, _)| n % 3 == 0);
    dropped.iter().for_each(|(_, call)| call.abort());
    for (_, call) in dropped {
        assert!(call.await.unwrap_err().is_cancelled());
    }
    flood.calls = kept.into_iter().map(|(_, call)| call).collect();
    let expected = flood.calls.len();
    flood.gate.open();
    assert_eq!(flood.outcomes().await, HashMap::from([(Ok(5), expected)]));
    let recorder = &flood.recorder;
    let errors = recorder.log().into_iter().filter_map(|one| match one.status {
        Status::RequestError { operation, error } => Some((operation, error.code())),
        _ => None,
    });
    let allowed = [Operation::Send, Operation::Receive].map(|operation| (operation, ErrorCode::OperationCancelled));
    assert!(errors.into_iter().all(|error| allowed.contains(&error)));
    assert_eq!(flood.calls.len(), 0);
    let Flood { recorder, session, origin, .. } = flood;
    recorder.finish(session).await;
    drop(origin);
}
