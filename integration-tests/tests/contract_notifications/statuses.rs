//! C.1 and C.2: what a notification carries, and every status with its name, number and payload.

use std::collections::BTreeSet;

use hinternet::{ErrorCode, HandleId, HandleKind, Notification, Operation, Session, Status, StatusCode};
use integration_tests::recorder::Recorder;

use crate::story::{ANSWER, EARLY, STATUSES, Told, tell};

/// The story as the recorder has it.
async fn recorded() -> (Vec<Notification>, Told) {
    let recorder = Recorder::start().with_frames();
    let session = recorder.session(Session::builder().wires_per_origin(1));
    let told = tell(&session).await;
    session.close().await.unwrap();
    session.closed().await;
    let log = recorder.log();
    recorder.finish(session).await;
    (log, told)
}

/// The statuses of one handle that this picks, in order.
fn pick<T>(log: &[Notification], handle: HandleId, pick: impl Fn(&Status) -> Option<T>) -> Vec<T> {
    log.iter().filter(|one| one.handle == handle).filter_map(|one| pick(&one.status)).collect()
}

#[tokio::test]
async fn c1_a_notification_names_handle_kind_parent_context_and_time() {
    let (log, told) = recorded().await;
    for one in &log {
        let (kind, parent) = match one.handle {
            handle if handle == told.session => (HandleKind::Session, None),
            handle if handle == told.connection => (HandleKind::Connection, Some(told.session)),
            handle if [told.upload, told.retried, told.queued].contains(&handle) => {
                (HandleKind::Request, Some(told.connection))
            }
            handle if handle == told.websocket => (HandleKind::WebSocket, Some(told.session)),
            _ => continue,
        };
        assert_eq!((one.kind, one.parent), (kind, parent), "{one:?}");
        let context = match one.handle {
            handle if handle == told.upload && one.name() != "HandleCreated" => 7,
            // N-42: from the first.
            handle if handle == told.websocket => 8,
            _ => 0,
        };
        assert_eq!(one.context, context, "{one:?}");
    }
    for handle in [told.session, told.connection, told.upload, told.retried, told.queued, told.refused] {
        let of: Vec<_> = log.iter().filter(|one| one.handle == handle).collect();
        assert!(of.windows(2).all(|pair| pair[0].at <= pair[1].at && pair[0].sequence + 1 == pair[1].sequence));
    }
}

#[tokio::test]
async fn c1_a_completion_names_its_operation_and_its_result() {
    let (log, told) = recorded().await;
    let completions = |handle| {
        let of = log.iter().filter(|one| one.handle == handle).filter_map(Notification::completion);
        of.map(|done| (done.operation, done.result.map_err(|error| error.code()))).collect::<Vec<_>>()
    };
    let upload = [
        (Operation::Send, Ok(0)),
        (Operation::Write, Ok(9)),
        (Operation::Receive, Ok(0)),
        (Operation::QueryDataAvailable, Ok(5)),
        (Operation::Read, Ok(5)),
        (Operation::QueryDataAvailable, Ok(0)),
    ];
    assert_eq!(completions(told.upload), upload);
    let websocket = [
        (Operation::WebSocketSend, Ok(5)),
        (Operation::WebSocketReceive, Ok(5)),
        (Operation::WebSocketShutdown, Ok(0)),
        (Operation::WebSocketReceive, Ok(0)),
        (Operation::WebSocketClose, Ok(0)),
    ];
    assert_eq!(completions(told.websocket), websocket);
    assert_eq!(completions(told.refused), [(Operation::Send, Err(ErrorCode::CannotConnect))]);
    for one in log.iter().filter(|one| one.completion().is_none()) {
        let completing = ["Complete", "Available", "Error"].iter().any(|word| one.name().contains(word));
        assert!(!completing, "{one:?} completes nothing");
    }
}

#[tokio::test]
async fn c2_every_status_has_its_name_number_and_flag() {
    let (log, _) = recorded().await;
    let mut seen = BTreeSet::new();
    for one in &log {
        let (name, code, flag) = *STATUSES.iter().find(|(name, ..)| *name == one.name()).expect("a known status");
        assert_eq!((one.status.code(), one.status.mask().map(|mask| mask.bits())), (code, Some(flag)), "{name}");
        seen.insert(name);
    }
    let all: BTreeSet<_> = STATUSES.iter().map(|(name, ..)| *name).collect();
    assert_eq!(seen, all, "the story tells of every status");
}

