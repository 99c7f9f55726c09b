//! The contract's own words for what goes wrong in a ceremony (§2.2, §2.4, §2.6). What it has no words for goes to the
//! common table.

use std::borrow::Cow;
use std::error::Error;

use actix_web::http::StatusCode;

use crate::actor::Refusal;
use crate::http::ceremony::FinalizeError;
use crate::http::error::Problem;
use crate::telemetry::reason::Reason;
use crate::tenant::rejection::Rejection;
use crate::webauthn::error::{ResponseError, StatementError, VerificationError};

pub const BIND: &str = "unable to process request";
pub const VALIDATE: &str = "unable to validate request";

/// At registration, causes on the client's side are 400.
pub fn registration(error: FinalizeError) -> Problem {
    match error {
        FinalizeError::Response(error) => Problem::bad_request(
            "unable to parse credential creation response",
            unread_attestation(&error),
        ),
        FinalizeError::Verification(VerificationError::UserVerificationMissing) => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            USER_VERIFICATION_TITLE,
            "Error validating the authenticator response",
        )
        .because(Reason::UserVerificationMissing),
        FinalizeError::Verification(error) => {
            Problem::bad_request("failed to validate attestation", unverified(&error))
                .because(reason(&error))
        }
        FinalizeError::Refused(Refusal::Rejected(Rejection::ChallengeExpired)) => Problem {
            title: "failed to validate attestation".into(),
            details: Some("Session has Expired".into()),
            ..Rejection::ChallengeExpired.into()
        },
        FinalizeError::Refused(refusal) => refusal.into(),
    }
}

pub fn login(error: FinalizeError) -> Problem {
    assertion(error, &LOGIN)
}

pub fn transaction(error: FinalizeError) -> Problem {
    assertion(error, &TRANSACTION)
}

/// Why a transaction was not begun.
pub fn transaction_initialize(refusal: Refusal) -> Problem {
    if refusal == Refusal::Rejected(Rejection::UserNotFound) {
        return Problem {
            title: "unable to find user".into(),
            ..refusal.into()
        };
    }
    refusal.into()
}

/// Where the endpoints that take an assertion differ: for one that cannot be read, and for an unknown challenge.
struct Words {
    title: &'static str,
    unknown: &'static str,
}

/// Whatever is wrong with a well-formed assertion is 401.
fn assertion(error: FinalizeError, words: &Words) -> Problem {
    match error {
        FinalizeError::Response(error) => {
            Problem::bad_request(words.title, unread_assertion(&error))
        }
        FinalizeError::Verification(error) => {
            Problem::unauthorized("failed to validate assertion", unverified(&error))
                .because(reason(&error))
        }
        FinalizeError::Refused(Refusal::Rejected(rejection @ Rejection::ChallengeUnknown)) => {
            Problem {
                status: StatusCode::UNAUTHORIZED,
                title: "failed to get session data".into(),
                details: Some(words.unknown.into()),
                ..rejection.into()
            }
        }
        FinalizeError::Refused(Refusal::Rejected(rejection @ Rejection::ChallengeExpired)) => {
            Problem {
                status: StatusCode::UNAUTHORIZED,
                title: "failed to validate assertion".into(),
                details: Some("Session has Expired".into()),
                ..rejection.into()
            }
        }
        FinalizeError::Refused(refusal) => refusal.into(),
    }
}

pub(in crate::http) fn unread_attestation(error: &ResponseError) -> &'static str {
    match error {
        ResponseError::Json(_)
        | ResponseError::IdMissing
        | ResponseError::IdNotBase64Url
        | ResponseError::WrongType
        | ResponseError::RawIdMissing
        | ResponseError::RawIdMismatch
        | ResponseError::AttestedIdMismatch => "Parse error for Registration",
        ResponseError::ResponseMissing
        | ResponseError::ClientDataMissing
        | ResponseError::ClientData(_)
        | ResponseError::AttestationObjectMissing
        | ResponseError::AttestationObject(_)
        | ResponseError::AuthenticatorDataMissing
        | ResponseError::AuthenticatorData(_)
        | ResponseError::AttestedCredentialMissing
        | ResponseError::SignatureMissing => "Error parsing attestation response",
    }
}

