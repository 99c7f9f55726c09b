//! Finishing a login (WebAuthn L3 §7.2 around our state).

use super::{FinalizeError, Kind, Taken, take};
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
) -> Result<Proof, FinalizeError> {
    let response = AuthenticationResponse::parse(body)?;
    let taken = take(tenant, &response.client_data.challenge, Kind::Login, factor).await?;
    let credential = claimed(tenant, &response, &taken)?;
    let policy = tenant.read().policy.clone();
    let expected = Expected {
        challenge: &taken.challenge.0,
        rp_id_hash: &policy.rp_id_hash,
        origins: &policy.origins,
        user_verification: taken.ceremony.user_verification,
    };
    let stored = StoredCredential {
        public_key: &credential.public_key,
        backup_eligible: credential.backup_eligible,
    };
    let authentication = verify(&response, &expected, &stored)?;
    let login = Login {
        challenge: taken.challenge,
        expires_at: taken.ceremony.expires_at,
        factor,
        credential,
        authentication,
    };
    Ok(tenant.execute(login).await?)
}

/// The credential that the response claims to be from, if its user and its ceremony allow it.
fn claimed(
    tenant: &Tenant<'_>,
    response: &AuthenticationResponse,
    taken: &Taken,
) -> Result<Credential, Rejection> {
    let Purpose::Login { user, allowed } = &taken.ceremony.purpose else {
        return Err(Rejection::ChallengeUnknown);
    };
    let credential =
        CredentialId::parse(&response.credential_id).ok_or(Rejection::CredentialUnknown)?;
    let claim = Claim {
        credential: &credential,
        user_handle: response.user_handle.as_deref(),
        factor: taken.ceremony.factor,
        user: user.as_ref(),
        allowed,
    };
    credential_for(&claim, &tenant.read())
}
