//! `peers-counting`: the program [`benches::peers`] with every allocation counted. Times mean nothing here.

use std::alloc::System;
use std::process::ExitCode;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    benches::peers::count_allocations(ALLOCATOR);
    benches::peers::main()
}
