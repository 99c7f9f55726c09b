//! `POST /{tenant_id}/login/initialize` and `/finalize`, and both below `/mfa` (contract §2.3, §2.4, §2.8).

use serde::Deserialize;
use utoipa::ToSchema;

use super::{TokenBody, texts};
use crate::http::Answer;
use crate::http::call::{Call, Keyed, Tenant};
use crate::http::ceremony::audit::{begin, begin_and_tell};
use crate::http::ceremony::{self, About, measured};
use crate::http::error::{Envelope, Problem};
use crate::http::openapi::ceremonies::{AuthenticationCredential, RequestOptions};
use crate::http::rate::{Route, admit};
use crate::http::validation::Validation;
use crate::telemetry::worker::Step;
use crate::tenant::challenge::{Access, Api, Factor};
use crate::tenant::ids::UserId;
use crate::tenant::login::InitializeLogin;
use crate::tenant::rejection::Rejection;

#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = LoginInitialize)]
pub(super) struct InitializeBody {
    /// Whose passkeys to offer. Absent: any passkey of the relying party, and no API key is needed.
    #[schema(min_length = 1, example = "ann")]
    user_id: Option<String>,
}

/// A second factor is always somebody's, so the user is required.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = MfaLoginInitialize)]
pub(super) struct MfaInitializeBody {
    #[schema(required, nullable = false, min_length = 1, example = "ann")]
    user_id: Option<String>,
}

/// Begin a login
///
/// Answers what `navigator.credentials.get` takes. The one route that asks for an API key only where the body names a user.
#[utoipa::path(
    post,
    path = "/{tenant_id}/login/initialize",
    tag = "passkeys",
    operation_id = "login_initialize",
    params(("tenant_id" = uuid::Uuid, Path)),
    request_body = Option<InitializeBody>,
    responses((status = 200, description = "The options", body = RequestOptions)),
    security((), ("apiKey" = [])),
)]
pub async fn initialize(call: &Call, tenant: Tenant<'_>) -> Answer {
    let answer = async {
        let body: InitializeBody = call.body.json(texts::BIND)?;
        let options = match body.user_id {
            None => {
                admit(call, &tenant, Route::Initialize)?;
                if tenant.tells_initialize() {
                    begin_and_tell(&tenant, discoverable()).await?
                } else {
                    tenant.begin(discoverable()).await?
                }
            }
            Some(user_id) => {
                not_empty(&user_id)?;
                if call.api_key().is_none() {
                    return Err(Problem::unauthorized("api key is missing", ""));
                }
                let tenant = tenant.keyed(call)?;
                let initialize = for_user(&user_id, Factor::Passkey)?;
                begin(&tenant, initialize).await?
            }
        };
        Ok(super::options(options))
    };
    measured(call, Step::LoginInitialize, answer.await)
}

pub(super) async fn initialize_mfa(call: &Call, tenant: Keyed<'_>) -> Answer {
    let answer = async {
        let body: MfaInitializeBody = call.body.json(texts::BIND)?;
        let mut validation = Validation::default();
        let user_id = validation.present("user_id", body.user_id);
        validation.finish(texts::VALIDATE)?;
        not_empty(&user_id)?;
        let options = begin(&tenant, for_user(&user_id, Factor::Mfa)?).await?;
        Ok(super::options(options))
    };
    measured(call, Step::MfaLoginInitialize, answer.await)
}

/// Finish a login
///
/// Checks the signature and notes the use. Whoever has the challenge may: no API key is asked for.
#[utoipa::path(
    post,
    path = "/{tenant_id}/login/finalize",
    tag = "passkeys",
    operation_id = "login_finalize",
    params(("tenant_id" = uuid::Uuid, Path)),
    request_body = AuthenticationCredential,
    responses(
        (status = 200, description = "The token says who signed in with what", body = TokenBody),
        (status = 401, description = "The authenticator's response is not accepted", body = Envelope),
    ),
)]
pub async fn finalize(call: &Call, tenant: &Tenant<'_>, factor: Factor) -> Answer {
    let step = match factor {
        Factor::Passkey => Step::LoginFinalize,
        Factor::Mfa => Step::MfaLoginFinalize,
    };
    let answer = async {
        let (finish, mut about) = (super::finish(call, factor), About::default());
        let proof = ceremony::login::finalize(tenant, finish, &mut about).await;
        let proof =
            proof.map_err(|error| about.refused(tenant, factor.login(), error, texts::login))?;
        Ok(super::token(&ceremony::token(tenant, &proof).await?))
    };
    measured(call, step, answer.await)
}

pub const fn discoverable() -> InitializeLogin {
    InitializeLogin {
        user: None,
        factor: Factor::Passkey,
        access: Access::Unkeyed,
        api: Api::Passkey,
    }
}

fn not_empty(user_id: &str) -> Result<(), Problem> {
    let mut validation = Validation::default();
    if user_id.is_empty() {
        validation.fail("user_id must at least have 1 entry");
    }
    validation.finish(texts::VALIDATE)
}

fn for_user(user_id: &str, factor: Factor) -> Result<InitializeLogin, Rejection> {
    Ok(InitializeLogin {
        user: Some(UserId::parse(user_id).ok_or(Rejection::UserNotFound)?),
        factor,
        access: Access::Keyed,
        api: Api::Passkey,
    })
}
