//! C.3, B.4: subscribers that act from inside their handler, and actors that drive a request by messages.

use std::sync::{Arc, OnceLock};

use actix::{Actor, Context, Handler};
use hinternet::messages::{
    Amount, CloseHandle, Connect, OpenRequest, QueryDataAvailable, ReadData, ReceiveResponse, SendRequest, WriteData,
};
use hinternet::{
    AnyHandle, ErrorCode, HandleId, Method, Notification, NotificationMask as Mask, Payload, Session, Status,
};
use integration_tests::Gate;
use integration_tests::origin::Origin;
use integration_tests::recorder::Recorder;

use crate::{hello, watched};

/// A session on which this acts for every notification, from inside the subscriber's handler.
async fn acted_on(mut act: impl FnMut(&Session, Notification) + Send + Unpin + 'static) -> (Recorder, Session) {
    let (recorder, session) = watched();
    let acts_on = session.clone();
    let subscriber = hinternet::subscriber(move |one| act(&acts_on, one));
    session.set_subscriber(subscriber, Mask::EVERYTHING).await.unwrap();
    (recorder, session)
}

fn request(session: &Session, id: HandleId) -> Option<hinternet::Request> {
    match session.handle(id) {
        Some(AnyHandle::Request(request)) => Some(request),
        _ => None,
    }
}

