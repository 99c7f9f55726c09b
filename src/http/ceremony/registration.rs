//! Finishing a registration (WebAuthn L3 §7.1 around our state).

use uuid::Uuid;

use super::{About, FinalizeError, Kind, take};
use crate::http::call::Tenant;
use crate::tenant::challenge::{Factor, Purpose};
use crate::tenant::ids::CredentialId;
use crate::tenant::registration::Register;
use crate::tenant::rejection::Rejection;
use crate::tenant::token::Proof;
use crate::webauthn::Expected;
use crate::webauthn::registration::{RegistrationResponse, verify};

/// The credential is durable when this answers.
pub async fn finalize(
    tenant: &Tenant<'_>,
    factor: Factor,
    body: &[u8],
    about: &mut About,
) -> Result<Proof, FinalizeError> {
    let response = RegistrationResponse::parse(body)?;
    let taken = take(
        tenant,
        &response.client_data.challenge,
        Kind::Registration,
        factor,
        about,
    )
    .await?;
    let policy = tenant.read().policy.clone();
    let expected = Expected {
        challenge: &taken.challenge.0,
        rp_id_hash: &policy.rp_id_hash,
        origins: &policy.origins,
        user_verification: taken.ceremony.user_verification,
    };
    let now = tenant.registry().source.env().now;
    let registration = verify(
        &response,
        &expected,
        &policy.settings.offers.algorithms,
        &policy.attestation(now),
    )?;
    let Purpose::Registration { user, user_existed } = taken.ceremony.purpose else {
        return Err(Rejection::ChallengeUnknown.into());
    };
    let credential_id =
        CredentialId::parse(&registration.credential_id).ok_or(Rejection::CredentialUnknown)?;
    let aaguid = Uuid::from_bytes(registration.aaguid);
    let register = Register {
        challenge: taken.challenge,
        expires_at: taken.ceremony.expires_at,
        factor,
        user,
        user_existed,
        credential_id,
        name: tenant.shared().authenticators.of(aaguid).map(Into::into),
        registration,
    };
    Ok(tenant.execute(register).await?)
}
