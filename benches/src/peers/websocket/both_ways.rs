//! Messages out and in at once, as many under way as are allowed: by a sink and a stream, and by two calls that wait.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use futures_util::{Sink, Stream};
use tokio::sync::Semaphore;

use crate::peers::Failed;

/// In one task: all that may go out is handed in, then flushed, then all that has come is taken.
pub(super) async fn by_polls<M, I, E>(
    mut sink: Pin<&mut impl Sink<M, Error = E>>,
    mut stream: Pin<&mut impl Stream<Item = Result<I, E>>>,
    (messages, in_flight): (usize, usize),
    mut message: impl FnMut() -> M,
    mut check: impl FnMut(I) -> Result<(), Failed>,
) -> Result<(), Failed>
where
    E: Into<Failed>,
{
    let (mut sent, mut received, mut unflushed) = (0, 0, false);
    poll_fn(|context| {
        loop {
            let before = (sent, received);
            while sent < messages && sent - received < in_flight {
                match sink.as_mut().poll_ready(context) {
                    Poll::Ready(ready) => ready.map_err(Into::into)?,
                    Poll::Pending => break,
                }
                sink.as_mut().start_send(message()).map_err(Into::into)?;
                (sent, unflushed) = (sent + 1, true);
            }
            if unflushed && let Poll::Ready(flushed) = sink.as_mut().poll_flush(context) {
                flushed.map_err(Into::into)?;
                unflushed = false;
            }
            while received < sent {
                match stream.as_mut().poll_next(context) {
                    Poll::Ready(Some(item)) => check(item.map_err(Into::into)?)?,
                    Poll::Ready(None) => return Poll::Ready(Err("the server closed".into())),
                    Poll::Pending => break,
                }
                received += 1;
            }
            if received == messages {
                return Poll::Ready(Ok(()));
            }
            if before == (sent, received) {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// Two loops in one task, which wait for each other no more than they must.
pub(super) async fn by_calls(
    (messages, in_flight): (usize, usize),
    mut send: impl AsyncFnMut() -> Result<(), Failed>,
    mut receive: impl AsyncFnMut() -> Result<(), Failed>,
) -> Result<(), Failed> {
    let places = Semaphore::new(in_flight);
    let sending = async {
        for _ in 0..messages {
            places.acquire().await?.forget();
            send().await?;
        }
        Ok::<_, Failed>(())
    };
    let receiving = async {
        for _ in 0..messages {
            receive().await?;
            places.add_permits(1);
        }
        Ok(())
    };
    tokio::try_join!(sending, receiving)?;
    Ok(())
}
