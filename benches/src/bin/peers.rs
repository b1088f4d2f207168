//! `peers`: see [`benches::peers`].

use std::process::ExitCode;

fn main() -> ExitCode {
    benches::peers::main()
}
