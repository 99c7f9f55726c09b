//! `keywright check-config`: the settings, checked and shown, with nothing started.

use std::process::ExitCode;

use super::ConfigFile;
use super::serve::report;
use crate::config::{Config, Mode};

#[expect(clippy::print_stdout, reason = "what the command is for")]
pub(super) fn run(file: &ConfigFile) -> ExitCode {
    match Config::load(file.config.as_deref(), Mode::Real, Config::environment()) {
        Ok(config) => {
            println!("{config:#?}");
            println!("the settings are good");
            ExitCode::SUCCESS
        }
        Err(error) => {
            report(&error);
            ExitCode::from(2)
        }
    }
}
