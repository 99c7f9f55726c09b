//! `keywright serve`: runs the server until it is told to stop.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Args;
use tracing::level_filters::LevelFilter;

use super::ConfigFile;
use super::print::{report, say};
use crate::app::{self, Running};
use crate::config::{Config, HostName, Log, LogFormat, LogLevel, Mode};
use crate::telemetry::logging;

#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    file: ConfigFile,
    /// Look around: a demo tenant, a fresh API key, a page to try, a key for the store kept beside it; loopback only
    #[arg(long)]
    dev: bool,
}

impl Serve {
    pub(super) fn run(self) -> ExitCode {
        let mode = if self.dev { Mode::Dev } else { Mode::Real };
        let config = match self.file.load(mode) {
            Ok(config) => config,
            Err(code) => return code,
        };
        if let Err(error) = log(&config.log) {
            report(&error);
            return ExitCode::FAILURE;
        }
        let served = actix_web::rt::System::new().block_on(serve(config, mode));
        logging::flush();
        match served {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                report(error.as_ref());
                ExitCode::FAILURE
            }
        }
    }
}

async fn serve(config: Config, mode: Mode) -> Result<(), Box<dyn std::error::Error>> {
    let signals = app::Signals::listen()?;
    let running = app::start(&config, mode).await?;
    let metrics = running.metrics.map(tracing::field::display);
    tracing::info!(public = %running.public, admin = %running.admin, metrics, "keywright is ready");
    welcome(&running, config.tenancy.base_domain.as_ref());
    running.until(signals).await;
    Ok(())
}

/// What a person needs next after a dev start.
fn welcome(running: &Running, base_domain: Option<&HostName>) {
    let Some(demo) = &running.demo else {
        return;
    };
    let port = running.public.port();
    let (tenant, api_key) = (demo.tenant, &demo.api_key);
    let base_domain = base_domain.map_or("localhost", HostName::as_str);
    say(&format!(
        "
  Try a passkey     http://localhost:{port}/try

  Tenant            {tenant}
  API key           {api_key}
                    (new at each dev start; the last one is void)
  Public API        http://{tenant}.{base_domain}:{port}
  Admin API         http://{admin}/tenants

  First request:

  curl -s http://localhost:{port}/{tenant}/registration/initialize \\
    -H 'apiKey: {api_key}' -H 'Content-Type: application/json' \\
    -d '{{\"user_id\": \"ann\", \"username\": \"ann@example.com\"}}'

  Ctrl-C stops it; what was acknowledged is on disk.
",
        admin = running.admin,
    ));
}

fn log(log: &Log) -> std::io::Result<()> {
    let text = match log.format {
        LogFormat::Text => true,
        LogFormat::Json => false,
        LogFormat::Auto => std::io::stderr().is_terminal(),
    };
    let format = if text {
        logging::Format::Text
    } else {
        logging::Format::Json
    };
    let level = level(log.level);
    let wants_all = log.requests || level >= LevelFilter::DEBUG;
    logging::install(logging::Settings {
        format,
        level,
        lines_per_minute: if wants_all {
            u32::MAX
        } else {
            log.lines_per_minute
        },
    })
}

const fn level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}
