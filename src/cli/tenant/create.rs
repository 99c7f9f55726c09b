//! `keywright tenant create`

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use url::Url;

use super::client::{Client, Server};
use super::failure::Failure;
use super::wire::{Created, read};
use super::{config_file, shown};
use crate::cli::print::{say, say_json};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Create {
    #[command(flatten)]
    server: Server,
    /// What people call it, on their devices too
    #[arg(long, value_name = "TEXT")]
    name: String,
    /// The domain that its passkeys are bound to, for ever; by default that of the first origin
    #[arg(long, value_name = "DOMAIN", required_unless_present_any = ["origin", "config"])]
    rp_id: Option<String>,
    /// A page that may use its passkeys, like <https://shop.example>; may be given again. By default the RP id, by https
    #[arg(long, value_name = "ORIGIN")]
    origin: Vec<String>,
    /// All settings instead: the `config` object of the admin API, in JSON or TOML; `-` reads stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rp_id", "origin"])]
    config: Option<PathBuf>,
    /// For programs: what the admin API answers, with the key in it
    #[arg(long)]
    json: bool,
}

impl Create {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let config = match &self.config {
            Some(file) => config_file::read(file)?,
            None => self.settings()?,
        };
        let client = self.server.client()?;
        let body = json!({"display_name": self.name, "config": config, "create_api_key": true});
        let answer = client.post(PATH, &body)?;
        if self.json {
            say_json(&answer);
            return Ok(());
        }
        self.tell(&client, &answer)
    }

    /// What most tenants need.
    fn settings(&self) -> Result<Value, Failure> {
        let hosts: Result<Vec<String>, Failure> =
            self.origin.iter().map(|origin| host(origin)).collect();
        let first_host = hosts?.into_iter().next();
        let rp_id = self.rp_id.clone().or(first_host).unwrap_or_default();
        let origins = if self.origin.is_empty() {
            if rp_id == "localhost" {
                return Err(Failure::LocalhostPort);
            }
            vec![format!("https://{rp_id}")]
        } else {
            self.origin.clone()
        };
        Ok(json!({
            "cors": {"allowed_origins": origins, "allow_unsafe_wildcard": false},
            "webauthn": {
                "relying_party": {"id": rp_id, "display_name": self.name, "origins": origins},
                "timeout": TIMEOUT_MILLISECONDS,
            },
        }))
    }

    fn tell(&self, client: &Client, answer: &Value) -> Result<(), Failure> {
        let created: Created = read(client, PATH, answer)?;
        let key = created.api_key.map(|key| key.secret).unwrap_or_default();
        let id = created.id;
        for warning in &created.warnings {
            say(&format!("Warning   {}", shown(warning)));
        }
        say(&format!(
            "Created   {}
Tenant    {id}
API key   {key}

Keep the key where your backend finds it: it is not shown again. The backend sends it as the header apiKey, for example:
curl -s http://localhost:8000/{id}/registration/initialize -H 'apiKey: {key}' -H 'Content-Type: application/json' -d '{{\"user_id\": \"ann\", \"username\": \"ann@example.com\"}}'",
            shown(&self.name),
        ));
        Ok(())
    }
}

/// The host of an origin, which it must have. Apps have none, and need `--config`.
fn host(origin: &str) -> Result<String, Failure> {
    let url = Url::parse(origin).ok();
    let host = url.and_then(|url| url.host_str().map(str::to_owned));
    host.ok_or_else(|| Failure::Origin(origin.to_owned()))
}

const PATH: &str = "/tenants";
const TIMEOUT_MILLISECONDS: u32 = 60_000;

const EXAMPLES: &str = "\
Examples:
  keywright tenant create --name Shop --rp-id shop.example
  keywright tenant create --name Shop --rp-id shop.example --origin https://shop.example --origin https://account.shop.example
  keywright tenant create --name Shop --config shop.toml";
