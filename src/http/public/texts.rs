//! The contract's own words for what goes wrong (§2.2, §2.4). Where it has none, the reason phrase of the status stands for
//! itself, or the common table speaks.

use actix_web::http::StatusCode;

use crate::actor::Refusal;
use crate::http::ceremony::FinalizeError;
use crate::http::error::Problem;
use crate::http::passkey::texts::{reason, unread_assertion, unread_attestation};
use crate::telemetry::reason::Reason;
use crate::tenant::rejection::Rejection;
use crate::webauthn::error::VerificationError;

pub(super) fn registration(error: FinalizeError) -> Problem {
    match error {
        FinalizeError::Response(error) => {
            Problem::bad_request(unread_attestation(&error), error.to_string())
        }
        FinalizeError::Verification(VerificationError::UserVerificationMissing) => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            USER_VERIFICATION,
            "the tenant requires user verification and the authenticator did none",
        )
        .because(Reason::UserVerificationMissing),
        FinalizeError::Verification(error) => {
            Problem::bad_request(ATTESTATION, error.to_string()).because(reason(&error))
        }
        FinalizeError::Refused(Refusal::Rejected(rejection)) => {
            let (status, message) = registration_rejected(rejection);
            told(rejection, status, message)
        }
        FinalizeError::Refused(refusal) => refusal.into(),
    }
}

/// All that is wrong with an assertion for a known user sounds the same, whether the user is there or a decoy.
pub(super) fn login(error: FinalizeError) -> Problem {
    match error {
        FinalizeError::Response(error) => {
            Problem::bad_request(unread_assertion(&error), error.to_string())
        }
        FinalizeError::Verification(error) => {
            Problem::unauthorized(ASSERTION, error.to_string()).because(reason(&error))
        }
        FinalizeError::Refused(Refusal::Rejected(rejection)) => {
            let (status, message) = login_rejected(rejection);
            told(rejection, status, message)
        }
        FinalizeError::Refused(refusal) => refusal.into(),
    }
}

/// `None`: as everywhere.
type Words = (Option<StatusCode>, Option<&'static str>);

const fn registration_rejected(rejection: Rejection) -> Words {
    match rejection {
        Rejection::ChallengeUnknown => (Some(StatusCode::BAD_REQUEST), Some(CHALLENGE)),
        Rejection::ChallengeExpired => (Some(StatusCode::BAD_REQUEST), Some(ATTESTATION)),
        Rejection::UserGone | Rejection::UserNotFound => {
            (Some(StatusCode::BAD_REQUEST), Some("Bad Request"))
        }
        Rejection::NoUsableCredential
        | Rejection::TooManyCredentials
        | Rejection::CredentialTaken
        | Rejection::CredentialNotFound
        | Rejection::UserHandleUnknown
        | Rejection::UserHandleUnreadable
        | Rejection::UserUnknown
        | Rejection::UserHandleMismatch
        | Rejection::CredentialUnknown
        | Rejection::CredentialNotAllowed
        | Rejection::CounterNotGreater
        | Rejection::BackupEligibilityChanged
        | Rejection::SecretNotFound
        | Rejection::SessionNotFound
        | Rejection::KeyNameTaken
        | Rejection::TooManyApiKeys
        | Rejection::TransactionTaken
        | Rejection::TooManySigningKeys
        | Rejection::SigningKeyInUse
        | Rejection::SigningKeyNeeded
        | Rejection::Concurrent => (None, None),
    }
}

const fn login_rejected(rejection: Rejection) -> Words {
    match rejection {
        Rejection::ChallengeUnknown => (Some(StatusCode::UNAUTHORIZED), Some(CHALLENGE)),
        Rejection::ChallengeExpired
        | Rejection::NoUsableCredential
        | Rejection::UserGone
        | Rejection::UserNotFound
        | Rejection::UserUnknown
        | Rejection::UserHandleMismatch
        | Rejection::CredentialUnknown
        | Rejection::CredentialNotAllowed
        | Rejection::BackupEligibilityChanged => (Some(StatusCode::UNAUTHORIZED), Some(ASSERTION)),
        Rejection::UserHandleUnreadable => (
            Some(StatusCode::BAD_REQUEST),
            Some("failed to parse userHandle as uuid"),
        ),
        Rejection::UserHandleUnknown => (Some(StatusCode::UNAUTHORIZED), Some("Unauthorized")),
        Rejection::CounterNotGreater => (Some(StatusCode::BAD_REQUEST), Some(ASSERTION)),
        Rejection::TooManyCredentials
        | Rejection::CredentialTaken
        | Rejection::CredentialNotFound
        | Rejection::SecretNotFound
        | Rejection::SessionNotFound
        | Rejection::KeyNameTaken
        | Rejection::TooManyApiKeys
        | Rejection::TransactionTaken
        | Rejection::TooManySigningKeys
        | Rejection::SigningKeyInUse
        | Rejection::SigningKeyNeeded
        | Rejection::Concurrent => (None, None),
    }
}

fn told(
    rejection: Rejection,
    status: Option<StatusCode>,
    message: Option<&'static str>,
) -> Problem {
    let mut problem = Problem::from(rejection);
    problem.status = status.unwrap_or(problem.status);
    if let Some(message) = message {
        problem.title = message.into();
    }
    problem
}

const CHALLENGE: &str = "Stored challenge and received challenge do not match";
const ATTESTATION: &str = "failed to validate attestation";
const ASSERTION: &str = "failed to validate assertion";

/// Clients tell it by its status; it begins like the others.
const USER_VERIFICATION: &str = "failed to validate attestation: Error validating the authenticator response: User verification required but flag not set by authenticator";
