//! The commands, one file or folder each. What a command prints for people or programs goes to stdout, the log to stderr.

mod check_config;
mod load;
mod print;
mod serve;
mod tenant;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::app;
use crate::config::{Config, Mode};

/// A passkey server in one binary.
#[derive(Debug, Parser)]
#[command(version, about, after_help = HELP, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(serve::Serve),
    /// Read the settings as `serve` would, and say what is wrong or what they are
    CheckConfig(ConfigFile),
    /// Create, list, show and delete tenants of a running server, and rotate their API keys
    #[command(subcommand)]
    Tenant(tenant::Tenant),
    /// Put load on a running server: users that register and log in, many at a time
    Load(Box<load::Load>),
}

#[derive(Debug, Args)]
struct ConfigFile {
    /// A TOML file with the settings that differ from the defaults; the environment (`KEYWRIGHT__SECTION__KEY`) wins over it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigFile {
    /// The settings, with nothing wrong that can be known before a start; else that was said, and this is the exit code.
    fn load(&self, mode: Mode) -> Result<Config, ExitCode> {
        let config = Config::load(self.config.as_deref(), mode, Config::environment());
        let config = config.map_err(|error| unreadable(&error))?;
        app::check(&config).map_err(|error| unreadable(&error))?;
        app::names(&config).map_err(|error| unreadable(&error))?;
        Ok(config)
    }
}

fn unreadable(error: &dyn std::error::Error) -> ExitCode {
    print::report(error);
    ExitCode::from(2)
}

/// Exit codes: 0 done, 1 refused or failed, 2 bad usage or unreadable input.
pub fn run() -> ExitCode {
    match Cli::parse().command {
        Command::Serve(serve) => serve.run(),
        Command::CheckConfig(file) => check_config::run(&file),
        Command::Tenant(tenant) => tenant.run(),
        Command::Load(load) => load.run(),
    }
}

const HELP: &str = "\
First passkey:  keywright serve --dev      then open http://localhost:8000/try
Real use:       openssl rand -hex 32 > keywright.key     (once; keep it: without it nothing in the store can be read)
                KEYWRIGHT__SECRETS__KEYS=$(cat keywright.key) keywright serve";
