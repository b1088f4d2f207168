//! What is below a handle, found by walking down the tree.

use super::{Entry, Node};
use crate::id::HandleId;

impl Node {
    /// Finds an open handle below this node.
    pub(crate) fn find(&self, id: HandleId) -> Option<Entry> {
        let below: Vec<_> = {
            let life = self.lock();
            if let Some(child) = life.children.get(id) {
                return child.handle.get().filter(|_| child.is_open()).cloned();
            }
            life.children.any().cloned().collect()
        };
        below.iter().find_map(|child| child.find(id))
    }

    /// All handles below, each before those below it.
    pub(crate) fn entries_below(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        self.gather(&mut entries);
        entries
    }

    fn gather(&self, entries: &mut Vec<Entry>) {
        let below = self.lock().children.all();
        for child in below {
            entries.extend(child.handle.get().cloned());
            child.gather(entries);
        }
    }
}
