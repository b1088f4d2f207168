//! Header fields of a request (pure): those of the handle and those of its exchange are the same until one of them changes its own.

use std::ops::Deref;
use std::sync::{Arc, LazyLock};

use http::HeaderMap;

/// Header fields, of which a copy costs nothing. Without any they take no room.
#[derive(Clone, Default)]
pub(super) struct Fields(Option<Arc<HeaderMap>>);

impl Fields {
    pub(super) fn change(&mut self) -> &mut HeaderMap {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl From<HeaderMap> for Fields {
    fn from(map: HeaderMap) -> Self {
        Self((!map.is_empty()).then(|| Arc::new(map)))
    }
}

impl Deref for Fields {
    type Target = HeaderMap;

    #[inline]
    fn deref(&self) -> &HeaderMap {
        static NONE: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);
        self.0.as_deref().unwrap_or(&NONE)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::ACCEPT;

    use super::*;

    #[test]
    fn a_change_is_not_seen_in_the_copy() {
        let mut first = Fields::default();
        first.change().insert(ACCEPT, HeaderValue::from_static("a"));
        let second = first.clone();
        first.change().insert(ACCEPT, HeaderValue::from_static("b"));
        assert_eq!((&first[ACCEPT], &second[ACCEPT]), (&HeaderValue::from_static("b"), &HeaderValue::from_static("a")));
    }

    #[test]
    fn none_take_no_room() {
        assert!(Fields::from(HeaderMap::new()).0.is_none());
        assert!(Fields::default().is_empty());
    }
}
