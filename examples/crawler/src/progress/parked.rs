//! A terminal whose cursor waits at the head of the bars instead of behind them.
//!
//! What comes onto the screen between two drawings is then drawn over: the `^C` that the terminal echoes, and the rests
//! of lines that were broken because the window became narrower. Behind the bars, a `^C` begins a new line, and the next
//! drawing misses its place by one.

use std::fmt::{self, Debug, Formatter};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressDrawTarget, TermLike};

/// A terminal whose cursor waits at the head of the bars.
pub(super) struct Parked<T> {
    terminal: T,
    clear_below: fn(&T) -> io::Result<()>,
    /// Strings that were written since the last flush: two for each line, its text and what fills it up.
    strings: AtomicUsize,
    /// Lines between the cursor and where indicatif left it.
    lines_up: AtomicUsize,
}

impl<T: TermLike + 'static> Parked<T> {
    /// `clear_below` clears the cursor's line and all below it.
    pub(super) fn new(terminal: T, clear_below: fn(&T) -> io::Result<()>) -> Self {
        Self { terminal, clear_below, strings: AtomicUsize::new(0), lines_up: AtomicUsize::new(0) }
    }

    pub(super) fn into_target(self) -> ProgressDrawTarget {
        ProgressDrawTarget::term_like_with_hz(Box::new(self), DRAWN_PER_SECOND)
    }

    /// The cursor, back where indicatif believes it to be.
    fn unparked(&self) -> io::Result<&T> {
        match self.lines_up.swap(0, Ordering::Relaxed) {
            0 => {}
            lines => {
                (self.clear_below)(&self.terminal)?;
                self.terminal.move_cursor_down(lines)?;
            }
        }
        Ok(&self.terminal)
    }
}

impl<T: TermLike + 'static> TermLike for Parked<T> {
    fn width(&self) -> u16 {
        self.terminal.width()
    }

    fn height(&self) -> u16 {
        self.terminal.height()
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.unparked()?.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.unparked()?.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.unparked()?.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.unparked()?.move_cursor_left(n)
    }

    fn write_line(&self, s: &str) -> io::Result<()> {
        self.unparked()?.write_line(s)
    }

    fn write_str(&self, s: &str) -> io::Result<()> {
        self.strings.fetch_add(1, Ordering::Relaxed);
        self.unparked()?.write_str(s)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.unparked()?.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        let lines = self.strings.swap(0, Ordering::Relaxed) / 2;
        if lines > 1 {
            self.terminal.move_cursor_up(lines - 1)?;
            self.lines_up.store(lines - 1, Ordering::Relaxed);
        }
        if lines > 0 {
            self.terminal.write_str("\r")?;
        }
        self.terminal.flush()
    }
}

impl<T: Debug> Debug for Parked<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parked").field("terminal", &self.terminal).finish_non_exhaustive()
    }
}

const DRAWN_PER_SECOND: u8 = 20;
