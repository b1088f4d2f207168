//! One coding of a stack: its decoder, and what of its input was not taken yet.

use std::fmt;

use bytes::{Buf, Bytes};

use super::fault::Fault;
use super::listed::Coding;

/// Undoes one coding, as far as the input goes and the room for output.
pub(super) trait Undoes {
    /// Takes from the input, which may be empty, and puts into the room, which is not. What it leaves of the input it is shown again.
    /// If it has taken all of it and fills less than the room, there is no more to put without more input.
    fn undo(&mut self, input: &[u8], room: &mut [u8]) -> Result<Step, Fault>;

    /// Is it at the end of its coded content, and nothing missing?
    fn is_at_end(&self) -> bool;
}

/// What one step took and put.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) took: usize,
    pub(super) put: usize,
}

/// One coding of a stack.
pub(super) struct Layer {
    coding: Coding,
    decoder: Box<dyn Undoes>,
    /// What was not taken yet.
    held: Bytes,
    /// Without more input there is no more output.
    is_dry: bool,
    /// Has there been any input?
    has_begun: bool,
    /// There will be no more input.
    pub(super) is_cut_off: bool,
    /// So much it has put.
    pub(super) made: u64,
}

impl Layer {
    /// `None`: there is no memory for it.
    pub(super) fn new(coding: Coding) -> Option<Self> {
        let decoder: Box<dyn Undoes> = match coding {
            #[cfg(feature = "gzip")]
            Coding::Gzip => Box::new(super::of_zlib::Gzip::default()),
            #[cfg(feature = "gzip")]
            Coding::Deflate => Box::new(super::of_zlib::Deflate::default()),
            #[cfg(feature = "brotli")]
            Coding::Brotli => Box::new(super::of_brotli::Brotli::default()),
            #[cfg(feature = "zstd")]
            Coding::Zstd => Box::new(super::of_zstd::Zstd::new()?),
        };
        let (held, is_dry) = (Bytes::new(), true);
        Some(Self { coding, decoder, held, is_dry, has_begun: false, is_cut_off: false, made: 0 })
    }

    /// Must more input come before there is more output?
    pub(super) fn needs_input(&self) -> bool {
        self.is_dry && self.held.is_empty()
    }

    pub(super) fn take(&mut self, octets: Bytes) {
        self.has_begun |= !octets.is_empty();
        self.is_dry = octets.is_empty();
        self.held = octets;
    }

    /// One step into the room, which is not empty; only where no input is needed first.
    pub(super) fn step(&mut self, room: &mut [u8]) -> Result<Step, Fault> {
        let step = self.decoder.undo(&self.held, room)?;
        if step == Step::default() && !self.held.is_empty() {
            // It would stand still for ever.
            return Err(Fault::Corrupt(self.coding));
        }
        self.held.advance(step.took.min(self.held.len()));
        self.made += step.put as u64;
        self.is_dry = self.held.is_empty() && step.put < room.len();
        Ok(step)
    }

    /// Nothing more comes: is it complete? A body of no octets at all is an empty one, as servers have it.
    pub(super) fn end(&self) -> Result<(), Fault> {
        if self.has_begun && !self.decoder.is_at_end() { Err(Fault::Truncated(self.coding)) } else { Ok(()) }
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Layer({}, {} octets held, {} made)", self.coding, self.held.len(), self.made)
    }
}
