//! Sixteen octets that stand for a text: what the crawl remembers of a URL it has met.
//!
//! 128 bits of SipHash under a random key: two URLs of a crawl of a billion pages share theirs with a probability below
//! 10^-20, and a site cannot make them do so, since it does not know the key. Whole URLs would take five times the memory.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use siphasher::sip128::{Hasher128, SipHasher13};

/// Stands for a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(u128);

/// Takes fingerprints. Copies take the same ones.
#[derive(Clone, Copy, Debug)]
pub struct Inkpad {
    key: (u64, u64),
}

impl Inkpad {
    /// With a key nobody knows.
    pub fn new() -> Self {
        Self { key: (fastrand::u64(..), fastrand::u64(..)) }
    }

    /// The fingerprint of a text.
    pub fn take(&self, text: &str) -> Fingerprint {
        let mut hasher = SipHasher13::new_with_keys(self.key.0, self.key.1);
        hasher.write(text.as_bytes());
        Fingerprint(hasher.finish128().as_u128())
    }
}

impl Default for Inkpad {
    fn default() -> Self {
        Self::new()
    }
}

/// A set of fingerprints, which need no second hash.
pub type Fingerprints = HashSet<Fingerprint, BuildHasherDefault<AsItIs>>;

/// The same, with something for each.
pub type ByFingerprint<T> = HashMap<Fingerprint, T, BuildHasherDefault<AsItIs>>;

/// Half of a fingerprint is as good a hash as there is.
#[derive(Debug, Default)]
pub struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, _: &[u8]) {
        unreachable!("only fingerprints are hashed")
    }

    fn write_u128(&mut self, fingerprint: u128) {
        self.0 = fingerprint as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_equal_fingerprints_and_others_do_not() {
        let inkpad = Inkpad::new();
        let prints: Fingerprints = (0..10_000).map(|n| inkpad.take(&format!("http://host/{}", n % 5_000))).collect();
        assert_eq!(prints.len(), 5_000);
        assert_ne!(Inkpad::new().take("x"), Inkpad::new().take("x"), "the key is random");
    }
}
