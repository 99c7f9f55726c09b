//! One subscriber for the process: text for people, JSON for machines. Both on stderr; stdout belongs to commands.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
}

/// Installs the subscriber. A second call in a process changes nothing: tests start many servers.
pub fn install(format: Format, level: LevelFilter) {
    // How actix starts and stops its threads is news to nobody.
    let quiet = LevelFilter::WARN.min(level);
    let targets = Targets::new()
        .with_default(level)
        .with_target("actix_server", quiet);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    // Where it is no terminal that reads, colours are noise.
    let lines = if std::io::stderr().is_terminal() {
        lines
    } else {
        lines.with_ansi(false)
    };
    let registry = tracing_subscriber::registry().with(targets);
    let installed = match format {
        Format::Text => registry.with(lines.with_target(false)).try_init(),
        Format::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    };
    drop(installed);
}
