//! `keywright tenant rotate-key`: the new key is made and shown before the old one ends, so that nobody is left without.

use clap::Args;
use serde_json::{Value, json};
use uuid::Uuid;

use super::client::{Client, Server};
use super::failure::Failure;
use super::shown;
use super::wire::{ApiKey, api_keys, read};
use crate::cli::print::{say, say_json};

#[derive(Debug, Args)]
pub(in crate::cli) struct RotateKey {
    #[command(flatten)]
    server: Server,
    /// The tenant's id
    tenant: Uuid,
    /// Which API key; it can be left out where there is only one. A name that no key has makes a further key
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Leave the old key until everybody has the new one
    #[arg(long)]
    keep_old: bool,
    /// For programs: `{"api_key", "deleted", "kept"}`, with the new key in it
    #[arg(long)]
    json: bool,
}

impl RotateKey {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let client = self.server.client()?;
        let path = api_keys(self.tenant);
        let keys: Vec<ApiKey> = read(&client, &path, &client.get(&path)?)?;
        let name = self.family(&keys)?;
        let old: Vec<&ApiKey> = keys
            .iter()
            .filter(|key| family(&key.name) == name)
            .collect();
        let body = json!({"name": free_name(&name, &keys)});
        let answer = client.post(&path, &body)?;
        if !self.json {
            let made: ApiKey = read(&client, &path, &answer)?;
            say(&format!("API key   {}", made.secret));
            say(&format!("Name      {}", shown(&made.name)));
        }
        let (deleted, failed) = self.end(&client, &old);
        let kept: Vec<&ApiKey> = old.iter().skip(deleted.len()).copied().collect();
        if self.json {
            say_json(&json!({"api_key": answer, "deleted": ids(&deleted), "kept": ids(&kept)}));
        } else {
            self.tell(&client, &deleted, &kept);
        }
        failed
    }

    /// The name of the keys to rotate, without the number that a rotation gave it.
    fn family(&self, keys: &[ApiKey]) -> Result<String, Failure> {
        let name = match (&self.name, keys) {
            (Some(name), _) => name.clone(),
            (None, []) => FIRST_NAME.to_owned(),
            (None, [first, others @ ..]) => {
                let name = family(&first.name);
                if others.iter().any(|key| family(&key.name) != name) {
                    let names: Vec<String> =
                        keys.iter().map(|key| format!("{:?}", key.name)).collect();
                    return Err(Failure::WhichKey(names.join(", ")));
                }
                name.to_owned()
            }
        };
        if name.starts_with("env:") || name.starts_with("sha256:") {
            return Err(Failure::DeclaredKey(name));
        }
        Ok(family(&name).to_owned())
    }

    /// Those that ended, and why the others did not.
    fn end<'a>(
        &self,
        client: &Client,
        old: &[&'a ApiKey],
    ) -> (Vec<&'a ApiKey>, Result<(), Failure>) {
        let mut deleted = Vec::new();
        if self.keep_old {
            return (deleted, Ok(()));
        }
        for key in old {
            let path = format!("{}/{}", api_keys(self.tenant), key.id);
            if let Err(failure) = client.delete(&path) {
                return (deleted, Err(failure));
            }
            deleted.push(*key);
        }
        (deleted, Ok(()))
    }

    fn tell(&self, client: &Client, deleted: &[&ApiKey], kept: &[&ApiKey]) {
        say("\nKeep the key where your backend finds it: it is not shown again.");
        for key in deleted {
            let name = shown(&key.name);
            say(&format!("{name} ({}) opens no more.", key.secret));
        }
        let token = if client.has_token() {
            " -H \"Authorization: Bearer $KEYWRIGHT_ADMIN_TOKEN\""
        } else {
            ""
        };
        for key in kept {
            let (name, path) = (shown(&key.name), api_keys(self.tenant));
            say(&format!(
                "{name} ({}) still opens. To end it:\ncurl -X DELETE{token} {}{path}/{}",
                key.secret, client.address, key.id
            ));
        }
    }
}

/// "Backend" of "Backend" and of "Backend (2)".
fn family(name: &str) -> &str {
    let numbered = name
        .strip_suffix(')')
        .and_then(|name| name.rsplit_once(" ("));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    numbered
        .filter(|(_, number)| is_number(number))
        .map_or(name, |(start, _)| start)
}

/// Names are taken once, and the old key has its own until it goes.
fn free_name(family: &str, keys: &[ApiKey]) -> String {
    let is_free = |name: &String| !keys.iter().any(|key| key.name == *name);
    let numbered = (2_u32..).map(|number| format!("{family} ({number})"));
    let mut names = std::iter::once(family.to_owned()).chain(numbered);
    names.find(is_free).unwrap_or_default()
}

fn ids(keys: &[&ApiKey]) -> Value {
    keys.iter().map(|key| key.id.to_string()).collect()
}

const FIRST_NAME: &str = "API key";
