//! The interim responses before a final one, counted (RFC 9110 section 15.2).

use super::fault::Fault;
use super::head::{HeadLimits, ResponseHead};

/// How many came, and how much they were. Without a limit a peer could keep an exchange busy for ever, each response being as
/// valid as the next.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Interims {
    responses: usize,
    octets: usize,
}

impl Interims {
    pub(crate) fn count(&mut self, head: &ResponseHead, limits: &HeadLimits) -> Result<(), Fault> {
        let HeadLimits { interim_responses, head_octets, .. } = *limits;
        self.responses += 1;
        self.octets = self.octets.saturating_add(head.raw_length());
        if self.responses > interim_responses {
            Err(Fault::TooManyInterims { limit: interim_responses })
        } else if self.octets > head_octets {
            Err(Fault::InterimsTooLarge { limit: head_octets })
        } else {
            Ok(())
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.responses == 0
    }
}
