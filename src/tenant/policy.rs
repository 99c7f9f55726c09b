//! A tenant's settings with what follows from them, computed once a change and shared by all who read.

use sha2::{Digest, Sha256};

use super::challenge::Factor;
use super::ids::Timestamp;
use super::issuer::Issuer;
use super::settings::{Ceremonies, Settings, VerifyAttestation};
use crate::webauthn::attestation::{AttestationPolicy, Verify};
use crate::webauthn::options::{CreationChoices, CreationTemplate, Hint, RequestTemplate};
use crate::webauthn::origin::Origins;

#[derive(Debug)]
pub struct Policy {
    pub settings: Settings,
    pub rp_id_hash: [u8; 32],
    pub origins: Origins,
    /// Whose tokens stand for a session.
    pub issuers: Box<[Issuer]>,
    passkey: Templates,
    mfa: Templates,
}

/// The options of one kind of ceremony, ready to be filled in.
#[derive(Debug)]
pub struct Templates {
    pub creation: CreationTemplate,
    pub request: RequestTemplate,
}

impl Policy {
    pub fn new(settings: Settings) -> Self {
        let rp = &settings.relying_party;
        let accepted: Vec<String> = rp
            .origins
            .iter()
            .chain(&rp.related_origins)
            .cloned()
            .collect();
        Self {
            rp_id_hash: Sha256::digest(&rp.id).into(),
            origins: Origins::new(&accepted, &rp.top_origins, rp.allow_cross_origin),
            issuers: settings.sessions.issuers.iter().map(Issuer::new).collect(),
            passkey: Templates::new(&settings, &settings.passkey, &settings.offers.hints),
            mfa: Templates::new(&settings, &settings.mfa, &[]),
            settings,
        }
    }

    /// What the tenant makes of attestation, now.
    pub fn attestation(&self, now: Timestamp) -> AttestationPolicy<'_> {
        let rules = &self.settings.attestation;
        let verify = match rules.verify {
            VerifyAttestation::Off => Verify::Off,
            VerifyAttestation::Format => Verify::Format,
            VerifyAttestation::Trusted => Verify::Trusted {
                roots: &rules.roots,
                now_unix_seconds: now.seconds(),
            },
        };
        AttestationPolicy {
            verify,
            aaguids_allowed: &rules.aaguids_allowed,
            aaguids_denied: &rules.aaguids_denied,
        }
    }

    pub const fn ceremonies(&self, factor: Factor) -> &Ceremonies {
        match factor {
            Factor::Passkey => &self.settings.passkey,
            Factor::Mfa => &self.settings.mfa,
        }
    }

    pub const fn templates(&self, factor: Factor) -> &Templates {
        match factor {
            Factor::Passkey => &self.passkey,
            Factor::Mfa => &self.mfa,
        }
    }
}

impl Templates {
    fn new(settings: &Settings, ceremonies: &Ceremonies, hints: &[Hint]) -> Self {
        let rp = &settings.relying_party;
        Self {
            creation: CreationTemplate::new(&CreationChoices {
                rp_id: &rp.id,
                rp_name: &rp.display_name,
                algorithms: &settings.offers.algorithms,
                timeout_milliseconds: ceremonies.timeout_milliseconds,
                attachment: ceremonies.attachment,
                resident_key: ceremonies.resident_key,
                user_verification: ceremonies.user_verification,
                attestation: ceremonies.attestation,
                hints,
                extensions: &settings.offers.extensions,
            }),
            request: RequestTemplate::new(
                &rp.id,
                ceremonies.timeout_milliseconds,
                ceremonies.user_verification,
                hints,
            ),
        }
    }
}
