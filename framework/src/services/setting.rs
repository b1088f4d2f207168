//! Options that seldom change and are looked at by every request.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::options::SharedOptions;

/// What requests start from. As long as nobody has changed it, it is read without a lock.
#[derive(Debug)]
pub(super) struct Setting {
    first: SharedOptions,
    is_changed: AtomicBool,
    last: Mutex<SharedOptions>,
}

impl Setting {
    pub(super) fn new(first: SharedOptions) -> Self {
        let last = Mutex::new(Arc::clone(&first));
        Self { first, is_changed: AtomicBool::new(false), last }
    }

    #[inline]
    pub(super) fn get(&self) -> SharedOptions {
        if self.is_changed.load(Ordering::Acquire) {
            Arc::clone(&self.last.lock().unwrap_or_else(PoisonError::into_inner))
        } else {
            Arc::clone(&self.first)
        }
    }

    pub(super) fn set(&self, options: SharedOptions) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = options;
        self.is_changed.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::RequestOptions;

    #[test]
    fn what_was_set_last_is_what_is_given() {
        let given = |resends| Arc::new(RequestOptions { resends, ..RequestOptions::default() });
        let setting = Setting::new(given(1));
        assert_eq!(setting.get().resends, 1);
        for resends in [2, 3] {
            setting.set(given(resends));
            assert_eq!(setting.get().resends, resends);
        }
    }
}
