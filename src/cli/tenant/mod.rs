//! `keywright tenant …`: what an operator does with tenants, by the admin API of a running server. Nothing here opens a store
//! or knows its keys.

pub(super) mod client;
mod config_file;
mod create;
mod delete;
pub(super) mod failure;
mod list;
mod rotate_key;
mod show;
mod wire;

use std::process::ExitCode;

use clap::Subcommand;

use super::print::report;

#[derive(Debug, Subcommand)]
pub(super) enum Tenant {
    /// Make a tenant and its first API key, which is shown this once
    Create(create::Create),
    /// List the tenants
    List(list::List),
    /// Show a tenant, its settings and its API keys
    Show(show::Show),
    /// Make a new API key in the place of one; the old one ends at once, unless it is to be kept
    RotateKey(rotate_key::RotateKey),
    /// Delete a tenant with all its users, credentials and keys
    Delete(delete::Delete),
}

impl Tenant {
    pub(super) fn run(self) -> ExitCode {
        let done = match self {
            Self::Create(create) => create.run(),
            Self::List(list) => list.run(),
            Self::Show(show) => show.run(),
            Self::RotateKey(rotate) => rotate.run(),
            Self::Delete(delete) => delete.run(),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                report(&failure);
                ExitCode::from(failure.code())
            }
        }
    }
}

/// What others named, without what a terminal would obey.
fn shown(text: &str) -> String {
    let visible = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(visible).collect()
}
