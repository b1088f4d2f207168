//! The simulated network carries octets, resets and refuses, and its time costs none.

use std::time::Duration;

use hinternet::{ErrorCode, Timeouts};

use super::*;
use crate::scripted_peer::Script;

const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

/// What a GET on this port ends with.
fn get(simulation: Simulation, port: u16) -> Result<(Result<String, ErrorCode>, Duration), String> {
    simulation.run(async move |world| {
        let timeouts = Timeouts::all(Duration::from_secs(2));
        let session = world.session(|builder| builder.timeouts(timeouts));
        let text = async { session.get(world.url(port, "/"))?.send().await?.text().await };
        let text = text.await.map_err(|error| error.code());
        let elapsed = world.elapsed();
        world.recorder.finish(session).await;
        assert_eq!(world.network.open_streams(), 0);
        (text, elapsed)
    })
}

#[test]
fn a_script_is_played() {
    let (text, elapsed) = get(Simulation::seeded(1).roughness(50).peer(80, |_| Script::answering(ANSWER)), 80).unwrap();
    assert_eq!(text.unwrap(), "hello");
    assert!(elapsed < Duration::from_secs(1));
}

#[test]
fn a_reset_is_a_reset() {
    let script = Script::new().read_exactly(1).send(&ANSWER[..20]).reset();
    let (text, _) = get(Simulation::seeded(1).peer(80, move |_| script.clone()), 80).unwrap();
    assert_eq!(text.unwrap_err(), ErrorCode::ConnectionError);
}

#[test]
fn where_nobody_listens_nobody_answers() {
    assert_eq!(get(Simulation::seeded(1), 80).unwrap().0.unwrap_err(), ErrorCode::CannotConnect);
}

#[test]
fn silence_is_timed_in_the_time_of_the_simulation() {
    let (text, elapsed) = get(Simulation::seeded(1).peer(80, |_| Script::new().keep()), 80).unwrap();
    assert_eq!(text.unwrap_err(), ErrorCode::Timeout);
    assert!(elapsed >= Duration::from_secs(2));
}

#[test]
fn what_a_client_panics_with_is_told() {
    let failed = Simulation::seeded(1).run(async |world| {
        world.recorder.settle().await;
        panic!("as it was told");
    });
    assert!(failed.unwrap_err().contains("as it was told"));
}
