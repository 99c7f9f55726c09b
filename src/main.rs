//! The binary: hands its arguments to the commands.

use std::process::ExitCode;

fn main() -> ExitCode {
    keywright::cli::run()
}
