//! The wires that one request has to itself, and what is known of their way: with the request all of it goes.

use std::rc::{Rc, Weak};

use super::Pond;
use super::registry::forget;

/// What a request holds while it may ask for its own wires again. Dropped, it closes them, and the origin under their key is forgotten:
/// nobody would find it again, and each such request leaves one.
pub(crate) struct OwnOrigin(Weak<Pond>);

impl OwnOrigin {
    pub(crate) fn of(pond: &Rc<Pond>) -> Self {
        Self(Rc::downgrade(pond))
    }

    pub(crate) fn is(&self, pond: &Rc<Pond>) -> bool {
        self.0.as_ptr() == Rc::as_ptr(pond)
    }
}

impl Drop for OwnOrigin {
    fn drop(&mut self) {
        if let Some(pond) = self.0.upgrade() {
            forget(&pond);
            pond.is_left();
        }
    }
}
