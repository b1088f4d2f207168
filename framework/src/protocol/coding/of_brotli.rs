//! Brotli, by `brotli-decompressor`, which is safe code throughout. Its memory grows with what is decoded, up to the window of 16 MiB
//! that RFC 7932 allows; the larger ones that some encoders make are no part of it. All of a window at once would be cleared at once,
//! for every body.

use brotli_decompressor::{BrotliDecoderErrorCode, BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::fault::Fault;
use super::layer::{Step, Undoes};
use super::listed::Coding;

/// One stream: there is nothing behind its end (RFC 7932 section 2).
pub(super) struct Brotli {
    state: Box<State>,
    put: usize,
    /// So much of the input it is given at most.
    at_once: usize,
    is_over: bool,
}

type State = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

impl Default for Brotli {
    fn default() -> Self {
        let [of_octets, of_numbers, of_codes] = [(); 3].map(|()| StandardAlloc::default());
        let state = Box::new(State::new_strict(of_octets, of_numbers, of_codes));
        Self { state, put: 0, at_once: LEAST_AT_ONCE, is_over: false }
    }
}

impl Undoes for Brotli {
    fn undo(&mut self, input: &[u8], room: &mut [u8]) -> Result<Step, Fault> {
        if self.is_over {
            return if input.is_empty() { Ok(Step::default()) } else { Err(Fault::Trailing(Coding::Brotli)) };
        }
        let input = input.get(..self.at_once).unwrap_or(input);
        let (mut left, mut took) = (input.len(), 0);
        let (mut space, mut put) = (room.len(), 0);
        let state = &mut *self.state;
        let result =
            BrotliDecompressStream(&mut left, &mut took, input, &mut space, &mut put, room, &mut self.put, state);
        self.at_once = if space == 0 { LEAST_AT_ONCE } else { (2 * self.at_once).min(MOST_AT_ONCE) };
        match result {
            BrotliResult::ResultFailure => Err(match self.state.error_code {
                BrotliDecoderErrorCode::BROTLI_DECODER_ERROR_FORMAT_WINDOW_BITS => Fault::Window(Coding::Brotli),
                _ => Fault::Corrupt(Coding::Brotli),
            }),
            BrotliResult::ResultSuccess => {
                self.is_over = true;
                Ok(Step { took, put })
            }
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Ok(Step { took, put }),
        }
    }

    fn is_at_end(&self) -> bool {
        self.is_over
    }
}

/// The decoder does not stop at what is wanted of its output but at the end of its input, or of its window. Of what became more than
/// there was room for it is given little at a time, so that a bomb that nobody reads seldom costs a window.
const LEAST_AT_ONCE: usize = 64;
const MOST_AT_ONCE: usize = 1024;
