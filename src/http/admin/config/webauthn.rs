//! `config.webauthn`: the relying party, what is asked of authenticators, and how strictly their answers are judged.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::attestation::{AttestationBody, AttestationShown};
use super::ceremonies::{CeremoniesBody, CeremoniesShown};
use super::origins::{check_origins, check_unique};
use super::{DEFAULT, unless};
use crate::http::body::object;
use crate::http::validation::Validation;
use crate::tenant::settings::{
    AttestationRules, BackupEligibleChange, CounterPolicy, Offers, RelyingParty, Rules, Settings,
};
use crate::webauthn::cose::Algorithm;
use crate::webauthn::options::Hint;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebauthnBody {
    #[serde(default, deserialize_with = "object")]
    relying_party: Option<RelyingPartyBody>,
    timeout: Option<i64>,
    user_verification: Option<String>,
    attachment: Option<String>,
    attestation_preference: Option<String>,
    resident_key_requirement: Option<String>,
    counter: Option<String>,
    backup_eligible_change: Option<String>,
    exclude_credentials: Option<bool>,
    #[serde(default, deserialize_with = "object")]
    attestation: Option<AttestationBody>,
    related_origins: Option<Vec<String>>,
    top_origins: Option<Vec<String>>,
    allow_cross_origin: Option<bool>,
    hints: Option<Vec<String>>,
    algorithms: Option<Vec<i64>>,
    extensions: Option<Map<String, Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RelyingPartyBody {
    id: Option<String>,
    display_name: Option<String>,
    icon: Option<String>,
    origins: Option<Vec<String>>,
}

impl WebauthnBody {
    pub(super) fn relying_party(&mut self, validation: &mut Validation) -> RelyingParty {
        let body = self.relying_party.take().unwrap_or_default();
        let id = validation.required("id", body.id);
        validation.at_most("id", &id, TEXT_LENGTH_MAX);
        let display_name = validation.required("display_name", body.display_name);
        validation.at_most("display_name", &display_name, TEXT_LENGTH_MAX);
        if let Some(icon) = &body.icon {
            validation.url("icon", icon);
        }
        let origins = validation.entries("origins", body.origins);
        RelyingParty {
            id,
            display_name,
            icon: body.icon,
            origins: check_origins("origins", origins, validation),
            related_origins: Vec::new(),
            top_origins: Vec::new(),
            allow_cross_origin: self.allow_cross_origin.unwrap_or_default(),
        }
    }

    /// From where else the relying party may be used.
    pub(super) fn more_origins(
        &mut self,
        relying_party: RelyingParty,
        validation: &mut Validation,
    ) -> RelyingParty {
        let related = self.related_origins.take().unwrap_or_default();
        let top = self.top_origins.take().unwrap_or_default();
        RelyingParty {
            related_origins: check_origins("related_origins", related, validation),
            top_origins: check_origins("top_origins", top, validation),
            ..relying_party
        }
    }

    pub(super) fn ceremonies(&mut self) -> CeremoniesBody {
        CeremoniesBody {
            timeout: self.timeout,
            user_verification: self.user_verification.take(),
            attachment: self.attachment.take(),
            attestation_preference: self.attestation_preference.take(),
            resident_key_requirement: self.resident_key_requirement.take(),
        }
    }

    pub(super) fn rules(&self, validation: &mut Validation) -> Rules {
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
        let exclude = self.exclude_credentials;
        Rules {
            counter: counter.unwrap_or(DEFAULT.counter),
            backup_eligible_change: change.unwrap_or(DEFAULT.backup_eligible_change),
            exclude_credentials: exclude.unwrap_or(DEFAULT.exclude_credentials),
            ..DEFAULT
        }
    }

    pub(super) fn attestation(&mut self, validation: &mut Validation) -> AttestationRules {
        let body = self.attestation.take().unwrap_or_default();
        body.settings(validation)
    }

    pub(super) fn offers(self, validation: &mut Validation) -> Offers {
        let default = Offers::default();
        Offers {
            hints: check_hints(&self.hints.unwrap_or_default(), validation),
            algorithms: self.algorithms.map_or(default.algorithms, |numbers| {
                check_algorithms(&numbers, validation)
            }),
            extensions: self.extensions.map_or(default.extensions, |extensions| {
                check_extensions(extensions, validation)
            }),
        }
    }
}

fn check_hints(names: &[String], validation: &mut Validation) -> Vec<Hint> {
    check_unique("hints", names, validation);
    let hint = |name: &String| validation.one_of("hints", Some(name), &Hint::ALL, Hint::as_str);
    names.iter().filter_map(hint).collect()
}

/// By their numbers in the COSE registry, as the options name them.
fn check_algorithms(numbers: &[i64], validation: &mut Validation) -> Vec<Algorithm> {
    if numbers.is_empty() {
        validation.fail("algorithms must at least have 1 entry");
    }
    let texts: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    check_unique("algorithms", &texts, validation);
    let known = numbers.iter().copied().map(Algorithm::from_cose_number);
    let known: Vec<Algorithm> = known.flatten().collect();
    if known.len() < numbers.len() {
        let all = Algorithm::ALL.map(|algorithm| algorithm.cose_number().to_string());
        let all = all.join(" ");
        validation.fail(format!("algorithms must be one of '{all}'"));
    }
    known
}

/// No `null` ever reaches a browser: it refuses the options.
fn check_extensions(extensions: Map<String, Value>, validation: &mut Validation) -> String {
    if extensions.values().any(Value::is_null) {
        validation.fail("extensions must not have null members");
    }
    let text = Value::Object(extensions).to_string();
    if text.len() > EXTENSIONS_BYTES_MAX {
        validation.fail(format!(
            "extensions must have at most {EXTENSIONS_BYTES_MAX} bytes"
        ));
    }
    text
}

/// Of what goes into every answer.
const TEXT_LENGTH_MAX: usize = 255;
/// They go into every registration's options.
const EXTENSIONS_BYTES_MAX: usize = 4096;

#[derive(Debug, Serialize)]
pub(super) struct WebauthnShown {
    relying_party: RelyingPartyShown,
    #[serde(flatten)]
    ceremonies: CeremoniesShown,
    #[serde(skip_serializing_if = "Option::is_none")]
    counter: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backup_eligible_change: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exclude_credentials: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attestation: Option<AttestationShown>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_origins: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    top_origins: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_cross_origin: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hints: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    algorithms: Option<Vec<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<Value>,
}

#[derive(Debug, Serialize)]
struct RelyingPartyShown {
    id: String,
    display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<String>,
    origins: Vec<String>,
}

impl WebauthnShown {
    pub(super) fn of(settings: &Settings) -> Self {
        let (rp, rules, offers) = (&settings.relying_party, &settings.rules, &settings.offers);
        let change = rules.backup_eligible_change;
        let change = unless(change, DEFAULT.backup_eligible_change);
        let default = Offers::default();
        let algorithms = unless(&offers.algorithms, &default.algorithms);
        let extensions = unless(&offers.extensions, &default.extensions);
        Self {
            relying_party: RelyingPartyShown {
                id: rp.id.clone(),
                display_name: rp.display_name.clone(),
                icon: rp.icon.clone(),
                origins: rp.origins.clone(),
            },
            ceremonies: CeremoniesShown::of(&settings.passkey),
            counter: unless(rules.counter, DEFAULT.counter).map(CounterPolicy::as_str),
            backup_eligible_change: change.map(BackupEligibleChange::as_str),
            exclude_credentials: unless(rules.exclude_credentials, DEFAULT.exclude_credentials),
            attestation: AttestationShown::of(&settings.attestation),
            related_origins: rp.related_origins.clone(),
            top_origins: rp.top_origins.clone(),
            allow_cross_origin: unless(rp.allow_cross_origin, false),
            hints: offers.hints.iter().map(|hint| hint.as_str()).collect(),
            algorithms: algorithms.map(|all| {
                all.iter()
                    .map(|algorithm| algorithm.cose_number())
                    .collect()
            }),
            extensions: extensions.and_then(|text| serde_json::from_str(text).ok()),
        }
    }
}
