//! C.7: masks and sequence numbers.

use std::collections::{BTreeMap, BTreeSet};

use hinternet::{HandleId, Notification, NotificationMask as Mask, Session};
use integration_tests::Mailbox;
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;

use crate::story::{STATUSES, tell};

/// Every flag, with WinHTTP's name for it and its value.
const FLAGS: [(&str, Mask, u64); 27] = [
    ("RESOLVE_NAME", Mask::RESOLVE_NAME, 0x3),
    ("CONNECT_TO_SERVER", Mask::CONNECT_TO_SERVER, 0xC),
    ("SEND_REQUEST", Mask::SEND_REQUEST, 0x30),
    ("RECEIVE_RESPONSE", Mask::RECEIVE_RESPONSE, 0xC0),
    ("CLOSE_CONNECTION", Mask::CLOSE_CONNECTION, 0x300),
    ("HANDLES", Mask::HANDLES, 0xC00),
    ("DETECTING_PROXY", Mask::DETECTING_PROXY, 0x1000),
    ("REDIRECT", Mask::REDIRECT, 0x4000),
    ("INTERMEDIATE_RESPONSE", Mask::INTERMEDIATE_RESPONSE, 0x8000),
    ("SECURE_FAILURE", Mask::SECURE_FAILURE, 0x1_0000),
    ("HEADERS_AVAILABLE", Mask::HEADERS_AVAILABLE, 0x2_0000),
    ("DATA_AVAILABLE", Mask::DATA_AVAILABLE, 0x4_0000),
    ("READ_COMPLETE", Mask::READ_COMPLETE, 0x8_0000),
    ("WRITE_COMPLETE", Mask::WRITE_COMPLETE, 0x10_0000),
    ("REQUEST_ERROR", Mask::REQUEST_ERROR, 0x20_0000),
    ("SENDREQUEST_COMPLETE", Mask::SENDREQUEST_COMPLETE, 0x40_0000),
    ("GETPROXYFORURL_COMPLETE", Mask::GETPROXYFORURL_COMPLETE, 0x100_0000),
    ("CLOSE_COMPLETE", Mask::CLOSE_COMPLETE, 0x200_0000),
    ("SHUTDOWN_COMPLETE", Mask::SHUTDOWN_COMPLETE, 0x400_0000),
    ("GETPROXYSETTINGS_COMPLETE", Mask::GETPROXYSETTINGS_COMPLETE, 0x800_0000),
    ("WIRES", Mask::WIRES, 1 << 32),
    ("QUEUED", Mask::QUEUED, 1 << 33),
    ("PROGRESS", Mask::PROGRESS, 1 << 34),
    ("RETRYING", Mask::RETRYING, 1 << 35),
    ("READERS", Mask::READERS, 1 << 37),
    ("FRAMES", Mask::FRAMES, 1 << 38),
    ("HEALING", Mask::HEALING, 1 << 39),
];

type Names = BTreeMap<HandleId, Vec<&'static str>>;

fn by_handle(log: impl IntoIterator<Item = Notification>, wanted: impl Fn(&str) -> bool) -> Names {
    let mut names = Names::new();
    for one in log.into_iter().filter(|one| wanted(one.name())) {
        names.entry(one.handle).or_default().push(one.name());
    }
    names
}

#[test]
fn c7_flags_have_winhttps_values_below_and_ours_above() {
    for (name, flag, value) in FLAGS {
        assert_eq!(flag.bits(), value, "{name}");
    }
    assert_eq!(Mask::ALL_NOTIFICATIONS.bits(), 0xFFFF_FFFF);
    assert_eq!(Mask::ALL_COMPLETIONS.bits(), 0x097E_0000);
    assert_eq!(Mask::ALL_OUTCOMES.bits(), 0x0F7E_0000);
    assert_eq!(Mask::EVERYTHING.bits(), u64::MAX);
    let used: BTreeSet<u64> = STATUSES.iter().map(|(_, _, flag)| *flag).collect();
    let ours = used.iter().filter(|flag| FLAGS.iter().any(|(_, known, _)| known.bits() == **flag)).count();
    assert_eq!(ours, used.len(), "every status is asked for by one flag");
}

#[tokio::test]
async fn c7_each_flag_activates_exactly_its_statuses() {
    let recorder = Recorder::start().with_frames();
    let session = recorder.session(Session::builder().wires_per_origin(1));
    let wholes = [
        ("ALL_NOTIFICATIONS", Mask::ALL_NOTIFICATIONS, 0xFFFF_FFFF),
        ("ALL_COMPLETIONS", Mask::ALL_COMPLETIONS, 0x097E_0000),
        ("EVERYTHING", Mask::EVERYTHING, u64::MAX),
        ("none", Mask::empty(), 0),
    ];
    let streams: Vec<_> = FLAGS
        .into_iter()
        .chain(wholes)
        .map(|(name, flag, bits)| (name, bits, session.notifications(flag).unwrap()))
        .collect();
    tell(&session).await;
    session.close().await.unwrap();
    let mut logs = Vec::new();
    for (name, bits, mut stream) in streams {
        let mut log = Vec::new();
        while let Some(one) = stream.next().await {
            log.push(one.clone());
        }
        logs.push((name, bits, log));
    }
    session.closed().await;
    for (name, bits, log) in logs {
        assert_gapless(&log);
        // The recorder was there first, and has the session's `HandleCreated`.
        let asked = |status: &str| STATUSES.iter().any(|(known, _, flag)| *known == status && flag & bits != 0);
        let expected = by_handle(recorder.log().into_iter().skip(1), asked);
        assert_eq!(by_handle(log, |_| true), expected, "{name}");
    }
    recorder.finish(session).await;
}

fn assert_gapless(log: &[Notification]) {
    let mut next = BTreeMap::<HandleId, u64>::new();
    for one in log {
        let due = next.entry(one.handle).or_default();
        assert_eq!(one.sequence, *due, "{one:?}");
        *due += 1;
    }
}

#[tokio::test]
async fn c7_mask_0_keeps_the_slot_and_silences_it() {
    let origin = Origin::start(|_| Reply::ok("hello")).await;
    let recorder = Recorder::start();
    let silent = Mailbox::new();
    let session = Session::builder().subscriber(silent.subscriber(), Mask::empty()).open().unwrap();
    recorder.join(&session);
    session.get(origin.url("/").as_str()).unwrap().send().await.unwrap().bytes().await.unwrap();
    let previous = session.clear_subscriber().await.unwrap().expect("the slot was taken");
    assert_eq!(previous.mask, Mask::empty());
    recorder.finish(session).await;
    let mut silent = silent;
    drop(previous);
    assert_eq!(silent.died().await, ["Unsubscribed"], "which comes whatever the mask");
}

#[tokio::test]
async fn c7_sequences_count_per_handle_and_subscription() {
    let origin = Origin::start(|_| Reply::ok("hello")).await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let mut few = session.notifications(Mask::ALL_COMPLETIONS).unwrap();
    let mut all = session.notifications(Mask::EVERYTHING).unwrap();
    for _ in 0..2 {
        session.get(origin.url("/").as_str()).unwrap().send().await.unwrap().bytes().await.unwrap();
    }
    session.close().await.unwrap();
    for stream in [&mut few, &mut all] {
        let mut log = Vec::new();
        while let Some(one) = stream.next().await {
            log.push(one.clone());
        }
        assert_gapless(&log);
        assert!(log.iter().filter(|one| one.sequence == 0).count() >= 2, "each handle begins with 0");
    }
    recorder.finish(session).await;
}
