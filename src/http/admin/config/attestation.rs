//! `config.webauthn.attestation`: which authenticators are taken.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::certificate;
use super::unless;
use crate::http::openapi::shapes::{Aaguids, Certificates, VerifyWord};
use crate::http::validation::Validation;
use crate::tenant::settings::{AttestationRules, VerifyAttestation};

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Attestation)]
pub(super) struct AttestationBody {
    /// `format`: the statement must verify. `trusted`: its chain must end in one of `roots`, too.
    #[schema(value_type = Option<VerifyWord>)]
    verify: Option<String>,
    /// Certificates, in PEM or as DER in base64.
    #[schema(value_type = Option<Certificates>)]
    roots: Option<Vec<String>>,
    /// The only models of authenticators that are taken. Empty: all.
    #[schema(value_type = Option<Aaguids>)]
    aaguids_allowed: Option<Vec<String>>,
    #[schema(value_type = Option<Aaguids>)]
    aaguids_denied: Option<Vec<String>>,
}

impl AttestationBody {
    pub(super) fn settings(self, validation: &mut Validation) -> AttestationRules {
        let verify = validation.one_of(
            "attestation.verify",
            self.verify.as_deref(),
            &VerifyAttestation::ALL,
            VerifyAttestation::as_str,
        );
        AttestationRules {
            verify: verify.unwrap_or_default(),
            roots: check_roots(&self.roots.unwrap_or_default(), validation),
            aaguids_allowed: check_aaguids(
                "attestation.aaguids_allowed",
                &self.aaguids_allowed.unwrap_or_default(),
                validation,
            ),
            aaguids_denied: check_aaguids(
                "attestation.aaguids_denied",
                &self.aaguids_denied.unwrap_or_default(),
                validation,
            ),
        }
    }
}

fn check_roots(texts: &[String], validation: &mut Validation) -> Vec<Vec<u8>> {
    let mut roots = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        match certificate::read(text) {
            Some(certificates) => roots.extend(certificates),
            None => validation.fail(format!(
                "attestation.roots must be certificates, each in PEM or as DER in base64, entry {index} is none"
            )),
        }
    }
    if roots.len() > ROOTS_MAX {
        validation.fail(format!(
            "attestation.roots cannot have more than {ROOTS_MAX} entries"
        ));
    }
    roots
}

fn check_aaguids(field: &str, texts: &[String], validation: &mut Validation) -> Vec<Uuid> {
    let mut aaguids = Vec::new();
    for text in texts {
        match Uuid::try_parse(text) {
            Ok(aaguid) if aaguids.contains(&aaguid) => {
                validation.fail(format!(
                    "{field} must be unique, '{text}' stands there twice"
                ));
            }
            Ok(aaguid) => aaguids.push(aaguid),
            Err(_) => validation.fail(format!("{field} must be UUIDs, '{text}' is none")),
        }
        if aaguids.len() > AAGUIDS_MAX {
            validation.fail(format!(
                "{field} cannot have more than {AAGUIDS_MAX} entries"
            ));
            break;
        }
    }
    aaguids
}

const ROOTS_MAX: usize = 200;
const AAGUIDS_MAX: usize = 1000;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttestationShown)]
pub(super) struct AttestationShown {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = VerifyWord, required = false)]
    verify: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roots: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aaguids_allowed: Vec<Uuid>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aaguids_denied: Vec<Uuid>,
}

impl AttestationShown {
    pub(super) fn of(rules: &AttestationRules) -> Option<Self> {
        let verify = unless(rules.verify, VerifyAttestation::default());
        (*rules != AttestationRules::default()).then(|| Self {
            verify: verify.map(VerifyAttestation::as_str),
            roots: rules
                .roots
                .iter()
                .map(|root| STANDARD.encode(root))
                .collect(),
            aaguids_allowed: rules.aaguids_allowed.clone(),
            aaguids_denied: rules.aaguids_denied.clone(),
        })
    }
}
