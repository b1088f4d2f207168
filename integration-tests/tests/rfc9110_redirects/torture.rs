//! The end of a request at every notification of a chain of redirects: the rules hold and nothing is left.

use hinternet::{AnyHandle, Engine, Error, Handle, HandleKind, Method, Notification, Session};
use integration_tests::origin::Origin;
use integration_tests::scene::read_all;
use integration_tests::{Trap, Whence, patiently};

use crate::world::{Watched, moved, moved_by, redirecting};

/// A redirect at home, one elsewhere, and one with a body.
async fn story(session: &Session, a: &Origin, b: &Origin) -> Result<(), Error> {
    let response = session.get(a.url(&moved("/next")))?.send().await?;
    response.bytes().await?;
    let response = session.get(a.url(&moved(&b.url(&moved("/end")))))?.send().await?;
    response.bytes().await?;
    let connection = session.connect(&b.origin())?;
    let request = connection.open_request(Method::POST, &moved_by(307, &a.url("/echo")))?;
    request.send("octets").await?;
    request.receive_response().await?;
    read_all(&request).await?;
    Ok(())
}

fn world() -> Watched {
    let engine = Engine::builder().shards(2).start().unwrap();
    Watched::by(Session::builder().engine(engine).wires_per_origin(1))
}

async fn length(a: &Origin, b: &Origin) -> usize {
    let world = world();
    story(&world.session, a, b).await.unwrap();
    world.session.close().await.unwrap();
    patiently("the last words", world.session.closed()).await;
    let length = world.recorder.log().len();
    world.end().await;
    length
}

async fn at_every_notification(deed: impl Fn(&AnyHandle) + Clone + Send + Sync + Unpin + 'static) {
    let (a, b) = (redirecting().await, redirecting().await);
    let length = length(&a, &b).await;
    for k in 0..length {
        let world = world();
        let deed = deed.clone();
        let trap = Trap::at(k, &world.session, Whence::Outside, move |session: &Session, one: &Notification| {
            if one.kind == HandleKind::Request
                && let Some(handle) = session.handle(one.handle)
            {
                deed(&handle);
            }
        });
        let told = patiently(&format!("the story to end, at {k}"), story(&world.session, &a, &b)).await;
        trap.disarm().await;
        if let Err(error) = told {
            assert!(error.is_cancelled() || error.is_invalid_handle(), "at {k}: {error}");
        }
        patiently(&format!("a place in the pool, at {k}"), story(&world.session, &a, &b)).await.unwrap();
        world.end().await;
    }
}

#[tokio::test]
async fn b7_cancelling_at_every_notification() {
    at_every_notification(|handle| handle.cancel()).await;
}

#[tokio::test]
async fn b4_closing_at_every_notification() {
    at_every_notification(|handle| drop(handle.close())).await;
}

#[tokio::test]
async fn b7_dropping_the_call_at_every_notification() {
    let (a, b) = (redirecting().await, redirecting().await);
    for k in 0..length(&a, &b).await {
        let world = world();
        let trap = Trap::at(k, &world.session, Whence::Outside, |_, _| ());
        tokio::select! {
            biased;
            () = trap.sprung() => {}
            told = story(&world.session, &a, &b) => told.unwrap(),
        }
        trap.disarm().await;
        patiently(&format!("a place in the pool, at {k}"), story(&world.session, &a, &b)).await.unwrap();
        world.end().await;
    }
}
