//! `keywright tenant show`

use clap::Args;
use serde_json::Value;
use uuid::Uuid;

use super::client::Server;
use super::failure::Failure;
use super::shown;
use super::wire::{ApiKey, Shown, api_keys, read, tenant};
use crate::cli::print::{say, say_json};

#[derive(Debug, Args)]
pub(in crate::cli) struct Show {
    #[command(flatten)]
    server: Server,
    /// The tenant's id
    tenant: Uuid,
    /// For programs: what the admin API answers, with the keys as `api_keys`; secrets are masked
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let client = self.server.client()?;
        let (path, keys_path) = (tenant(self.tenant), api_keys(self.tenant));
        let mut answer = client.get(&path)?;
        let keys = client.get(&keys_path)?;
        if self.json {
            answer["api_keys"] = keys;
            say_json(&answer);
            return Ok(());
        }
        let about: Shown = read(&client, &path, &answer)?;
        let keys: Vec<ApiKey> = read(&client, &keys_path, &keys)?;
        describe(&about, &answer["config"], &keys);
        Ok(())
    }
}

fn describe(about: &Shown, config: &Value, keys: &[ApiKey]) {
    let rp = &about.config.webauthn.relying_party;
    say(&format!("Name            {}", shown(&about.display_name)));
    say(&format!("Tenant          {}", about.id));
    say(&format!("Relying party   {}", shown(&rp.id)));
    say(&format!("Origins         {}", joined(&rp.origins)));
    let readers = &about.config.cors.allowed_origins;
    say(&format!("CORS            {}", joined(readers)));
    if keys.is_empty() {
        say("API keys        none: keywright tenant rotate-key makes one");
    }
    for (index, key) in keys.iter().enumerate() {
        let title = if index == 0 { "API keys" } else { "" };
        say(&format!(
            "{title:16}{}  {}  {}, since {}",
            key.id,
            key.secret,
            shown(&key.name),
            key.created_at
        ));
    }
    for warning in &about.warnings {
        say(&format!("Warning         {}", shown(warning)));
    }
    say(&format!("Config          {config:#}"));
}

fn joined(texts: &[String]) -> String {
    shown(&texts.join(" "))
}
