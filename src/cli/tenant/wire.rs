//! The answers of the admin API, as far as people are shown them. Programs get them whole.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::client::Client;
use super::failure::Failure;

#[derive(Debug, Deserialize)]
pub(super) struct Listed {
    pub(super) id: Uuid,
    pub(super) display_name: String,
}

/// An API key; in lists its secret is masked.
#[derive(Deserialize)]
pub(super) struct ApiKey {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) secret: String,
    pub(super) created_at: String,
}

#[derive(Deserialize)]
pub(super) struct Created {
    pub(super) id: Uuid,
    pub(super) api_key: Option<ApiKey>,
    #[serde(default)]
    pub(super) warnings: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Shown {
    pub(super) id: Uuid,
    pub(super) display_name: String,
    pub(super) config: Config,
    #[serde(default)]
    pub(super) warnings: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Config {
    pub(super) cors: Cors,
    pub(super) webauthn: Webauthn,
}

#[derive(Debug, Deserialize)]
pub(super) struct Cors {
    pub(super) allowed_origins: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Webauthn {
    pub(super) relying_party: RelyingParty,
}

#[derive(Debug, Deserialize)]
pub(super) struct RelyingParty {
    pub(super) id: String,
    pub(super) origins: Vec<String>,
}

/// What the server answered, as what it should be.
pub(super) fn read<T: DeserializeOwned>(
    client: &Client,
    path: &str,
    answer: &Value,
) -> Result<T, Failure> {
    T::deserialize(answer).map_err(|_| Failure::Stranger {
        address: client.address.clone(),
        path: path.to_owned(),
        status: 200,
    })
}

pub(super) fn tenant(id: Uuid) -> String {
    format!("/tenants/{id}")
}

pub(super) fn api_keys(id: Uuid) -> String {
    format!("/tenants/{id}/secrets/api")
}
