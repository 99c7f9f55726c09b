//! The steps that WebAuthn L3 §7.1 and §7.2 have in common. Their order and numbers stand in `registration.rs` and `authentication.rs`.
//!
//! No step here knows which ceremony it belongs to beyond what it is given.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::authenticator_data::{AuthenticatorData, Flags};
use super::client_data::ClientData;
use super::error::VerificationError;
use super::options::UserVerification;
use super::origin::Origins;

/// What a relying party expects of a response, whichever the ceremony.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    pub challenge: &'a [u8],
    /// SHA-256 of the RP id.
    pub rp_id_hash: &'a [u8; 32],
    pub origins: &'a Origins,
    /// As it was when the ceremony began.
    pub user_verification: UserVerification,
}

pub(super) fn check_type(
    client_data: &ClientData,
    expected: &str,
) -> Result<(), VerificationError> {
    if client_data.ceremony_type != expected {
        return Err(VerificationError::CeremonyType);
    }
    Ok(())
}

/// In constant time, so that a wrong guess does not tell how wrong it was.
pub(super) fn check_challenge(
    client_data: &ClientData,
    expected: &Expected<'_>,
) -> Result<(), VerificationError> {
    let equal = client_data.challenge.as_slice().ct_eq(expected.challenge);
    if !bool::from(equal) {
        return Err(VerificationError::Challenge);
    }
    Ok(())
}

pub(super) fn check_rp_id_hash(
    authenticator_data: &AuthenticatorData,
    expected: &Expected<'_>,
) -> Result<(), VerificationError> {
    if authenticator_data.rp_id_hash != *expected.rp_id_hash {
        return Err(VerificationError::RpIdHash);
    }
    Ok(())
}

pub(super) fn check_user_present(flags: Flags) -> Result<(), VerificationError> {
    if !flags.user_present() {
        return Err(VerificationError::UserPresenceMissing);
    }
    Ok(())
}

pub(super) fn check_user_verified(
    flags: Flags,
    expected: &Expected<'_>,
) -> Result<(), VerificationError> {
    let required = match expected.user_verification {
        UserVerification::Required => true,
        UserVerification::Preferred | UserVerification::Discouraged => false,
    };
    if required && !flags.user_verified() {
        return Err(VerificationError::UserVerificationMissing);
    }
    Ok(())
}

pub(super) fn check_backup_flags(flags: Flags) -> Result<(), VerificationError> {
    if flags.backed_up() && !flags.backup_eligible() {
        return Err(VerificationError::BackedUpWithoutEligibility);
    }
    Ok(())
}

/// What assertions and attestations sign: the authenticator data, then the hash of the client data.
pub(super) fn signed_message(authenticator_data: &[u8], client_data_json: &[u8]) -> Vec<u8> {
    let mut message = authenticator_data.to_vec();
    message.extend_from_slice(&Sha256::digest(client_data_json));
    message
}
