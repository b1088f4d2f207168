//! The handles below one (pure): found by their ids, gone through in the order they were made.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::Node;
use crate::id::HandleId;

/// The handles below one. A request joins and leaves it, which has to cost little.
#[derive(Default)]
pub(super) struct Children(HashMap<HandleId, Arc<Node>, BuildHasherDefault<ById>>);

impl Children {
    #[inline]
    pub(super) fn join(&mut self, child: Arc<Node>) {
        self.0.insert(child.id, child);
    }

    #[inline]
    pub(super) fn leave(&mut self, id: HandleId) -> Option<Arc<Node>> {
        let left = self.0.remove(&id);
        let (count, room) = (self.0.len(), self.0.capacity());
        if room > ROOM && count < room / 8 {
            // After a burst.
            self.0.shrink_to(2 * count);
        }
        left
    }

    pub(super) fn get(&self, id: HandleId) -> Option<&Arc<Node>> {
        self.0.get(&id)
    }

    /// In no order.
    pub(super) fn any(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.0.values()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order they were made, in which a close goes through them.
    pub(super) fn all(&self) -> Vec<Arc<Node>> {
        // As nearly always.
        if self.is_empty() {
            return Vec::new();
        }
        let mut all: Vec<_> = self.any().cloned().collect();
        all.sort_unstable_by_key(|child| child.id);
        all
    }
}

/// The ids are our own and differ in their lowest bits: they need no hash that withstands anybody.
#[derive(Default)]
pub(super) struct ById(u64);

impl Hasher for ById {
    fn write(&mut self, octets: &[u8]) {
        octets.iter().for_each(|octet| self.write_u64(u64::from(*octet)));
    }

    fn write_u64(&mut self, id: u64) {
        // The highest bits count too, and have to differ.
        self.0 = (self.0 ^ id).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Room for so many is kept.
const ROOM: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handle::HandleKind;
    use crate::notification::{CreditLimits, Subscribers};

    #[test]
    fn they_are_gone_through_in_the_order_they_were_made_and_leave_no_room_behind() {
        let mut children = Children::default();
        let limits = CreditLimits { progress: 1, total: 1 };
        let made: Vec<_> = (0..4 * ROOM)
            .map(|_| Arc::new(Node::new(HandleKind::Request, None, 0, Subscribers::new(limits))))
            .collect();
        made.iter().rev().for_each(|child| children.join(Arc::clone(child)));
        assert!(children.all().iter().map(|child| child.id).eq(made.iter().map(|child| child.id)));
        for child in &made {
            assert!(children.get(child.id).is_some_and(|found| Arc::ptr_eq(found, child)));
            assert!(children.leave(child.id).is_some_and(|left| Arc::ptr_eq(&left, child)));
            assert!(children.leave(child.id).is_none());
        }
        assert!(children.is_empty());
        assert!(children.0.capacity() <= ROOM);
    }
}
