//! `keywright check-config`: the settings, checked and shown, with nothing started.

use std::process::ExitCode;

use super::ConfigFile;
use crate::config::Mode;

#[expect(clippy::print_stdout, reason = "what the command is for")]
pub(super) fn run(file: &ConfigFile) -> ExitCode {
    let config = match file.load(Mode::Real) {
        Ok(config) => config,
        Err(code) => return code,
    };
    println!("{config:#?}");
    println!("the settings are good");
    ExitCode::SUCCESS
}