#[tokio::test]
async fn c2_the_dial_carries_host_addresses_and_address() {
    let (log, told) = recorded().await;
    let address = told.peer.address();
    let hosts = pick(&log, told.upload, |status| match status {
        Status::ResolvingName(host) => Some(host.clone()),
        _ => None,
    });
    assert_eq!(hosts, ["127.0.0.1"]);
    let addresses = pick(&log, told.upload, |status| match status {
        Status::NameResolved(addresses) => Some(addresses.clone()),
        Status::ConnectingToServer(address) | Status::ConnectedToServer(address) => Some(vec![*address]),
        _ => None,
    });
    assert_eq!(addresses, [[address], [address], [address]]);
    let ended = pick(&log, told.refused, |status| match status {
        Status::ConnectAttemptEnded(address, reason) => Some((*address, !reason.is_empty())),
        _ => None,
    });
    assert_eq!(ended, [(told.nobody.address(), true)]);
}

#[tokio::test]
async fn c2_the_request_carries_its_octets() {
    let (log, told) = recorded().await;
    let requests = told.peer.requests();
    let sent =
        |handle| pick(&log, handle, |status| if let Status::RequestSent(sent) = status { Some(*sent) } else { None });
    assert_eq!(sent(told.upload), [requests[0].head.len() as u64], "chunked: the head alone");
    assert_eq!(sent(told.queued), [requests[3].head.len() as u64]);
    let progress = pick(&log, told.upload, |status| match status {
        Status::UploadProgress { sent, total, .. } => Some((*sent, *total)),
        Status::WriteComplete(written) => Some((*written, None)),
        _ => None,
    });
    assert_eq!(progress, [(9, None), (9, None)]);
}

#[tokio::test]
async fn c2_the_response_carries_its_octets() {
    let (log, told) = recorded().await;
    let interims = pick(&log, told.upload, |status| match status {
        Status::IntermediateResponse(status, fields) => Some((*status, fields["link"].clone())),
        _ => None,
    });
    assert_eq!(interims, [(StatusCode::EARLY_HINTS, "</a>".parse().unwrap())]);
    let received = pick(&log, told.upload, |status| match status {
        Status::ResponseReceived(octets) => Some(*octets),
        _ => None,
    });
    assert!(received.iter().all(|octets| *octets <= (EARLY.len() + ANSWER.len()) as u64), "{received:?}");
    let body = pick(&log, told.upload, |status| match status {
        Status::DataAvailable(octets) | Status::ReadComplete(octets) => Some((*octets, None)),
        Status::DownloadProgress { received, total, .. } => Some((*received, *total)),
        _ => None,
    });
    assert_eq!(body, [(5, None), (5, Some(5)), (5, None), (0, None)]);
}

#[tokio::test]
async fn c2_waiting_and_wires_are_told_with_place_and_name() {
    let (log, told) = recorded().await;
    let acquired = |handle| {
        pick(&log, handle, |status| match status {
            Status::WireAcquired { wire, reused, .. } => Some((*wire, *reused)),
            _ => None,
        })
    };
    let released = pick(&log, told.upload, |status| match status {
        Status::WireReleased { wire } => Some(*wire),
        _ => None,
    });
    let first = acquired(told.upload)[0];
    assert_eq!((first.1, released), (false, vec![first.0]));
    let retried = acquired(told.retried);
    assert_eq!(retried[0], (first.0, true), "the idle wire");
    assert!(retried[1].0 != first.0 && !retried[1].1, "a fresh one");
    let places = pick(&log, told.queued, |status| match status {
        Status::Queued { position } => Some(*position),
        _ => None,
    });
    assert_eq!(places, [1]);
    let retries = pick(&log, told.retried, |status| match status {
        Status::Retrying { attempt, error, .. } => Some((*attempt, error.code())),
        _ => None,
    });
    assert_eq!(retries, [(2, ErrorCode::ConnectionError)]);
}

#[tokio::test]
async fn c2_what_begins_ends() {
    // The recorder checks every pair of every test; here one of each kind is seen.
    let (log, told) = recorded().await;
    for (handle, began, ended) in [
        (told.upload, "ResolvingName", "NameResolved"),
        (told.upload, "ConnectingToServer", "ConnectedToServer"),
        (told.refused, "ConnectingToServer", "ConnectAttemptEnded"),
        (told.upload, "SendingRequest", "RequestSent"),
        (told.upload, "ReceivingResponse", "ResponseReceived"),
        (told.retried, "ClosingConnection", "ConnectionClosed"),
    ] {
        let count = |name| log.iter().filter(|one| one.handle == handle && one.name() == name).count();
        assert!(count(began) > 0 && count(began) == count(ended), "{began} and {ended}");
    }
}
