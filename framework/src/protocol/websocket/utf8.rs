//! Is it UTF-8, told at the first octet that is not, wherever a message was cut (RFC 6455 section 8.1).

use std::str::from_utf8;

/// Text as far as it was seen.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Utf8 {
    /// The beginning of a character whose end has not come.
    begun: [u8; 4],
    length: usize,
}

impl Utf8 {
    /// Takes in what comes next. `false`: it is no text.
    pub(super) fn takes(&mut self, mut octets: &[u8]) -> bool {
        while self.length > 0 {
            let [next, rest @ ..] = octets else { return true };
            let Some(place) = self.begun.get_mut(self.length) else { return false };
            *place = *next;
            self.length += 1;
            octets = rest;
            match from_utf8(self.begun.get(..self.length).unwrap_or_default()) {
                Ok(_) => self.length = 0,
                Err(wrong) if wrong.error_len().is_some() => return false,
                Err(_) => {}
            }
        }
        match from_utf8(octets) {
            Ok(_) => true,
            Err(wrong) if wrong.error_len().is_some() => false,
            Err(cut) => {
                let begun = octets.get(cut.valid_up_to()..).unwrap_or_default();
                self.length = begun.len();
                self.begun.iter_mut().zip(begun).for_each(|(place, octet)| *place = *octet);
                true
            }
        }
    }

    /// Does it end with a whole character?
    pub(super) fn is_whole(&self) -> bool {
        self.length == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc6455_8_1_text_is_text_however_it_is_cut() {
        let text = "aé€😀z".as_bytes();
        for cut in 0..=text.len() {
            for second in cut..=text.len() {
                let mut seen = Utf8::default();
                assert!(seen.takes(&text[..cut]) && seen.takes(&text[cut..second]) && seen.takes(&text[second..]));
                assert!(seen.is_whole());
            }
        }
        let mut cut_short = Utf8::default();
        assert!(cut_short.takes(&text[..2]) && !cut_short.is_whole());
    }

    #[test]
    fn rfc6455_8_1_it_is_refused_at_the_first_octet_that_no_text_goes_on_with() {
        // A surrogate, an overlong form, beyond the last character, and a lone continuation: each with the octet that tells.
        for (wrong, at) in [(&b"\xed\xa0\x80"[..], 1), (b"\xc0\xaf", 0), (b"\xf4\x90\x80\x80", 1), (b"a\x80", 1)] {
            let mut seen = Utf8::default();
            for (position, octet) in wrong.iter().enumerate() {
                let taken = seen.takes(&[*octet]);
                assert_eq!(taken, position < at, "{wrong:x?} at {position}");
                if !taken {
                    break;
                }
            }
        }
    }
}
