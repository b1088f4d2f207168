//! No socket leaks, wherever a story is cut off (P8). The only test of its process: it counts all of that one's sockets.

use hinternet::{Engine, Session};
use integration_tests::scene::Scene;
use integration_tests::scripted_peer::ScriptedPeer;
use integration_tests::story::{audience, story};
use integration_tests::{Trap, Whence, patiently};

/// How many sockets this process has open.
fn sockets() -> usize {
    let descriptors = std::fs::read_dir("/proc/self/fd").expect("the system shows open descriptors");
    let is_socket = |entry: std::io::Result<std::fs::DirEntry>| {
        let target = entry.ok().and_then(|entry| std::fs::read_link(entry.path()).ok());
        target.is_some_and(|target| target.to_string_lossy().starts_with("socket:"))
    };
    descriptors.map(is_socket).filter(|is_socket| *is_socket).count()
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "needs /proc/self/fd")]
async fn p8_a_story_cut_off_at_any_notification_leaves_no_socket_open() {
    // The engine's own sockets stay as long as the process.
    let _engine = Engine::global().unwrap();
    let before = sockets();
    for k in 0..100 {
        let peer = ScriptedPeer::always(audience()).await;
        let scene = Scene::of(peer, Session::builder());
        let trap = Trap::at(k, &scene.session, Whence::Outside, |session, _| drop(session.close()));
        let _cut_off = patiently("the story to end", story(&scene.session, &scene.peer)).await;
        trap.disarm().await;
        scene.end().await;
        // The peer's ends are closed by tasks of their own.
        let all_closed = async {
            while sockets() > before {
                tokio::task::yield_now().await;
            }
        };
        patiently(&format!("all sockets to close, at {k}"), all_closed).await;
    }
}
