//! The same seed tells the same story, notification for notification: twice here, and in a process of its own. A seed that failed is
//! of use only if it fails again.
//!
//! The other process is this very program once more.

use std::process::Command;

use crate::suite::Simulated;
use crate::{http2, plan, websocket};

const ROLE: &str = "HINTERNET_TEST_TELLS_STORIES";
const OTHER_PROCESS: &str = "again::the_process_that_tells_them_too";
const BEGINS: &str = "the story of seed ";
const ENDS: &str = "the end of all stories";

/// Twenty of each simulation, and some in which what is sent again waits by chance.
fn stories() -> Vec<String> {
    let retried = (0..30).map(|n| 4 * n + 3);
    let http1 = (0..20).chain(retried).map(story::<plan::Plan>);
    http1.chain((0..20).map(story::<http2::Plan>)).chain((0..20).map(story::<websocket::Plan>)).collect()
}

fn story<P: Simulated>(seed: u64) -> String {
    let trace = P::of(seed).run().unwrap_or_else(|failure| panic!("seed {seed} of {}: {failure}", P::NAME));
    format!("{BEGINS}{seed} of {}\n{trace:?}", P::NAME)
}

/// Where nobody has given it the role it has nothing to do.
#[test]
fn the_process_that_tells_them_too() {
    if std::env::var_os(ROLE).is_some() {
        // A line of its own: the test runner may have begun one.
        println!("\n{}{ENDS}", stories().concat());
    }
}

fn stories_of_another_process() -> Vec<String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.args(["--exact", OTHER_PROCESS, "--nocapture"]).env(ROLE, "tells").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    let (told, _) = said.split_once(ENDS).expect("it tells all of them");
    told.split(BEGINS).skip(1).map(|story| format!("{BEGINS}{story}")).collect()
}

#[test]
fn the_same_seed_is_the_same_run_here_and_in_another_process() {
    let stories = stories();
    let has = |what: &str| stories.iter().filter(|story| story.contains(what)).count();
    assert!(has("HandleClosing") == stories.len() && has("Retrying(") > 4, "{} retried", has("Retrying("));
    for (whose, others) in [("here", self::stories()), ("in another process", stories_of_another_process())] {
        assert_eq!(stories.len(), others.len());
        for (story, other) in stories.iter().zip(&others) {
            assert!(story == other, "{story}\nis {whose}\n{other}");
        }
    }
}
