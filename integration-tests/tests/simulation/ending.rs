//! The end of every simulation: all is closed, and nothing is wrong, lost or left (N1-N6 by the recorder; N9, N10, P5, P8 here).

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use hinternet::{Session, Snapshot};
use integration_tests::simulation::{SimulatedPeer, Trace, World};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::verdict::{Outcomes, Witnesses};

/// What is there when the client has done all that it was told.
pub(crate) struct Last {
    pub(crate) world: World,
    pub(crate) session: Session,
    pub(crate) outcomes: Rc<RefCell<Outcomes>>,
    pub(crate) witnesses: Witnesses,
    /// Does the server hear of every connection that the client closes?
    pub(crate) tells_the_server: bool,
    /// Somebody may still wait to write, and may be waited for.
    pub(crate) blocked: bool,
    /// Nobody closes the session: its last handle is dropped (N10).
    pub(crate) drops: bool,
}

/// Closes all, and looks; `look` at what the server has seen, and at the network.
pub(crate) async fn end(
    last: Last,
    mut wrong: Vec<String>,
    look: impl FnOnce(&World) -> Vec<String>,
) -> Result<Trace, String> {
    let Last { world, session, outcomes, witnesses, tells_the_server, blocked, drops } = last;
    let id = session.id();
    if drops {
        drop(session);
        world.recorder.wait_for_closing(id).await;
    } else {
        let began = Instant::now();
        session.close().await.map_err(|error| error.to_string())?;
        let took = began.elapsed();
        wrong.extend((took > AT_ONCE).then(|| format!("N9: the session took {took:?} to close")));
        if timeout(PATIENCE, session.closed()).await.is_err() {
            wrong.push("the last words were not handled".to_owned());
        }
        drop(session);
    }
    wrong.extend(witnesses.complaints());
    if world.network.open_streams() > 0 && !(blocked && comes_true(|| world.network.open_streams() == 0).await) {
        wrong.push(format!("P8: {} streams are open", world.network.open_streams()));
    }
    if tells_the_server && !comes_true(|| world.server.iter().all(|peer| peer.open_connections().is_empty())).await {
        let open: Vec<_> = world.server.iter().map(SimulatedPeer::open_connections).collect();
        wrong.push(format!("P8: connections are open on the server's side: {open:?}"));
    }
    wrong.extend(look(&world));
    let World { engine, recorder, network, server: _, began } = world;
    let log = recorder.log();
    recorder.settle().await;
    wrong.extend(outcomes.borrow().check(&log));
    // Sessions, requests, pools and dials hold the network; when none of them is left, nobody does.
    let remains = network.remains();
    drop((engine, network));
    if !comes_true(|| remains.holders() == 0).await {
        wrong.push(format!("P8: {} still hold the network", remains.holders()));
    }
    let trace = Trace::of(&log, began);
    if wrong.is_empty() { Ok(trace) } else { Err(format!("{}\n{trace:?}", wrong.join("\n"))) }
}

/// What did not end, or panicked.
pub(crate) async fn all_end<T>(tasks: impl IntoIterator<Item = JoinHandle<T>>, what: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for task in tasks {
        match timeout(PATIENCE, task).await {
            Ok(Err(ended)) if ended.is_panic() => wrong.push(ended.to_string()),
            Ok(_) => {}
            Err(_) => wrong.push(format!("{what} did not end")),
        }
    }
    wrong
}

/// When no handle is left but the session's, a look at it shows wires at most, and nobody who uses or awaits one (P8).
pub(crate) async fn nothing_under_way(session: &Session) -> Result<(), String> {
    if !session.is_open() {
        return Ok(());
    }
    let idle = async {
        while is_busy(&session.snapshot().await) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    match timeout(PATIENCE, idle).await {
        Ok(()) => Ok(()),
        Err(_) => Err(format!("P8: something is left: {:#?}", session.snapshot().await)),
    }
}

fn is_busy(snapshot: &Snapshot) -> bool {
    let Snapshot { connections, origins, governors, requests, .. } = snapshot;
    !connections.is_empty()
        || !requests.is_empty()
        || governors.iter().any(|governor| governor.under_way + governor.waiting > 0)
        || origins.iter().any(|origin| {
            let used = |wire: &hinternet::WireSnapshot| {
                wire.open_streams > 0 || wire.http2.as_ref().is_some_and(|http2| http2.unread > 0)
            };
            origin.waiting + origin.dialing > 0 || origin.wires.iter().any(used)
        })
}

/// Does it come true?
pub(crate) async fn comes_true(is_true: impl Fn() -> bool) -> bool {
    let wait = async {
        while !is_true() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, wait).await.is_ok()
}

/// In the simulation's time: longer than any call may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);
/// Within which a close ends, whatever the peer does.
const AT_ONCE: Duration = Duration::from_millis(100);
