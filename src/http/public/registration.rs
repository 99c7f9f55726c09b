//! `POST /webauthn/registration/initialize` and `/finalize` (contract §2.1, §2.2).

use super::session::{Subject, subject};
use super::{FinishedBody, texts};
use crate::http::Answer;
use crate::http::call::{Call, Tenant};
use crate::http::ceremony::audit::begin;
use crate::http::ceremony::{self, About, measured};
use crate::http::openapi::ceremonies::{CreationOptions, RegistrationCredential};
use crate::http::openapi::pages::PublicError;
use crate::http::passkey::options;
use crate::telemetry::worker::Step;
use crate::tenant::challenge::{Access, Api, Factor};
use crate::tenant::registration::InitializeRegistration;
use crate::tenant::state::TenantState;
use crate::tenant::user::Profile;

/// Begin a registration
///
/// For the user of the session, or of a token of an issuer that the tenant trusts. A body is not looked at.
#[utoipa::path(
    post,
    path = "/webauthn/registration/initialize",
    tag = "public: passkeys",
    operation_id = "public_registration_initialize",
    responses((status = 200, description = "What `navigator.credentials.create` takes", body = CreationOptions)),
    security(("cookie" = []), ("bearer" = [])),
)]
pub(super) async fn initialize(call: &Call, tenant: &Tenant<'_>) -> Answer {
    let subject = subject(call, tenant).await?;
    let answer = async {
        let initialize = InitializeRegistration {
            user: profile(subject, &tenant.read()),
            factor: Factor::Passkey,
            access: Access::Keyed,
            api: Api::Public,
        };
        Ok(options(begin(tenant, initialize).await?))
    };
    measured(call, Step::RegistrationInitialize, answer.await)
}

/// Finish a registration
///
/// Checks what the authenticator made and stores the passkey. The session stays as it is.
#[utoipa::path(
    post,
    path = "/webauthn/registration/finalize",
    tag = "public: passkeys",
    operation_id = "public_registration_finalize",
    request_body = RegistrationCredential,
    responses(
        (status = 200, description = "The passkey is durable", body = FinishedBody),
        (status = 422, description = "The tenant requires user verification and the authenticator did none", body = PublicError),
    ),
    security(("cookie" = []), ("bearer" = [])),
)]
pub(super) async fn finalize(call: &Call, tenant: &Tenant<'_>) -> Answer {
    let owner = subject(call, tenant).await?.user;
    let answer = async {
        let (finish, mut about) = (super::finish(call), About::default());
        let finished =
            ceremony::registration::finalize(tenant, finish, Some(&owner), &mut about).await;
        let proof = finished.map_err(|error| {
            let operation = Factor::Passkey.registration();
            about.refused(tenant, operation, error, texts::registration)
        })?;
        Ok(super::finished(&proof.credential, &proof.user))
    };
    measured(call, Step::RegistrationFinalize, answer.await)
}

/// What authenticators show: the e-mail address, as far as there is one, else what the session or an earlier registration
/// knows the user by, and in the end the id.
fn profile(subject: Subject, state: &TenantState) -> Profile {
    let known = state.users.get(&subject.user);
    let known = known.map(|account| account.user().profile);
    let known = known.as_ref();
    let email = subject
        .email
        .or_else(|| known.and_then(|known| known.email.clone()));
    let id = || subject.user.as_str().into();
    let display_name = subject
        .display_name
        .clone()
        .or_else(|| email.clone())
        .or_else(|| subject.name.clone())
        .or_else(|| known.map(|known| known.display_name.clone()))
        .unwrap_or_else(id);
    let name = email
        .clone()
        .or(subject.name)
        .or_else(|| known.map(|known| known.name.clone()))
        .or(subject.display_name)
        .unwrap_or_else(id);
    Profile {
        icon: known.and_then(|known| known.icon.clone()),
        id: subject.user,
        name,
        display_name,
        email,
    }
}
