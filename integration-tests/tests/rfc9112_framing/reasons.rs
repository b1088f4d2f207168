//! Why a wire was closed, as the library's debug events tell: notifications only say that it was.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, Once, PoisonError};

use hinternet::{HandleId, Status, WireId};
use integration_tests::recorder::Recorder;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

static REASONS: Mutex<Option<HashMap<u64, String>>> = Mutex::new(None);

/// Begins to listen.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Listener).expect("nobody else listens"));
}

/// Why the wire of this request was closed.
pub(crate) fn of(recorder: &Recorder, request: HandleId) -> String {
    let acquired = recorder.of(request).into_iter().find_map(|one| match one.status {
        Status::WireAcquired { wire, .. } => Some(wire),
        _ => None,
    });
    of_wire(acquired.expect("the request had a wire")).unwrap_or_else(|| "it was not closed".to_owned())
}

/// Why this wire was closed.
pub(crate) fn of_wire(wire: WireId) -> Option<String> {
    let reasons = REASONS.lock().unwrap_or_else(PoisonError::into_inner);
    reasons.as_ref().and_then(|reasons| reasons.get(&wire.value()).cloned())
}

struct Listener;

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("hinternet")
    }

    fn event(&self, event: &Event<'_>) {
        let mut told = Told::default();
        event.record(&mut told);
        if let Told { wire: Some(wire), reason: Some(reason) } = told {
            REASONS.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().insert(wire, reason);
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Told {
    wire: Option<u64>,
    reason: Option<String>,
}

impl Visit for Told {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "wire" {
            self.wire = Some(value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "reason" {
            self.reason = Some(format!("{value:?}"));
        }
    }
}
