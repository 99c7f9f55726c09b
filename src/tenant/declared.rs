//! What a settings file says of a tenant, and what has to change for the tenant to be so. The file speaks for what it
//! names: keys that others made stay, keys that it no longer names go.

use std::fmt;

use uuid::Uuid;

use super::audit::{Kind, Note};
use super::env::Env;
use super::event::{Event, TenantProfile};
use super::rejection::Rejection;
use super::secret::{API_KEYS_MAX, ApiKey, HINT_LENGTH, digest};
use super::settings::Settings;
use super::state::TenantState;
use super::{Command, Decision, Touched};

#[derive(Debug, Clone)]
pub struct Declaration {
    pub display_name: Box<str>,
    pub settings: Settings,
    pub api_keys: Vec<DeclaredKey>,
}

/// An API key of which the file tells no more than the digest.
#[derive(Clone, PartialEq, Eq)]
pub struct DeclaredKey {
    /// Where it is declared, to find it again in a list.
    pub name: Box<str>,
    pub digest: [u8; 32],
    pub hint: Box<str>,
}

impl fmt::Debug for DeclaredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeclaredKey({})", self.name)
    }
}

impl DeclaredKey {
    pub fn of_digest(digest: [u8; 32]) -> Self {
        let [a, b, c, d, ..] = digest;
        let start = u32::from_be_bytes([a, b, c, d]);
        Self {
            name: format!("sha256:{start:08x}…").into(),
            digest,
            hint: "".into(),
        }
    }

    pub fn of_variable(variable: &str, key: &str) -> Self {
        Self {
            name: format!("env:{variable}").into(),
            digest: digest(key.as_bytes()),
            hint: key.chars().take(HINT_LENGTH).collect(),
        }
    }

    /// The name counts too: a list of keys shall tell where each stands in the file as it is now.
    fn is(&self, key: &ApiKey) -> bool {
        key.declared && key.digest == self.digest && key.name == self.name
    }
}

/// Where a tenant is not as declared.
#[derive(Debug, PartialEq, Eq)]
pub enum Difference {
    NotMarked,
    Name,
    Settings,
    KeyTooMany { id: Uuid, name: Box<str> },
    KeyMissing(DeclaredKey),
}

impl Declaration {
    /// A new tenant. Its keys are differences that come next, so that the audit log tells of each.
    pub fn found(&self, env: &Env) -> Decision<()> {
        let profile = TenantProfile {
            display_name: self.display_name.clone(),
            settings: self.settings.clone(),
            created_at: env.now,
        };
        let events = vec![Event::TenantSaved(Box::new(profile)), Event::Declared];
        Decision::new(events, ()).noting(Note::of(Kind::TenantCreated))
    }

    /// In the order in which they are best removed: room for new keys before the new keys.
    pub fn differences(&self, state: &TenantState) -> Vec<Difference> {
        let mut found = Vec::new();
        if !state.declared {
            found.push(Difference::NotMarked);
        }
        if state.display_name != self.display_name {
            found.push(Difference::Name);
        }
        if state.policy.settings != self.settings {
            found.push(Difference::Settings);
        }
        found.extend(self.keys_too_many(state));
        found.extend(self.keys_missing(state));
        found
    }

    fn keys_too_many(&self, state: &TenantState) -> impl Iterator<Item = Difference> {
        let declared = state.api_keys.iter().filter(|key| key.declared);
        let too_many = declared.filter(|key| !self.api_keys.iter().any(|own| own.is(key)));
        too_many.map(|key| Difference::KeyTooMany {
            id: key.id,
            name: key.name.clone(),
        })
    }

    fn keys_missing(&self, state: &TenantState) -> impl Iterator<Item = Difference> {
        let is_there = |own: &DeclaredKey| state.api_keys.iter().any(|key| own.is(key));
        let missing = self.api_keys.iter().filter(move |own| !is_there(own));
        missing.cloned().map(Difference::KeyMissing)
    }
}

/// Whether a settings file speaks for the tenant.
#[derive(Debug)]
pub struct MarkDeclared {
    pub declared: bool,
}

impl Command for MarkDeclared {
    type Outcome = ();

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::Profile]
    }

    fn decide(self, _: &TenantState, _: &Env) -> Result<Decision<()>, Rejection> {
        let event = if self.declared {
            Event::Declared
        } else {
            Event::NotDeclared
        };
        Ok(Decision::new(vec![event], ()).noting(Note::of(Kind::TenantUpdated)))
    }
}

#[derive(Debug)]
pub struct AddDeclaredKey(pub DeclaredKey);

impl Command for AddDeclaredKey {
    type Outcome = ();

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::ApiKeys]
    }

    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<()>, Rejection> {
        if state.api_keys.len() >= API_KEYS_MAX {
            return Err(Rejection::TooManyApiKeys);
        }
        let Self(declared) = self;
        let key = ApiKey {
            id: env.uuid(),
            name: declared.name,
            digest: declared.digest,
            hint: declared.hint,
            created_at: env.now,
            declared: true,
        };
        let created = vec![Event::ApiKeyCreated(key)];
        Ok(Decision::new(created, ()).noting(Note::of(Kind::SecretCreated)))
    }
}
