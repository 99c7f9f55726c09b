//! `keywright tenant list`

use clap::Args;

use super::client::Server;
use super::failure::Failure;
use super::shown;
use super::wire::{Listed, read};
use crate::cli::print::{say, say_json};

#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    server: Server,
    /// For programs: what the admin API answers
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let client = self.server.client()?;
        let answer = client.get(PATH)?;
        if self.json {
            say_json(&answer);
            return Ok(());
        }
        let tenants: Vec<Listed> = read(&client, PATH, &answer)?;
        if tenants.is_empty() {
            say("no tenants yet: keywright tenant create --help");
            return Ok(());
        }
        say(&format!("{:36}  NAME", "TENANT"));
        for tenant in tenants {
            say(&format!("{}  {}", tenant.id, shown(&tenant.display_name)));
        }
        Ok(())
    }
}

const PATH: &str = "/tenants";
