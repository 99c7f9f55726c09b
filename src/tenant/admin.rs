//! What the owner of the server asks of a tenant: to be, to be called otherwise, to follow other settings.

use super::audit::{Kind, Note};
use super::env::Env;
use super::event::{Event, TenantProfile};
use super::rejection::Rejection;
use super::secret::{ApiKey, NewApiKey};
use super::settings::Settings;
use super::state::TenantState;
use super::token::KeyPurpose;
use super::token::commands::prolonged;
use super::{Command, Decision, Touched};

/// No command, since there is no state yet to decide by.
#[derive(Debug)]
pub struct CreateTenant {
    pub display_name: Box<str>,
    pub settings: Settings,
    /// The name of a first API key, if one is wanted.
    pub api_key_name: Option<Box<str>>,
}

impl CreateTenant {
    pub fn decide(self, env: &Env) -> Decision<Option<NewApiKey>> {
        let mut events = vec![Event::TenantSaved(Box::new(TenantProfile {
            display_name: self.display_name,
            settings: self.settings,
            created_at: env.now,
        }))];
        let key = self.api_key_name.map(|name| ApiKey::generate(&name, env));
        let outcome = key.map(|(key, shown)| {
            events.push(Event::ApiKeyCreated(key));
            shown
        });
        Decision::new(events, outcome).noting(Note::of(Kind::TenantCreated))
    }
}

#[derive(Debug)]
pub struct RenameTenant {
    pub display_name: Box<str>,
}

impl Command for RenameTenant {
    type Outcome = ();

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::Profile]
    }

    fn decide(self, state: &TenantState, _: &Env) -> Result<Decision<()>, Rejection> {
        let profile = TenantProfile {
            display_name: self.display_name,
            settings: state.policy.settings.clone(),
            created_at: state.created_at,
        };
        Ok(saved(profile, Kind::TenantUpdated))
    }
}

/// Settings are replaced as a whole: what is absent is the default again. The signing keys learn how long tokens may live.
#[derive(Debug)]
pub struct ReplaceSettings {
    pub settings: Settings,
}

impl Command for ReplaceSettings {
    type Outcome = ();

    fn touches(&self) -> Vec<Touched> {
        vec![Touched::Profile, Touched::SigningKeys]
    }

    fn decide(self, state: &TenantState, env: &Env) -> Result<Decision<()>, Rejection> {
        let prolonged = KeyPurpose::ALL.map(|purpose| {
            let lifetime_seconds = purpose.lifetime_seconds(&self.settings);
            prolonged(state, purpose, lifetime_seconds, env.now)
        });
        let profile = TenantProfile {
            display_name: state.display_name.clone(),
            settings: self.settings,
            created_at: state.created_at,
        };
        let mut decision = saved(profile, Kind::TenantConfigUpdated);
        decision.events.extend(prolonged.into_iter().flatten());
        Ok(decision)
    }
}

fn saved(profile: TenantProfile, kind: Kind) -> Decision<()> {
    Decision::new(vec![Event::TenantSaved(Box::new(profile))], ()).noting(Note::of(kind))
}
