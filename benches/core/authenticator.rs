//! What authenticators send to the tenant of these benches: the same at every run but for keys and ids.

use keywright::forge::{Asked, Authenticator, base64url, client_data, sha256};

use crate::fixture::{ORIGIN, RP_ID};

/// The JSON of a registration that vouches for nothing, as most passkeys make them.
pub(crate) fn register(authenticator: &Authenticator, challenge: &[u8]) -> String {
    asked("webauthn.create", challenge, |asked| {
        authenticator.create(asked)
    })
}

/// The JSON of a registration with self attestation.
pub(crate) fn register_self_attested(authenticator: &Authenticator, challenge: &[u8]) -> String {
    asked("webauthn.create", challenge, |asked| {
        authenticator.create_self_attested(asked)
    })
}

/// The JSON of an assertion.
pub(crate) fn log_in(authenticator: &Authenticator, challenge: &[u8]) -> String {
    asked("webauthn.get", challenge, |asked| {
        authenticator.get(asked, Some(b"a user"))
    })
}

fn asked(ceremony: &str, challenge: &[u8], respond: impl FnOnce(&Asked<'_>) -> String) -> String {
    respond(&Asked {
        rp_id_hash: sha256(RP_ID.as_bytes()),
        client_data: client_data(ceremony, &base64url(challenge), ORIGIN).as_bytes(),
    })
}
