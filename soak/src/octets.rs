//! What is sent both ways, so that each side knows what the other must have.

/// The first so many octets of what repeats itself after a number of octets that no buffer has.
pub(crate) fn octets(count: usize) -> Vec<u8> {
    (0..count).map(|n| ((n * 7 + n / 251) % 251) as u8).collect()
}

/// The number and the data of an event.
pub(crate) fn event(number: u64) -> String {
    format!("event {number} of many")
}

/// What the downloads fetch.
pub(crate) const FILE: usize = 150_000;
