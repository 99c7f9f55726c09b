//! Why there is no start with these settings: each text names what is wrong and what would be right.

use thiserror::Error;
use uuid::Uuid;

use super::Address;

#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("{0}")]
    Invalid(config::ConfigError),
    /// Without the line itself: there may be a secret on it.
    #[error("{file} is not TOML: {place}")]
    Syntax { file: String, place: String },
    /// Without the value: it may be the secret itself.
    #[error(
        "{key} has not the form that it should have: {expected}. What it holds is not repeated here, since it may be secret"
    )]
    Form { key: String, expected: &'static str },
    /// Without its name and its value, which may be secret.
    #[error("a variable of the environment that begins with KEYWRIGHT__ is not UTF-8")]
    NotUnicode,
    #[error(
        "secrets.keys is empty: give at least one text of 16 or more characters that nobody else knows, for example `openssl rand -hex 32 > keywright.key` once and KEYWRIGHT__SECRETS__KEYS=$(cat keywright.key), and keep it: without it nothing in the store can be read"
    )]
    NoSecret,
    #[error(
        "server.admin_address is {0}, which others can reach, and server.admin_token is not set: set a token of at least 16 characters, or use 127.0.0.1"
    )]
    OpenAdmin(Address),
    #[error(
        "server.public_address is {0}, which others can reach, and --dev is for this machine only: use 127.0.0.1:8000, or start without --dev"
    )]
    OpenDev(Address),
    #[error("tenants: {0} is the id of two of them: give each its own, `uuidgen` makes one")]
    TenantTwice(Uuid),
    #[error(
        "limits.challenges_per_tenant is {per_tenant}, more than limits.challenges ({all}): lower the one or raise the other"
    )]
    ChallengesPerTenant { per_tenant: usize, all: usize },
}

impl ConfigError {
    /// What is wrong with a source as such. Messages come from the environment only, and repeat what a variable holds.
    pub(super) fn of_sources(error: config::ConfigError) -> Self {
        if matches!(error, config::ConfigError::Message(_)) {
            return Self::NotUnicode;
        }
        let config::ConfigError::FileParse { uri, cause } = error else {
            return Self::Invalid(error);
        };
        Self::Syntax {
            file: uri.unwrap_or_default(),
            place: cause
                .to_string()
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned(),
        }
    }
}

/// What is wrong with a value.
impl From<config::ConfigError> for ConfigError {
    fn from(error: config::ConfigError) -> Self {
        let (config::ConfigError::At { key, .. } | config::ConfigError::Type { key, .. }) = &error
        else {
            return Self::Invalid(error);
        };
        let key = key.clone().unwrap_or_default().replace(']', "].");
        if key == "secrets" {
            let expected = "its only key is secrets.keys (KEYWRIGHT__SECRETS__KEYS)";
            return Self::Form { key, expected };
        }
        if key.ends_with("].api_keys") {
            let expected = "a list of texts, each \"env:NAME\" or \"sha256:\" and 64 hex digits";
            return Self::Form { key, expected };
        }
        Self::Invalid(error)
    }
}
