//! Why a tenant says no. Flat and shared by all commands; the HTTP layer has one table from here to status and text.

use thiserror::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Rejection {
    #[error("the challenge is not pending")]
    ChallengeUnknown,
    #[error("the ceremony took too long")]
    ChallengeExpired,
    #[error("no such user")]
    UserNotFound,
    #[error("the user was deleted during the ceremony")]
    UserGone,
    #[error("the user has no credential for this ceremony")]
    NoUsableCredential,
    #[error("the user has as many credentials as the tenant allows")]
    TooManyCredentials,
    #[error("the credential is registered already")]
    CredentialTaken,
    #[error("no such credential")]
    CredentialNotFound,
    #[error("the user handle names nobody")]
    UserHandleUnknown,
    #[error("the user handle is missing, or is no UUID and names nobody")]
    UserHandleUnreadable,
    #[error("the ceremony's user is not there")]
    UserUnknown,
    #[error("the user handle names another user than the ceremony")]
    UserHandleMismatch,
    #[error("the credential is not registered")]
    CredentialUnknown,
    #[error("the credential is not one that the ceremony allows")]
    CredentialNotAllowed,
    #[error("the signature counter did not grow")]
    CounterNotGreater,
    #[error("the backup eligibility of the credential has changed")]
    BackupEligibilityChanged,
    #[error("no such secret")]
    SecretNotFound,
    #[error("a key of this name exists")]
    KeyNameTaken,
    #[error("the tenant has as many API keys as it may")]
    TooManyApiKeys,
    #[error("a transaction of this id exists")]
    TransactionTaken,
    #[error("the tenant has as many signing keys as it may")]
    TooManySigningKeys,
    #[error("the key signs the tenant's tokens, or will in a moment")]
    SigningKeyInUse,
    #[error("tokens of the key are still good")]
    SigningKeyNeeded,
    #[error("no such session")]
    SessionNotFound,
    #[error("somebody else changed the same thing at the same time")]
    Concurrent,
}
