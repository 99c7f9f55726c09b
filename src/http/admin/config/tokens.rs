//! The short sections: `config.tokens`, `config.audit` and `config.limits`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{DEFAULT, unless};
use crate::http::body::integer;
use crate::http::openapi::shapes::{RsaBitsNumber, TokenAlgorithmWord};
use crate::http::validation::Validation;
use crate::tenant::settings::{AuditRules, RsaBits, Rules, Settings, TokenAlgorithm, Tokens};

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Tokens)]
pub(super) struct TokensBody {
    #[schema(value_type = Option<TokenAlgorithmWord>)]
    algorithm: Option<String>,
    #[serde(default, deserialize_with = "integer")]
    #[schema(value_type = Option<RsaBitsNumber>)]
    rsa_bits: Option<i64>,
    #[serde(default, deserialize_with = "integer")]
    #[schema(minimum = 1, maximum = 86400)]
    lifetime_seconds: Option<i64>,
}

impl TokensBody {
    pub(super) fn settings(self, validation: &mut Validation) -> Tokens {
        let algorithm = validation.one_of(
            "tokens.algorithm",
            self.algorithm.as_deref(),
            &TokenAlgorithm::ALL,
            TokenAlgorithm::as_str,
        );
        let bits = self.rsa_bits.map(|number| {
            let mut all = RsaBits::ALL.into_iter();
            all.find(|bits| i64::from(bits.number()) == number)
        });
        if bits == Some(None) {
            validation.fail("tokens.rsa_bits must be one of '2048 3072 4096'");
        }
        Tokens {
            algorithm: algorithm.unwrap_or_default(),
            rsa_bits: bits.flatten().unwrap_or_default(),
        }
    }

    pub(super) fn rules(&self, rules: Rules, validation: &mut Validation) -> Rules {
        let lifetime = self.lifetime_seconds;
        let lifetime = validation.within("tokens.lifetime_seconds", lifetime, 1..=86_400);
        Rules {
            token_lifetime_seconds: lifetime.unwrap_or(DEFAULT.token_lifetime_seconds),
            ..rules
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TokensShown)]
pub(super) struct TokensShown {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = TokenAlgorithmWord, required = false)]
    algorithm: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = RsaBitsNumber, required = false)]
    rsa_bits: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    lifetime_seconds: Option<u32>,
}

impl TokensShown {
    pub(super) fn of(settings: &Settings) -> Option<Self> {
        let (tokens, default) = (&settings.tokens, Tokens::default());
        let lifetime = settings.rules.token_lifetime_seconds;
        let lifetime = unless(lifetime, DEFAULT.token_lifetime_seconds);
        (*tokens != default || lifetime.is_some()).then(|| Self {
            algorithm: unless(tokens.algorithm, default.algorithm).map(TokenAlgorithm::as_str),
            rsa_bits: unless(tokens.rsa_bits, default.rsa_bits).map(RsaBits::number),
            lifetime_seconds: lifetime,
        })
    }
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Audit)]
pub(super) struct AuditBody {
    /// Whether the log tells of ceremonies that begin, too.
    initialize: Option<bool>,
    #[serde(default, deserialize_with = "integer")]
    #[schema(minimum = 1, maximum = 36500)]
    retention_days: Option<i64>,
    #[serde(default, deserialize_with = "integer")]
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    entries_max: Option<i64>,
}

impl AuditBody {
    pub(super) fn settings(self, validation: &mut Validation) -> AuditRules {
        let default = AuditRules::default();
        let days = validation.within("audit.retention_days", self.retention_days, 1..=36_500);
        let entries = validation.within("audit.entries_max", self.entries_max, 1..=1_000_000_000);
        AuditRules {
            initialize: self.initialize.unwrap_or(default.initialize),
            retention_days: days.unwrap_or(default.retention_days),
            entries_max: entries.unwrap_or(default.entries_max),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditShown)]
pub(super) struct AuditShown {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    initialize: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    retention_days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    entries_max: Option<u32>,
}

impl AuditShown {
    pub(super) fn of(rules: &AuditRules) -> Option<Self> {
        let default = AuditRules::default();
        (*rules != default).then(|| Self {
            initialize: unless(rules.initialize, default.initialize),
            retention_days: unless(rules.retention_days, default.retention_days),
            entries_max: unless(rules.entries_max, default.entries_max),
        })
    }
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Limits)]
pub(super) struct LimitsBody {
    #[serde(default, deserialize_with = "integer")]
    #[schema(minimum = 1, maximum = 10000)]
    credentials_per_user: Option<i64>,
}

impl LimitsBody {
    pub(super) fn rules(self, rules: Rules, validation: &mut Validation) -> Rules {
        let most = self.credentials_per_user;
        let most = validation.within("limits.credentials_per_user", most, 1..=10_000);
        Rules {
            credentials_per_user: most.unwrap_or(DEFAULT.credentials_per_user),
            ..rules
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LimitsShown)]
pub(super) struct LimitsShown {
    credentials_per_user: u32,
}

impl LimitsShown {
    pub(super) fn of(rules: &Rules) -> Option<Self> {
        let most = unless(rules.credentials_per_user, DEFAULT.credentials_per_user);
        most.map(|credentials_per_user| Self {
            credentials_per_user,
        })
    }
}
