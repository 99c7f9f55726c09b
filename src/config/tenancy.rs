//! `[tenancy]`: which host names name which tenant. Names are kept as requests are compared with them: lower case, A-labels,
//! no dot at the end.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use url::Host;
use uuid::Uuid;

use super::tenants::tenant_id;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenancy {
    #[serde(default, deserialize_with = "base_domain")]
    pub base_domain: Option<HostName>,
    #[serde(deserialize_with = "hosts")]
    pub hosts: BTreeMap<HostName, Uuid>,
    #[serde(default, deserialize_with = "tenant")]
    pub default_tenant: Option<Uuid>,
    pub path_alias: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostName(String);

impl Borrow<str> for HostName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl HostName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Result<Self, String> {
        let name = text.strip_suffix('.').unwrap_or(text);
        match Host::parse(name) {
            Ok(Host::Domain(name)) if is_name(&name) => Ok(Self(name)),
            Ok(Host::Ipv4(_) | Host::Ipv6(_)) => Err(format!(
                "{text:?} is an address, which names no tenant: give a host name, like login.example.com"
            )),
            Ok(Host::Domain(_)) | Err(_) => Err(format!(
                "{text:?} is not a host name, like login.example.com: leave out scheme, port, path and wildcard"
            )),
        }
    }
}

/// As in the domain name system, and `_`, which some use in spite of it.
fn is_name(name: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(is_fit);
    name.len() <= NAME_LENGTH_MAX && name.split('.').all(is_label)
}

fn base_domain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<HostName>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let name = HostName::parse(text.trim()).map_err(D::Error::custom)?;
    if name.0.len() > BASE_LENGTH_MAX {
        return Err(D::Error::custom(format!(
            "{text:?} is too long: with a tenant id before it a name may have {NAME_LENGTH_MAX} characters"
        )));
    }
    Ok(Some(name))
}

fn tenant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Uuid>, D::Error> {
    let text = String::deserialize(deserializer)?;
    tenant_id(text.trim()).map(Some).map_err(D::Error::custom)
}

/// A table, or in the environment one text with commas.
fn hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<HostName, Uuid>, D::Error> {
    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "neither a table of host names, each with the id of its tenant, nor a text like login.example.com=3f1c2e62-8f0b-4f39-a7a1-0c1f5c7d9e42"
    )]
    enum Pairs {
        Text(String),
        Table(BTreeMap<String, String>),
    }
    let hosts = match Pairs::deserialize(deserializer)? {
        Pairs::Text(text) => text_pairs(&text).and_then(map),
        Pairs::Table(table) => map(table.iter().map(|(host, id)| (&**host, &**id)).collect()),
    };
    hosts.map_err(D::Error::custom)
}

fn text_pairs(text: &str) -> Result<Vec<(&str, &str)>, String> {
    let pairs = text.split(',').map(str::trim);
    let pair = |pair: &'_ str| format!("{pair:?} is not host=tenant, like login.example.com={ID}");
    pairs
        .filter(|text| !text.is_empty())
        .map(|text| text.split_once('=').ok_or_else(|| pair(text)))
        .collect()
}

fn map(pairs: Vec<(&str, &str)>) -> Result<BTreeMap<HostName, Uuid>, String> {
    let mut hosts = BTreeMap::new();
    for (host, id) in pairs {
        let name = HostName::parse(host.trim())?;
        let id = tenant_id(id.trim()).map_err(|what| format!("{host}: {what}"))?;
        match hosts.entry(name) {
            Entry::Vacant(entry) => entry.insert(id),
            Entry::Occupied(entry) => {
                let name = entry.key().as_str();
                return Err(format!("{name} stands there twice: keep one"));
            }
        };
    }
    Ok(hosts)
}

const NAME_LENGTH_MAX: usize = 253;

/// A UUID and a dot go before it.
const BASE_LENGTH_MAX: usize = NAME_LENGTH_MAX - 37;

const ID: &str = "3f1c2e62-8f0b-4f39-a7a1-0c1f5c7d9e42";
