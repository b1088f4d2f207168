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
    is_over: bool,
}

type State = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

impl Default for Brotli {
    fn default() -> Self {
        let [of_octets, of_numbers, of_codes] = [(); 3].map(|()| StandardAlloc::default());
        Self { state: Box::new(State::new_strict(of_octets, of_numbers, of_codes)), put: 0, is_over: false }
    }
}

impl Undoes for Brotli {
    fn undo(&mut self, input: &[u8], room: &mut [u8]) -> Result<Step, Fault> {
        if self.is_over {
            return if input.is_empty() { Ok(Step::default()) } else { Err(Fault::Trailing(Coding::Brotli)) };
        }
        let (mut left, mut took) = (input.len(), 0);
        let (mut space, mut put) = (room.len(), 0);
        let state = &mut *self.state;
        let result =
            BrotliDecompressStream(&mut left, &mut took, input, &mut space, &mut put, room, &mut self.put, state);
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
