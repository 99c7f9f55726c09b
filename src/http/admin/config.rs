//! The `config` object of a tenant on the wire (contract §4.1 to §4.3, and keywright's own members), in and out.
//!
//! Unknown members are refused: a misspelt setting must not look as if it worked.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::http::validation::Validation;
use crate::tenant::settings::{
    BackupEligibleChange, Ceremonies, Cors, CounterPolicy, RelyingParty, Rules, Settings,
};
use crate::webauthn::options::{
    AttestationConveyance, AuthenticatorAttachment, ResidentKey, UserVerification,
};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfigBody {
    cors: Option<CorsBody>,
    webauthn: Option<WebauthnBody>,
    mfa: Option<CeremoniesBody>,
    tokens: Option<TokensBody>,
    limits: Option<LimitsBody>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CorsBody {
    allowed_origins: Option<Vec<String>>,
    allow_unsafe_wildcard: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WebauthnBody {
    relying_party: Option<RelyingPartyBody>,
    timeout: Option<i64>,
    user_verification: Option<String>,
    attachment: Option<String>,
    attestation_preference: Option<String>,
    resident_key_requirement: Option<String>,
    counter: Option<String>,
    backup_eligible_change: Option<String>,
    exclude_credentials: Option<bool>,
    related_origins: Option<Vec<String>>,
    top_origins: Option<Vec<String>>,
    allow_cross_origin: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RelyingPartyBody {
    id: Option<String>,
    display_name: Option<String>,
    icon: Option<String>,
    origins: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CeremoniesBody {
    timeout: Option<i64>,
    user_verification: Option<String>,
    attachment: Option<String>,
    attestation_preference: Option<String>,
    resident_key_requirement: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokensBody {
    lifetime_seconds: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsBody {
    credentials_per_user: Option<u32>,
}

impl ConfigBody {
    /// The settings; what is wrong with them goes to `validation` in the order of the contract's fields.
    pub(super) fn settings(self, validation: &mut Validation) -> Settings {
        let cors = self.cors.unwrap_or_default().settings(validation);
        let mut webauthn = self.webauthn.unwrap_or_default();
        let rules = Rules {
            credentials_per_user: self
                .limits
                .unwrap_or_default()
                .credentials_per_user
                .unwrap_or(DEFAULT.credentials_per_user),
            token_lifetime_seconds: self
                .tokens
                .unwrap_or_default()
                .lifetime_seconds
                .unwrap_or(DEFAULT.token_lifetime_seconds),
            exclude_credentials: webauthn
                .exclude_credentials
                .unwrap_or(DEFAULT.exclude_credentials),
            ..DEFAULT
        };
        let relying_party = webauthn.relying_party(validation);
        let passkey = webauthn
            .ceremonies()
            .settings(validation, Ceremonies::passkey);
        let rules = webauthn.rules(rules, validation);
        let mfa = match self.mfa {
            Some(mfa) => mfa.settings(validation, Ceremonies::mfa),
            None => Ceremonies::mfa(passkey.timeout_milliseconds),
        };
        Settings {
            cors,
            relying_party,
            passkey,
            mfa,
            rules,
        }
    }
}

impl CorsBody {
    fn settings(self, validation: &mut Validation) -> Cors {
        Cors {
            allowed_origins: validation.entries("allowed_origins", self.allowed_origins),
            allow_unsafe_wildcard: validation
                .present("allow_unsafe_wildcard", self.allow_unsafe_wildcard),
        }
    }
}

impl WebauthnBody {
    fn relying_party(&mut self, validation: &mut Validation) -> RelyingParty {
        let body = self.relying_party.take().unwrap_or_default();
        let id = validation.required("id", body.id);
        let display_name = validation.required("display_name", body.display_name);
        if let Some(icon) = &body.icon {
            validation.url("icon", icon);
        }
        let origins = validation.entries("origins", body.origins);
        RelyingParty {
            id,
            display_name,
            icon: body.icon,
            origins: check_origins("origins", origins, validation),
            related_origins: check_origins(
                "related_origins",
                self.related_origins.take().unwrap_or_default(),
                validation,
            ),
            top_origins: check_origins(
                "top_origins",
                self.top_origins.take().unwrap_or_default(),
                validation,
            ),
            allow_cross_origin: self.allow_cross_origin.unwrap_or_default(),
        }
    }

    fn ceremonies(&mut self) -> CeremoniesBody {
        CeremoniesBody {
            timeout: self.timeout,
            user_verification: self.user_verification.take(),
            attachment: self.attachment.take(),
            attestation_preference: self.attestation_preference.take(),
            resident_key_requirement: self.resident_key_requirement.take(),
        }
    }

    fn rules(&self, rules: Rules, validation: &mut Validation) -> Rules {
        let counter = validation.one_of(
            "counter",
            self.counter.as_deref(),
            &CounterPolicy::ALL,
            CounterPolicy::as_str,
        );
        let change = validation.one_of(
            "backup_eligible_change",
            self.backup_eligible_change.as_deref(),
            &BackupEligibleChange::ALL,
            BackupEligibleChange::as_str,
        );
        Rules {
            counter: counter.unwrap_or(rules.counter),
            backup_eligible_change: change.unwrap_or(rules.backup_eligible_change),
            ..rules
        }
    }
}

impl CeremoniesBody {
    /// `default` gives what is absent; it takes the timeout, which never is.
    fn settings(self, validation: &mut Validation, default: fn(i64) -> Ceremonies) -> Ceremonies {
        let timeout = validation.present("timeout", self.timeout.filter(|&timeout| timeout != 0));
        let default = default(timeout);
        let verification = self.user_verification.as_deref();
        let verification = validation.one_of(
            "user_verification",
            verification,
            &UserVerification::ALL,
            UserVerification::as_str,
        );
        let attachment = self.attachment.as_deref();
        let attachment = validation.one_of(
            "attachment",
            attachment,
            &AuthenticatorAttachment::ALL,
            AuthenticatorAttachment::as_str,
        );
        let attestation = self.attestation_preference.as_deref();
        let attestation = validation.one_of(
            "attestation_preference",
            attestation,
            &AttestationConveyance::ALL,
            AttestationConveyance::as_str,
        );
        let resident_key = self.resident_key_requirement.as_deref();
        let resident_key = validation.one_of(
            "resident_key_requirement",
            resident_key,
            &ResidentKey::ALL,
            ResidentKey::as_str,
        );
        Ceremonies {
            timeout_milliseconds: timeout,
            user_verification: verification.unwrap_or(default.user_verification),
            attachment: attachment.or(default.attachment),
            attestation: attestation.unwrap_or(default.attestation),
            resident_key: resident_key.unwrap_or(default.resident_key),
        }
    }
}

/// Web origins or Android apps, each once. Others could never match, which is found out only when somebody signs in.
fn check_origins(field: &str, origins: Vec<String>, validation: &mut Validation) -> Vec<String> {
    for (index, origin) in origins.iter().enumerate() {
        if !is_origin(origin) {
            validation.fail(format!("{field} must be origins like https://example.com or android:apk-key-hash:…, '{origin}' is none"));
        }
        if origins[..index].contains(origin) {
            validation.fail(format!(
                "{field} must be unique, '{origin}' stands there twice"
            ));
        }
    }
    origins
}

fn is_origin(origin: &str) -> bool {
    let app = origin.strip_prefix("android:apk-key-hash:");
    app.map_or_else(
        || Url::parse(origin).is_ok_and(|url| url.has_host()),
        |hash| !hash.is_empty(),
    )
}

/// What is legal and yet may surprise: browsers let a page use an RP id only on that host and below it.
pub(super) fn warnings(settings: &Settings) -> Vec<String> {
    let rp = &settings.relying_party;
    rp.origins
        .iter()
        .filter(|origin| is_foreign(origin, &rp.id))
        .map(|origin| {
            format!(
                "origin {origin} is not on {} or below it: browsers will refuse it unless https://{}/.well-known/webauthn names it as a related origin",
                rp.id, rp.id
            )
        })
        .collect()
}

fn is_foreign(origin: &str, rp_id: &str) -> bool {
    let Some(host) = Url::parse(origin)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
    else {
        return false;
    };
    host != rp_id && !host.ends_with(&format!(".{rp_id}"))
}

/// The settings as the contract shows them, and of keywright's own those that are not the default.
#[derive(Debug, Serialize)]
pub(super) struct ConfigShown {
    cors: CorsShown,
    webauthn: WebauthnShown,
    mfa: CeremoniesShown,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<TokensShown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<LimitsShown>,
}

#[derive(Debug, Serialize)]
struct CorsShown {
    allowed_origins: Vec<String>,
    allow_unsafe_wildcard: bool,
}

#[derive(Debug, Serialize)]
struct WebauthnShown {
    relying_party: RelyingPartyShown,
    #[serde(flatten)]
    ceremonies: CeremoniesShown,
    #[serde(skip_serializing_if = "Option::is_none")]
    counter: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backup_eligible_change: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exclude_credentials: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_origins: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    top_origins: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_cross_origin: Option<bool>,
}

#[derive(Debug, Serialize)]
struct RelyingPartyShown {
    id: String,
    display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<String>,
    origins: Vec<String>,
}

#[derive(Debug, Serialize)]
struct CeremoniesShown {
    timeout: i64,
    user_verification: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment: Option<&'static str>,
    attestation_preference: &'static str,
    resident_key_requirement: &'static str,
}

#[derive(Debug, Serialize)]
struct TokensShown {
    lifetime_seconds: u32,
}

#[derive(Debug, Serialize)]
struct LimitsShown {
    credentials_per_user: u32,
}

impl ConfigShown {
    pub(super) fn of(settings: &Settings) -> Self {
        let rules = &settings.rules;
        Self {
            cors: CorsShown {
                allowed_origins: settings.cors.allowed_origins.clone(),
                allow_unsafe_wildcard: settings.cors.allow_unsafe_wildcard,
            },
            webauthn: WebauthnShown::of(settings),
            mfa: CeremoniesShown::of(&settings.mfa),
            tokens: unless(rules.token_lifetime_seconds, DEFAULT.token_lifetime_seconds)
                .map(|lifetime_seconds| TokensShown { lifetime_seconds }),
            limits: unless(rules.credentials_per_user, DEFAULT.credentials_per_user).map(
                |credentials_per_user| LimitsShown {
                    credentials_per_user,
                },
            ),
        }
    }
}

impl WebauthnShown {
    fn of(settings: &Settings) -> Self {
        let (rp, rules) = (&settings.relying_party, &settings.rules);
        Self {
            relying_party: RelyingPartyShown {
                id: rp.id.clone(),
                display_name: rp.display_name.clone(),
                icon: rp.icon.clone(),
                origins: rp.origins.clone(),
            },
            ceremonies: CeremoniesShown::of(&settings.passkey),
            counter: unless(rules.counter, DEFAULT.counter).map(CounterPolicy::as_str),
            backup_eligible_change: unless(
                rules.backup_eligible_change,
                DEFAULT.backup_eligible_change,
            )
            .map(BackupEligibleChange::as_str),
            exclude_credentials: unless(rules.exclude_credentials, DEFAULT.exclude_credentials),
            related_origins: rp.related_origins.clone(),
            top_origins: rp.top_origins.clone(),
            allow_cross_origin: unless(rp.allow_cross_origin, false),
        }
    }
}

impl CeremoniesShown {
    fn of(ceremonies: &Ceremonies) -> Self {
        Self {
            timeout: ceremonies.timeout_milliseconds,
            user_verification: ceremonies.user_verification.as_str(),
            attachment: ceremonies.attachment.map(AuthenticatorAttachment::as_str),
            attestation_preference: ceremonies.attestation.as_str(),
            resident_key_requirement: ceremonies.resident_key.as_str(),
        }
    }
}

fn unless<T: PartialEq + Copy>(value: T, default: T) -> Option<T> {
    (value != default).then_some(value)
}

const DEFAULT: Rules = Rules::DEFAULT;
