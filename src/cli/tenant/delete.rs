//! `keywright tenant delete`

use std::io::{BufRead, IsTerminal, Write};

use clap::Args;
use uuid::Uuid;

use super::client::{Client, Server};
use super::failure::Failure;
use super::shown;
use super::wire::{Shown, read, tenant};
use crate::cli::print::say;

#[derive(Debug, Args)]
pub(in crate::cli) struct Delete {
    #[command(flatten)]
    server: Server,
    /// The tenant's id
    tenant: Uuid,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl Delete {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let client = self.server.client()?;
        if !self.yes {
            self.confirm(&client)?;
        }
        client.delete(&tenant(self.tenant))?;
        say(&format!("deleted {}", self.tenant));
        Ok(())
    }

    fn confirm(&self, client: &Client) -> Result<(), Failure> {
        if !std::io::stdin().is_terminal() {
            return Err(Failure::NobodyToAsk);
        }
        let path = tenant(self.tenant);
        let about: Shown = read(client, &path, &client.get(&path)?)?;
        let mut stderr = std::io::stderr();
        drop(write!(
            stderr,
            "Delete {} ({}) with all its users, credentials and keys? Its passkeys will never work again. [y/N] ",
            shown(&about.display_name),
            about.id
        ));
        drop(stderr.flush());
        let mut answer = String::new();
        drop(std::io::stdin().lock().read_line(&mut answer));
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Failure::Declined),
        }
    }
}
