//! The binary: hands its arguments to the commands.

use std::process::ExitCode;

/// Millions of small challenges come and go: with the system's allocator a request costs a third more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    keywright::cli::run()
}
