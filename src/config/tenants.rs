//! `[[tenants]]`: tenants that the settings declare. What their `config` may hold is not known here: it is handed on.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use uuid::Uuid;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredTenant {
    #[serde(deserialize_with = "id")]
    pub id: Uuid,
    #[serde(default)]
    pub display_name: Option<String>,
    #[serde(default)]
    pub api_keys: Vec<DeclaredKey>,
    #[serde(default)]
    pub config: Option<TenantConfig>,
}

/// Where an API key is, or what it is the digest of.
#[derive(Clone, PartialEq, Eq)]
pub enum DeclaredKey {
    Digest([u8; 32]),
    Variable(String),
}

impl fmt::Debug for DeclaredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest(_) => f.write_str("sha256:…"),
            Self::Variable(name) => write!(f, "env:{name}"),
        }
    }
}

/// The `config` object of a tenant, as it stands in the file.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct TenantConfig(pub config::Value);

impl fmt::Debug for TenantConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

pub(super) fn declared_twice(tenants: &[DeclaredTenant]) -> Option<Uuid> {
    let ids: Vec<Uuid> = tenants.iter().map(|tenant| tenant.id).collect();
    let twice = (1..ids.len()).find(|&index| ids[..index].contains(&ids[index]));
    twice.map(|index| ids[index])
}

fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
    let text = String::deserialize(deserializer)?;
    tenant_id(&text).map_err(D::Error::custom)
}

pub(super) fn tenant_id(text: &str) -> Result<Uuid, String> {
    let id = Uuid::try_parse(text).ok().filter(|id| !id.is_nil());
    id.ok_or_else(|| {
        format!(
            "{text:?} is no UUID, like 3f1c2e62-8f0b-4f39-a7a1-0c1f5c7d9e42: `uuidgen` makes one"
        )
    })
}

/// What is wrong is not repeated: it may be the key itself.
impl<'de> Deserialize<'de> for DeclaredKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digest = text.strip_prefix("sha256:").and_then(digest);
        let variable = text.strip_prefix("env:").filter(|name| is_variable(name));
        match (digest, variable) {
            (Some(digest), _) => Ok(Self::Digest(digest)),
            (None, Some(name)) => Ok(Self::Variable(name.to_owned())),
            (None, None) => Err(D::Error::custom(
                "an API key is given as \"env:NAME\", the variable that holds it, or as \"sha256:\" and the 64 hex digits of its digest (printf %s \"$KEY\" | sha256sum); this is neither",
            )),
        }
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c == '=' || c == '\0' || c.is_whitespace())
}

fn digest(hex: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    let digits = hex.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    for (byte, start) in digest.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&hex[start..start + 2], 16).ok()?;
    }
    Some(digest)
}
