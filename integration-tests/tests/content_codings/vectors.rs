//! The cases `enc/*` of `hostile-h1`, with the outcome of each pinned.

use std::path::PathBuf;

use hinternet::{ErrorCode, RequestOptions, Session};
use integration_tests::patiently;
use integration_tests::scene::Scene;
use integration_tests::scripted_peer::{Script, ScriptedPeer};

/// What each of them comes to.
const OUTCOMES: [(&str, Result<&[u8], ErrorCode>); 8] = [
    ("enc/gzip-10M", Err(ErrorCode::BodyTooLarge)),
    ("enc/gzip-bad", Err(ErrorCode::InvalidServerResponse)),
    ("enc/gzip-trunc", Err(ErrorCode::InvalidServerResponse)),
    ("enc/gzip-crc", Err(ErrorCode::InvalidServerResponse)),
    ("enc/deflate-raw", Ok(b"hello")),
    ("enc/chain-6", Err(ErrorCode::InvalidServerResponse)),
    // With its length there are more fields than a head may have.
    ("enc/chain-hdrs", Err(ErrorCode::HeaderCountExceeded)),
    ("enc/unknown", Ok(b"hello")),
];

fn vectors() -> Option<Vec<serde_json::Value>> {
    let folder = std::env::var_os("HINTERNET_VECTORS").map(PathBuf::from)?;
    let octets = std::fs::read(folder.join("hostile-h1/cases.json")).expect("the vectors can be read");
    let all: serde_json::Value = serde_json::from_slice(&octets).expect("the vectors are JSON");
    let all = all.as_array().or_else(|| all["cases"].as_array()).cloned().expect("a list of cases");
    Some(all)
}

fn unhex(text: &str) -> Vec<u8> {
    let octet = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hex");
    (0..text.len()).step_by(2).map(octet).collect()
}

fn script(case: &serde_json::Value) -> Script {
    case["steps"].as_array().unwrap().iter().fold(Script::new().read_request(), |script, step| {
        match (step["send"].as_str(), step["repeat"].as_str()) {
            (Some(octets), _) => script.send(unhex(octets)),
            (_, Some(octets)) => script.repeat(unhex(octets), step["n"].as_u64().unwrap() as usize),
            _ => panic!("unknown step {step}"),
        }
    })
}

#[tokio::test]
async fn hostile_h1_enc() {
    let Some(cases) = vectors() else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "HINTERNET_VECTORS is not set");
        return println!("8 cases were not run: HINTERNET_VECTORS is not set");
    };
    let cases: Vec<_> = cases.iter().filter(|case| case["id"].as_str().unwrap().starts_with("enc/")).collect();
    assert_eq!(cases.len(), OUTCOMES.len());
    for (case, (id, outcome)) in cases.iter().zip(OUTCOMES) {
        assert_eq!(case["id"], id);
        let mut options = RequestOptions::default();
        // The note of the first one.
        options.limits.decoded_body = Some(1024 * 1024);
        let scene =
            Scene::of(ScriptedPeer::always(script(case).keep()).await, Session::builder().request_options(options));
        let read = async { scene.session.get(scene.peer.url("/"))?.send().await?.bytes().await };
        let read = patiently("an outcome", read).await;
        assert_eq!(read.as_deref().map_err(hinternet::Error::code), outcome, "{id}: {read:?}");
        scene.end().await;
    }
}
