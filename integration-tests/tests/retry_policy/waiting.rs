//! The pause: it holds nothing that another could use, and whoever waits may go.

use hinternet::{ErrorCode, Governor, Timeouts};
use integration_tests::memory_peer::in_virtual_time;
use integration_tests::{dropped_after, patiently};

use super::*;

#[test]
fn while_one_waits_another_has_its_wire_and_its_place_at_the_governor() {
    in_virtual_time(async {
        let script = answers([answer(503, "retry-after: 30\r\n"), answer(200, ""), answer(200, "")]);
        let governor = Governor::new().concurrency(1).max_pause(Duration::ZERO);
        let world = World::of(MemoryPeer::playing(script), Session::builder().retry(policy()).governor(governor));
        let waiting = actix::spawn(world.get().send());
        world.recorder.wait_for(|told| matches!(told.status, Status::Retrying { .. })).await;
        assert_eq!(world.status(world.get()).await, 200);
        assert!(world.began.elapsed() < SECOND, "nobody waited for it");
        let response = waiting.await.unwrap().unwrap();
        assert_eq!((response.status().as_u16(), world.peer.connections().len()), (200, 1));
        drop(response);
        assert!(world.began.elapsed() >= 30 * SECOND);
        world.end().await;
    });
}

#[test]
fn a_pause_ends_with_cancel_and_with_the_close_of_its_session() {
    in_virtual_time(async {
        let world = World::retrying(always(503, "retry-after: 30\r\n"));
        let request = world.request(Method::GET);
        request.send(()).await.unwrap();
        let receiving = {
            let request = request.clone();
            actix::spawn(async move { request.receive_response().await })
        };
        world.recorder.wait_for_status(request.id(), "Retrying").await;
        request.cancel();
        let error = world.recorder.failure(request.id(), receiving.await.unwrap());
        assert_eq!(error.code(), ErrorCode::OperationCancelled);

        let waiting = actix::spawn(world.get().send());
        world
            .recorder
            .wait_for(|told| matches!(told.status, Status::Retrying { .. }) && told.handle != request.id())
            .await;
        world.session.close().await.unwrap();
        assert!(patiently("the end", waiting).await.unwrap().unwrap_err().is_invalid_handle());
        assert!(world.began.elapsed() < SECOND);
        world.end().await;
    });
}

#[test]
fn a_receive_that_is_given_up_in_the_pause_goes_on_with_it_when_it_is_made_again() {
    in_virtual_time(async {
        for polls in 0..12 {
            let world = World::retrying(answers([answer(503, "retry-after: 30\r\n"), answer(200, "")]));
            let request = world.request(Method::GET);
            request.send(()).await.unwrap();
            let given_up = dropped_after(polls, request.receive_response()).await;
            let head = match given_up {
                Some(head) => head.unwrap(),
                None => request.receive_response().await.unwrap(),
            };
            assert_eq!(head.status().as_u16(), 200, "{polls} polls");
            assert_eq!((world.sent(), world.told().len()), (2, 1), "{polls} polls: neither twice nor never");
            let waited = world.began.elapsed();
            assert!(waited >= 30 * SECOND && waited <= 31 * SECOND, "{polls} polls: {waited:?}");
            assert_eq!(request.read().await.unwrap(), "ok");
            world.end().await;
        }
    });
}

#[test]
fn a_send_whose_future_is_dropped_in_the_pause_is_not_sent_again() {
    in_virtual_time(async {
        let world = World::retrying(always(503, "retry-after: 30\r\n"));
        let waiting = actix::spawn(world.get().send());
        world.recorder.wait_for(|told| matches!(told.status, Status::Retrying { .. })).await;
        waiting.abort();
        world.recorder.wait_for(|told| matches!(told.status, Status::HandleClosing)).await;
        tokio::time::sleep(60 * SECOND).await;
        assert_eq!(world.sent(), 1);
        world.end().await;
    });
}

#[test]
fn the_pause_before_the_next_request_of_a_download_is_no_part_of_that_requests_total_deadline() {
    in_virtual_time(async {
        let script = answers([answer(503, "retry-after: 30\r\n"), answer(200, "")]);
        let mut timeouts = Timeouts::default();
        timeouts.total = Some(10 * SECOND);
        let world = World::of(MemoryPeer::playing(script), Session::builder().timeouts(timeouts));
        let mut download = world.session.download(URL).unwrap().retry(policy()).stream().unwrap();
        assert_eq!(download.chunk().await.unwrap().unwrap(), "ok");
        assert_eq!(download.chunk().await.unwrap(), None);
        assert!(world.began.elapsed() >= 30 * SECOND);
        drop(download);
        world.end().await;
    });
}
