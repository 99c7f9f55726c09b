//! Finishing a login (WebAuthn L3 §7.2 around our state).

use super::{About, FinalizeError, Kind, Taken, take};
use crate::http::call::Tenant;
use crate::tenant::challenge::{Factor, Purpose};
use crate::tenant::credential::Credential;
use crate::tenant::ids::CredentialId;
use crate::tenant::login::{Claim, Login, credential_for};
use crate::tenant::rejection::Rejection;
use crate::tenant::token::Proof;
use crate::webauthn::Expected;
use crate::webauthn::authentication::{AuthenticationResponse, StoredCredential, verify};

/// The use of the credential is durable when this answers.
pub async fn finalize(
    tenant: &Tenant<'_>,
    factor: Factor,
    body: &[u8],
    about: &mut About,
) -> Result<Proof, FinalizeError> {
    let response = AuthenticationResponse::parse(body)?;
    let challenge = &response.client_data.challenge;
    let taken = take(tenant, challenge, Kind::Login, factor, about).await?;
    let login = proven(tenant, &response, &taken, &taken.challenge.0, about)?;
    Ok(tenant.execute(login).await?)
}

/// The use of a credential that a response proves, if it answers all of `challenge`. Nothing of it is durable yet.
pub(super) fn proven(
    tenant: &Tenant<'_>,
    response: &AuthenticationResponse,
    taken: &Taken,
    challenge: &[u8],
    about: &mut About,
) -> Result<Login, FinalizeError> {
    let credential = claimed(tenant, response, taken)?;
    about.user = Some(credential.user.clone());
    let policy = tenant.read().policy.clone();
    let expected = Expected {
        challenge,
        rp_id_hash: &policy.rp_id_hash,
        origins: &policy.origins,
        user_verification: taken.ceremony.user_verification,
    };
    let stored = StoredCredential {
        public_key: &credential.public_key,
        backup_eligible: credential.backup_eligible,
    };
    let authentication = verify(response, &expected, &stored)?;
    Ok(Login {
        challenge: taken.challenge,
        expires_at: taken.ceremony.expires_at,
        factor: taken.ceremony.factor,
        credential,
        authentication,
    })
}

/// The credential that the response claims to be from, if its user and its ceremony allow it.
fn claimed(
    tenant: &Tenant<'_>,
    response: &AuthenticationResponse,
    taken: &Taken,
) -> Result<Credential, Rejection> {
    let (user, allowed) = match &taken.ceremony.purpose {
        Purpose::Login { user, allowed } => (user.as_ref(), allowed),
        Purpose::Transaction { user, allowed, .. } => (Some(user), allowed),
        Purpose::Registration { .. } => return Err(Rejection::ChallengeUnknown),
    };
    let credential =
        CredentialId::parse(&response.credential_id).ok_or(Rejection::CredentialUnknown)?;
    let claim = Claim {
        credential: &credential,
        user_handle: response.user_handle.as_deref(),
        factor: taken.ceremony.factor,
        user,
        allowed,
    };
    credential_for(&claim, &tenant.read())
}
