//! `keywright check-config`: the settings, checked and shown, with nothing started.

use std::process::ExitCode;

use super::ConfigFile;
use super::serve::report;
use crate::app;
use crate::config::{Config, Mode};

#[expect(clippy::print_stdout, reason = "what the command is for")]
pub(super) fn run(file: &ConfigFile) -> ExitCode {
    let loaded = Config::load(file.config.as_deref(), Mode::Real, Config::environment());
    let config = match loaded {
        Ok(config) => config,
        Err(error) => {
            report(&error);
            return ExitCode::from(2);
        }
    };
    if let Err(error) = app::check(&config) {
        report(&error);
        return ExitCode::from(2);
    }
    if let Err(error) = app::names(&config) {
        report(&error);
        return ExitCode::from(2);
    }
    println!("{config:#?}");
    println!("the settings are good");
    ExitCode::SUCCESS
}
