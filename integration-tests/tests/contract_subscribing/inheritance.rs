//! C.4: what a child copies at its creation, and that nothing reaches it later.

use std::time::Duration;

use hinternet::{HeaderMap, Method, Notification, NotificationMask as Mask, Session};
use integration_tests::Mailbox;
use integration_tests::recorder::Recorder;

use crate::{hello, watched};

#[tokio::test]
async fn c4_a_request_copies_slot_and_mask_of_its_connection_also_when_the_session_changed_since() {
    let (recorder, session) = watched();
    let (mut old, new) = (Mailbox::new(), Mailbox::new());
    session.set_subscriber(old.subscriber(), Mask::HANDLES).await.unwrap();
    let connection = session.connect("http://127.0.0.1:1").unwrap();
    drop(session.set_subscriber(new.subscriber(), Mask::EVERYTHING).await.unwrap());
    let request = connection.open_request(Method::GET, "/").unwrap();
    let mut created = Vec::new();
    while created.last() != Some(&request.id()) {
        let told = old.next().await;
        created.extend((told.name() == "HandleCreated").then_some(told.handle));
    }
    assert_eq!(created, [connection.id(), request.id()]);
    drop((request, connection, old, new));
    recorder.finish(session).await;
}

#[tokio::test]
async fn c4_a_paved_request_copies_from_the_session_at_that_moment() {
    let origin = hello().await;
    let (recorder, session) = watched();
    let (mut old, mut new) = (Mailbox::new(), Mailbox::new());
    session.set_subscriber(old.subscriber(), Mask::HANDLES).await.unwrap();
    let connection = session.connect(&origin.origin()).unwrap();
    drop(session.set_subscriber(new.subscriber(), Mask::HANDLES).await.unwrap());
    let response = session.get(origin.url("/").as_str()).unwrap().send().await.unwrap();
    let told = new.next().await;
    assert_eq!((told.handle, told.parent), (response.handle().id(), Some(session.id())));
    drop((told, response, connection));
    assert!(!old.until("HandleClosing").await.is_empty());
    // Its connection is implicit: two handles were made in all, and no other.
    let made = recorder.log().iter().filter(|one| one.name() == "HandleCreated").count();
    assert_eq!(made, 2);
    drop((old, new));
    recorder.finish(session).await;
}

#[tokio::test]
async fn c4_added_subscribers_and_streams_are_copied_and_later_ones_reach_no_child() {
    let (recorder, session) = watched();
    let mut before = session.notifications(Mask::HANDLES).unwrap();
    let connection = session.connect("http://127.0.0.1:1").unwrap();
    let mut after = session.notifications(Mask::HANDLES).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    let (session_id, connection_id, request_id) = (session.id(), connection.id(), request.id());
    session.close().await.unwrap();
    let closed = async |stream: &mut hinternet::Notifications| {
        let mut handles = Vec::new();
        while let Some(one) = stream.next().await {
            handles.extend((one.name() == "HandleClosing").then_some(one.handle));
        }
        handles
    };
    assert_eq!(closed(&mut before).await, [request_id, connection_id, session_id]);
    assert_eq!(closed(&mut after).await, [session_id]);
    drop((request, connection));
    recorder.finish(session).await;
}

#[tokio::test]
async fn c4_contexts_are_copied_and_later_changes_reach_no_child() {
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder().context(1));
    let connection = session.connect("http://127.0.0.1:1").unwrap();
    session.set_context(2).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    let second = session.connect("http://127.0.0.1:1").unwrap().context(3);
    let of_second = second.open_request(Method::GET, "/").unwrap();
    use hinternet::Handle;
    let contexts = [session.context(), Handle::context(&connection), Handle::context(&request)];
    assert_eq!(contexts, [2, 1, 1]);
    assert_eq!((Handle::context(&second), Handle::context(&of_second)), (3, 3));
    let told = recorder.wait_for(|one| one.handle == of_second.id()).await;
    assert_eq!(told.context, 3, "from the first notification on");
    drop((request, of_second, connection, second));
    recorder.finish(session).await;
}

#[tokio::test]
async fn c4_options_are_copied_and_later_changes_reach_no_child() {
    let (recorder, session) = watched();
    let waits = |seconds| {
        let mut options = session.options();
        options.timeouts.receive = Some(Duration::from_secs(seconds));
        options
    };
    let receive = |options: hinternet::RequestOptions| options.timeouts.receive.unwrap().as_secs();
    session.set_options(waits(1)).unwrap();
    let connection = session.connect("http://127.0.0.1:1").unwrap();
    session.set_options(waits(2)).unwrap();
    let request = connection.open_request(Method::GET, "/").unwrap();
    assert_eq!(receive(request.options()), 1);
    request.set_options(waits(3)).unwrap();
    assert_eq!(receive(connection.open_request(Method::GET, "/").unwrap().options()), 1);
    assert_eq!((receive(request.options()), receive(session.options())), (3, 2));
    drop((request, connection));
    recorder.finish(session).await;
}

#[tokio::test]
async fn c4_the_context_of_send_with_replaces_the_stored_one_unless_it_is_0() {
    let origin = hello().await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let connection = session.connect(&origin.origin()).unwrap();
    for (given, expected) in [(9, 9), (0, 5)] {
        let request = connection.open_request(Method::GET, "/").unwrap().context(5);
        request.send_with(HeaderMap::new(), (), given).await.unwrap();
        let sent = recorder.wait_for_status(request.id(), "SendRequestComplete").await;
        assert_eq!(sent.context, expected);
        let of = recorder.of(request.id());
        let told: Vec<_> = of.iter().skip(1).map(|one: &Notification| one.context).collect();
        assert!(told.iter().all(|context| *context == expected), "{told:?}");
    }
    drop(connection);
    recorder.finish(session).await;
}
