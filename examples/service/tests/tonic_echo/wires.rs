//! Many calls, one wire; a server that restarts.

use std::collections::BTreeSet;

use futures_util::{TryStreamExt, stream};
use hinternet::Status;
use integration_tests::patiently;
use service::echo_server::Running;
use tokio::task::JoinSet;

use super::{Scene, times, words};

#[tokio::test]
async fn a_hundred_calls_at_a_time_share_one_wire() {
    let scene = Scene::new().await;
    let mut calls = JoinSet::new();
    for n in 0..100 {
        let mut echo = scene.echo();
        calls.spawn(async move {
            match n % 3 {
                0 => echo.once(words("once")).await.map(|_| 1),
                1 => echo
                    .repeat(times(10, "again"))
                    .await?
                    .into_inner()
                    .try_collect::<Vec<_>>()
                    .await
                    .map(|all| all.len()),
                _ => echo
                    .gather(stream::iter([words("a"), words("b")]))
                    .await
                    .map(|reply| reply.get_ref().number as usize),
            }
        });
    }
    let counts = patiently("the calls", calls.join_all()).await;
    let counts: Vec<_> = counts.into_iter().map(Result::unwrap).collect();
    assert_eq!(counts.iter().sum::<usize>(), 34 + 33 * 10 + 33 * 2);
    assert_eq!(scene.oracle.connections(), 1);
    let acquired = scene.recorder.log().into_iter().filter_map(|one| match one.status {
        Status::WireAcquired { wire, .. } => Some(wire),
        _ => None,
    });
    assert_eq!(acquired.collect::<BTreeSet<_>>().len(), 1);
    scene.end().await;
}

#[tokio::test]
async fn calls_go_on_over_restarts_of_the_server() {
    let mut scene = Scene::new().await;
    for n in 0..5 {
        let reply = patiently("a reply", scene.echo().once(words("once"))).await.unwrap();
        assert_eq!(reply.into_inner().text, "once", "round {n}");
        let told = stream::iter([words("a"), words("b")]);
        assert_eq!(patiently("a reply", scene.echo().gather(told)).await.unwrap().into_inner().number, 2);
        let address = scene.server.address();
        scene.server.stop().await;
        scene.server = Running::start(scene.oracle.clone(), address).await.unwrap();
    }
    // Each has ended before the next one began.
    assert_eq!(scene.oracle.connections(), 5);
    scene.end().await;
}