pub(in crate::http) fn unread_assertion(error: &ResponseError) -> Cow<'static, str> {
    match error {
        ResponseError::IdMissing => "CredentialAssertionResponse with ID missing".into(),
        ResponseError::IdNotBase64Url => {
            "CredentialAssertionResponse with ID not base64url encoded".into()
        }
        ResponseError::WrongType => "CredentialAssertionResponse with bad type".into(),
        ResponseError::ClientData(error) => error.to_string().into(),
        ResponseError::AuthenticatorData(_) => "Error unmarshalling auth data".into(),
        ResponseError::Json(_)
        | ResponseError::RawIdMissing
        | ResponseError::RawIdMismatch
        | ResponseError::ResponseMissing
        | ResponseError::ClientDataMissing
        | ResponseError::AttestationObjectMissing
        | ResponseError::AttestationObject(_)
        | ResponseError::AuthenticatorDataMissing
        | ResponseError::AttestedCredentialMissing
        | ResponseError::AttestedIdMismatch
        | ResponseError::SignatureMissing => "Parse error for Assertion".into(),
    }
}

fn unverified(error: &VerificationError) -> Cow<'static, str> {
    match error {
        VerificationError::CeremonyType => "Error validating ceremony type".into(),
        VerificationError::Challenge => "Error validating challenge".into(),
        VerificationError::OriginNotUrl => "Error decoding clientData origin as URL".into(),
        VerificationError::Origin => "Error validating origin".into(),
        VerificationError::RpIdHash
        | VerificationError::UserPresenceMissing
        | VerificationError::UserVerificationMissing => {
            "Error validating the authenticator response".into()
        }
        VerificationError::UnknownAttestationFormat
        | VerificationError::Attestation(StatementError::NotEmpty) => {
            "Invalid attestation format".into()
        }
        VerificationError::Attestation(StatementError::Cbor(_) | StatementError::Algorithm) => {
            "Invalid attestation data".into()
        }
        VerificationError::Attestation(StatementError::Signature) => {
            "Unable to verify signature".into()
        }
        VerificationError::Attestation(_) | VerificationError::AttestationUntrusted(_) => {
            with_cause(error).into()
        }
        VerificationError::Signature => "Error validating the assertion signature".into(),
        VerificationError::CrossOrigin
        | VerificationError::TopOrigin
        | VerificationError::BackedUpWithoutEligibility
        | VerificationError::PublicKey(_)
        | VerificationError::AlgorithmNotOffered
        | VerificationError::AaguidNotAllowed => error.to_string().into(),
    }
}

/// What was wrong, and where it was found.
fn with_cause(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// Stable codes for programs, like those of rejections.
pub(in crate::http) const fn reason(error: &VerificationError) -> Reason {
    match error {
        VerificationError::CeremonyType => Reason::WrongCeremonyType,
        VerificationError::Challenge => Reason::WrongChallenge,
        VerificationError::OriginNotUrl | VerificationError::Origin => Reason::WrongOrigin,
        VerificationError::CrossOrigin => Reason::CrossOrigin,
        VerificationError::TopOrigin => Reason::WrongTopOrigin,
        VerificationError::RpIdHash => Reason::WrongRpId,
        VerificationError::UserPresenceMissing => Reason::UserPresenceMissing,
        VerificationError::UserVerificationMissing => Reason::UserVerificationMissing,
        VerificationError::BackedUpWithoutEligibility => Reason::BackupFlags,
        VerificationError::PublicKey(_) => Reason::PublicKey,
        VerificationError::AlgorithmNotOffered => Reason::AlgorithmNotOffered,
        VerificationError::UnknownAttestationFormat => Reason::AttestationFormat,
        VerificationError::Attestation(StatementError::Signature) => Reason::AttestationSignature,
        VerificationError::Attestation(StatementError::Certificate(_)) => {
            Reason::AttestationCertificate
        }
        VerificationError::Attestation(_) => Reason::AttestationStatement,
        VerificationError::AttestationUntrusted(_) => Reason::AttestationUntrusted,
        VerificationError::AaguidNotAllowed => Reason::AaguidNotAllowed,
        VerificationError::Signature => Reason::Signature,
    }
}

/// Clients compare it whole, its last character included.
const USER_VERIFICATION_TITLE: &str = "failed to validate attestation: Error validating the authenticator response: User verification required but flag not set by authenticator\n";

const LOGIN: Words = Words {
    title: "unable to finish login",
    unknown: "received challenge does not match with any stored one",
};

const TRANSACTION: Words = Words {
    title: "unable to finish transaction",
    unknown: "no transaction found for this challenge",
};
