//! Streams of HTTP/2, one after the other and side by side on one wire.

use futures_util::future::join;
use hinternet::{Method, Protocols, Result, Session, SessionBuilder, Stage};
use integration_tests::simulation::{Answer, AnswerBody, Call, Conduct, Simulation};

use super::{ALL, CONTENT, Torture, answered, open};

/// A stream does not write by itself: whoever waits is told of what breaks, at whichever stage. Before a word was said, nothing is
/// connected.
pub(crate) const BY_DRIVER: &[Stage] =
    &[Stage::Tls, Stage::Connect, Stage::Continue, Stage::FirstByte, Stage::Head, Stage::Body];

/// And what breaks while nobody waits is seen by nobody: the next request has another wire.
pub(crate) const UNSEEN: &[Call] = &[Call::Look, Call::Read, Call::Write, Call::Flush];

/// Sends back what it gets.
fn echo(simulation: Simulation) -> Simulation {
    let answer = Answer { body: AnswerBody::Echo, ..Answer::default() };
    simulation.http2_peer(80, move |_| Conduct::answering(answer.clone()))
}

fn by_prior_knowledge<F>(scenario: F) -> Torture<F>
where
    F: AsyncFn(Session, String) -> Result<Vec<u8>> + 'static,
{
    let session = |builder: SessionBuilder| builder.protocols(Protocols::RequireHttp2);
    Torture::at(echo, scenario).session(session).stages(BY_DRIVER).unseen(UNSEEN)
}

async fn echoed(session: &Session, origin: &str) -> Result<Vec<u8>> {
    let request = open(session, origin, Method::POST).await?;
    request.send(CONTENT).await?;
    answered(&request).await
}

#[test]
fn two_streams_one_after_the_other() {
    let scenario = async |session: Session, origin: String| {
        echoed(&session, &origin).await?;
        echoed(&session, &origin).await
    };
    by_prior_knowledge(scenario).run(&ALL);
}

#[test]
fn two_streams_side_by_side() {
    let scenario = async |session: Session, origin: String| {
        let (one, other) = join(echoed(&session, &origin), echoed(&session, &origin)).await;
        one?;
        other
    };
    by_prior_knowledge(scenario).at_once(2).run(&ALL);
}