#[tokio::test]
async fn c3_a_subscriber_may_close_the_handle_a_notification_names() {
    let origin = hello().await;
    let (recorder, session) = acted_on(|session, one| {
        if matches!(one.status, Status::SendRequestComplete)
            && let Some(request) = request(session, one.handle)
        {
            // The end begins with the call; what it would wait for is not ours to wait for here.
            drop(request.close());
        }
    })
    .await;
    let request = session.connect(&origin.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    request.send(()).await.unwrap();
    recorder.wait_for_closing(request.id()).await;
    let error = request.receive_response().await.unwrap_err();
    assert!(matches!(error.code(), ErrorCode::InvalidHandle | ErrorCode::OperationCancelled), "{error}");
    recorder.finish(session).await;
}

#[tokio::test]
async fn c3_a_subscriber_may_close_the_whole_session() {
    let origin = hello().await;
    let (recorder, session) = acted_on(|session, one| {
        if matches!(one.status, Status::SendingRequest) {
            drop(session.close());
        }
    })
    .await;
    let request = session.connect(&origin.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    let ended = async {
        request.send(()).await?;
        request.receive_response().await?;
        request.read_exact(6).await
    };
    if let Err(error) = ended.await {
        assert_eq!(error.code(), ErrorCode::InvalidHandle);
    }
    session.closed().await;
    recorder.finish(session).await;
}

#[tokio::test]
async fn c3_a_handle_is_found_by_the_id_a_notification_names_until_it_closes() {
    let origin = hello().await;
    let (found, lost) = (Gate::new(), Gate::new());
    let (finds, loses) = (found.clone(), lost.clone());
    let (recorder, session) = acted_on(move |session, one| match one.status {
        Status::HandleCreated(id) => {
            let any = session.handle(id).expect("a new handle is found");
            assert_eq!(hinternet::Handle::id(&any), one.handle);
            finds.open();
        }
        Status::HandleClosing if session.handle(one.handle).is_none() => loses.open(),
        _ => {}
    })
    .await;
    let connection = session.connect(&origin.origin()).unwrap();
    found.passed().await;
    connection.close().await.unwrap();
    lost.passed().await;
    recorder.finish(session).await;
}

#[tokio::test]
async fn c3_a_subscriber_may_drive_a_request_by_messages_with_only_notifications() {
    let origin = hello().await;
    let done = Gate::new();
    let finished = done.clone();
    let (recorder, session) = acted_on(move |session, one| {
        let Some(request) = request(session, one.handle) else { return };
        let actor = request.addr();
        match one.status {
            Status::HandleCreated(_) => actor.do_send(SendRequest::new(())),
            Status::SendRequestComplete => actor.do_send(ReceiveResponse::default()),
            Status::HeadersAvailable | Status::ReadComplete(1..) => actor.do_send(QueryDataAvailable::default()),
            Status::DataAvailable(0) => finished.open(),
            Status::DataAvailable(_) => actor.do_send(ReadData::new(Amount::Available)),
            _ => {}
        }
    })
    .await;
    let request = session.connect(&origin.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    done.passed().await;
    assert_eq!(request.head().unwrap().status(), 200);
    // The subscriber in the slot is told first.
    recorder.wait_for(|one| one.handle == request.id() && matches!(one.status, Status::DataAvailable(0))).await;
    let completions = recorder.of(request.id()).iter().filter_map(Notification::completion).count();
    assert_eq!(completions, 5, "send, receive, query, read, query");
    assert_eq!(origin.log().len(), 1);
    recorder.finish(session).await;
}

#[tokio::test]
async fn n31_n32_a_body_is_written_and_the_response_received_from_inside_the_subscriber() {
    let origin = hello().await;
    let done = Gate::new();
    let finished = done.clone();
    let mut left = ["a", "b", "c"].into_iter();
    let (recorder, session) = acted_on(move |session, one| {
        let Some(request) = request(session, one.handle) else { return };
        let actor = request.addr();
        match one.status {
            Status::HandleCreated(_) => actor.do_send(SendRequest::new(Payload::begin("", 3))),
            Status::SendRequestComplete | Status::WriteComplete(_) => match left.next() {
                Some(piece) => actor.do_send(WriteData::new(piece)),
                None => actor.do_send(ReceiveResponse::default()),
            },
            Status::HeadersAvailable => finished.open(),
            _ => {}
        }
    })
    .await;
    let request = session.connect(&origin.origin()).unwrap().open_request(Method::POST, "/").unwrap();
    done.passed().await;
    recorder.wait_for_status(request.id(), "HeadersAvailable").await;
    let names = recorder.winhttp_names(request.id());
    let sent = names.iter().position(|name| *name == "SendRequestComplete").unwrap();
    let expected = ["SendRequestComplete", "WriteComplete", "WriteComplete", "WriteComplete", "ReceivingResponse"];
    assert_eq!(names[sent..sent + 5], expected);
    assert_eq!(origin.log()[0].body_octets, 3);
    recorder.finish(session).await;
}

/// An actor that does the whole of it by messages, and answers with what came.
struct Caller(Session);

#[derive(actix::Message)]
#[rtype(result = "hinternet::Result<(u16, Vec<u8>)>")]
struct Post(String, &'static str);

impl Actor for Caller {
    type Context = Context<Self>;
}

impl Handler<Post> for Caller {
    type Result = actix::ResponseFuture<hinternet::Result<(u16, Vec<u8>)>>;

    fn handle(&mut self, Post(origin, body): Post, _: &mut Context<Self>) -> Self::Result {
        let session = self.0.addr();
        Box::pin(async move {
            let gone = "the actor lives as long as its handle";
            let connection = session.send(Connect { origin }).await.expect(gone)?;
            let opened = connection.addr().send(OpenRequest { method: Method::POST, path: "/".to_owned() });
            let request = opened.await.expect(gone)?;
            let actor = request.addr();
            actor.send(SendRequest::new(Payload::begin("", body.len() as u64))).await.expect(gone)?;
            actor.send(WriteData::new(body)).await.expect(gone)?;
            let head = actor.send(ReceiveResponse::default()).await.expect(gone)?;
            let mut whole = Vec::new();
            loop {
                let piece = actor.send(ReadData::new(Amount::AtMost(3))).await.expect(gone)?;
                if piece.is_empty() {
                    break;
                }
                whole.extend_from_slice(&piece);
            }
            actor.send(CloseHandle).await.expect(gone);
            Ok((head.status().as_u16(), whole))
        })
    }
}

#[tokio::test]
async fn c3_an_actor_drives_a_request_by_messages_and_gets_the_replies() {
    let origin = Origin::echo().await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let caller = hinternet::start(Caller(session.clone()));
    let reply = caller.send(Post(origin.origin(), "hello, actor")).await.unwrap();
    assert_eq!(reply.unwrap(), (200, b"hello, actor".to_vec()));
    let request = recorder.request(0).await;
    recorder.wait_for_closing(request).await;
    let names = recorder.names(request);
    assert_eq!(names.iter().filter(|name| **name == "ReadComplete").count(), 5, "{names:?}");
    drop(caller);
    recorder.finish(session).await;
}

#[tokio::test]
async fn c3_messages_out_of_order_are_refused_as_the_calls_are() {
    let origin = hello().await;
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let request = session.connect(&origin.origin()).unwrap().open_request(Method::GET, "/").unwrap();
    let refused = request.addr().send(ReceiveResponse::default()).await.unwrap();
    assert!(recorder.refusal(request.id(), refused).is_incorrect_state());
    // Two sends without waiting: the second comes while the first is in flight.
    request.addr().do_send(SendRequest::new(()));
    let second = request.addr().send(SendRequest::new(())).await.unwrap();
    assert!(recorder.refusal(request.id(), second).is_incorrect_state());
    recorder.wait_for_status(request.id(), "SendRequestComplete").await;
    recorder.finish(session).await;
}

#[tokio::test]
async fn c3_a_subscriber_that_owns_the_session_may_be_held_weakly() {
    struct Owner {
        session: Option<Session>,
        closed: Arc<OnceLock<()>>,
        over: Gate,
    }
    impl Actor for Owner {
        type Context = Context<Self>;
    }
    impl Handler<Notification> for Owner {
        type Result = ();
        fn handle(&mut self, one: Notification, _: &mut Context<Self>) {
            match one.status {
                // Letting its own session go ends that, since the session does not hold the owner.
                Status::ReadComplete(0) => drop(self.session.take()),
                Status::HandleClosing if one.parent.is_none() => {
                    self.closed.get_or_init(|| ());
                    self.over.open();
                }
                _ => {}
            }
        }
    }
    let origin = hello().await;
    let (recorder, session) = watched();
    let (closed, over) = (Arc::new(OnceLock::new()), Gate::new());
    let owner = Owner { session: Some(session.clone()), closed: Arc::clone(&closed), over: over.clone() };
    let owner = hinternet::start(owner);
    session.set_subscriber(owner.downgrade().recipient::<Notification>(), Mask::EVERYTHING).await.unwrap();
    let response = session.get(origin.url("/").as_str()).unwrap().send().await.unwrap();
    drop(session);
    assert_eq!(response.text().await.unwrap(), "hello");
    over.passed().await;
    assert!(closed.get().is_some());
    drop(owner);
    recorder.settle().await;
}
