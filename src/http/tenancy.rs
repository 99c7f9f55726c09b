//! Which tenant a request is for, and which of the two APIs it speaks: by the host name, the path, or the default. Decided
//! before anything else, so that refusals carry the tenant's CORS headers too. A host never says more than that: the id of
//! the relying party stands in the tenant's settings.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use url::Host;

use super::call::Call;
use super::error::{Face, Problem};
use crate::tenant::ids::TenantId;

/// The settings of `[tenancy]`. Names are in lower case and A-labels, without a dot at the end.
#[derive(Debug, Clone, Default)]
pub struct Tenancy {
    pub hosts: HashMap<Box<str>, TenantId>,
    pub base_domain: Option<Box<str>>,
    pub default_tenant: Option<TenantId>,
    pub path_alias: bool,
}

/// Where a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// The Passkey API, whose paths begin with the tenant, in any spelling of its id or what was meant to be one.
    Passkey(&'a str, &'a [&'a str]),
    /// The Public API, with the path as it is on the tenant's own host.
    Public(TenantId, &'a [&'a str]),
}

/// Why it goes nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misplaced {
    BadHost,
    NoTenant,
    TwoTenants,
}

impl Tenancy {
    pub fn place<'a>(&self, call: &Call, path: &'a [&'a str]) -> Result<Place<'a>, Problem> {
        let host = || call.shared.proxies.host(&call.request);
        // The hot path, where no host can name a tenant: nothing is parsed.
        if (self.is_plain() || self.default_tenant.is_none() && host().is_some_and(is_ipv4))
            && let [tenant, rest @ ..] = path
            && !is_public_at_root(path)
            && !is_public(rest)
        {
            return Ok(Place::Passkey(tenant, rest));
        }
        let place = self.resolve(host(), path)?;
        if matches!(place, Place::Public(..)) {
            call.face.set(Face::Public);
        }
        Ok(place)
    }

    /// Whether hosts say nothing, and nobody is the default.
    fn is_plain(&self) -> bool {
        self.hosts.is_empty() && self.base_domain.is_none() && self.default_tenant.is_none()
    }

    fn resolve<'a>(
        &self,
        host: Option<&[u8]>,
        path: &'a [&'a str],
    ) -> Result<Place<'a>, Misplaced> {
        let of_host = self.of_host(host.ok_or(Misplaced::BadHost)?)?;
        let [first, rest @ ..] = path else {
            return Err(Misplaced::NoTenant);
        };
        if let Some(tenant) = TenantId::parse(first) {
            return match of_host {
                Some(other) if other != tenant => Err(Misplaced::TwoTenants),
                Some(_) | None => Ok(self.below(tenant, path)),
            };
        }
        if let Some(tenant) = of_host.or(self.default_tenant) {
            return Ok(Place::Public(tenant, path));
        }
        // What may be an id with a typing mistake is told so.
        let is_nobodys = is_public_at_root(path) || !(self.is_plain() || is_passkey(rest));
        if is_nobodys {
            return Err(Misplaced::NoTenant);
        }
        Ok(Place::Passkey(first, rest))
    }

    /// A path that begins with its tenant.
    fn below<'a>(&self, tenant: TenantId, path: &'a [&'a str]) -> Place<'a> {
        match &path[1..] {
            // Without this segment it is the key set of the Passkey API.
            ["webauthn", keys @ ..] if self.path_alias && is_key_set(keys) => {
                Place::Public(tenant, &path[2..])
            }
            rest if self.path_alias && is_public(rest) => Place::Public(tenant, rest),
            rest => Place::Passkey(path[0], rest),
        }
    }

    /// The tenant that a host names, with or without a port. An address names none.
    fn of_host(&self, authority: &[u8]) -> Result<Option<TenantId>, Misplaced> {
        let host = std::str::from_utf8(authority)
            .ok()
            .filter(|authority| authority.len() <= AUTHORITY_LENGTH_MAX)
            .and_then(without_port)
            .ok_or(Misplaced::BadHost)?;
        // As almost all clients write it: nothing is allocated.
        let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_');
        if host.bytes().all(is_plain) {
            return self.named(host);
        }
        match Host::parse(host) {
            Ok(Host::Domain(name)) => self.named(&name),
            Ok(Host::Ipv4(_) | Host::Ipv6(_)) => Ok(None),
            Err(_) => Err(Misplaced::BadHost),
        }
    }

    /// By a name in lower case and A-labels.
    fn named(&self, host: &str) -> Result<Option<TenantId>, Misplaced> {
        let host = host.strip_suffix('.').unwrap_or(host);
        if host.is_empty() {
            return Err(Misplaced::BadHost);
        }
        let mapped = self.hosts.get(host).copied();
        Ok(mapped.or_else(|| self.labelled(host)))
    }

    /// `<tenant id>.<base domain>`, the id as it is written everywhere: other spellings are other labels.
    fn labelled(&self, host: &str) -> Option<TenantId> {
        let label = host.strip_suffix(&**self.base_domain.as_ref()?)?;
        let label = label.strip_suffix('.')?;
        let is_hyphenated = label.len() == HYPHENATED_LENGTH;
        TenantId::parse(label).filter(|_| is_hyphenated)
    }
}

/// `None` for what is no authority.
fn without_port(authority: &str) -> Option<&str> {
    let end = if authority.starts_with('[') {
        authority.find(']')? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, port) = authority.split_at(end);
    let is_number = |text: &str| text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_number);
    (is_port && !host.is_empty()).then_some(host)
}

/// Routes of the Public API that are below a tenant's id too.
fn is_public(path: &[&str]) -> bool {
    matches!(
        path,
        ["webauthn" | "me" | "logout" | "sessions" | "users", ..] | [".well-known", "config"]
    )
}

fn is_public_at_root(path: &[&str]) -> bool {
    is_public(path) || is_key_set(path)
}

fn is_key_set(path: &[&str]) -> bool {
    matches!(path, [".well-known", "jwks.json"])
}

fn is_passkey(path: &[&str]) -> bool {
    is_key_set(path)
        || matches!(
            path,
            [
                "registration" | "login" | "mfa" | "transaction" | "credentials" | "audit_logs",
                ..
            ]
        )
}

impl From<Misplaced> for Problem {
    fn from(misplaced: Misplaced) -> Self {
        let problem = match misplaced {
            Misplaced::BadHost => Self::bad_request(
                "Bad Request",
                "send one Host header with a host name or an address, and its port if it has one",
            ),
            Misplaced::NoTenant => Self {
                details: Some("neither the host nor the path names a tenant".into()),
                ..Self::not_found("tenant not found")
            },
            Misplaced::TwoTenants => Self {
                details: Some("the host names one tenant and the path another".into()),
                ..Self::not_found("tenant not found")
            },
        };
        problem.on_both_faces()
    }
}

/// Of digits and dots, with a port or without: no name that the settings can hold.
fn is_ipv4(host: &[u8]) -> bool {
    host.iter()
        .all(|byte| byte.is_ascii_digit() || b".:".contains(byte))
        && host.contains(&b'.')
}

/// Whatever is longer is no host, and not worth the work. A name has at most 253 bytes in A-labels, in other letters more.
const AUTHORITY_LENGTH_MAX: usize = 1024;

const HYPHENATED_LENGTH: usize = 36;
