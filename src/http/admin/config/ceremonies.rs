//! What is asked of authenticators: the contract's members of `config.webauthn`, and the same in `config.mfa`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::body::integer;
use crate::http::openapi::shapes::{
    AttachmentWord, AttestationWord, Milliseconds, ResidentKeyWord, UserVerificationWord,
};
use crate::http::validation::Validation;
use crate::tenant::settings::Ceremonies;
use crate::webauthn::options::{
    AttestationConveyance, AuthenticatorAttachment, ResidentKey, UserVerification,
};

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Ceremonies)]
pub(super) struct CeremoniesBody {
    /// How long a ceremony may take, in milliseconds.
    #[serde(default, deserialize_with = "integer")]
    #[schema(required, nullable = false, value_type = Milliseconds)]
    pub(super) timeout: Option<i64>,
    #[schema(value_type = Option<UserVerificationWord>)]
    pub(super) user_verification: Option<String>,
    #[schema(value_type = Option<AttachmentWord>)]
    pub(super) attachment: Option<String>,
    #[schema(value_type = Option<AttestationWord>)]
    pub(super) attestation_preference: Option<String>,
    #[schema(value_type = Option<ResidentKeyWord>)]
    pub(super) resident_key_requirement: Option<String>,
}

impl CeremoniesBody {
    /// `default` gives what is absent; it takes the timeout, which never is.
    pub(super) fn settings(
        self,
        validation: &mut Validation,
        default: fn(i64) -> Ceremonies,
    ) -> Ceremonies {
        let timeout = validation.present("timeout", self.timeout.filter(|&timeout| timeout != 0));
        let default = default(timeout);
        let verification = validation.one_of(
            "user_verification",
            self.user_verification.as_deref(),
            &UserVerification::ALL,
            UserVerification::as_str,
        );
        let attachment = validation.one_of(
            "attachment",
            self.attachment.as_deref(),
            &AuthenticatorAttachment::ALL,
            AuthenticatorAttachment::as_str,
        );
        let attestation = validation.one_of(
            "attestation_preference",
            self.attestation_preference.as_deref(),
            &AttestationConveyance::ALL,
            AttestationConveyance::as_str,
        );
        let resident_key = validation.one_of(
            "resident_key_requirement",
            self.resident_key_requirement.as_deref(),
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

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CeremoniesShown)]
pub(super) struct CeremoniesShown {
    timeout: i64,
    #[schema(value_type = UserVerificationWord)]
    user_verification: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = AttachmentWord, required = false)]
    attachment: Option<&'static str>,
    #[schema(value_type = AttestationWord)]
    attestation_preference: &'static str,
    #[schema(value_type = ResidentKeyWord)]
    resident_key_requirement: &'static str,
}

impl CeremoniesShown {
    pub(super) fn of(ceremonies: &Ceremonies) -> Self {
        Self {
            timeout: ceremonies.timeout_milliseconds,
            user_verification: ceremonies.user_verification.as_str(),
            attachment: ceremonies.attachment.map(AuthenticatorAttachment::as_str),
            attestation_preference: ceremonies.attestation.as_str(),
            resident_key_requirement: ceremonies.resident_key.as_str(),
        }
    }
}
