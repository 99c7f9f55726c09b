//! One subscriber for the process: text for people, JSON for machines. Both on stderr; stdout belongs to commands.

use tracing::level_filters::LevelFilter;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
}

/// Installs the subscriber. A second call in a process changes nothing: tests start many servers.
pub fn install(format: Format, level: LevelFilter) {
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr);
    let installed = match format {
        Format::Text => builder.with_target(false).try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    };
    drop(installed);
}
