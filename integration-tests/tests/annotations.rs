//! What a program says of a request stands in its span.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use hinternet::{Method, Session};
use integration_tests::origin::{Origin, Reply};
use integration_tests::recorder::Recorder;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Keeps every annotation that a span of a request is given.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<String>>>);

impl Visit for Listener {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "annotation" {
            self.0.lock().unwrap().push(format!("{value:?}"));
        }
    }
}

impl Subscriber for Listener {
    fn enabled(&self, of: &Metadata<'_>) -> bool {
        of.target().starts_with("hinternet")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn an_annotation_is_a_field_of_the_span_and_is_never_sent() {
    let listener = Listener::default();
    tracing::subscriber::set_global_default(listener.clone()).unwrap();
    let recorder = Recorder::start();
    let session = recorder.session(Session::builder());
    let origin = Origin::start(|_| Reply::ok("ok")).await;
    let connection = session.connect(&origin.origin()).unwrap();
    for annotation in [None, Some("the order of Ada")] {
        let request = connection.open_request(Method::GET, "/").unwrap();
        if let Some(annotation) = annotation {
            request.annotate(annotation).unwrap();
        }
        request.send(()).await.unwrap();
        request.receive_response().await.unwrap();
        request.close().await.unwrap();
    }
    assert_eq!(*listener.0.lock().unwrap(), ["\"the order of Ada\""]);
    assert!(origin.log().iter().all(|visit| !format!("{:?}", visit.fields).contains("Ada")));
    drop(connection);
    recorder.finish(session).await;
}
