//! Finishing a login (WebAuthn L3 §7.2 around our state).

use super::{About, FinalizeError, Finish, Kind, Taken, take};
use crate::http::call::Tenant;
use crate::telemetry::traces::Part;
use crate::tenant::challenge::{Api, Purpose};
use crate::tenant::credential::Credential;
use crate::tenant::ids::CredentialId;
use crate::tenant::login::{Claim, Login, credential_for};
use crate::tenant::rejection::Rejection;
use crate::tenant::token::Proof;
use crate::webauthn::Expected;
use crate::webauthn::authentication::{AuthenticationResponse, verify};

/// The use of the credential is durable when this answers.
pub async fn finalize(
    tenant: &Tenant<'_>,
    finish: Finish<'_>,
    about: &mut About,
) -> Result<Proof, FinalizeError> {
    let login = prove(tenant, finish, about).await?;
    Ok(tenant.execute(login).await?)
}

/// The login that a response proves, to be made durable with what comes of it.
pub async fn prove(
    tenant: &Tenant<'_>,
    finish: Finish<'_>,
    about: &mut About,
) -> Result<Login, FinalizeError> {
    let response = AuthenticationResponse::parse(finish.body)?;
    let challenge = &response.client_data.challenge;
    let taken = take(tenant, challenge, finish.ends(Kind::Login), about).await?;
    proven(tenant, &response, &taken, &taken.challenge.0, about)
}

/// The use of a credential that a response proves, if it answers all of `challenge`. Nothing of it is durable yet.
pub(super) fn proven(
    tenant: &Tenant<'_>,
    response: &AuthenticationResponse,
    taken: &Taken,
    challenge: &[u8],
    about: &mut About,
) -> Result<Login, FinalizeError> {
    let claimed = claimed(tenant, response, taken);
    let policy = tenant.read().policy.clone();
    let expected = Expected {
        challenge,
        rp_id_hash: &policy.rp_id_hash,
        origins: &policy.origins,
        user_verification: taken.ceremony.user_verification,
    };
    let credential = match claimed {
        Ok(credential) => credential,
        Err(rejection) => {
            waste_time(response, &expected, taken.ceremony.api);
            return Err(rejection.into());
        }
    };
    about.user = Some(credential.user.clone());
    let key = &credential.public_key;
    let authentication = tenant.part(Part::Verify, || verify(response, &expected, key))?;
    Ok(Login {
        challenge: taken.challenge,
        expires_at: taken.ceremony.expires_at,
        factor: taken.ceremony.factor,
        credential,
        authentication,
    })
}

/// On the API that does not tell whether a user is there, a signature is checked even where there is no credential to check
/// it with: the time tells nothing either.
fn waste_time(response: &AuthenticationResponse, expected: &Expected<'_>, api: Api) {
    match api {
        Api::Passkey => {}
        Api::Public => drop(verify(response, expected, &NOBODYS_KEY)),
    }
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

/// A `COSE_Key` for ES256: the base point of its curve. Whatever it would verify is refused.
const NOBODYS_KEY: [u8; 77] = [
    0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c,
    0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb,
    0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x22, 0x58, 0x20, 0x4f, 0xe3, 0x42,
    0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33,
    0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
];
