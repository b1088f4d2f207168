//! What follows an exchange of a lane stays in that lane: its wire rests there.

use hinternet::{AuthSchemes, AuthTarget, Credentials, Method};
use integration_tests::scene::read_all;
use integration_tests::{patiently, poll_once};

use super::{Call, World, all, lanes};

/// Begins a request in the second lane that is answered when the first one is idle again, and looks for wires there.
async fn in_the_second_lane<'a>(world: &'a World, begin: impl FnOnce() -> Call<'a>) -> String {
    let home = world.home().await;
    let holding = world.hold_up(home).await;
    let piled = world.pile("/").await;
    let before = world.server.log().len();
    let mut call = begin();
    assert!(poll_once(call.as_mut()).await.is_none(), "nothing is answered at once");
    tokio::select! {
        _answer = &mut call => panic!("it is held"),
        () = world.server.wait_for_requests(before + 1) => {}
    }
    world.dialer.release();
    all(piled.into_iter().chain([holding])).await;
    world.gates[0].open();
    patiently("an answer", call).await
}

/// The wires that a path was asked by.
fn wires(world: &World, path: &str) -> Vec<u64> {
    world.server.log().iter().filter(|visit| visit.target == path).map(|visit| visit.connection).collect()
}

#[tokio::test]
async fn a_redirect_to_the_same_origin_stays_in_its_lane() {
    let world = World::new(2, lanes(2, 16)).await;
    let answer = in_the_second_lane(&world, || Box::pin(world.get("/moved/0"))).await;
    assert_eq!(answer, "hello");
    assert_eq!(wires(&world, "/there"), wires(&world, "/moved/0"));
    assert_eq!(world.dialer.threads().len(), 2);
    world.end().await;
}

#[tokio::test]
async fn a_websocket_handshake_after_a_401_is_a_handshake_again_in_its_lane() {
    let world = World::new(2, lanes(2, 16)).await;
    let connection = world.session.connect(&world.origin()).unwrap();
    let request = connection.open_request(Method::GET, "/closed/0").unwrap();
    request.upgrade_to_websocket().unwrap();
    // By challenge alone, and not with the first exchange.
    let schemes = AuthSchemes::BASIC | AuthSchemes::DIGEST;
    request.set_credentials(AuthTarget::Server, schemes, Credentials::new("user", "password")).unwrap();
    let options = {
        let mut options = request.options();
        options.authentication.cleartext = true;
        options
    };
    request.set_options(options).unwrap();
    let asked = async {
        request.send(()).await.unwrap();
        let head = request.receive_response().await.unwrap();
        assert_eq!(head.status(), 200);
        String::from_utf8(read_all(&request).await.unwrap()).unwrap()
    };
    let answer = in_the_second_lane(&world, || Box::pin(asked)).await;
    assert_eq!(answer, "handshake");
    let wires = wires(&world, "/closed/0");
    assert_eq!((wires.len(), wires[0]), (2, wires[1]));
    drop((request, connection));
    world.end().await;
}
