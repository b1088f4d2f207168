//! A network that cuts, corrupts and delays below TLS: every failure is told, and nothing spoiled is delivered (N2).

use std::time::Duration;

use hinternet::{Blame, Error, ErrorCode, Method, Timeouts};
use integration_tests::fault_proxy::{Direction, Fault, FaultProxy};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use integration_tests::scene::read_all;
use integration_tests::tls::Tls;

use crate::place::{NAME, authority, builder, leaf, trusting};

/// Octets of an answer, over several records.
const BODY: usize = 40_000;
const PATIENCE: Option<Duration> = Some(Duration::from_secs(10));

struct Spoiled {
    authority: integration_tests::certificates::Authority,
    origin: Origin,
}

impl Spoiled {
    async fn new() -> Self {
        let authority = authority();
        let tls = Tls::only13(&authority.issue(leaf()));
        Self { authority, origin: Origin::secure(&tls, |_| Reply::ok(vec![b'x'; BODY])).await }
    }

    /// One request through a network with this fault; the recorder checks all of it.
    async fn ask(&self, direction: Direction, fault: Fault) -> Result<usize, Error> {
        let proxy = FaultProxy::start(self.origin.address()).await;
        proxy.spoil(direction, fault);
        let recorder = Recorder::start();
        // A length that was changed may announce what never comes.
        let mut timeouts = Timeouts::default();
        (timeouts.connect, timeouts.receive_response, timeouts.receive) = (PATIENCE, PATIENCE, PATIENCE);
        let session = recorder.session(builder(trusting(&self.authority)).timeouts(timeouts));
        let connection = session.connect(&format!("https://{NAME}:{}", proxy.address().port())).unwrap();
        let request = connection.open_request(Method::GET, "/").unwrap();
        let whole = async {
            request.send(()).await?;
            request.receive_response().await?;
            read_all(&request).await
        };
        let outcome = match whole.await {
            Ok(body) => Ok(body),
            failed => Err(recorder.failure(request.id(), failed)),
        };
        drop((request, connection));
        recorder.finish(session).await;
        let body = outcome?;
        assert!(body.iter().all(|octet| *octet == b'x'), "what was spoiled was delivered");
        Ok(body.len())
    }
}

#[tokio::test]
async fn n2_a_cut_anywhere_is_told_and_delivers_no_half_answer() {
    let spoiled = Spoiled::new().await;
    for after in (0..2_000).step_by(97).chain((2_000..BODY).step_by(5_003)) {
        for fault in [Fault::Cut { after }, Fault::Reset { after }] {
            let error = spoiled.ask(Direction::ToClient, fault.clone()).await.expect_err("it was cut");
            assert_eq!(
                (error.code(), error.blame()),
                (ErrorCode::ConnectionError, Blame::Network),
                "{fault:?}: {error}"
            );
            assert!(error.tls().is_none(), "{fault:?}: {error}");
        }
    }
    for after in (0..700).step_by(41) {
        match spoiled.ask(Direction::ToServer, Fault::Cut { after }).await {
            Ok(octets) => assert_eq!(octets, BODY),
            Err(error) => assert!(
                matches!(error.code(), ErrorCode::ConnectionError | ErrorCode::SecureFailure),
                "{after}: {error}"
            ),
        }
    }
}

#[tokio::test]
async fn n2_a_changed_octet_is_never_taken_for_the_answer() {
    let spoiled = Spoiled::new().await;
    for at in (0..2_000).step_by(61).chain((2_000..BODY).step_by(7_001)) {
        let error = spoiled.ask(Direction::ToClient, Fault::Corrupt { at, flip: 0x40 }).await;
        let error = error.expect_err("one octet is wrong");
        assert!(
            matches!(error.code(), ErrorCode::ConnectionError | ErrorCode::SecureFailure | ErrorCode::Timeout),
            "{at}: {error}"
        );
        assert_ne!(error.blame(), Blame::Library, "{at}: {error}");
    }
}

#[tokio::test]
async fn p1_a_handshake_and_an_answer_octet_by_octet_are_the_same() {
    let spoiled = Spoiled::new().await;
    for direction in [Direction::ToClient, Direction::ToServer] {
        assert_eq!(spoiled.ask(direction, Fault::OneByOne).await.unwrap(), BODY);
    }
}
