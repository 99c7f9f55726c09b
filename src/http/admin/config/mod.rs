//! The `config` object of a tenant on the wire (contract §4.1 to §4.3, and keywright's own members), in and out: a file a section.
//!
//! Unknown members are refused: a misspelt setting must not look as if it worked.

mod attestation;
mod ceremonies;
mod certificate;
mod cors;
mod issuers;
mod neighbours;
mod origins;
mod sessions;
mod tokens;
mod warnings;
mod webauthn;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::body::object;
use crate::http::validation::Validation;
use crate::tenant::settings::{Ceremonies, Rules, Settings};
use ceremonies::{CeremoniesBody, CeremoniesShown};
use cors::{CorsBody, CorsShown};
use sessions::{SessionsBody, SessionsShown};
use tokens::{AuditBody, AuditShown, LimitsBody, LimitsShown, TokensBody, TokensShown};
use webauthn::{WebauthnBody, WebauthnShown};

pub(super) use neighbours::check_neighbours;
pub(super) use warnings::warnings;

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TenantConfig)]
pub(super) struct ConfigBody {
    #[serde(default, deserialize_with = "object")]
    #[schema(required, nullable = false)]
    cors: Option<CorsBody>,
    #[serde(default, deserialize_with = "object")]
    #[schema(required, nullable = false)]
    webauthn: Option<WebauthnBody>,
    /// What is asked of second factors. Absent: the defaults, and the timeout of `webauthn`.
    #[serde(default, deserialize_with = "object")]
    mfa: Option<CeremoniesBody>,
    #[serde(default, deserialize_with = "object")]
    tokens: Option<TokensBody>,
    #[serde(default, deserialize_with = "object")]
    audit: Option<AuditBody>,
    #[serde(default, deserialize_with = "object")]
    sessions: Option<SessionsBody>,
    #[serde(default, deserialize_with = "object")]
    limits: Option<LimitsBody>,
}

impl ConfigBody {
    /// The settings; what is wrong with them goes to `validation`, the contract's members first and in its order.
    pub(super) fn settings(self, validation: &mut Validation) -> Settings {
        let cors = self.cors.unwrap_or_default().settings(validation);
        let mut webauthn = self.webauthn.unwrap_or_default();
        let relying_party = webauthn.relying_party(validation);
        let passkey = webauthn.ceremonies();
        let passkey = passkey.settings(validation, Ceremonies::passkey);
        let mfa = match self.mfa {
            Some(mfa) => mfa.settings(validation, Ceremonies::mfa),
            None => Ceremonies::mfa(passkey.timeout_milliseconds),
        };
        let relying_party = webauthn.more_origins(relying_party, validation);
        let tokens = self.tokens.unwrap_or_default();
        let rules = webauthn.rules(validation);
        let rules = tokens.rules(rules, validation);
        Settings {
            cors,
            relying_party,
            passkey,
            mfa,
            rules: self.limits.unwrap_or_default().rules(rules, validation),
            tokens: tokens.settings(validation),
            audit: self.audit.unwrap_or_default().settings(validation),
            attestation: webauthn.attestation(validation),
            offers: webauthn.offers(validation),
            sessions: self.sessions.unwrap_or_default().settings(validation),
        }
    }
}

/// The settings as the contract shows them, and of keywright's own those that are not the default.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TenantConfigShown)]
pub(super) struct ConfigShown {
    cors: CorsShown,
    webauthn: WebauthnShown,
    mfa: CeremoniesShown,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    tokens: Option<TokensShown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    audit: Option<AuditShown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sessions: Option<SessionsShown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    limits: Option<LimitsShown>,
}

impl ConfigShown {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            cors: CorsShown::of(&settings.cors),
            webauthn: WebauthnShown::of(settings),
            mfa: CeremoniesShown::of(&settings.mfa),
            tokens: TokensShown::of(settings),
            audit: AuditShown::of(&settings.audit),
            sessions: SessionsShown::of(&settings.sessions),
            limits: LimitsShown::of(&settings.rules),
        }
    }
}

/// What is shown of a value: nothing where it is the default.
fn unless<T: PartialEq + Copy>(value: T, default: T) -> Option<T> {
    (value != default).then_some(value)
}

const DEFAULT: Rules = Rules::DEFAULT;
