//! Time: what is waited for while nobody reads is no silence.

use std::time::Duration;

use hinternet::transport::MemoryStream;
use hinternet::{Response, Session, Timeouts};
use integration_tests::memory_peer::in_virtual_time;
use integration_tests::poll_once;
use integration_tests::recorder::Recorder;
use tokio::io::AsyncWriteExt;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::World;

/// A reader on another thread than the one whose clock is paused, and which it has put forward.
struct Clock(mpsc::UnboundedSender<(Duration, oneshot::Sender<()>)>);

impl Clock {
    async fn forward(&self, time: Duration) {
        let (done, is_done) = oneshot::channel();
        self.0.send((time, done)).unwrap();
        is_done.await.unwrap();
    }
}

/// A response of which a first piece was read, and its peer; for a reader on another thread, in a time that it moves itself.
fn in_its_own_time<F>(timeouts: Timeouts, test: impl FnOnce(Clock, Response, MemoryStream) -> F + Send + 'static)
where
    F: Future<Output = ()>,
{
    in_virtual_time(async move {
        let builder = Session::builder().on_current_arbiter().timeouts(timeouts);
        let mut world = World::with(Recorder::on_current_arbiter(), builder);
        let (response, mut peer) = world.answered("content-length: 1000").await;
        let (clock, mut forward) = mpsc::unbounded_channel();
        // While a thread of this kind runs the clock does not jump.
        let reader = tokio::task::spawn_blocking(move || {
            Handle::current().block_on(async move {
                let mut response = response;
                peer.write_all(b"one").await.unwrap();
                assert_eq!(response.chunk().await.unwrap().unwrap(), "one");
                test(Clock(clock), response, peer).await;
            });
        });
        while let Some((time, done)) = forward.recv().await {
            let done: oneshot::Sender<()> = done;
            tokio::time::advance(time).await;
            done.send(()).unwrap();
        }
        reader.await.unwrap();
        world.end().await;
    });
}

const MINUTE: Duration = Duration::from_secs(60);

/// A read that waits for sure: another one was refused because of it.
async fn fails_after(clock: &Clock, response: &mut Response, time: Duration) {
    let request = response.handle().clone();
    let mut read = Box::pin(response.chunk());
    assert!(poll_once(read.as_mut()).await.is_none());
    assert!(request.query_data_available().await.unwrap_err().is_incorrect_state());
    clock.forward(time - Duration::from_secs(1)).await;
    assert!(request.query_data_available().await.unwrap_err().is_incorrect_state(), "it is not late yet");
    clock.forward(Duration::from_secs(2)).await;
    let error = read.await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

#[test]
fn p9_a_silence_counts_only_while_somebody_reads() {
    let mut timeouts = Timeouts::infinite();
    timeouts.receive = Some(MINUTE);
    in_its_own_time(timeouts, async |clock: Clock, mut response: Response, mut peer: MemoryStream| {
        clock.forward(10 * MINUTE).await;
        peer.write_all(b"two").await.unwrap();
        assert_eq!(response.chunk().await.unwrap().unwrap(), "two");
        fails_after(&clock, &mut response, MINUTE).await;
    });
}

#[test]
fn p9_the_total_time_ends_a_read_that_waits() {
    let mut timeouts = Timeouts::infinite();
    timeouts.total = Some(10 * MINUTE);
    in_its_own_time(timeouts, async |clock: Clock, mut response: Response, mut peer: MemoryStream| {
        clock.forward(4 * MINUTE).await;
        peer.write_all(b"two").await.unwrap();
        assert_eq!(response.chunk().await.unwrap().unwrap(), "two");
        fails_after(&clock, &mut response, 6 * MINUTE).await;
    });
    in_its_own_time(timeouts, async |clock: Clock, mut response: Response, mut peer: MemoryStream| {
        peer.write_all(b"two").await.unwrap();
        clock.forward(11 * MINUTE).await;
        let error = response.chunk().await.unwrap_err();
        assert!(error.is_timeout(), "{error}");
    });
}
