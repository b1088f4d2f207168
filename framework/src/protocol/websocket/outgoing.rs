//! The message that is being sent (RFC 6455 section 5.4): which frame a piece becomes, and which pieces may not follow.

use super::OpCode;
use super::fault::SendMisuse;
use super::utf8::Utf8;

/// The message being sent, if one is open. A copy of it is where it stood before a piece that was withdrawn.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Outgoing(Option<Open>);

#[derive(Debug, Clone, Copy)]
enum Open {
    Text(Utf8),
    Binary,
}

impl Outgoing {
    /// Takes a piece of a message; `last` ends it. What the frame is to be.
    pub(crate) fn take(&mut self, is_text: bool, octets: &[u8], last: bool) -> Result<OpCode, SendMisuse> {
        let opcode = match self.0 {
            Some(_) => OpCode::Continuation,
            None if is_text => OpCode::Text,
            None => OpCode::Binary,
        };
        let mut open = match self.0 {
            Some(open) if matches!(open, Open::Text(_)) != is_text => return Err(SendMisuse::MixedTypes),
            Some(open) => open,
            None if is_text => Open::Text(Utf8::default()),
            None => Open::Binary,
        };
        if let Open::Text(text) = &mut open
            && (!text.takes(octets) || (last && !text.is_whole()))
        {
            return Err(SendMisuse::NotText);
        }
        self.0 = (!last).then_some(open);
        Ok(opcode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w12_a_fragmented_message_goes_on_with_its_own_type_only() {
        let mut outgoing = Outgoing::default();
        assert_eq!(outgoing.take(true, b"a", false), Ok(OpCode::Text));
        assert_eq!(outgoing.take(false, b"b", false), Err(SendMisuse::MixedTypes));
        assert_eq!(outgoing.take(false, b"b", true), Err(SendMisuse::MixedTypes));
        assert_eq!(outgoing.take(true, b"b", false), Ok(OpCode::Continuation));
        assert_eq!(outgoing.take(true, b"", true), Ok(OpCode::Continuation));
        assert_eq!(outgoing.take(false, b"b", true), Ok(OpCode::Binary));
    }

    #[test]
    fn rfc6455_5_6_text_may_be_cut_inside_a_character_and_must_end_with_a_whole_one() {
        let mut outgoing = Outgoing::default();
        assert_eq!(outgoing.take(true, b"\xe2\x82", false), Ok(OpCode::Text));
        assert_eq!(outgoing.take(true, b"", true), Err(SendMisuse::NotText));
        assert_eq!(outgoing.take(true, b"\xac", true), Ok(OpCode::Continuation));
        assert_eq!(outgoing.take(true, b"\xff", true), Err(SendMisuse::NotText));
        assert_eq!(outgoing.take(true, b"plain", true), Ok(OpCode::Text));
    }
}
