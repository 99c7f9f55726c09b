//! `keywright check-config`: the settings, checked and shown, with nothing started.

use std::process::ExitCode;

use super::ConfigFile;
use super::print::say;
use crate::config::Mode;

pub(super) fn run(file: &ConfigFile) -> ExitCode {
    let config = match file.load(Mode::Real) {
        Ok(config) => config,
        Err(code) => return code,
    };
    say(&format!("{config:#?}"));
    say("the settings are good");
    ExitCode::SUCCESS
}
