//! A body that is gathered whole (pure), as far as its caller has room for it.

use bytes::{Bytes, BytesMut};

use super::Request;
use crate::error::{Blame, Error, ErrorCode, Operation, Result, Stage};

/// What has come of a body, and how much of it may.
pub(crate) struct Gathering {
    whole: BytesMut,
    most: Option<u64>,
}

impl Gathering {
    /// Of so many octets, if there is a limit.
    pub(crate) fn up_to(most: Option<u64>) -> Self {
        Self { whole: BytesMut::new(), most }
    }

    /// So much will come, the server says. What will be too much is refused before any of it is read.
    pub(crate) fn expect(&mut self, octets: u64) -> Result<()> {
        self.check(octets)?;
        // A server's word is not worth a large allocation.
        self.whole.reserve(usize::try_from(octets).unwrap_or(LARGEST_RESERVE).min(LARGEST_RESERVE));
        Ok(())
    }

    pub(crate) fn take(&mut self, piece: &[u8]) -> Result<()> {
        self.check(self.whole.len() as u64 + piece.len() as u64)?;
        self.whole.extend_from_slice(piece);
        Ok(())
    }

    pub(crate) fn end(self) -> Bytes {
        self.whole.freeze()
    }

    /// A body of so many octets.
    pub(crate) fn check(&self, octets: u64) -> Result<()> {
        let Some(most) = self.most.filter(|most| octets > *most) else { return Ok(()) };
        let detail = format!("the body is longer than the {most} octets that may be gathered");
        Err(Error::new(ErrorCode::BodyTooLarge, Operation::Read, Stage::Body, Blame::Peer, detail))
    }
}

impl Request {
    /// What its body is gathered in.
    pub(crate) fn gathering(&self) -> Gathering {
        Gathering::up_to(self.inner.shared.draft().options.limits.gathered_body)
    }
}

const LARGEST_RESERVE: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_may_be_as_long_as_the_limit_and_no_longer() {
        let mut body = Gathering::up_to(Some(3));
        body.expect(3).unwrap();
        body.take(b"ab").unwrap();
        assert_eq!(body.take(b"cd").unwrap_err().code(), ErrorCode::BodyTooLarge);
        body.take(b"c").unwrap();
        assert_eq!(body.expect(4).unwrap_err().code(), ErrorCode::BodyTooLarge);
        assert_eq!(body.end(), "abc");
    }

    #[test]
    fn without_a_limit_what_is_announced_is_not_believed_at_once() {
        let mut body = Gathering::up_to(None);
        body.expect(u64::MAX).unwrap();
        assert!(body.whole.capacity() < 2 * LARGEST_RESERVE);
        body.take(b"abc").unwrap();
        assert_eq!(body.end(), "abc");
    }
}
