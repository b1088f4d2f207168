//! Zstandard, by `zstd-safe`, which lends libzstd itself: `ruzstd`, written in Rust, is slower by half and leaves the checksum to its
//! caller.

use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

use super::fault::Fault;
use super::layer::{Step, Undoes};
use super::listed::Coding;

/// One frame behind the other, and those that are to be skipped (RFC 8878 section 3.1).
pub(super) struct Zstd {
    context: DCtx<'static>,
    /// Between two frames.
    is_at_end: bool,
    /// A frame has ended.
    has_ended: bool,
}

impl Zstd {
    /// `None`: libzstd has no memory.
    pub(super) fn new() -> Option<Self> {
        let mut context = DCtx::try_create()?;
        context.set_parameter(DParameter::WindowLogMax(WINDOW_BITS)).ok()?;
        Some(Self { context, is_at_end: true, has_ended: false })
    }
}

impl Undoes for Zstd {
    fn undo(&mut self, input: &[u8], room: &mut [u8]) -> Result<Step, Fault> {
        if self.is_at_end && input.is_empty() {
            return Ok(Step::default());
        }
        let may_be_trailing = self.is_at_end && self.has_ended;
        let (mut from, mut to) = (InBuffer::around(input), OutBuffer::around(room));
        match self.context.decompress_stream(&mut to, &mut from) {
            Ok(hint) => {
                self.is_at_end = hint == 0;
                self.has_ended |= self.is_at_end;
                Ok(Step { took: from.pos(), put: to.pos() })
            }
            Err(code) => Err(match code.wrapping_neg() {
                WINDOW_TOO_LARGE => Fault::Window(Coding::Zstd),
                UNKNOWN_PREFIX if may_be_trailing => Fault::Trailing(Coding::Zstd),
                _ => Fault::Corrupt(Coding::Zstd),
            }),
        }
    }

    fn is_at_end(&self) -> bool {
        self.is_at_end
    }
}

/// 8 MiB (RFC 9659 section 3).
const WINDOW_BITS: u32 = 23;
/// `ZSTD_error_frameParameter_windowTooLarge`.
const WINDOW_TOO_LARGE: usize = 16;
/// `ZSTD_error_prefix_unknown`: neither a frame begins here nor one to skip.
const UNKNOWN_PREFIX: usize = 10;
