//! A response as it is written into a file: what is known of it as JSON, and its body behind that.

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

pub(super) fn written(stored: &Stored) -> Option<Vec<u8>> {
    let known = Known {
        status: stored.status.as_u16(),
        received: milliseconds(stored),
        fields: list(&stored.fields),
        asked: list(stored.asked.fields()),
    };
    let known = serde_json::to_vec(&known).ok()?;
    let length = u32::try_from(known.len()).ok()?.to_le_bytes();
    Some([&length[..], &known, &stored.body].concat())
}

/// `None` for what is nothing that was written so.
pub(super) fn read(octets: &[u8]) -> Option<Stored> {
    let (length, rest) = octets.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (known, body) = rest.split_at_checked(length)?;
    let known: Known = serde_json::from_slice(known).ok()?;
    Some(Stored {
        status: StatusCode::from_u16(known.status).ok()?,
        fields: map(known.fields)?,
        body: Bytes::copy_from_slice(body),
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
