//! DEFLATE read by the book (RFC 1951), bit by bit: slow, of nobody else's code, and it tells how far back a message refers.

/// Expands a message behind those that came before it.
#[derive(Default)]
pub(super) struct Reference {
    history: Vec<u8>,
    /// The farthest that anything has referred back.
    pub(super) farthest: usize,
}

struct Bits<'a> {
    octets: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> usize {
        (0..count).fold(0, |value, n| {
            let bit = (self.octets[self.at / 8] >> (self.at % 8)) & 1;
            self.at += 1;
            value | (usize::from(bit) << n)
        })
    }

    fn is_at_end(&self) -> bool {
        self.at == self.octets.len() * 8
    }
}

/// A canonical code: how many have each length, and what they stand for in their order.
struct Code {
    counts: [usize; 16],
    symbols: Vec<usize>,
}

impl Code {
    fn new(lengths: &[usize]) -> Self {
        let mut counts = [0; 16];
        lengths.iter().filter(|length| **length > 0).for_each(|length| counts[*length] += 1);
        let mut symbols: Vec<_> = (0..lengths.len()).filter(|symbol| lengths[*symbol] > 0).collect();
        symbols.sort_by_key(|symbol| (lengths[*symbol], *symbol));
        Self { counts, symbols }
    }

    fn read(&self, bits: &mut Bits<'_>) -> usize {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for count in &self.counts[1..] {
            code |= bits.take(1);
            if code < first + count {
                return self.symbols[index + code - first];
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        panic!("no symbol has this code");
    }
}

impl Reference {
    /// The whole payload of a message, without the end of its flush. It ends where a block does.
    pub(super) fn message(&mut self, payload: &[u8]) -> Vec<u8> {
        let (octets, from) = ([payload, &super::FLUSH_END].concat(), self.history.len());
        let mut bits = Bits { octets: &octets, at: 0 };
        while !bits.is_at_end() {
            assert_eq!(bits.take(1), 0, "no block of ours says that it is the last one");
            match bits.take(2) {
                0 => self.stored(&mut bits),
                1 => self.coded(&mut bits, &Code::new(&fixed()), &Code::new(&[5; 30])),
                2 => {
                    let (lengths, distances) = codes(&mut bits);
                    self.coded(&mut bits, &lengths, &distances);
                }
                other => panic!("{other} is no kind of block"),
            }
        }
        self.history[from..].to_vec()
    }

    pub(super) fn forget(&mut self) {
        self.history.clear();
    }

    fn stored(&mut self, bits: &mut Bits<'_>) {
        bits.at = bits.at.next_multiple_of(8);
        let (length, check) = (bits.take(16), bits.take(16));
        assert_eq!(length, check ^ 0xffff);
        for _ in 0..length {
            self.history.push(bits.take(8) as u8);
        }
    }

    fn coded(&mut self, bits: &mut Bits<'_>, lengths: &Code, distances: &Code) {
        loop {
            match lengths.read(bits) {
                literal @ 0..=255 => self.history.push(literal as u8),
                256 => return,
                symbol => {
                    let length = LENGTHS[symbol - 257].0 + bits.take(LENGTHS[symbol - 257].1);
                    let symbol = distances.read(bits);
                    let extra = (symbol / 2).saturating_sub(1);
                    let base = if symbol < 4 { symbol + 1 } else { ((2 + symbol % 2) << extra) + 1 };
                    let distance = base + bits.take(extra);
                    self.farthest = self.farthest.max(distance);
                    for _ in 0..length {
                        self.history.push(self.history[self.history.len() - distance]);
                    }
                }
            }
        }
    }
}

fn fixed() -> Vec<usize> {
    (0..288)
        .map(|symbol| match symbol {
            0..=143 | 280.. => 8,
            144..=255 => 9,
            _ => 7,
        })
        .collect()
}

/// RFC 1951 section 3.2.7.
fn codes(bits: &mut Bits<'_>) -> (Code, Code) {
    let (literals, distances, count) = (bits.take(5) + 257, bits.take(5) + 1, bits.take(4) + 4);
    let mut lengths = [0; 19];
    for place in &ORDER[..count] {
        lengths[*place] = bits.take(3);
    }
    let (code, mut all) = (Code::new(&lengths), Vec::new());
    while all.len() < literals + distances {
        let (value, times) = match code.read(bits) {
            16 => (*all.last().unwrap(), 3 + bits.take(2)),
            17 => (0, 3 + bits.take(3)),
            18 => (0, 11 + bits.take(7)),
            length => (length, 1),
        };
        all.extend(std::iter::repeat_n(value, times));
    }
    (Code::new(&all[..literals]), Code::new(&all[literals..]))
}

const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/// The least length of each symbol, and how many bits are added.
const LENGTHS: [(usize, usize); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
