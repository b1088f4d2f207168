//! Frame headers and the mask (RFC 6455 sections 5.2 and 5.3).

use super::fault::Fault;
use crate::notification::Frame;

pub(crate) use crate::notification::OpCode;

/// The header of a frame that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) frame: Frame,
    /// How long the header itself is.
    pub(super) octets: usize,
}

impl Header {
    /// Reads the header of a server's frame; `None` while it is not all there. What is wrong is found with its first octet. Are
    /// messages compressed?
    pub(super) fn read(input: &[u8], compressed: bool) -> Result<Option<Self>, Fault> {
        let Some(&first) = input.first() else { return Ok(None) };
        let number = first & 0x0f;
        let (fin, rsv1) = (first & FIN != 0, first & RSV1 != 0);
        let opcode = OpCode::from_number(number);
        // It stands where a message begins, and nowhere else (RFC 7692 section 6).
        let may_be_compressed = compressed && matches!(opcode, Some(OpCode::Text | OpCode::Binary));
        if first & OTHERS_RESERVED != 0 || (rsv1 && !may_be_compressed) {
            return Err(Fault::ReservedBits);
        }
        let opcode = opcode.ok_or(Fault::OpCode(number))?;
        if opcode.is_control() && !fin {
            return Err(Fault::FragmentedControl);
        }
        let Some(&second) = input.get(1) else { return Ok(None) };
        if second & MASK != 0 {
            return Err(Fault::Masked);
        }
        let short = second & !MASK;
        if opcode.is_control() && short > LONGEST_CONTROL {
            return Err(Fault::LongControl);
        }
        let (length, octets) = match short {
            126 => {
                let Some(Ok(long)) = input.get(2..4).map(<[u8; 2]>::try_from) else { return Ok(None) };
                (u64::from(u16::from_be_bytes(long)), 4)
            }
            127 => {
                let Some(Ok(long)) = input.get(2..10).map(<[u8; 8]>::try_from) else { return Ok(None) };
                (u64::from_be_bytes(long), 10)
            }
            short => (u64::from(short), 2),
        };
        let least = match octets {
            4 => 126,
            10 => 1 << 16,
            _ => 0,
        };
        if length < least || length >> 63 != 0 {
            return Err(Fault::Length);
        }
        Ok(Some(Self { frame: Frame { opcode, fin, rsv1, length }, octets }))
    }
}

/// Appends the header of a client's frame.
pub(super) fn put_header(out: &mut impl Extend<u8>, frame: Frame, mask: [u8; 4]) {
    let Frame { opcode, fin, rsv1, length } = frame;
    let (fin, rsv1) = (if fin { FIN } else { 0 }, if rsv1 { RSV1 } else { 0 });
    out.extend([fin | rsv1 | opcode.number()]);
    match length {
        0..=125 => out.extend([MASK | length as u8]),
        126..=0xffff => {
            out.extend([MASK | 126]);
            out.extend((length as u16).to_be_bytes());
        }
        _ => {
            out.extend([MASK | 127]);
            out.extend(length.to_be_bytes());
        }
    }
    out.extend(mask);
}

/// Masks octets that stand so far behind the beginning of their frame.
pub(super) fn apply_mask(octets: &mut [u8], mask: [u8; 4], behind: usize) {
    let mut turned = mask;
    turned.rotate_left(behind % 4);
    let word = u64::from_ne_bytes([turned, turned].concat().try_into().unwrap_or_default());
    let mut words = octets.chunks_exact_mut(8);
    for eight in &mut words {
        if let Ok(octets) = <[u8; 8]>::try_from(&*eight) {
            eight.copy_from_slice(&(u64::from_ne_bytes(octets) ^ word).to_ne_bytes());
        }
    }
    words.into_remainder().iter_mut().zip(turned.iter().cycle()).for_each(|(octet, mask)| *octet ^= mask);
}

const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const OTHERS_RESERVED: u8 = 0x30;
const MASK: u8 = 0x80;
const LONGEST_CONTROL: u8 = 125;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc6455_5_2_what_is_written_is_masked_and_its_length_minimal() {
        for (length, octets) in [(0, 2), (125, 2), (126, 4), (0xffff, 4), (0x1_0000, 10)] {
            for rsv1 in [false, true] {
                let frame = Frame { opcode: OpCode::Text, fin: true, rsv1, length };
                let mut out = Vec::new();
                put_header(&mut out, frame, [1, 2, 3, 4]);
                assert_eq!((out.len(), out[1] & MASK), (octets + 4, MASK));
                // But for the mask it is what a server would have to write.
                out[1] &= !MASK;
                assert_eq!(Header::read(&out, true), Ok(Some(Header { frame, octets })));
            }
        }
    }

    #[test]
    fn rfc6455_5_2_a_header_is_read_when_it_is_all_there_and_refused_at_its_first_wrong_octet() {
        let whole = [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0];
        for cut in 0..whole.len() {
            assert_eq!(Header::read(&whole[..cut], false), Ok(None), "{cut}");
        }
        assert!(Header::read(&whole, false).unwrap().is_some());
        let refused: [(&[u8], Fault); 9] = [
            (&[0xc1], Fault::ReservedBits),
            (&[0x83], Fault::OpCode(3)),
            (&[0x8b], Fault::OpCode(11)),
            (&[0x09], Fault::FragmentedControl),
            (&[0x89, 126], Fault::LongControl),
            (&[0x82, 0x85], Fault::Masked),
            (&[0x82, 126, 0, 125], Fault::Length),
            (&[0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff], Fault::Length),
            (&[0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Fault::Length),
        ];
        for (octets, fault) in refused {
            assert_eq!(Header::read(octets, false), Err(fault), "{octets:02x?}");
        }
    }

    #[test]
    fn rfc7692_6_rsv1_stands_where_a_message_begins_and_only_where_it_was_agreed_to() {
        for first in 0..=u8::MAX {
            let may_be = first & OTHERS_RESERVED == 0 && (first & RSV1 == 0 || matches!(first & 0x0f, 1 | 2));
            let is_refused = Header::read(&[first], true) == Err(Fault::ReservedBits);
            assert_eq!(is_refused, !may_be, "{first:02x}");
            let may_be = first & (OTHERS_RESERVED | RSV1) == 0;
            let is_refused = Header::read(&[first], false) == Err(Fault::ReservedBits);
            assert_eq!(is_refused, !may_be, "{first:02x}");
        }
    }

    #[test]
    fn rfc6455_5_3_a_mask_is_the_same_in_whatever_pieces_it_is_applied() {
        let plain: Vec<u8> = (0..67).collect();
        let mask = [0xa1, 0xb2, 0xc3, 0xd4];
        let expected: Vec<u8> = plain.iter().zip(mask.iter().cycle()).map(|(octet, mask)| octet ^ mask).collect();
        for cut in 0..plain.len() {
            let mut masked = plain.clone();
            let (first, second) = masked.split_at_mut(cut);
            apply_mask(first, mask, 0);
            apply_mask(second, mask, cut);
            assert_eq!(masked, expected, "{cut}");
        }
    }
}
