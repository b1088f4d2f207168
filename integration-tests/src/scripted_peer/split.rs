//! Where a byte stream is cut into separate writes (property P1: it must not matter).

use crate::seeded::Seeded;

/// How the octets of one step are cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Split {
    /// Not at all.
    #[default]
    Whole,
    /// Once, after this many octets: a test runs over all of them.
    EveryOffset(usize),
    /// After every octet.
    OneOctet,
    /// After every 20 octets.
    Twenty,
    /// In pieces of 1 to 64 octets, by this seed.
    Seeded(u64),
}

impl Split {
    /// The pieces, none of them empty.
    pub fn pieces(self, octets: &[u8]) -> Vec<&[u8]> {
        match self {
            Self::Whole => vec![octets],
            Self::EveryOffset(offset) => {
                let (head, tail) = octets.split_at(offset.min(octets.len()));
                [head, tail].into_iter().filter(|piece| !piece.is_empty()).collect()
            }
            Self::OneOctet => octets.chunks(1).collect(),
            Self::Twenty => octets.chunks(20).collect(),
            Self::Seeded(seed) => by_chance(octets, Seeded::new(seed)),
        }
    }

    /// All splits worth trying on so many octets.
    pub fn every(length: usize) -> impl Iterator<Item = Self> {
        let offsets = (1..length).map(Self::EveryOffset);
        [Self::Whole, Self::OneOctet, Self::Twenty].into_iter().chain((1..=4).map(Self::Seeded)).chain(offsets)
    }
}

fn by_chance(mut octets: &[u8], mut chance: Seeded) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while !octets.is_empty() {
        let (piece, rest) = octets.split_at(chance.between(1, 64).min(octets.len()));
        pieces.push(piece);
        octets = rest;
    }
    pieces
}
