//! Finishing a registration (WebAuthn L3 §7.1 around our state).

use uuid::Uuid;

use super::{About, FinalizeError, Finish, Kind, take};
use crate::http::call::Tenant;
use crate::telemetry::traces::Part;
use crate::tenant::challenge::Purpose;
use crate::tenant::ids::{CredentialId, UserId};
use crate::tenant::registration::Register;
use crate::tenant::rejection::Rejection;
use crate::tenant::token::Proof;
use crate::webauthn::Expected;
use crate::webauthn::registration::{RegistrationResponse, verify};

/// The credential is durable when this answers. `owner`: the only one whose registration it may be, where a session says who asks.
pub async fn finalize(
    tenant: &Tenant<'_>,
    finish: Finish<'_>,
    owner: Option<&UserId>,
    about: &mut About,
) -> Result<Proof, FinalizeError> {
    let response = RegistrationResponse::parse(finish.body)?;
    let challenge = &response.client_data.challenge;
    let taken = take(tenant, challenge, finish.ends(Kind::Registration), about).await?;
    let Purpose::Registration { user, user_existed } = taken.ceremony.purpose else {
        return Err(Rejection::ChallengeUnknown.into());
    };
    if owner.is_some_and(|owner| *owner != user.id) {
        return Err(Rejection::ChallengeUnknown.into());
    }
    let policy = tenant.read().policy.clone();
    let expected = Expected {
        challenge: &taken.challenge.0,
        rp_id_hash: &policy.rp_id_hash,
        origins: &policy.origins,
        user_verification: taken.ceremony.user_verification,
    };
    let now = tenant.registry().source.env().now;
    let registration = tenant.part(Part::Verify, || {
        verify(
            &response,
            &expected,
            &policy.settings.offers.algorithms,
            &policy.attestation(now),
        )
    })?;
    let credential_id =
        CredentialId::parse(&registration.credential_id).ok_or(Rejection::CredentialUnknown)?;
    let aaguid = Uuid::from_bytes(registration.aaguid);
    let register = Register {
        challenge: taken.challenge,
        expires_at: taken.ceremony.expires_at,
        factor: finish.factor,
        user,
        user_existed,
        credential_id,
        name: tenant.shared().authenticators.of(aaguid).map(Into::into),
        registration,
    };
    Ok(tenant.execute(register).await?)
}
