//! A tenant's `config` object from a file: JSON as the admin API takes it, or the same in TOML.

use std::io::Read;
use std::path::Path;

use serde_json::Value;

use super::failure::Failure;

pub(super) fn read(file: &Path) -> Result<Value, Failure> {
    let text = text(file).map_err(|cause| Failure::Unreadable {
        file: file.to_owned(),
        cause,
    })?;
    let read = if text.trim_start().starts_with('{') {
        serde_json::from_str(&text).map_err(|error| error.to_string())
    } else {
        toml(&text)
    };
    read.map_err(|cause| Failure::NotConfig {
        file: file.to_owned(),
        cause,
    })
}

/// `-` is what comes on stdin.
fn text(file: &Path) -> std::io::Result<String> {
    if file.as_os_str() != "-" {
        return std::fs::read_to_string(file);
    }
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text)?;
    Ok(text)
}

fn toml(text: &str) -> Result<Value, String> {
    let source = config::File::from_str(text, config::FileFormat::Toml);
    let read = config::Config::builder().add_source(source).build();
    read.and_then(config::Config::try_deserialize)
        .map_err(|error| error.to_string())
}
