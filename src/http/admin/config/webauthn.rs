//! `config.webauthn`: the relying party, what is asked of authenticators, and how strictly their answers are judged.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::attestation::{AttestationBody, AttestationShown};
use super::ceremonies::{CeremoniesBody, CeremoniesShown};
use super::origins::{check_origins, check_unique};
use super::{DEFAULT, unless};
use crate::http::body::{integer, object};
use crate::http::openapi::shapes::{
    Address, Algorithms, AttachmentWord, AttestationWord, BackupWord, CounterWord, ExtensionInputs,
    Hints, Milliseconds, Origins, ResidentKeyWord, SomeOrigins, UserVerificationWord,
};
use crate::http::validation::Validation;
use crate::tenant::settings::{
    AttestationRules, BackupEligibleChange, CounterPolicy, Offers, RelyingParty, Rules, Settings,
};
use crate::webauthn::cose::Algorithm;
use crate::webauthn::options::Hint;

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Webauthn)]
pub(super) struct WebauthnBody {
    #[serde(default, deserialize_with = "object")]
    #[schema(required, nullable = false)]
    relying_party: Option<RelyingPartyBody>,
    /// How long a ceremony may take, in milliseconds.
    #[serde(default, deserialize_with = "integer")]
    #[schema(required, nullable = false, value_type = Milliseconds)]
    timeout: Option<i64>,
    #[schema(value_type = Option<UserVerificationWord>)]
    user_verification: Option<String>,
    #[schema(value_type = Option<AttachmentWord>)]
    attachment: Option<String>,
    #[schema(value_type = Option<AttestationWord>)]
    attestation_preference: Option<String>,
    #[schema(value_type = Option<ResidentKeyWord>)]
    resident_key_requirement: Option<String>,
    /// What becomes of a login whose signature counter did not grow.
    #[schema(value_type = Option<CounterWord>)]
    counter: Option<String>,
    /// What becomes of a login whose credential changed its backup eligibility.
    #[schema(value_type = Option<BackupWord>)]
    backup_eligible_change: Option<String>,
    /// Whether a user registers an authenticator only once. Absent: true.
    exclude_credentials: Option<bool>,
    #[serde(default, deserialize_with = "object")]
    attestation: Option<AttestationBody>,
    /// Origins elsewhere that the RP id names as related.
    #[schema(value_type = Option<Origins>)]
    related_origins: Option<Vec<String>>,
    /// The pages in whose frames ceremonies may run. Empty: all.
    #[schema(value_type = Option<Origins>)]
    top_origins: Option<Vec<String>>,
    /// Whether ceremonies may run in the frame of another origin.
    allow_cross_origin: Option<bool>,
    #[schema(value_type = Option<Hints>)]
    hints: Option<Vec<String>>,
    /// By their numbers in the COSE registry, the favourite first.
    #[schema(value_type = Option<Algorithms>)]
    algorithms: Option<Vec<i64>>,
    /// What goes into the options of each registration; at most 4096 bytes.
    #[schema(value_type = Option<ExtensionInputs>)]
    extensions: Option<Map<String, Value>>,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RelyingParty)]
struct RelyingPartyBody {
    /// The host whose passkeys these are, and those below it.
    #[schema(
        required,
        nullable = false,
        min_length = 1,
        max_length = 255,
        example = "shop.example"
    )]
    id: Option<String>,
    #[schema(
        required,
        nullable = false,
        min_length = 1,
        max_length = 255,
        example = "Shop"
    )]
    display_name: Option<String>,
    #[schema(value_type = Option<Address>)]
    icon: Option<String>,
    /// From where its ceremonies come.
    #[schema(required, nullable = false, value_type = SomeOrigins)]
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

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebauthnShown)]
pub(super) struct WebauthnShown {
    relying_party: RelyingPartyShown,
    #[serde(flatten)]
    ceremonies: CeremoniesShown,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = CounterWord, required = false)]
    counter: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = BackupWord, required = false)]
    backup_eligible_change: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exclude_credentials: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    attestation: Option<AttestationShown>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_origins: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    top_origins: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    allow_cross_origin: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hints: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    algorithms: Option<Vec<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    extensions: Option<Value>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RelyingPartyShown)]
struct RelyingPartyShown {
    id: String,
    display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
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
