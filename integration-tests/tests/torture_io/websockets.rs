//! WebSockets: opened both ways, with messages both ways, and by streams of HTTP/2.

use futures_util::future::join;
use hinternet::{Method, Protocols, Result, Session, SessionBuilder, WebSocket};
use integration_tests::scripted_peer::Script;
use integration_tests::simulation::{Answer, Conduct, Simulation, Talk, read_words, words};
use integration_tests::websocket::{SWITCHING, close, frame};

use super::http2::{BY_DRIVER, UNSEEN};
use super::{ALL, CONTENT, Torture, open, torture};

/// Consents to the upgrade, takes "hi", says hello, takes a close frame and answers it.
fn websocket() -> Script {
    let script = Script::new().read_head().send_accepting(SWITCHING).read_exactly(8).send(frame(0x81, CONTENT));
    script.read_exactly(8).send(close(1000, "")).close()
}

/// Says hi: what is answered.
async fn says_hi(websocket: &WebSocket) -> Result<Vec<u8>> {
    websocket.send("hi").await?;
    Ok(websocket.receive().await?.octets().to_vec())
}

#[test]
fn a_websocket_that_is_closed() {
    let scenario = async |session: Session, origin: String| {
        let websocket = session.websocket(&origin.replace("http", "ws"))?.connect().await?;
        let heard = says_hi(&websocket).await?;
        websocket.close(1000, "").await?;
        Ok(heard)
    };
    torture(websocket(), scenario, &ALL);
}

#[test]
fn an_upgrade_in_two_steps_and_a_shutdown() {
    let scenario = async |session: Session, origin: String| {
        let request = open(&session, &origin, Method::GET).await?;
        request.upgrade_to_websocket()?;
        request.send(()).await?;
        request.receive_response().await?;
        let websocket = request.complete_upgrade(0).await?;
        drop(request);
        let heard = says_hi(&websocket).await?;
        websocket.shutdown(1000, "").await?;
        assert!(websocket.receive().await?.is_close());
        Ok(heard)
    };
    torture(websocket(), scenario, &ALL);
}

/// Says three things while it hears their echo, and two that the server says by itself.
async fn both_ways(session: Session, origin: String) -> Result<Vec<u8>> {
    let websocket = session.websocket(&(origin.replace("http", "ws") + "/1"))?.connect().await?;
    let says = async {
        for n in 0..3 {
            websocket.send(words('c', n, [10, 200, 3_000][n as usize])).await?;
        }
        Ok(())
    };
    let hears = async {
        let mut heard = Vec::new();
        while heard.len() < 5 {
            heard.push(read_words(websocket.receive().await?.octets()).expect("all that was said, and nothing else"));
        }
        Ok(heard)
    };
    let (said, heard): (Result<()>, Result<Vec<_>>) = join(says, hears).await;
    // A loss is for who waits; who then begins to send is refused.
    let heard = heard?;
    said?;
    let of = |who| heard.iter().filter(|(speaker, _)| *speaker == who).map(|(_, n)| *n).collect::<Vec<_>>();
    assert_eq!((of('c'), of('s')), (vec![0, 1, 2], vec![0, 1]), "each once, and in order");
    websocket.close(1000, "").await?;
    Ok(CONTENT.into())
}

fn talk() -> Talk {
    Talk { says: vec![40, 300], pace: 3, ..Talk::echo() }
}

#[test]
fn messages_both_ways_at_once() {
    let serves = |simulation: Simulation| simulation.websocket_peer(80, |_| talk());
    Torture::at(serves, both_ways).at_once(2).run(&ALL);
}

/// By streams of HTTP/2 (RFC 8441).
fn by_streams<F>(talk: Talk, scenario: F) -> Torture<F>
where
    F: AsyncFn(Session, String) -> Result<Vec<u8>> + 'static,
{
    let conduct = Conduct { talk: Some(talk), ..Conduct::answering(Answer::default()) };
    let serves = move |simulation: Simulation| {
        let conduct = conduct.clone();
        simulation.http2_peer(80, move |_| conduct.clone())
    };
    let session = |builder: SessionBuilder| builder.protocols(Protocols::RequireHttp2);
    Torture::at(serves, scenario).session(session).stages(BY_DRIVER).unseen(UNSEEN)
}

#[test]
fn messages_both_ways_at_once_by_a_stream() {
    by_streams(talk(), both_ways).at_once(2).run(&ALL);
}

#[test]
fn a_websocket_by_a_stream_and_another_on_the_same_wire() {
    let scenario = async |session: Session, origin: String| {
        let mut heard = Vec::new();
        for n in 0..2 {
            let websocket = session.websocket(&(origin.replace("http", "ws") + &format!("/{n}")))?.connect().await?;
            websocket.send(words('c', n, 300)).await?;
            heard.push(read_words(websocket.receive().await?.octets()));
            websocket.close(1000, "").await?;
        }
        assert_eq!(heard, [Some(('c', 0)), Some(('c', 1))]);
        Ok(CONTENT.into())
    };
    by_streams(Talk::echo(), scenario).run(&ALL);
}
