//! The notification sequences of WinHTTP: recorded ones, played call for call on our API, and asserted ones.
//!
//! The recordings are not part of this repository. They are looked for in the folder `HINTERNET_GOLDEN`, else beside the
//! folder of the vectors (`HINTERNET_VECTORS`). Without them nothing is compared, which under `CI=true` is a failure.

mod asserted;
mod compare;
mod differences;
mod play;
mod trace;
mod world;

use std::path::PathBuf;

/// Reads one of the recordings.
fn recording(file: &str, scenarios: usize) -> Option<String> {
    let beside_vectors =
        || std::env::var_os("HINTERNET_VECTORS").map(|vectors| PathBuf::from(vectors).join("../golden"));
    let folder = std::env::var_os("HINTERNET_GOLDEN").map(PathBuf::from).or_else(beside_vectors);
    let text = folder.and_then(|folder| std::fs::read_to_string(folder.join(file)).ok());
    if text.is_none() {
        println!("golden not found: 0 of {scenarios} run");
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{file} must be there under CI");
    }
    text
}

#[tokio::test]
async fn c9_recorded_sequences_are_ours_but_for_the_listed_differences() {
    let Some(text) = recording("traces.md", differences::SCENARIOS.len()) else { return };
    let scenarios = trace::read(&text);
    let mut failures = Vec::new();
    for name in differences::SCENARIOS {
        let scenario = scenarios.get(*name).unwrap_or_else(|| panic!("the recording has no {name}"));
        println!("playing {name}");
        let recorded = compare::recorded(name, scenario);
        let (ours, mismatches) = play::play(name, scenario).await;
        if ours != recorded || !mismatches.is_empty() {
            failures.push(format!("{name}:\n recorded {recorded:#?}\n ours {ours:#?}\n {mismatches:#?}"));
        }
    }
    println!("{} passed, {} failed, 0 skipped", differences::SCENARIOS.len() - failures.len(), failures.len());
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn every_listed_difference_belongs_to_a_scenario_that_is_played() {
    for (name, _, reason) in differences::DIFFERENCES {
        assert!(differences::SCENARIOS.contains(name), "{name}");
        assert!(!reason.is_empty());
    }
}
