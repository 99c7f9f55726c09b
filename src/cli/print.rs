//! What the commands print. Whoever reads may have gone, `head` for example: that is no error of the command's.

use std::error::Error;
use std::io::Write;

/// To stdout.
pub(super) fn say(text: &str) {
    drop(writeln!(std::io::stdout().lock(), "{text}"));
}

/// One JSON document to stdout, for programs.
pub(super) fn say_json(value: &serde_json::Value) {
    say(&format!("{value:#}"));
}

/// An error with all its causes, each told once, to stderr.
pub(super) fn report(error: &dyn Error) {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let error_text = error.to_string();
        if !text.contains(&error_text) {
            text = format!("{text}: {error_text}");
        }
        cause = error.source();
    }
    drop(writeln!(std::io::stderr().lock(), "keywright: {text}"));
}
