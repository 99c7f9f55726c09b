//! `POST /webauthn/login/initialize` and `/finalize` (contract §2.3, §2.4).

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderName, HeaderValue, SET_COOKIE};
use serde::Deserialize;
use utoipa::ToSchema;

use super::origin::refuse_foreign;
use super::{FinishedBody, cookie, texts};
use crate::http::Answer;
use crate::http::call::{Call, Tenant};
use crate::http::ceremony::audit::begin;
use crate::http::ceremony::{self, About, FinalizeError, measured};
use crate::http::openapi::ceremonies::{AuthenticationCredential, RequestOptions};
use crate::http::openapi::pages::PublicError;
use crate::http::passkey::options;
use crate::http::rate::{Route, admit};
use crate::telemetry::worker::Step;
use crate::tenant::challenge::{Access, Api, Factor};
use crate::tenant::decoy::InitializeLoginOf;
use crate::tenant::ids::UserId;
use crate::tenant::login::InitializeLogin;
use crate::tenant::session::{CreateSession, SignIn};

#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = PublicLoginInitialize)]
struct InitializeBody {
    /// Whose passkeys to offer. Absent: any passkey of the relying party.
    #[schema(example = "7cb19699-ed99-4731-b742-aacdae9def61")]
    user_id: Option<String>,
}

/// Begin a login
///
/// For a user, or for whoever has a passkey. Nothing in the answer tells whether the user is there.
#[utoipa::path(
    post,
    path = "/webauthn/login/initialize",
    tag = "public: passkeys",
    operation_id = "public_login_initialize",
    request_body = Option<InitializeBody>,
    responses((status = 200, description = "What `navigator.credentials.get` takes", body = RequestOptions)),
)]
pub(super) async fn initialize(call: &Call, tenant: &Tenant<'_>) -> Answer {
    admit(call, tenant, Route::Initialize)?;
    let answer = async {
        let body: InitializeBody = call.body.bind()?;
        let begun = match body.user_id {
            None => begin(tenant, discoverable()).await?,
            Some(user_id) => {
                let key = tenant.decoy_key().await?;
                let user_id = user_id.into();
                begin(tenant, InitializeLoginOf { user_id, key }).await?
            }
        };
        Ok(options(begun))
    };
    measured(call, Step::LoginInitialize, answer.await)
}

/// Finish a login
///
/// Checks the signature, notes the use and opens a session: a cookie, or where the tenant's settings say so the header `X-Auth-Token`.
#[utoipa::path(
    post,
    path = "/webauthn/login/finalize",
    tag = "public: passkeys",
    operation_id = "public_login_finalize",
    request_body = AuthenticationCredential,
    responses(
        (
            status = 200,
            description = "The session is durable",
            body = FinishedBody,
            headers(
                ("X-Session-Lifetime" = i64, description = "Of the session, in seconds"),
                ("Set-Cookie" = String, description = "The session, unless `X-Auth-Token` has it"),
                ("X-Auth-Token" = String, description = "The session, where the tenant's `sessions.auth_token_header` is true"),
            ),
        ),
        (status = 401, description = "The authenticator's response is not accepted", body = PublicError),
        (status = 403, description = "A page of an origin that is not the tenant's asks", body = PublicError),
    ),
)]
pub(super) async fn finalize(call: &Call, tenant: &Tenant<'_>) -> Answer {
    admit(call, tenant, Route::Finalize)?;
    let answer = async {
        // A page of somebody else must not sign its visitors in as whom it likes.
        refuse_foreign(call, tenant)?;
        let mut about = About::default();
        let signed_in = sign_in(call, tenant, &mut about).await;
        let (proof, session) = signed_in
            .map_err(|error| about.refused(tenant, Factor::Passkey.login(), error, texts::login))?;
        let token = ceremony::session_token(tenant, &session).await?;
        let mut response = super::finished(&proof.credential, &proof.user);
        tell_session(tenant, &token, &mut response);
        Ok(response)
    };
    measured(call, Step::LoginFinalize, answer.await)
}

/// The use of the credential and the session are durable when this answers.
async fn sign_in(
    call: &Call,
    tenant: &Tenant<'_>,
    about: &mut About,
) -> Result<<SignIn as crate::tenant::Command>::Outcome, FinalizeError> {
    let login = ceremony::login::prove(tenant, super::finish(call), about).await?;
    let session = session(call, tenant, &login.credential.user);
    Ok(tenant.execute(SignIn { login, session }).await?)
}

/// With what is known of its user.
fn session(call: &Call, tenant: &Tenant<'_>, user: &UserId) -> CreateSession {
    let by = call.requester();
    let state = tenant.read();
    let account = state.users.get(user);
    let profile = account.map(|account| account.user().profile);
    let profile = profile.as_ref();
    CreateSession {
        user: user.clone(),
        name: profile.map(|profile| profile.name.clone()),
        display_name: profile.map(|profile| profile.display_name.clone()),
        email: profile.and_then(|profile| profile.email.clone()),
        source_ip: by.source_ip,
        user_agent: by.user_agent,
    }
}

/// A cookie, or a header where the tenant wants that; never both. The lifetime always: clients take its absence for no session.
fn tell_session(tenant: &Tenant<'_>, token: &str, response: &mut HttpResponse) {
    let policy = tenant.read().policy.clone();
    let sessions = &policy.settings.sessions;
    let headers = response.headers_mut();
    let lifetime = HeaderValue::from(sessions.lifetime_seconds);
    headers.insert(X_SESSION_LIFETIME, lifetime);
    if sessions.auth_token_header {
        if let Ok(token) = HeaderValue::from_str(token) {
            headers.insert(X_AUTH_TOKEN, token);
        }
    } else if let Some(cookie) = cookie::set(&sessions.cookie, token, sessions.lifetime_seconds) {
        headers.insert(SET_COOKIE, cookie);
    }
}

const fn discoverable() -> InitializeLogin {
    InitializeLogin {
        user: None,
        factor: Factor::Passkey,
        access: Access::Unkeyed,
        api: Api::Public,
    }
}

const X_SESSION_LIFETIME: HeaderName = HeaderName::from_static("x-session-lifetime");
const X_AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
