//! Octets in pieces, and values out of octets.

/// The octets in pieces: one by one, and in two ways that hang on nothing but the octets.
pub(super) fn cuts(octets: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    let seeded = |seed: u64| {
        let mut state = octets.iter().fold(seed, |hash, octet| (hash ^ u64::from(*octet)).wrapping_mul(FNV_PRIME));
        let (mut rest, mut pieces) = (octets, Vec::new());
        while !rest.is_empty() {
            state = (state ^ (state >> 29)).wrapping_mul(FNV_PRIME) ^ (state >> 32);
            let most = if state & 1 == 0 { 4 } else { 64 };
            let (piece, after) = rest.split_at((1 + (state >> 7) as usize % most).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        pieces
    };
    [octets.chunks(1).collect(), seeded(1), seeded(FNV_OFFSET)].into_iter()
}

/// Values out of the front of octets.
pub(super) struct Taker<'a>(pub(super) &'a [u8]);

impl<'a> Taker<'a> {
    /// 0 at the end.
    pub(super) fn octet(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// As many as the next octet says, or as there are.
    pub(super) fn octets(&mut self) -> &'a [u8] {
        let length = usize::from(self.octet()).min(self.0.len());
        let (octets, rest) = self.0.split_at(length);
        self.0 = rest;
        octets
    }

    /// The same; `None` where it is no text.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.octets()).ok()
    }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;
