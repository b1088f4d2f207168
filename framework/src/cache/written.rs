//! A response as it is written into a file: what is known of it as JSON. Its body stands by itself, as it is.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

use crate::policy::cache::{Asked, Stored};

#[derive(Serialize, Deserialize)]
struct Known {
    status: u16,
    /// Milliseconds since 1970.
    received: u64,
    fields: Vec<(String, Vec<u8>)>,
    asked: Vec<(String, Vec<u8>)>,
}

/// All but the body.
pub(super) fn written(stored: &Stored) -> Option<Vec<u8>> {
    let known = Known {
        status: stored.status.as_u16(),
        received: milliseconds(stored),
        fields: list(&stored.fields),
        asked: list(stored.asked.fields()),
    };
    serde_json::to_vec(&known).ok()
}

/// Without its body. `None` for what is nothing that was written so.
pub(super) fn read(octets: &[u8]) -> Option<Stored> {
    let known: Known = serde_json::from_slice(octets).ok()?;
    Some(Stored {
        status: StatusCode::from_u16(known.status).ok()?,
        fields: map(known.fields)?,
        body: Bytes::new(),
        received: UNIX_EPOCH.checked_add(Duration::from_millis(known.received))?,
        asked: Asked::of_fields(map(known.asked)?),
    })
}

pub(super) fn milliseconds(stored: &Stored) -> u64 {
    let since = stored.received.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn list(fields: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    fields.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect()
}

fn map(list: Vec<(String, Vec<u8>)>) -> Option<HeaderMap> {
    let mut fields = HeaderMap::with_capacity(list.len().min(1024));
    for (name, value) in list {
        fields.append(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    Some(fields)
}
